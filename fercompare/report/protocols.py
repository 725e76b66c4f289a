"""Under which protocol outcomes came about: split, members, other data, views."""

import math
import re

import numpy as np

from fercompare.datasets.catalogue import DATASETS

NOT_STATED, NONE, OFFICIAL = "not stated", "none", "official"
KNOWN = ("fercompare", "imblearn", "numpy", "scipy", "sklearn", "torch")
"""Packages whose classes bring no data with them that their parameters do not tell."""
MODULE = re.compile(r"([A-Za-z_]\w*)\.")


def split_of(dataset, part, classes, y_true, notes=None):
    """Return whether scored images are the part of that name as it is published.

    They are where `load_dataset` noted that it left the set divided as it came and
    their number is the published one, or where every class has its published count.
    FER2013 put back together from copies has other labels for a few of these, and no
    random split of it, but one in a hundred million, has the published counts.

    Parameters
    ----------
    dataset : str
    part : str
    classes : sequence of str
    y_true : ndarray of shape (n,), int
    notes : dict of str, optional
        Of the data set.

    Returns
    -------
    str
        ``"official"``, or ``"not stated"``.

    Examples
    --------
    >>> names, counts = zip(*DATASETS["fer2013"].published["test"].items())
    >>> labels = np.repeat(range(7), counts)
    >>> split_of("fer2013", "test", names, labels)
    'official'
    >>> split_of("fer2013", "test", names, labels[::-1] % 6)
    'not stated'
    """
    card = DATASETS.get(dataset)
    published = (card.published or {}).get(part) if card else None
    if published is None:
        return NOT_STATED
    counts = dict(zip(classes, np.bincount(y_true, minlength=len(classes)).tolist()))
    left_as_it_came = (
        (notes or {}).get("split") == OFFICIAL
        and counts.keys() == published.keys()
        and len(y_true) == sum(published.values())
    )
    return OFFICIAL if left_as_it_came or counts == published else NOT_STATED


def split_of_run(run):
    """Return what `split_of` says of the images of a `Run`."""
    dataset, _, part = run.names[:3]
    notes = run.facts["data"].get("notes")
    return split_of(dataset, part, run.classes, run.predictions().y_true, notes)


def protocol_of(specification):
    """Return what a trial's specification tells of its model's protocol.

    Parameters
    ----------
    specification : dict
        See `fercompare.evaluation.specification.specify`.

    Returns
    -------
    dict of str
        ``members`` of an ensemble, ``extra_data`` behind pre-trained weights and
        ``test_time`` augmentation; all ``"not stated"`` for classes of others.

    Examples
    --------
    >>> protocol_of({"model": "resnet18", "parameters": {
    ...     "net__backbone": "resnet18", "net__weights": "imagenet"}})
    {'members': '1', 'extra_data': 'ImageNet', 'test_time': 'none'}
    >>> protocol_of({"model": "lab.models.Net", "parameters": {}})["extra_data"]
    'not stated'
    """
    parameters = specification.get("parameters")
    if parameters is None or not all(map(_is_known, _texts(specification))):
        return dict.fromkeys(("members", "extra_data", "test_time"), NOT_STATED)
    last = {name: name.rpartition("__")[2] for name in parameters}
    votes = [len(v) for name, v in parameters.items() if last[name] == "estimators"]
    several = [v for name, v in parameters.items() if last[name] == "members"]
    several = [v for v in several if isinstance(v, int)]
    flips = any(v is True for name, v in parameters.items() if last[name] == "flips")
    extra = [_extra_data(parameters, name) for name in last if last[name] == "backbone"]
    return {
        "members": str(max(votes, default=1) * math.prod(several)),
        "extra_data": "; ".join(sorted(set(extra) - {NONE})) or NONE,
        "test_time": "mirrored images" if flips else NONE,
    }


def _extra_data(parameters, backbone):
    """Return what trained a backbone, as far as a name and its weights tell."""
    weights = parameters.get(f"{backbone.removesuffix('backbone')}weights", NOT_STATED)
    if weights == "imagenet":
        named = "." not in str(parameters[backbone])
        return "ImageNet" if named else NOT_STATED
    return NONE if weights is None else NOT_STATED


def _texts(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [text for element in value for text in _texts(element)]
    return [value] if isinstance(value, str) else []


def _is_known(text):
    module = MODULE.match(text)
    return module is None or module[1] in KNOWN

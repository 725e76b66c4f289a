"""Models in files: saved as numbers and names, loaded without running anything.

The file is a zip of a manifest in JSON and arrays in safetensors. It holds no code, no
pickle and no paths to classes, only names out of `fercompare.saving.registry`. Its
checksums find damage; they do not prove who wrote it. What a file says is checked for
its meaning too, because scikit-learn trusts what was fitted.
"""

import hashlib
import warnings
from dataclasses import asdict

import numpy as np

from fercompare.containers.archive import open_archive, pack, write_whole
from fercompare.containers.refusal import Refused
from fercompare.containers.seal import seal, unseal
from fercompare.saving.cards import card_of, check_card, make_card, versions
from fercompare.saving.refusal import ModelFileWarning, naming_model
from fercompare.saving.states import Builder, Taker
from fercompare.tensors import pack_arrays, read_arrays, unpack_arrays

VERSION = 1


def save_model(model, path, *, card=None):
    """Write a fitted model to a file, whole or not at all.

    What is saved is what prediction needs; what else fitting left behind is not.

    Parameters
    ----------
    model : estimator
        Fitted; of classes in `fercompare.saving.registry.REGISTRY`.
    path : path
        A file there is replaced.
    card : dict or Card, optional
        Fields of a `fercompare.saving.cards.Card`: ``model``, ``strategy``, ``data``,
        ``fingerprint``, ``classes``, ``image_shape``, ``counts``, ``scores``.

    Raises
    ------
    ModelFileError
        If a part of the model cannot be saved, or would not load.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.svm import LinearSVC
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "sign.fer")
    ...     model = LinearSVC(random_state=0).fit([[-1.0], [1.0]], [0, 1])
    ...     save_model(model, path, card={"classes": ["minus", "plus"]})
    ...     load_model(path).predict([[-3.0], [3.0]])
    array([0, 1])
    """
    with naming_model(path, "save a fitted model of registered classes"):
        card = make_card(card)
        taker = Taker()
        record = taker.take(model)
        manifest_and_arrays = _encode(record, taker.arrays, card)
        _build(record, taker.arrays, card)
        write_whole(path, pack(*manifest_and_arrays))


def load_model(path):
    """Return the model of a file that `save_model` wrote.

    Its predictions are those of the model that was saved, bit for bit, where numpy,
    scikit-learn and for networks torch are the same. A network whose precision is
    ``auto`` computes as fits the machine that it is loaded on: probabilities in
    bfloat16 are some thousandths from those in float32.

    Parameters
    ----------
    path : path

    Returns
    -------
    model : estimator
        Fitted.

    Raises
    ------
    ModelFileError
        If the file is not one that `save_model` wrote, or its model is unsound.

    Warns
    -----
    ModelFileWarning
        If it was saved with another version of scikit-learn.
    """
    with naming_model(path), open_archive(path) as archive:
        manifest = _decode(archive.manifest)
        card = card_of(manifest["card"])
        content, described = read_arrays(archive)
        if hashlib.sha256(content).hexdigest() != manifest["arrays"]:
            raise Refused("its arrays are not those that were written")
        arrays = unpack_arrays(content, described)
        del content
        model = _build(manifest["model"], arrays, card)
    saved, here = card.versions.get("scikit-learn"), versions()["scikit-learn"]
    if saved != here:
        warnings.warn(
            f"{path}: was saved with scikit-learn {saved}, this is {here}; "
            "its predictions may differ",
            ModelFileWarning,
            stacklevel=2,
        )
    return model


def read_card(path):
    """Return the `Card` of a file that `save_model` wrote; its arrays are not read.

    Parameters
    ----------
    path : path

    Returns
    -------
    card : Card

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fercompare.features import Pixels
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "pixels.fer")
    ...     save_model(Pixels().fit([[0, 9]]), path, card={"data": "synthetic"})
    ...     read_card(path).data
    'synthetic'
    """
    with naming_model(path), open_archive(path) as archive:
        return card_of(_decode(archive.manifest)["card"])


def _encode(record, arrays, card):
    packed = pack_arrays(arrays)
    digest = hashlib.sha256(packed).hexdigest()
    body = {"arrays": digest, "card": asdict(card), "model": record}
    return seal("model", VERSION, body), packed


def _decode(manifest):
    body = unseal("model", VERSION, manifest)
    if set(body) != {"arrays", "card", "model"}:
        raise Refused("its manifest has other parts than a card, a model and arrays")
    return body


def _build(record, arrays, card):
    builder = Builder(arrays)
    model = builder.build(record)
    if builder.arrays:
        name = min(builder.arrays)
        raise Refused(f"has {len(builder.arrays)} arrays of no step, such as {name}")
    check_card(card, model)
    _try(model)
    return model


def _try(model):
    """Refuse a model that cannot take a blank row."""
    n_features = getattr(model, "n_features_in_", None)
    if n_features is None:
        return
    blank = np.zeros((1, n_features), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for method in ("predict", "predict_proba", "transform"):
            if hasattr(model, method):
                found = getattr(model, method)(blank)
                if found.dtype.kind == "f" and not np.isfinite(found).all():
                    raise Refused(f"gives numbers that are not finite from {method}")

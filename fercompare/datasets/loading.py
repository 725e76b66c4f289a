"""`load_dataset`: one door to every set."""

import inspect
import os
import warnings
from dataclasses import replace
from pathlib import Path

from fercompare.datasets import prepared
from fercompare.datasets.catalogue import DATASETS
from fercompare.datasets.copies import resolve_duplicates
from fercompare.datasets.files import find_below
from fercompare.datasets.splits import SPLITS, subsample, thin
from fercompare.datasets.synthetic import SIZES
from fercompare.decoding import FACE_SHAPE, ImageReader
from fercompare.errors import DataError, DataNotFound, FercompareError, look_up


class DataWarning(UserWarning):
    """Something about the data that a reader of the results should know."""


NOT_FOR_USERS = (
    *("root", "reader", "name", "split_of", "refuse_copies"),
    *("seed", "size"),
)
"""What `load_dataset` hands to loaders itself."""


def list_datasets():
    """Return the names of the data sets that can be loaded.

    Examples
    --------
    >>> "fer2013" in list_datasets()
    True
    """
    return list(DATASETS)


def load_dataset(
    name,
    root=None,
    *,
    image_shape=FACE_SHAPE,
    color=False,
    labels=None,
    split="official",
    duplicates="keep",
    per_class=None,
    share=None,
    on_error="raise",
    seed=0,
    **options,
):
    """Load a data set.

    Parameters
    ----------
    name : str
        One of `list_datasets`.
    root : path, optional
        Folder or file to read. By default the set is looked for in the folder that
        the environment variable ``FERCOMPARE_DATA`` names, then in ``data/``.
    image_shape : (int, int), default=(48, 48)
        Height and width that every image is brought to.
    color : bool, default=False
        Keep red, green and blue.
    labels : str or dict, optional
        Other classes: ``"emotions7"``, ``"emotions8"``, ``"valence3"``,
        ``"valence3-surprise-positive"``, or a map of your own (`Dataset.relabel`).
    split : str, default="official"
        Who trains, selects and reports: ``"official"``, ``"stratified"``,
        ``"subject"``, ``"half-train"``; ``"unchecked"`` is official, even where a
        subject is in several parts.
    duplicates : {"keep", "drop_from_train", "group"}, default="keep"
        What happens to images that stand in the set more than once.
    per_class : int, optional
        Keep at most so many training images of each class (all images, where there is
        no split), drawn at random.
    share : float, optional
        Keep that share of the training images of each class, as unequal as they are.
    on_error : {"raise", "skip"}, default="raise"
        What happens to a file or row that cannot be read; what was skipped is listed
        in ``skipped``.
    seed : int, default=0
        For faces, splits and subsets that are drawn.
    **options
        What the set's own loader takes, such as ``mode="crossentropy"`` for FER+.

    Returns
    -------
    Dataset

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> load_dataset("synthetic", n=500, labels="valence3").classes
    ('negative', 'positive', 'neutral')
    """
    card = look_up(name, DATASETS, "data set")
    cut = look_up(split, SPLITS, "split")
    _check_options(name, card, options)
    reader = ImageReader(image_shape, color, on_error)
    if card.needs_files:
        dataset = _read(name, card, root, reader, options)
    else:
        if root is not None:
            raise DataError(f"data set {name!r} is made, not read: leave root out")
        dataset = _make(card, reader, seed, options)
    _tell_what_is_odd(dataset, card.published or {})
    if labels is not None:
        dataset = dataset.relabel(labels)
    # Groups decide how a set is split; what leaves training is known afterwards.
    if duplicates == "group":
        dataset = resolve_duplicates(dataset, duplicates)
    dataset = cut(dataset, seed=seed)
    if duplicates != "group":
        dataset = resolve_duplicates(dataset, duplicates)
    if share is not None:
        dataset = thin(dataset, share, parts=("train",), seed=seed)
    if per_class is not None:
        dataset = subsample(dataset, per_class, parts=("train",), seed=seed)
    asked = {"split": split, "share": share, "per_class": per_class}
    if duplicates != "keep":
        asked["duplicates"] = duplicates
    if dataset.split is None:
        del asked["split"]
    told = {name: str(value) for name, value in asked.items() if value is not None}
    return replace(dataset, notes=dataset.notes | told)


def prepare_dataset(
    name,
    root=None,
    *,
    image_shape=FACE_SHAPE,
    color=False,
    on_error="raise",
    **options,
):
    """Read a data set and keep a copy that `load_dataset` then opens in place.

    Returns
    -------
    Path
        The folder of the copy; made anew only where the files have changed.
    """
    card = look_up(name, DATASETS, "data set")
    _check_options(name, card, options)
    if not card.needs_files:
        raise DataError(f"data set {name!r} is made, not read: nothing to prepare")
    reader = ImageReader(image_shape, color, on_error)
    place = find_place(name, card, root)
    path = _copy_path(name, place, reader, options)
    dataset = prepared.open_copy(path, place)
    if dataset is None:
        before = prepared.state_of(place)
        dataset = _load(name, card, place, reader, options)
        if prepared.state_of(place) != before:
            raise DataError("changed while it was read", file=place, remedy="try again")
        prepared.write_copy(dataset, path, place)
    return path


def find_place(name, card, root=None):
    """Return the folder or file that a set is read from."""
    if root is not None:
        places = [Path(root)]
    else:
        named = os.environ.get("FERCOMPARE_DATA")
        bases = [Path(base) for base in (named, "data") if base]
        places = [base / name for base in bases]
        for base in bases:
            found = find_below(base, card.signature, levels=0)
            places += [base] if found is not None else []
    for place in places:
        if place.exists():
            return place
    raise DataNotFound(
        f"data set {name!r} was not found in {', '.join(map(str, places))}",
        remedy=_directions(name, card),
    )


def _directions(name, card):
    return (
        f"get it from: {card.obtain}; put into data/{name} (or name its folder with "
        f"root=…, or the folder above in FERCOMPARE_DATA): {card.put}"
    )


def _read(name, card, root, reader, options):
    place = find_place(name, card, root)
    copy = prepared.open_copy(_copy_path(name, place, reader, options), place)
    return copy if copy is not None else _load(name, card, place, reader, options)


def _load(name, card, place, reader, options):
    try:
        dataset = card.load(place, reader, **options)
    except DataNotFound as error:
        raise DataNotFound(
            error.found, file=error.file, remedy=error.remedy or _directions(name, card)
        ) from error
    if not len(dataset):
        raise DataError("leaves no image to work with", file=place)
    return dataset


def _copy_path(name, place, reader, options):
    asked = [reader.row_shape, reader.on_error, repr(sorted(options.items()))]
    return prepared.copy_path(name, place, asked)


def _tell_what_is_odd(dataset, published):
    """Warn of what a reader of the results should know before trusting them."""
    odd = []
    if dataset.skipped:
        odd.append(
            f"{len(dataset.skipped)} files or rows of {dataset.name!r} were skipped, "
            f"the first: {dataset.skipped[0]}"
        )
    parts = dataset.class_counts()
    everything = parts.pop("all")
    for part, counts in (parts or {"all": everything}).items():
        if not any(counts.values()):
            continue
        expected = published.get(part, counts)
        if counts != {name: expected.get(name) for name in counts}:
            odd.append(
                f"part {part!r} of {dataset.name!r} has {sum(counts.values())} images "
                f"and other class counts than published ({sum(expected.values())}); "
                "see `fercompare data audit`"
            )
        if missing := [name for name, n in counts.items() if not n]:
            odd.append(f"part {part!r} of {dataset.name!r} has no {', '.join(missing)}")
    for message in odd:
        warnings.warn(message, DataWarning, stacklevel=3)


def _make(card, reader, seed, options):
    """Draw a set near the size asked for, and bring it to that size."""
    size = min(max(*reader.image_shape, SIZES[0]), SIZES[-1])
    dataset = card.load(seed=seed, size=size, **options)
    if dataset.image_shape == reader.row_shape:
        return dataset
    return replace(
        dataset, X=reader.fit_stack(dataset.images), image_shape=reader.row_shape
    )


def _check_options(name, card, options):
    known = inspect.signature(card.load).parameters
    taken = [key for key in known if key not in NOT_FOR_USERS]
    for option, value in options.items():
        if option not in taken:
            raise FercompareError(
                f"data set {name!r} takes no option {option!r}; "
                f"it takes: {', '.join(taken) or 'none'}"
            )
        default = known[option].default
        kind = list if isinstance(default, tuple) else type(default)
        if kind in (bool, int, list) and not isinstance(value, kind | type(default)):
            raise FercompareError(
                f"option {option}={value!r} of data set {name!r} is no "
                f"{kind.__name__}, as {default!r} is"
            )

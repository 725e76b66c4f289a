"""Which rows of a data set train, which choose and which report.

`divide` is the one place that decides which rows a model may see.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fercompare.datasets.base import Dataset
from fercompare.datasets.copies import leak_free
from fercompare.datasets.splits import stratified_folds
from fercompare.evaluation.protocol import digests_of_rows, protocol_for


class Parts(NamedTuple):
    """A data set, its rows that train, choose and report, and which leak not."""

    dataset: Dataset
    training: Dataset
    validation: Dataset | None
    reporting: Dataset
    leak_free: np.ndarray
    reported_on: str = "test"


def divide(dataset, protocol=None, seed=0, fold=None):
    """Return the `Parts` of a data set: what trains, what chooses, what reports.

    Parameters
    ----------
    dataset : Dataset
    protocol : Protocol, optional
        The published parts if not given.
    seed : int, default=0
        Each deals other folds.
    fold : int, optional
        Which of the protocol's folds reports.

    Returns
    -------
    Parts
        ``leak_free`` is about copies in the rows that train or choose.

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> faces = load_dataset("synthetic", n=300)
    >>> protocol = protocol_for(faces, parts="train", cv=5)
    >>> sum(len(divide(faces, protocol, fold=k).reporting) for k in range(5))
    210
    """
    protocol = protocol or protocol_for(dataset)
    divided = _in_parts(dataset, protocol)
    if fold is not None:
        homes = fold_numbers(divided, protocol, seed)
        split = np.where(homes == fold, "test", "train")
        divided = replace(divided, split=split)
    reporting = divided.part("test")
    labelled = reporting.labelled
    return Parts(
        dataset,
        training_rows(divided),
        validation_rows(divided),
        reporting.take(labelled),
        leak_free(divided, "test")[labelled],
        protocol.reported_on,
    )


def fold_numbers(dataset, protocol, seed):
    """Return for each row the number of the fold that it reports in.

    Rows are dealt by what is on them, not by where they stand: the same set in
    another layout on disk has the same folds.

    Parameters
    ----------
    dataset : Dataset
    protocol : Protocol
    seed : int

    Returns
    -------
    ndarray of shape (n,), int
    """
    digests = digests_of_rows(dataset)
    order = np.array(sorted(range(len(dataset)), key=digests.__getitem__))
    sorted_rows = dataset.take(order)
    if protocol.group == "none":
        sorted_rows = replace(sorted_rows, groups=None)
    numbers = np.empty(len(dataset), dtype=int)
    folds = stratified_folds(sorted_rows, protocol.cv, seed=seed)
    for fold, (_, reporting) in enumerate(folds):
        numbers[order[reporting]] = fold
    return numbers


def training_rows(dataset):
    """Return the labelled rows of the training part, or of a set without parts."""
    training = dataset if dataset.split is None else dataset.part("train")
    return training.take(training.labelled)


def validation_rows(dataset):
    """Return the labelled rows that choose, or None where a set has none."""
    if "val" not in dataset.part_sizes():
        return None
    rows = dataset.part("val")
    return rows.take(rows.labelled)


def _in_parts(dataset, protocol):
    """Return the rows that a protocol names, in the parts that it has them be.

    For folds these are the labelled ones, in no part yet.
    """
    if protocol.cv is not None:
        named = np.isin(dataset.split, protocol.train) if protocol.train else True
        return replace(dataset.take(dataset.labelled & named), split=None)
    split = np.full(len(dataset), "", dtype="<U5")
    for part, names in zip(("train", "val", "test"), protocol[:3]):
        split[np.isin(dataset.split, names)] = part
    used = split != ""
    taken = dataset if used.all() else dataset.take(used)
    return replace(taken, split=split[used])

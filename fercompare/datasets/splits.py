"""Who trains, who selects, who reports: dividing the rows of a Dataset.

A subject is never on both sides: every function here that is handed ``groups`` keeps
them whole, and `check_groups` refuses a set whose parts share one.
"""

from dataclasses import replace
from numbers import Real

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    StratifiedKFold,
)

from fercompare.datasets.base import PARTS
from fercompare.errors import DataError
from fercompare.seeds import seed_for

FINEST_SHARES = 20


def check_groups(dataset):
    """Raise where one subject is in more than one part."""
    if dataset.groups is None or dataset.split is None:
        return
    homes = {}
    for group, part in zip(dataset.groups, dataset.split):
        homes.setdefault(group, set()).add(part)
    crossing = sorted(group for group, parts in homes.items() if len(parts) > 1)
    if crossing:
        raise DataError(
            f"data set {dataset.name!r}: {len(crossing)} subjects are in several "
            f"parts, such as {crossing[0]!r} in "
            f"{' and '.join(sorted(homes[crossing[0]]))}",
            remedy="load it with split='subject', or with split='unchecked' to accept "
            "scores that know the test faces",
        )


def stratified_split(dataset, *, val=0.1, test=0.1, seed=0):
    """Return the set with a random split that keeps the class shares.

    Refuses a set with subjects, whose faces it would put on both sides.

    Examples
    --------
    >>> from fercompare.datasets.synthetic import load_synthetic
    >>> import dataclasses
    >>> faces = dataclasses.replace(load_synthetic(200), groups=None)
    >>> stratified_split(faces, val=0.2, test=0.2).part_sizes()
    {'train': 118, 'val': 41, 'test': 41}
    """
    if dataset.groups is not None:
        raise DataError(
            f"data set {dataset.name!r} has subjects, and a random split would put one "
            "person's faces into several parts",
            remedy="split by subject: load_dataset(…, split='subject')",
        )
    rng = np.random.default_rng(seed_for("stratified", seed))
    split = np.full(len(dataset), "train", dtype="<U5")
    for k in np.unique(dataset.y):
        rows = rng.permutation(np.flatnonzero(dataset.y == k))
        n_val, n_test = _sizes(len(rows), val, test)
        split[rows[:n_val]] = "val"
        split[rows[n_val : n_val + n_test]] = "test"
    return replace(dataset, split=split)


def subject_split(dataset, *, val=0.1, test=0.1, seed=0):
    """Return the set with a split that keeps each subject in one part.

    Class shares, and the sizes asked for, are kept as well as whole subjects allow.
    """
    groups = _groups(dataset)
    split = np.full(len(dataset), "train", dtype="<U5")
    rest = np.arange(len(dataset))
    for part, share in (("test", test), ("val", val / max(1 - test, 1e-9))):
        most = np.unique(dataset.y[rest], return_counts=True)[1].max()
        n_folds = min(FINEST_SHARES, len(np.unique(groups[rest])), most)
        n_taken = round(share * n_folds)
        if share > 0 and not 0 < n_taken < n_folds:
            raise DataError(
                f"data set {dataset.name!r} has too few subjects for a {part} part "
                f"of {share:.0%}",
                remedy="use folds: subject_folds or leave_one_subject_out",
            )
        if n_taken:
            folds = StratifiedGroupKFold(
                n_folds, shuffle=True, random_state=seed_for("subject", part, seed)
            )
            try:
                parted = list(folds.split(rest, dataset.y[rest], groups[rest]))
            except ValueError as error:
                raise DataError(f"data set {dataset.name!r}: {error}") from error
            chosen = parted[:n_taken]
            taken = np.concatenate([fold for _, fold in chosen])
            split[rest[taken]] = part
            rest = np.delete(rest, taken)
    return replace(dataset, split=split)


def half_train_split(dataset, *, seed=0):
    """Return the set with half of its training part as validation.

    What was validation before is left out, and ``test`` stays as it is. One of the
    published studies did this.
    """
    return hold_out(dataset, 0.5, seed=seed)


def hold_out(dataset, share, *, seed=0):
    """Return the set with a share of its training part as validation.

    What was validation before is left out. Subjects, where there are any, are kept
    whole.

    Examples
    --------
    >>> from fercompare.datasets.synthetic import load_synthetic
    >>> hold_out(load_synthetic(1000), 0.2).part_sizes()
    {'train': 540, 'val': 160, 'test': 200}
    """
    if not (isinstance(share, Real) and 0 < share < 1):
        raise DataError(
            f"hold_out={share!r} of the training part",
            remedy="give more than 0, less than 1",
        )
    train = dataset.part("train")
    rest = replace(train, split=None)
    cut = stratified_split if dataset.groups is None else subject_split
    rest = cut(rest, val=share, test=0.0, seed=seed)
    split = dataset.split.copy()
    split[dataset.split == "train"] = rest.split
    kept = dataset.split != "val"
    return replace(dataset, split=split).take(kept)


def official_split(dataset, *, seed=0):
    """Return the set as it is published, or raise where a subject crosses."""
    check_groups(dataset)
    return dataset


def unchecked_split(dataset, *, seed=0):
    """Return the set as it is published, even where subjects cross."""
    return dataset


SPLITS = {
    "official": official_split,
    "unchecked": unchecked_split,
    "stratified": stratified_split,
    "subject": subject_split,
    "half-train": half_train_split,
}


def stratified_folds(dataset, n_splits=10, *, seed=0):
    """Yield ``(train, test)`` row indices of folds with equal class shares.

    Subjects, where there are any, are kept whole.
    """
    seed = seed_for("folds", n_splits, seed)
    if dataset.groups is None:
        folds = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
    else:
        folds = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
    yield from _folds(folds, dataset)


def subject_folds(dataset, n_splits=10):
    """Yield ``(train, test)`` row indices, each subject in one test fold."""
    _groups(dataset)
    yield from _folds(GroupKFold(n_splits), dataset)


def leave_one_subject_out(dataset):
    """Yield ``(train, test)`` row indices, one subject tested at a time."""
    _groups(dataset)
    yield from _folds(LeaveOneGroupOut(), dataset)


def subsample(dataset, n_per_class, *, parts=PARTS, seed=0):
    """Return the set with at most ``n_per_class`` rows of each class in ``parts``.

    Examples
    --------
    >>> from fercompare.datasets.synthetic import load_synthetic
    >>> few = subsample(load_synthetic(1000), 3, parts=("train",))
    >>> sorted(set(few.part("train").class_counts()["all"].values()))
    [3]
    """
    if isinstance(n_per_class, bool) or not isinstance(n_per_class, int):
        raise DataError(f"{n_per_class!r} images of each class is no whole number")
    if n_per_class < 1:
        raise DataError(f"{n_per_class} images of each class leave none")
    return _drawn(dataset, lambda n: min(n, n_per_class), parts, seed)


def thin(dataset, share, *, parts=PARTS, seed=0):
    """Return the set with that share of the rows of each class in ``parts``.

    Its classes are as unequal as they were; none loses its last row.

    Examples
    --------
    >>> from fercompare.datasets.synthetic import load_synthetic
    >>> faces = load_synthetic(1000)
    >>> faces.part_sizes()["train"], thin(faces, 0.25).part_sizes()["train"]
    (700, 175)
    """
    if not (isinstance(share, Real) and 0 < share <= 1):
        raise DataError(
            f"share={share!r} of the images", remedy="give more than 0, at most 1"
        )
    return _drawn(dataset, lambda n: max(round(n * share), min(n, 1)), parts, seed)


def _drawn(dataset, how_many, parts, seed):
    """Return the set with ``how_many(n)`` of the n rows of each class in ``parts``."""
    rng = np.random.default_rng(seed_for("subsample", seed))
    homes = np.full(len(dataset), "") if dataset.split is None else dataset.split
    chosen = ("",) if dataset.split is None else parts
    kept = ~np.isin(homes, chosen)
    for part in chosen:
        for k in range(len(dataset.classes)):
            rows = np.flatnonzero((homes == part) & (dataset.y == k))
            kept[rng.permutation(rows)[: how_many(len(rows))]] = True
    return dataset.take(kept)


def _folds(folds, dataset):
    try:
        yield from folds.split(dataset.X, dataset.y, dataset.groups)
    except ValueError as error:
        raise DataError(f"data set {dataset.name!r}: {error}") from error


def _groups(dataset):
    if dataset.groups is None:
        raise DataError(
            f"data set {dataset.name!r} says nothing of its subjects",
            remedy="name them when loading, for folders with subject='(S[0-9]+)_'",
        )
    return dataset.groups


def _sizes(n_rows, val, test):
    n_test = round(n_rows * test)
    return min(round(n_rows * val), n_rows - n_test), n_test

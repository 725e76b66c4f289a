"""How many rows of each class a sampler is to make, or to keep."""

import warnings
from collections.abc import Mapping
from numbers import Real

import numpy as np
from imblearn.utils import check_sampling_strategy

from fercompare.errors import DataError

OVER, UNDER = "over-sampling", "under-sampling"


def count(y):
    """Return label to number of rows.

    Examples
    --------
    >>> count(["b", "a", "b"])
    {'a': 1, 'b': 2}
    """
    labels, counts = np.unique(y, return_counts=True)
    return dict(zip(labels.tolist(), counts.tolist()))


def targets(asked, y, kind):
    """Return what imbalanced-learn's ``sampling_strategy_`` is to be.

    Parameters
    ----------
    asked : str, float, dict of {label: int}, or callable
        A number from 0 to 1 is the share of the largest class that the smallest gets:
        rare classes grow to that share of the largest, or frequent ones shrink until
        the smallest is that share of them. Classes beyond it are left as they are.
        Counts that the rows already exceed, or fall short of, leave the class as it
        is, and so do those of a class without rows, with a warning.
    y : array of shape (n_samples,)
    kind : {"over-sampling", "under-sampling"}

    Returns
    -------
    targets : dict of {label: int}
        How many rows to make of each class, or to keep.

    Examples
    --------
    >>> y = [0] * 10 + [1] * 4 + [2] * 8
    >>> targets(0.6, y, OVER)
    {1: 2}
    >>> targets(0.6, y, UNDER)
    {0: 6, 2: 6}
    """
    y = np.asarray(y)
    counts = count(y)
    if isinstance(asked, Mapping):
        asked = {
            label: number
            for label, number in known(asked, counts).items()
            if not _misses(label, number, counts[label], kind)
        }
    elif isinstance(asked, Real):
        share = check_share(asked)
        if kind == OVER:
            goal = int(max(counts.values()) * share)
            asked = {label: goal for label, n in counts.items() if n < goal}
        else:
            goal = int(min(counts.values()) / share)
            asked = {label: goal for label, n in counts.items() if n > goal}
    resolved = check_sampling_strategy(asked, y, kind)
    return {label: int(number) for label, number in resolved.items()}


def meeting_point(asked, y):
    """Return label to the number of rows that each class is to end with.

    Parameters
    ----------
    asked : "auto", float or dict of {label: int}
        The geometric mean of the counts; or this share of the largest; or as they say.
    y : array of shape (n_samples,)

    Returns
    -------
    targets : dict of {label: int}

    Examples
    --------
    >>> meeting_point("auto", [0] * 16 + [1] * 4)
    {0: 8, 1: 8}
    >>> meeting_point(0.5, [0] * 16 + [1] * 4)
    {0: 8, 1: 8}
    """
    counts = count(y)
    if isinstance(asked, Mapping):
        return counts | known(asked, counts)
    if asked == "auto":
        common = np.exp(np.mean(np.log(list(counts.values()))))
    else:
        common = max(counts.values()) * check_share(asked)
    return dict.fromkeys(counts, max(1, int(np.rint(common))))


def check_share(asked):
    """Return a share of the largest class, which is more than 0 and at most 1."""
    if not isinstance(asked, Real) or not 0 < asked <= 1:
        raise DataError(
            f"sampling_strategy={asked!r}",
            remedy="choose 'auto', a share from 0 to 1, or {label: rows}",
        )
    return asked


def known(asked, counts):
    """Return the counts asked for of classes that there are; warn of the others."""
    absent = sorted(set(asked) - set(counts), key=str)
    if len(absent) == len(asked):
        raise DataError(
            f"counts for {', '.join(map(repr, absent)) or 'no class'}; "
            f"the classes here are {', '.join(map(repr, counts))}",
            remedy="name classes by their labels",
        )
    negative = [label for label, number in asked.items() if number < 0]
    if negative:
        raise DataError(f"class {negative[0]!r}: {asked[negative[0]]} rows asked for")
    for label in absent:
        _warn(f"class {label!r} has no row here: none of the {asked[label]} is made")
    return {label: asked[label] for label in counts if label in asked}


def _misses(label, asked, found, kind):
    wrong = asked < found if kind == OVER else asked > found
    if wrong:
        verb = "drops" if kind == OVER else "makes"
        _warn(
            f"class {label!r}: {asked} rows asked for of {found}, but {kind} {verb} "
            "none; it stays as it is"
        )
    return wrong


def _warn(said):
    warnings.warn(said, UserWarning, stacklevel=3)

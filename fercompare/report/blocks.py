"""Blocks: data sets or folds, over which models are ranked."""

from collections import defaultdict

import numpy as np
import pandas as pd

from fercompare.report.comparison import full_name, label
from fercompare.report.runs import runs, value

DEPENDENT = "so that this is less certain than its numbers say"


def blocks(outcomes, metric="f1_macro", over="dataset", names=None):
    """Return the scores of models on data sets or folds, as Friedman's test wants them.

    Every seed deals the same images into folds anew, which makes no new images: of
    several seeds the folds of one are taken, the first that every name was run with.

    Parameters
    ----------
    outcomes : list of Outcome
    metric : str, default="f1_macro"
    over : {"dataset", "fold"}
        Means over the seeds on each data set, or folds of one seed.
    names : list of str, optional
        As ``model`` or ``model:strategy``. All if not given.

    Returns
    -------
    DataFrame
        A line a data set or fold, a column a name; only lines that have a value of
        every name. The index begins with the name of the data set.
    """
    wanted = None if names is None else [full_name(name) for name in names]
    found = [
        run for run in runs(outcomes) if wanted is None or label(run.trial) in wanted
    ]
    rows = []
    for run in found if over == "dataset" else _of_one_seed(found):
        ground, name, seen = _ground(run), label(run.trial), run.predictions()
        if over == "dataset":
            rows.append((ground, name, value(metric, seen)))
            continue
        for fold in np.unique(seen.folds[seen.folds >= 0]):
            of_fold = value(metric, seen.take(seen.folds == fold))
            rows.append(((*ground, int(fold)), name, of_fold))
    table = pd.DataFrame(rows, columns=["block", "name", "value"])
    return (
        table.groupby(["block", "name"], sort=False)["value"].mean().unstack().dropna()
    )


def described(table, over="dataset"):
    """Return what blocks are, and how they depend on each other, in words.

    Parameters
    ----------
    table : DataFrame
        Of `blocks`.
    over : {"dataset", "fold"}

    Returns
    -------
    told, caution : str

    Examples
    --------
    >>> table = pd.DataFrame({"svm": [0.5, 0.6]}, [("faces", "5f2c"), ("faces", "77")])
    >>> described(table)[0]
    '2 divisions of 1 data sets'
    """
    datasets = dict.fromkeys(block[0] for block in table.index)
    n = len(table)
    if over == "fold":
        caution = f"folds of a data set share most of their training rows, {DEPENDENT}"
        return f"{n} folds of {', '.join(datasets)}", caution
    if len(datasets) == n:
        return f"{n} data sets", ""
    caution = f"divisions of one data set are not independent, {DEPENDENT}"
    return f"{n} divisions of {len(datasets)} data sets", caution


def _of_one_seed(found):
    """Return the runs of the first seed that every name has, of each data set."""
    names, here, first = {label(run.trial) for run in found}, defaultdict(set), {}
    for run in found:
        here[_ground(run), run.trial.seed].add(label(run.trial))
    for ground, seed in sorted(here):
        if here[ground, seed] == names:
            first.setdefault(ground, seed)
    return [run for run in found if first.get(_ground(run)) == run.trial.seed]


def _ground(run):
    return (*run.names[:3], run.images)

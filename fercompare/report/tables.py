"""Tables of outcomes: tidy, strategy by model, of each class, of costs."""

from collections import defaultdict

import numpy as np
import pandas as pd

from fercompare.errors import DataError, look_up
from fercompare.evaluation.trials import DONE
from fercompare.metrics import f1_per_class, precision_per_class, recall_per_class
from fercompare.report.leaderboard import COSTS, not_comparable, scores
from fercompare.report.runs import runs

NAMES = ("dataset", "data", "part", "model", "strategy", "seed", "fold")
"""Columns that say which trial a line is of."""
GROUND = ("dataset", "data", "part", "images")
"""Columns of a ranking that are equal where its lines may be compared."""
PER_CLASS = {
    "f1": f1_per_class,
    "precision": precision_per_class,
    "recall": recall_per_class,
}
AXES = ("model", "strategy")
REFERENCE = "none"
"""The strategy that deltas are against."""


def tidy(outcomes):
    """Return one row for each trial and metric, those of each class included.

    Parameters
    ----------
    outcomes : list of Outcome

    Returns
    -------
    DataFrame
        The names of the trial, ``metric``, ``class`` (empty but for ``f1``,
        ``precision`` and ``recall`` of one class) and ``value``.

    Raises
    ------
    DataError
        Where two of the same name were run with different settings: a reader of the
        table could not tell them apart.
    """
    runs(outcomes)
    done = [outcome for outcome in outcomes if outcome.status == DONE]
    table = scores(done)
    if table.empty:
        return table
    numbers = table.drop(columns="rare_class")
    long = numbers.melt(id_vars=list(NAMES), var_name="metric", value_name="value")
    long.insert(long.columns.get_loc("metric") + 1, "class", "")
    of_classes = pd.concat(
        _of_classes(outcome, names)
        for outcome, (_, names) in zip(done, table[list(NAMES)].iterrows())
    )
    joined = pd.concat([long, of_classes], ignore_index=True)
    return joined.sort_values(list(NAMES), kind="stable").reset_index(drop=True)


def grid(ranked, by, rows="model", columns="strategy", deltas=False):
    """Return a metric with a model a line and a strategy a column, or turned.

    Parameters
    ----------
    ranked : DataFrame
        One ranking of `fercompare.report.leaderboard.rank`.
    by : str
        A numeric column of it.
    rows, columns : {"model", "strategy"}
    deltas : bool, default=False
        Less what the model has without balancing.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> ranked = pd.DataFrame({"model": ["svm", "svm"], "strategy": ["smote", "none"],
    ...                        "accuracy": [0.5, 0.75]})
    >>> grid(ranked, "accuracy", deltas=True)
    strategy  none  smote
    model
    svm        0.0  -0.25
    """
    for axis in (rows, columns):
        look_up(axis, dict.fromkeys(AXES), "axis")
    if rows == columns:
        raise DataError(f"both lines and columns were asked to be {rows}")
    look_up(by, dict.fromkeys(ranked.columns), "column")
    table = ranked.pivot(index="model", columns="strategy", values=by)
    first = [name for name in table if name == REFERENCE]
    table = table[[*first, *(name for name in table if name != REFERENCE)]]
    table = table.loc[list(dict.fromkeys(ranked["model"]))]
    if deltas:
        if not first:
            raise DataError(
                f"there is no {REFERENCE!r} to take deltas against",
                remedy=f"run the models with the strategy {REFERENCE!r} too",
            )
        table = table.sub(table[REFERENCE], axis=0)
    return table if rows == "model" else table.T


def of_classes(outcomes, score="f1"):
    """Return a model and strategy a line and a class a column, means over the seeds.

    Parameters
    ----------
    outcomes : list of Outcome
    score : {"f1", "precision", "recall"}

    Returns
    -------
    DataFrame
        ``dataset``, ``data``, ``part`` and ``images`` say what was scored on; lines
        are comparable where these are equal. Predictions of the folds of a seed are
        pooled before they are scored. ``note`` says why a line is not ranked.
    """
    function = look_up(score, PER_CLASS, "score of a class")
    models = defaultdict(list)
    for run in runs(outcomes):
        models[*run.names[:3], run.images, *run.names[3:]].append(run)
    lines = []
    for key, of_model in models.items():
        seen = [run.predictions() for run in of_model]
        found = [function(one.y_true, one.y_pred, one.n_classes) for one in seen]
        facts = [outcome.facts for run in of_model for outcome in run.outcomes]
        notes = {not_comparable(one) for one in facts} - {""}
        names = dict(zip((*GROUND, *AXES), key)) | {"n_test": len(seen[0].rows)}
        scored = dict(zip(of_model[0].classes, np.mean(found, axis=0)))
        lines.append(names | scored | {"note": "; ".join(sorted(notes))})
    names = [*GROUND, *AXES, "n_test"]
    table = pd.DataFrame(lines, columns=None if lines else [*names, "note"])
    return table[[*(name for name in table if name != "note"), "note"]]


def costs(ranked):
    """Return what each model and strategy costs, as far as is known.

    Parameters
    ----------
    ranked : DataFrame
        Of `fercompare.report.leaderboard.rank`.
    """
    known = [name for name in (*COSTS, "predict_ms_per_image") if name in ranked]
    return ranked[[*GROUND, "model", "strategy", *known, "note"]]


def _of_classes(outcome, names):
    n_classes = len(outcome.classes)
    lines = [
        {**names, "metric": metric, "class": name, "value": number}
        for metric, function in PER_CLASS.items()
        for name, number in zip(
            outcome.classes, function(outcome.y_true, outcome.y_pred, n_classes)
        )
    ]
    return pd.DataFrame(lines).astype({"value": np.float64})

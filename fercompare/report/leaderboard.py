"""From outcomes to a table: scores of every trial, and their ranking over seeds."""

import numpy as np
import pandas as pd

from fercompare.errors import DataError, look_up
from fercompare.evaluation.trials import DONE
from fercompare.metrics import METRICS, recall_per_class


def score(outcome, rows=slice(None)):
    """Return ``{metric: value}`` of one outcome on some of its rows.

    Metrics of probabilities are nan where the model gave none.
    """
    y_true, y_pred = outcome.y_true[rows], outcome.y_pred[rows]
    proba = None if outcome.proba is None else outcome.proba[rows]
    n_classes = len(outcome.classes)
    return {
        name: np.nan
        if not len(y_true) or (metric.needs_proba and proba is None)
        else metric.function(y_true, y_pred, proba, n_classes)
        for name, metric in METRICS.items()
    }


def scores(outcomes):
    """Return a tidy table with one row for each trial that was done.

    ``…_leak_free`` is the same score on the test images without a copy in another
    part; ``rare_recall`` is the recall of the class with the fewest test images, whose
    counts are natural where those of training may have been evened out.
    """
    rows = []
    for outcome in outcomes:
        if outcome.status != DONE:
            continue
        trial, facts = outcome.trial, outcome.facts
        occurring, counts = np.unique(outcome.y_true, return_counts=True)
        rarest = occurring[counts.argmin()]
        recalls = recall_per_class(outcome.y_true, outcome.y_pred, len(outcome.classes))
        leak_free = score(outcome, outcome.leak_free)
        rows.append(
            {
                "dataset": trial.dataset,
                "data": facts["data"]["fingerprint"][:12],
                "model": trial.model,
                "strategy": trial.strategy,
                "seed": trial.seed,
                **score(outcome),
                "f1_macro_leak_free": leak_free["f1_macro"],
                "accuracy_leak_free": leak_free["accuracy"],
                "rare_class": outcome.classes[rarest],
                "rare_recall": recalls[rarest],
                "fit_seconds": facts["fit_seconds"],
                "predict_ms_per_image": 1000
                * facts["predict_seconds"]
                / len(outcome.y_true),
                "n_test": len(outcome.y_true),
            }
        )
    return pd.DataFrame(rows)


def rank(outcomes, by="f1_macro"):
    """Return one row for each model and strategy, best first within a data set.

    Every number is the mean over the seeds; ``<by>_sd`` is the standard deviation of
    the metric ranked by, nan with one seed. ``data`` is the beginning of the data's
    fingerprint: other rows under the same name are ranked by themselves.
    """
    metric = look_up(by, METRICS, "metric")
    table = scores(outcomes)
    if table.empty:
        return table
    names = ["dataset", "data", "model", "strategy", "rare_class"]
    again = table.duplicated([*names, "seed"])
    if again.any():
        one = table[again].iloc[0]
        raise DataError(
            f"{one.model} with {one.strategy} on {one.dataset}, seed {one.seed}, is "
            "here with different settings or by different code",
            remedy="keep such outcomes in stores of their own",
        )
    groups = table.groupby(names, sort=False)
    ranked = groups.mean(numeric_only=True).drop(columns="seed")
    ranked.insert(1, f"{by}_sd", groups[by].std())
    ranked.insert(0, "seeds", groups.size())
    return (
        ranked.reset_index()
        .sort_values(
            ["dataset", "data", by, "model", "strategy"],
            ascending=[True, True, not metric.higher_is_better, True, True],
        )
        .reset_index(drop=True)
    )

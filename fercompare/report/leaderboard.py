"""From outcomes to a table: scores of every trial, and their ranking over seeds."""

from collections import defaultdict

import numpy as np
import pandas as pd

from fercompare.errors import look_up
from fercompare.evaluation.trials import DONE
from fercompare.metrics import METRICS, recall_per_class
from fercompare.report.protocols import protocol_of, split_of_run
from fercompare.report.resampling import estimate, interval, pairwise
from fercompare.report.runs import LEAK_FREE, find_metric, ground, runs, value
from fercompare.report.significance import holm, letters

COSTS = (
    "fit_seconds",
    "warmup_seconds",
    "images_per_second",
    "peak_memory_mb",
    "parameters",
    "support_vectors",
    "file_bytes",
    "energy_kwh",
)
"""Facts that are columns, where the outcomes have them."""
GROUPS = {"dataset": [], "strategy": ["strategy"], "model": ["model"]}
"""What is ranked apart, besides what cannot be compared at all."""
CHOSEN_ON_REPORTED = "chosen on the images it is scored on"


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
        else float(metric.function(y_true, y_pred, proba, n_classes))
        for name, metric in METRICS.items()
    }


def scores(outcomes):
    """Return a tidy table with one row for each trial that was done.

    Parameters
    ----------
    outcomes : list of Outcome

    Returns
    -------
    DataFrame
        ``dataset``, ``data`` (the beginning of the fingerprint), ``part`` (what was
        reported on), ``model``, ``strategy``, ``seed`` and ``fold``; every metric, and
        ``…_leak_free``, the same on the images without a copy in another part;
        ``rare_class``, the one with the fewest test images, whose counts are natural
        where those of training may have been evened out, and its ``rare_recall``;
        costs as far as the outcomes have them; ``n_test``.
    """
    rows = []
    for outcome in outcomes:
        if outcome.status != DONE:
            continue
        trial = outcome.trial
        names = ("dataset", "data", "part")
        rows.append(
            dict(zip(names, ground(outcome)))
            | {"model": trial.model, "strategy": trial.strategy, "seed": trial.seed}
            | {"fold": trial.fold}
            | score(outcome)
            | _leak_free(score(outcome, outcome.leak_free))
            | _rare(outcome.y_true, outcome.y_pred, outcome.classes)
            | _costs([outcome])
            | {"n_test": len(outcome.y_true)}
        )
    return _without_empty_costs(pd.DataFrame(rows))


def rank(outcomes, by="f1_macro", group="dataset"):
    """Return one row for each model and strategy, best first.

    Only what was scored on the same images of the same part of the same data is ranked
    together; rows that were chosen on those very images have no rank. Predictions of
    the folds of a seed are pooled before they are scored (metrics that order the rows
    are averaged over the folds), and scores are averaged over the seeds.

    Parameters
    ----------
    outcomes : list of Outcome
    by : str, default="f1_macro"
        A metric, maybe with ``_leak_free`` behind it.
    group : {"dataset", "strategy", "model"}
        What is ranked apart.

    Returns
    -------
    DataFrame
        ``dataset``, ``data``, ``part`` and ``images`` say what the ranking is of.
        ``split``, ``members``, ``extra_data`` and ``test_time`` tell the protocol, see
        `fercompare.report.protocols`.
        ``rank`` is missing where ``note`` says why a row is not ranked. ``<by>_sd`` is
        over the seeds; ``<by>_low`` to ``<by>_high`` is an interval of 95 % that counts
        images and seeds, see `fercompare.report.resampling`. Rows of a ranking that
        have a letter in ``alike`` in common are not told apart, at 5 %, by paired tests
        of that metric with Holm's correction for all pairs of the ranking.
    """
    higher_is_better = find_metric(by)[0].higher_is_better
    apart = look_up(group, GROUPS, "group")
    models = defaultdict(list)
    for run in runs(outcomes):
        models[*run.names, run.images].append(run)
    if not models:
        return pd.DataFrame()
    rows = [_row(key, of_model, by) for key, of_model in models.items()]
    table = pd.DataFrame(rows)
    sign = -1 if higher_is_better else 1
    table["_n"], table["_by"] = -table["n_test"], sign * table[by]
    table["_unranked"] = table["note"] != ""
    names = ["dataset", "data", "part", "images", *apart]
    order = ["dataset", "_n", "data", "part", "images", *apart]
    table = table.sort_values(
        [*order, "_unranked", "_by", "model", "strategy"], kind="stable"
    )
    rankings = [_ranked(ranking, by) for _, ranking in table.groupby(names, sort=False)]
    table = pd.concat(rankings).drop(columns=["_n", "_by", "_unranked", "_estimate"])
    return _without_empty_costs(table).reset_index(drop=True)


def not_comparable(facts):
    """Return why a trial is ranked with no other, or nothing.

    Examples
    --------
    >>> not_comparable({"reported_on": "test", "selected_on": "test part: epoch 7"})
    'chosen on the images it is scored on'
    >>> not_comparable({"reported_on": "test", "selected_on": "validation part: …"})
    ''
    """
    reported_on = facts.get("reported_on", "test")
    return CHOSEN_ON_REPORTED if _chosen_on(facts) == f"{reported_on} part" else ""


def _chosen_on(facts):
    return str(facts.get("selected_on") or "not stated").partition(":")[0]


def _row(key, of_model, by):
    """Return the line of a model with a strategy, from the runs of its seeds."""
    *names, images = key
    seen = [run.predictions() for run in of_model]
    found = estimate(seen, by)
    spread = interval(found)
    facts = [outcome.facts for run in of_model for outcome in run.outcomes]
    notes = {not_comparable(one) for one in facts}
    rare = [_rare(one.y_true, one.y_pred, of_model[0].classes) for one in seen]
    line = dict(zip(("dataset", "data", "part", "model", "strategy"), names))
    line |= {"seeds": len(of_model), by: found.mean, f"{by}_sd": found.deviation}
    line |= {f"{by}_low": float(spread.low), f"{by}_high": float(spread.high)}
    line |= _means([_all_values(one) for one in seen])
    line |= {
        "rare_class": rare[0]["rare_class"],
        "rare_recall": float(np.mean([one["rare_recall"] for one in rare])),
        **_costs([outcome for run in of_model for outcome in run.outcomes]),
        "n_test": len(seen[0].rows),
        "n_classes": seen[0].n_classes,
        "chosen_on": "; ".join(sorted({_chosen_on(one) for one in facts})),
        **_protocol(of_model),
        "images": images,
        "note": "; ".join(sorted(notes - {""})),
        "_estimate": found,
    }
    return line


def _protocol(of_model):
    """Return the split that was scored on, and what the settings tell."""
    told = [protocol_of(run.trial.specification) for run in of_model]
    return {
        "split": split_of_run(of_model[0]),
        **{name: "; ".join(sorted({one[name] for one in told})) for name in told[0]},
    }


def _all_values(seen):
    clean = seen.take(seen.leak_free)
    return {name: value(name, seen) for name in METRICS} | {
        f"{name}{LEAK_FREE}": value(name, clean) for name in METRICS
    }


def _means(lines):
    return {name: float(np.mean([line[name] for line in lines])) for name in lines[0]}


def _ranked(table, by):
    """Return one ranking with its ranks, and letters for those that are alike."""
    ranked = table[~table["_unranked"] & table["_by"].notna()]
    marks = pd.Series("", index=table.index)
    marks[ranked.index] = _alike(list(ranked["_estimate"]))
    table = table.copy()
    ranks = ranked["_by"].rank(method="min").astype("Int64")
    table.insert(0, "rank", ranks.reindex(table.index))
    table.insert(table.columns.get_loc(f"{by}_high") + 1, "alike", marks)
    return table


def _alike(estimates):
    if len(estimates) < 2:
        return ["a"] * len(estimates)
    p = pairwise(estimates).p
    above = np.triu_indices(len(p), k=1)
    p[above] = holm(p[above])
    return letters(p)


def _leak_free(found):
    return {f"{name}{LEAK_FREE}": number for name, number in found.items()}


def _rare(y_true, y_pred, classes):
    occurring, counts = np.unique(y_true, return_counts=True)
    rarest = occurring[counts.argmin()]
    recalls = recall_per_class(y_true, y_pred, len(classes))
    return {"rare_class": classes[rarest], "rare_recall": float(recalls[rarest])}


def _costs(outcomes):
    """Return the means of what outcomes cost, nan where one does not say."""
    found = {}
    for name in COSTS:
        known = [outcome.facts.get(name) for outcome in outcomes]
        found[name] = np.nan if None in known else float(np.mean(known))
    found["predict_ms_per_image"] = float(
        np.mean([1000 * o.facts["predict_seconds"] / len(o.rows) for o in outcomes])
    )
    return found


def _without_empty_costs(table):
    optional = [name for name in COSTS[1:] if name in table]
    return table.drop(columns=[n for n in optional if table[n].isna().all()])

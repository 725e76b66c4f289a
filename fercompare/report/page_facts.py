"""What the page of a report knows, as json can hold it."""

import math

import numpy as np
import pandas as pd

from fercompare.evaluation.trials import DONE, FAILED, SKIPPED
from fercompare.metrics import METRICS
from fercompare.report.alarms import alarms, count
from fercompare.report.grounds import PLACE
from fercompare.report.page_rows import packed, page_row
from fercompare.report.resampling import estimate, pairwise
from fercompare.report.runs import LEAK_FREE, find_metric
from fercompare.report.significance import ALPHA, FEW, holm

TEXTS = (
    *("model", "strategy", "alike", "note", "rare_class", "chosen_on"),
    *("split", "members", "extra_data", "test_time"),
)
SHOWN = (
    "rank",
    "model",
    "strategy",
    "seeds",
    "alike",
    "accuracy",
    "balanced_accuracy",
    "rare_recall",
    "fit_seconds",
)
"""Columns of the leaderboard that are shown at first, beside the metric's own."""
COLUMNS = {
    "alike": "those with a letter in common are not told apart",
    "rare_recall": "recall of the class with the fewest test images",
    "predict_ms_per_image": "milliseconds an image",
}
"""What a column is, where its name does not say it."""
HIGHER_IS_BETTER = ("rare_recall", "images_per_second")
LOWER_IS_BETTER = (
    "fit_seconds",
    "warmup_seconds",
    "predict_ms_per_image",
    "peak_memory_mb",
    "parameters",
    "file_bytes",
)


def page_facts(outcomes, found):
    """Return what the page knows of outcomes.

    Parameters
    ----------
    outcomes : list of Outcome
    found : list of Ground
        `fercompare.report.grounds.grounds` of them.

    Returns
    -------
    dict
        Of what json can hold: no nan, no numpy.
    """
    by = found[0].by
    compared = _compared(found)
    machines = []
    rows = [
        page_row(ground, place, names, machines)
        for place, ground in enumerate(found)
        for names in ground.runs
    ]
    facts = {
        "metric": by,
        "metrics": {name: _better(name) for name in compared},
        "compared": compared,
        "alpha": ALPHA,
        "few": FEW,
        "sorted_by": "rank",
        "sorted_down": False,
        "summary": summary(outcomes, found),
        "columns": _columns(found, by),
        "grounds": [_ground(ground, compared) for ground in found],
        "rows": [row | {"id": k} for k, row in enumerate(rows)],
        "machines": machines,
        "alarms": [alarm._asdict() for alarm in alarms(outcomes, found)],
    }
    return plain(facts)


def summary(outcomes, found):
    """Return in a sentence what a report is of."""
    counts = {
        status: sum(outcome.status == status for outcome in outcomes)
        for status in (DONE, FAILED, SKIPPED)
    }
    names = sorted({ground.dataset for ground in found})
    models = {model for ground in found for model, _ in ground.runs}
    strategies = {strategy for ground in found for _, strategy in ground.runs}
    told = ", ".join(f"{n} {status}" for status, n in counts.items() if n)
    return (
        f"{count(len(outcomes), 'trial')}: {told}. {count(len(models), 'model')} with "
        f"{count(len(strategies), 'strategy')} on {', '.join(names)}; ranked by "
        f"{found[0].by}."
    )


def plain(value):
    """Return a value as json can hold it; what is not a number is None.

    Examples
    --------
    >>> plain({"a": np.float32(0.5), "b": (float("nan"), np.int64(3)), "c": None})
    {'a': 0.5, 'b': [None, 3], 'c': None}
    """
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bool | int | float | str | type(None)):
        return value
    return None if value is pd.NA else str(value)


def _compared(found):
    """Return the metrics in which two lines can be compared."""
    by = found[0].by
    leaks = not all(ground.leak_free.all() for ground in found)
    clean = f"{by.removesuffix(LEAK_FREE)}{LEAK_FREE}"
    return list(dict.fromkeys([by, *([clean] if leaks else []), "accuracy"]))


def _columns(found, by):
    names = dict.fromkeys(name for ground in found for name in ground.table)
    shown = {*SHOWN, by, f"{by}_low", f"{by}_high", f"{by}{LEAK_FREE}"}
    if any(ground.table["note"].any() for ground in found):
        shown.add("note")
    return [
        {
            "key": name,
            "title": name,
            "told": COLUMNS.get(name),
            "kind": "text" if name in TEXTS else "number",
            "better": _better(name),
            "digits": _digits(name),
            "shown": name in shown,
        }
        for name in names
        if name not in PLACE
    ]


def _better(name):
    if name.removesuffix(LEAK_FREE) in METRICS:
        return "higher" if find_metric(name)[0].higher_is_better else "lower"
    if name in HIGHER_IS_BETTER:
        return "higher"
    return "lower" if name in LOWER_IS_BETTER else None


def _digits(name):
    whole = ("rank", "seeds", "n_test", "parameters", "file_bytes")
    if name in whole:
        return 0
    return 2 if "seconds" in name or name in LOWER_IS_BETTER else 3


def _ground(ground, compared):
    facts = ground.first.facts
    return {
        "dataset": ground.dataset,
        "data": ground.data,
        "part": ground.part,
        "n_images": int(ground.n_true.sum()),
        "n_true": ground.n_true,
        "classes": ground.classes,
        "notes": facts["data"].get("notes") or {},
        "clean": packed(np.packbits(ground.leak_free)),
        "pairs": {metric: _pairs(ground, metric) for metric in compared},
    }


def _pairs(ground, metric):
    """Return the interval and p of every two rows, of one the other being known."""
    spread = pairwise([estimate(seen, metric) for seen in ground.predictions.values()])
    n = len(ground.runs)
    above = np.triu_indices(n, k=1)
    p = spread.p[above]
    metric_of, leak_free = find_metric(metric)
    counted = ground.leak_free if leak_free else ground.n_true
    return {
        "n": n,
        "n_images": int(counted.sum()),
        "reach": packed(spread.reach[above].astype("<f4")),
        "p": packed(p.astype("<f4")),
        "p_holm": packed(_corrected(ground, p, above).astype("<f4")),
        "most": metric_of.highest - metric_of.lowest,
    }


def _corrected(ground, p, above):
    """Return p corrected for all pairs of the ranking, as its letters are.

    A pair with a line that is not ranked is corrected for all pairs that there are.
    """
    ranked = (ground.table["note"] == "").to_numpy()
    among = ranked[above[0]] & ranked[above[1]]
    return np.where(among, holm(np.where(among, p, np.nan)), holm(p))

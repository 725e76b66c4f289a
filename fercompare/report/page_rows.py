"""What the page of a report knows of one model with one strategy."""

import base64

import numpy as np

from fercompare.metrics import f1_per_class, precision_per_class, recall_per_class
from fercompare.report.calibration_plots import reliability_of
from fercompare.report.class_plots import count_confusions
from fercompare.report.curve_plots import training_curves
from fercompare.report.grounds import PLACE
from fercompare.report.leaderboard import COSTS

DIGITS = 5
"""Of curves, which are looked at and not calculated with."""


def page_row(ground, place, names, machines):
    """Return the line of a model with a strategy.

    Parameters
    ----------
    ground : Ground
    place : int
        Of the ground among all of the page.
    names : (model, strategy)
    machines : list of dict
        Those of the page so far. What is new here is appended.

    Returns
    -------
    dict
    """
    model, strategy = names
    of_model, seen, fits = (
        of_each[names] for of_each in (ground.runs, ground.predictions, ground.fits)
    )
    line = ground.table[
        (ground.table["model"] == model) & (ground.table["strategy"] == strategy)
    ].iloc[0]
    facts = of_model[0].facts
    return {
        "ground": place,
        "place": list(ground.runs).index(names),
        "dataset": ground.dataset,
        "model": model,
        "strategy": strategy,
        "values": {
            name: value
            for name, value in line.items()
            if name not in ("model", "strategy", *PLACE)
        },
        "seeds": [run.trial.seed for run in of_model],
        "right": [packed(np.packbits(one.y_true == one.y_pred)) for one in seen],
        "confusion": count_confusions(seen).astype(int),
        "classes": _of_classes(seen),
        "reliability": _reliability(seen),
        "curves": [_rounded(curve) for curve in training_curves(fits)],
        "costs": _costs(of_model),
        "balancing": facts.get("balancing"),
        "training_counts": facts["data"].get("training_counts", {}),
        "parameters": of_model[0].trial.specification.get("parameters", {}),
        "selected_on": list(
            dict.fromkeys(
                str(fit.facts.get("selected_on", "not known")) for fit in fits
            )
        ),
        "machines": sorted({_place_of(fit.facts, machines) for fit in fits}),
    }


def _of_classes(seen):
    scores = {
        "precision": precision_per_class,
        "recall": recall_per_class,
        "f1": f1_per_class,
    }
    return {
        name: np.mean(
            [score(one.y_true, one.y_pred, one.n_classes) for one in seen], axis=0
        ).round(DIGITS)
        for name, score in scores.items()
    }


def _reliability(seen):
    if any(one.proba is None for one in seen):
        return None
    rows, confidence, accuracy, error = reliability_of(seen)
    return {
        "rows": rows.astype(int),
        "confidence": confidence.round(DIGITS),
        "accuracy": accuracy.round(DIGITS),
        "error": error,
    }


def _rounded(curve):
    return {name: np.round(values, DIGITS) for name, values in curve.items()}


def _costs(of_model):
    found = {}
    for name in (*COSTS, "predict_seconds"):
        means = [run.mean_fact(name) for run in of_model]
        if np.isfinite(means).all():
            found[name] = float(np.mean(means))
    for name in ("engine", "threads"):
        if known := of_model[0].facts.get(name):
            found[name] = known
    return found


def _place_of(facts, machines):
    machine = facts.get("machine", {})
    if machine not in machines:
        machines.append(machine)
    return machines.index(machine)


def packed(array):
    """Return the bytes of an array as text.

    Examples
    --------
    >>> packed(np.array([1, 2], dtype=np.uint8))
    'AQI='
    """
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()

"""One trial: fit on the training part, predict the test part.

`fercompare.evaluation.parts.divide` decides which rows a model may see. Everything that
learns, resampling and scaling included, is a step of the model and sees those alone.
"""

import time
import traceback
import warnings

import numpy as np

from fercompare.balancing.decisions import VALIDATION
from fercompare.balancing.report import LostRows, balancing_report
from fercompare.balancing.strategies import DoesNotApply, rebalance
from fercompare.balancing.strategy import seeded
from fercompare.balancing.wrappers import (
    handed,
    innermost,
    layers,
    learners,
    watches_validation,
)
from fercompare.errors import keep_interrupts
from fercompare.evaluation.costs import PeakMemory, load_ahead, size_of, threads
from fercompare.evaluation.energy import EnergyMeter
from fercompare.evaluation.provenance import machine
from fercompare.evaluation.shared import Sharing
from fercompare.evaluation.trials import DONE, FAILED, SKIPPED, Outcome
from fercompare.models import make_model
from fercompare.seeds import seed_for

WARM_UP_ROWS = 8


def run_trial(trial, parts, model, *, energy=False, shelf=None):
    """Fit a model on the training part and predict the test part.

    Parameters
    ----------
    trial : Trial
    parts : Parts
        What `divide` makes of the trial's data set.
    model : estimator, or DoesNotApply
        The latter makes the outcome a skip.
    energy : bool, default=False
        Measure it.
    shelf : Path, optional
        Where features of the data set are shared with other trials; see `Sharing`. All
        costs are as they would be without. Not used where energy is measured.

    Returns
    -------
    Outcome
        A failure of the model is an outcome too, with its traceback in ``facts``.
    """
    if isinstance(model, DoesNotApply):
        return Outcome(trial, SKIPPED, str(model), parts.dataset.classes)
    classes, reporting = parts.dataset.classes, parts.reporting
    facts, sharing = _facts(parts), Sharing()
    if shelf is not None and not energy:
        sharing.begin(model, parts.dataset, shelf)
    try:
        with keep_interrupts(), EnergyMeter(energy) as meter, PeakMemory() as peak:
            load_ahead(model)
            y_pred, proba = _fit_and_predict(model, parts, facts, sharing)
    except (Exception, SystemExit) as error:  # the study goes on
        facts["traceback"] = traceback.format_exc()
        reason = f"{type(error).__name__}: {error}"
        return Outcome(trial, FAILED, reason, classes, facts=facts)
    sharing.end(model)
    peaks = filter(None, (peak.megabytes, sharing.peak_memory_mb))
    facts |= {"peak_memory_mb": max(peaks, default=None), "threads": threads()}
    facts |= {"energy_kwh": meter.kilowatt_hours, **size_of(model)}
    return Outcome(
        trial,
        DONE,
        classes=classes,
        rows=reporting.rows,
        y_true=reporting.y,
        y_pred=y_pred,
        proba=proba,
        leak_free=parts.leak_free,
        facts=facts,
    )


def make_estimator(dataset, model, strategy, seed, names=None):
    """Return the unfitted estimator that a model, a strategy and a seed stand for.

    The random state comes from the names, so that no trial depends on another. Objects
    take it where they have none of their own.
    """
    state = seed_for(*(names or (model, strategy)), seed)
    if isinstance(model, str):
        model = make_model(model, image_shape=dataset.image_shape, random_state=state)
    return seeded(rebalance(model, strategy, random_state=state), state)


def fit(model, training, validation=None):
    """Fit an estimator on the rows that train.

    `fercompare.balancing.wrappers.handed` says who is handed the validation part, the
    votes and the groups: networks, and decisions that are chosen after the training.

    Parameters
    ----------
    model : estimator
    training : Dataset
        See `training_rows`.
    validation : Dataset, optional
        See `validation_rows`.

    Returns
    -------
    model : estimator
        The same, fitted.
    """
    votes = training.votes
    if votes is not None:
        votes = votes[:, np.unique(training.y)]
    if validation is not None:
        validation = validation.X, validation.y
    extra = handed(
        model,
        training.y,
        validation=validation,
        votes=votes,
        groups=training.groups,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LostRows)  # that names no classes
        model.fit(training.X, training.y, **extra)
    report = balancing_report(model)
    if report is not None:
        report.warn(training.classes)
    return model


def class_probabilities(model, X, n_classes):
    """Return ``(n, n_classes)`` float32, or None where the model has none to give."""
    if not hasattr(model, "predict_proba"):
        return None
    proba = np.zeros((len(X), n_classes), dtype=np.float32)
    proba[:, model.classes_] = model.predict_proba(X)
    return proba


def _fit_and_predict(model, parts, facts, sharing):
    """Return predictions and probabilities, and put what they cost into ``facts``."""
    reporting = parts.reporting
    started = time.perf_counter()
    fit(model, parts.training, parts.validation)
    fitted = time.perf_counter()
    facts["fit_seconds"] = fitted - started + sharing.saved_since()
    facts["features_shared"] = sharing.in_use
    facts["features_seconds"] = sharing.seconds if sharing.in_use else None
    facts["engine"] = _engine(model)
    facts["training_curve"] = _training_curve(model)
    facts["selected_on"] = selected_on(model, parts.validation is not None)
    facts["balancing"] = _balancing(model, reporting.classes)
    y_pred = _predict(model, reporting.X, facts, sharing)
    proba = class_probabilities(model, reporting.X, len(reporting.classes))
    facts["trial_seconds"] = time.perf_counter() - started
    return y_pred, proba


def _predict(model, X, facts, sharing):
    """Return predictions; what is loaded at the first is not in their seconds."""
    cold = time.perf_counter()
    model.predict(X[:WARM_UP_ROWS])
    warm = time.perf_counter()
    facts["warmup_seconds"] = warm - cold + sharing.saved_since()
    y_pred = np.asarray(model.predict(X))
    seconds = time.perf_counter() - warm + sharing.saved_since()
    facts["predict_seconds"] = seconds
    facts["images_per_second"] = len(X) / seconds
    return y_pred


def _engine(model):
    """Return which library solved the model, where it had a choice."""
    return getattr(innermost(model), "engine_", None)


def _training_curve(model):
    """Return name to a number for each epoch, where the model has a history.

    Of an ensemble it is that of the first member.
    """
    history = getattr(innermost(model), "history_", None)
    if not history:
        return None
    return {name: [float(row[name]) for row in history] for name in history[0]}


def _balancing(model, classes):
    """Return what was resampled, as json, or None where nothing was.

    Of an ensemble it is what the first member learned from.
    """
    report = balancing_report(model)
    return None if report is None else report.as_facts(classes)


def selected_on(model, has_validation):
    """Return what chose anything of a fitted model, and what it chose.

    Parameters
    ----------
    model : estimator
    has_validation : bool
        Whether `fit` was given a validation part.

    Returns
    -------
    text : str
        Such as ``"validation part: epoch 7"``.
    """
    patient = [
        one
        for one in learners(model)
        if getattr(one, "history_", None)
        and one.patience
        and "val_loss" in one.history_[0]
    ]
    chosen = []
    if patient:
        handed_in = has_validation and watches_validation(model)
        by = VALIDATION if handed_in else "rows cut off the training part"
        epochs = ", ".join(str(one.best_epoch_) for one in patient)
        chosen.append(f"{by}: epoch {epochs}")
    decisions = (one for one in layers(model) if getattr(one, "chosen_", None))
    told = (f"{one.chosen_on_}: {one.chosen_}" for one in decisions)
    chosen += dict.fromkeys(told)
    return "; ".join(chosen) or "nothing: fixed settings"


def _facts(parts):
    dataset, training = parts.dataset, parts.training
    counts = np.bincount(training.y, minlength=len(dataset.classes))
    return {
        "data": {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "notes": dataset.notes,
            "training_counts": dict(zip(dataset.classes, counts.tolist())),
        },
        "reported_on": parts.reported_on,
        "machine": machine(),
    }

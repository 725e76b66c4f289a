"""One trial: fit on the training part, predict the test part.

`divide` is the one place that decides which rows a model may see. Everything that
learns, resampling and scaling included, is a step of the model and sees those alone.
"""

import time
import traceback
from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import has_fit_parameter

from fercompare.balancing.strategies import DoesNotApply, rebalance
from fercompare.datasets.base import Dataset
from fercompare.datasets.copies import leak_free
from fercompare.errors import DataError, keep_interrupts
from fercompare.evaluation.costs import PeakMemory, threads
from fercompare.evaluation.provenance import machine
from fercompare.evaluation.trials import DONE, FAILED, SKIPPED, Outcome
from fercompare.models import make_model
from fercompare.seeds import seed_for


def run_trial(trial, parts, model):
    """Fit a model on the training part and predict the test part.

    Parameters
    ----------
    trial : Trial
    parts : Parts
        What `divide` makes of the trial's data set.
    model : estimator, or DoesNotApply
        The latter makes the outcome a skip.

    Returns
    -------
    Outcome
        A failure of the model is an outcome too, with its traceback in ``facts``.
    """
    if isinstance(model, DoesNotApply):
        return Outcome(trial, SKIPPED, str(model), parts.dataset.classes)
    classes, reporting = parts.dataset.classes, parts.reporting
    facts = _facts(parts.dataset, parts.training)
    try:
        with keep_interrupts(), PeakMemory() as peak:
            y_pred, proba = _fit_and_predict(model, parts, facts)
    except (Exception, SystemExit) as error:  # the study goes on
        facts["traceback"] = traceback.format_exc()
        reason = f"{type(error).__name__}: {error}"
        return Outcome(trial, FAILED, reason, classes, facts=facts)
    facts |= {"peak_memory_mb": peak.megabytes, "threads": threads()}
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


class Parts(NamedTuple):
    """A data set, its rows that train, choose and report, and which leak not."""

    dataset: Dataset
    training: Dataset
    validation: Dataset | None
    reporting: Dataset
    leak_free: np.ndarray


def divide(dataset):
    """Return the `Parts` of a data set: what trains, what chooses, what reports."""
    missing = sorted({"train", "test"} - set(dataset.part_sizes()))
    if missing:
        raise DataError(
            f"data set {dataset.name!r} has no part {' and no part '.join(missing)}",
            remedy="load it with split='stratified' or split='subject'",
        )
    reporting = dataset.part("test")
    labelled = reporting.labelled
    return Parts(
        dataset,
        training_rows(dataset),
        validation_rows(dataset),
        reporting.take(labelled),
        leak_free(dataset, "test")[labelled],
    )


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


def make_estimator(dataset, model, strategy, seed, names=None):
    """Return the unfitted estimator that a model, a strategy and a seed stand for.

    The random state comes from the names, so that no trial depends on another.
    """
    state = seed_for(*(names or (model, strategy)), seed)
    if isinstance(model, str):
        model = make_model(model, image_shape=dataset.image_shape, random_state=state)
    return rebalance(model, strategy, random_state=state)


def fit(model, training, validation=None):
    """Fit an estimator on the rows that train.

    A network is handed the validation part too, which it scores after each epoch and
    may choose the epoch by, and the votes where its ``targets`` are made of these.

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
    *before, (name, classifier) = getattr(model, "steps", [("", model)])
    extra = {}
    present = np.unique(training.y)
    if validation is not None and watches_validation(model):
        known = validation.take(np.isin(validation.y, present))
        extra["validation"] = known.X, known.y
    if training.votes is not None and _learns_votes(classifier):
        if before:
            raise DataError(
                f"targets={classifier.targets!r} behind {before[-1][0]!r}: the votes "
                "are of the rows before that step",
                remedy="choose targets='majority', or balance at the loss",
            )
        extra["votes"] = training.votes[:, present]
    prefix = f"{name}__" if name else ""
    extra = {f"{prefix}{word}": value for word, value in extra.items()}
    return model.fit(training.X, training.y, **extra)


def watches_validation(model):
    """Whether a model is a network that sees the pixels, maybe behind samplers."""
    *before, (_, classifier) = getattr(model, "steps", [("", model)])
    sees_pixels = all(hasattr(step, "fit_resample") for _, step in before)
    return sees_pixels and has_fit_parameter(classifier, "validation")


def _learns_votes(classifier):
    return (
        has_fit_parameter(classifier, "votes")
        and getattr(classifier, "targets", "majority") != "majority"
    )


def class_probabilities(model, X, n_classes):
    """Return ``(n, n_classes)`` float32, or None where the model has none to give."""
    if not hasattr(model, "predict_proba"):
        return None
    proba = np.zeros((len(X), n_classes), dtype=np.float32)
    proba[:, model.classes_] = model.predict_proba(X)
    return proba


def _fit_and_predict(model, parts, facts):
    """Return predictions and probabilities, and put what they cost into ``facts``."""
    reporting = parts.reporting
    started = time.perf_counter()
    fit(model, parts.training, parts.validation)
    fitted = time.perf_counter()
    facts["fit_seconds"] = fitted - started
    facts["engine"] = _engine(model)
    facts["training_curve"] = _training_curve(model)
    facts["selected_on"] = _selected_on(model, parts)
    y_pred = np.asarray(model.predict(reporting.X))
    facts["predict_seconds"] = time.perf_counter() - fitted
    proba = class_probabilities(model, reporting.X, len(reporting.classes))
    facts["trial_seconds"] = time.perf_counter() - started
    return y_pred, proba


def _engine(model):
    """Return which library solved the model, where it had a choice."""
    return getattr(_classifier(model), "engine_", None)


def _training_curve(model):
    """Return name to a number for each epoch, where the model has a history."""
    history = getattr(_classifier(model), "history_", None)
    if not history:
        return None
    return {name: [float(row[name]) for row in history] for name in history[0]}


def _selected_on(model, parts):
    """Return what chose anything, and what it chose."""
    classifier = _classifier(model)
    history = getattr(classifier, "history_", None)
    if not (history and classifier.patience and "val_loss" in history[0]):
        return "nothing: fixed settings"
    handed = parts.validation is not None and watches_validation(model)
    by = "validation part" if handed else "rows cut off the training part"
    return f"{by}: epoch {classifier.best_epoch_}"


def _classifier(model):
    return model.steps[-1][1] if hasattr(model, "steps") else model


def _facts(dataset, training):
    counts = np.bincount(training.y, minlength=len(dataset.classes))
    return {
        "data": {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "notes": dataset.notes,
            "training_counts": dict(zip(dataset.classes, counts.tolist())),
        },
        "reported_on": "test",
        "machine": machine(),
    }

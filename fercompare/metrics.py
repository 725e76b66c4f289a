"""What a prediction is worth: pure functions of truth, prediction and probability.

Every score is derived from stored predictions, so a new metric needs no new run.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn import metrics as sk


@dataclass(frozen=True)
class Metric:
    """A score with a direction.

    ``function(y_true, y_pred, proba, n_classes)`` returns a float; labels are indices
    into the classes, ``proba`` is ``(n, n_classes)`` or None.
    """

    function: Callable
    higher_is_better: bool = True
    needs_proba: bool = False


def f1_macro(y_true, y_pred, proba, n_classes):
    """Mean over the classes of the harmonic mean of precision and recall."""
    return _averaged(sk.f1_score, "macro", y_true, y_pred, n_classes)


def f1_weighted(y_true, y_pred, proba, n_classes):
    """F1 of each class, weighted by how many images it has."""
    return _averaged(sk.f1_score, "weighted", y_true, y_pred, n_classes)


def accuracy(y_true, y_pred, proba, n_classes):
    """Share of images that got their label."""
    return float(np.mean(y_true == y_pred))


def balanced_accuracy(y_true, y_pred, proba, n_classes):
    """Mean recall over the classes that occur."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return float(sk.balanced_accuracy_score(y_true, y_pred))


def log_loss(y_true, y_pred, proba, n_classes):
    """Mean negative log probability of the label."""
    return float(sk.log_loss(y_true, proba, labels=np.arange(n_classes)))


def auroc(y_true, y_pred, proba, n_classes):
    """Mean over the classes that occur of the area under each one's ROC curve."""
    areas = [
        sk.roc_auc_score(y_true == k, proba[:, k])
        for k in range(n_classes)
        if 0 < np.sum(y_true == k) < len(y_true)
    ]
    return float(np.mean(areas)) if areas else float("nan")


def recall_per_class(y_true, y_pred, n_classes):
    """Return the recall of each class, nan where it does not occur.

    Examples
    --------
    >>> recall_per_class(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    array([0.5, 1. , nan])
    """
    n_true = np.bincount(y_true, minlength=n_classes)
    n_right = np.bincount(y_true[y_true == y_pred], minlength=n_classes)
    return np.divide(n_right, n_true, out=np.full(n_classes, np.nan), where=n_true > 0)


METRICS = {
    "f1_macro": Metric(f1_macro),
    "accuracy": Metric(accuracy),
    "balanced_accuracy": Metric(balanced_accuracy),
    "f1_weighted": Metric(f1_weighted),
    "auroc": Metric(auroc, needs_proba=True),
    "log_loss": Metric(log_loss, higher_is_better=False, needs_proba=True),
}


def _averaged(score, average, y_true, y_pred, n_classes):
    labels = np.arange(n_classes)
    return float(
        score(y_true, y_pred, labels=labels, average=average, zero_division=0.0)
    )

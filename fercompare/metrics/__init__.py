"""What a prediction is worth: pure functions of truth, prediction and probability.

Every score is derived from stored predictions, so a new metric needs no new run. Each
takes weights of the rows too, many sets at once, which is how a bootstrap over images
scores a thousand resamples in one call.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fercompare.metrics.counts import (
    accuracy,
    balanced_accuracy,
    cohen_kappa,
    confusion,
    f1_macro,
    f1_per_class,
    f1_skew_normalised,
    f1_weighted,
    mcc,
    precision_macro,
    precision_per_class,
    precision_weighted,
    recall_macro,
    recall_per_class,
    recall_weighted,
)
from fercompare.metrics.probabilities import (
    auroc_ovr_macro,
    average_precision_macro,
    brier,
    calibration,
    expected_calibration_error,
    log_loss,
)

__all__ = [
    "METRICS",
    "Metric",
    "calibration",
    "confusion",
    "f1_per_class",
    "precision_per_class",
    "recall_per_class",
]


@dataclass(frozen=True)
class Metric:
    """A score with a direction.

    ``function(y_true, y_pred, proba, n_classes, weights=None)`` returns a float, or an
    array of shape (m,) where ``weights`` of shape (n, m) are given. Labels are indices
    into the classes, ``proba`` is ``(n, n_classes)`` or None. Classes that occur
    neither in the truth nor in the predictions are left out of every mean.

    Attributes
    ----------
    function : callable
    higher_is_better : bool
    needs_proba : bool
    orders_rows : bool
        Whether rows are compared with each other. Probabilities of different fits are
        not on one scale, so such a score is averaged over folds, not pooled.
    lowest, highest : float
        What a score can be at all.
    """

    function: Callable
    higher_is_better: bool = True
    needs_proba: bool = False
    orders_rows: bool = False
    lowest: float = 0.0
    highest: float = 1.0


METRICS = {
    "f1_macro": Metric(f1_macro),
    "accuracy": Metric(accuracy),
    "balanced_accuracy": Metric(balanced_accuracy),
    "f1_weighted": Metric(f1_weighted),
    "f1_skew_normalised": Metric(f1_skew_normalised),
    "precision_macro": Metric(precision_macro),
    "precision_weighted": Metric(precision_weighted),
    "recall_macro": Metric(recall_macro),
    "recall_weighted": Metric(recall_weighted),
    "cohen_kappa": Metric(cohen_kappa, lowest=-1.0),
    "mcc": Metric(mcc, lowest=-1.0),
    "auroc_ovr_macro": Metric(auroc_ovr_macro, needs_proba=True, orders_rows=True),
    "average_precision_macro": Metric(
        average_precision_macro, needs_proba=True, orders_rows=True
    ),
    "log_loss": Metric(
        log_loss, higher_is_better=False, needs_proba=True, highest=float("inf")
    ),
    "brier": Metric(brier, higher_is_better=False, needs_proba=True, highest=2.0),
    "expected_calibration_error": Metric(
        expected_calibration_error, higher_is_better=False, needs_proba=True
    ),
}

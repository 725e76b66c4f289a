"""Scores of the probabilities: whether they order the rows, and whether they hold."""

import numpy as np
from scipy.sparse import csr_array

from fercompare.metrics.counts import mean_of_rows, ratio

N_BINS = 15
"""Of the confidences of a calibration error, as in Guo et al., 2017."""


def calibration(y_true, proba, weights=None):
    """Return what a reliability diagram shows.

    A row's confidence is its largest probability; the rows are put into `N_BINS` bins
    of equal width, closed at the right.

    Parameters
    ----------
    y_true : ndarray of shape (n,), int
    proba : ndarray of shape (n, n_classes)
    weights : ndarray of shape (n, m), optional

    Returns
    -------
    rows, confidence, accuracy : ndarray of shape (N_BINS,), or (N_BINS, m)
        The latter two are means over the rows of a bin, nan where it is empty.

    Examples
    --------
    >>> rows, confidence, accuracy = calibration(
    ...     np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]]))
    >>> int(rows[13]), float(confidence[13]), float(accuracy[13])
    (2, 0.9, 0.5)
    """
    sure = proba.max(axis=1).astype(float)
    right = (proba.argmax(axis=1) == y_true).astype(float)
    bins = np.clip(np.ceil(sure * N_BINS).astype(int) - 1, 0, N_BINS - 1)
    weights = np.ones(len(bins)) if weights is None else weights
    rows, sum_sure, sum_right = (
        _sum_in_bins(bins, values, weights)
        for values in (np.ones(len(bins)), sure, right)
    )
    with np.errstate(invalid="ignore"):
        return rows, sum_sure / rows, sum_right / rows


def auroc_ovr_macro(y_true, y_pred, proba, n_classes, weights=None):
    """Mean over the classes that occur of the area under each one's ROC curve."""
    return _one_against_rest(_area_under_roc, y_true, proba, weights)


def average_precision_macro(y_true, y_pred, proba, n_classes, weights=None):
    """Mean over the classes that occur of each one's average precision."""
    return _one_against_rest(_average_precision, y_true, proba, weights)


def log_loss(y_true, y_pred, proba, n_classes, weights=None):
    """Mean negative log probability of the label."""
    smallest = np.finfo(proba.dtype).eps
    of_label = proba[np.arange(len(y_true)), y_true].astype(float)
    return mean_of_rows(-np.log(np.clip(of_label, smallest, 1 - smallest)), weights)


def brier(y_true, y_pred, proba, n_classes, weights=None):
    """Mean squared distance of the probabilities from the label: 0, best, to 2."""
    away = proba.astype(float)
    away[np.arange(len(y_true)), y_true] -= 1
    return mean_of_rows((away**2).sum(axis=1), weights)


def expected_calibration_error(y_true, y_pred, proba, n_classes, weights=None):
    """Mean distance of confidence and accuracy over bins of confidence."""
    rows, confidence, right = calibration(y_true, proba, weights)
    return np.nansum(rows * abs(confidence - right), axis=0) / rows.sum(axis=0)


def _sum_in_bins(bins, values, weights):
    n = len(bins)
    return csr_array((values, bins, np.arange(n + 1)), shape=(n, N_BINS)).T @ weights


def _one_against_rest(score, y_true, proba, weights):
    """Return the mean of a score over the classes that have rows and others too."""
    given = np.ones((len(y_true), 1)) if weights is None else weights
    found = []
    for k in np.unique(y_true):
        if (y_true == k).all():
            continue
        found.append(score(*_down_the_ranking(y_true == k, proba[:, k], given)))
    if not found:
        return np.nan if weights is None else np.full(given.shape[1], np.nan)
    found = np.array(found)
    occurs = ~np.isnan(found)
    with np.errstate(invalid="ignore"):
        means = np.where(occurs, found, 0).sum(axis=0) / occurs.sum(axis=0)
    return float(means[0]) if weights is None else means


def _down_the_ranking(positive, proba, weights):
    """Return how many hits and how many rows there are down to each probability."""
    order = np.argsort(-proba)
    falling = proba[order]
    weights, positive = weights[order], positive[order]
    rows = np.cumsum(weights, axis=0, dtype=float)
    hits = np.cumsum(weights * positive[:, None], axis=0, dtype=float)
    last_of_equals = np.flatnonzero(np.r_[falling[1:] != falling[:-1], True])
    if len(last_of_equals) < len(falling):
        rows, hits = rows[last_of_equals], hits[last_of_equals]
    return hits, rows


def _area_under_roc(hits, rows):
    misses = rows - hits
    steps = np.diff(misses, axis=0, prepend=0)
    area = np.einsum("ij,ij->j", steps, hits)
    area -= np.einsum("ij,ij->j", steps, np.diff(hits, axis=0, prepend=0)) / 2
    with np.errstate(invalid="ignore"):
        return area / hits[-1] / misses[-1]


def _average_precision(hits, rows):
    precision = ratio(hits, rows)
    found = np.einsum("ij,ij->j", np.diff(hits, axis=0, prepend=0), precision)
    with np.errstate(invalid="ignore"):
        return found / hits[-1]

"""Scores of the labels that were given: what a confusion matrix tells."""

import numpy as np
from scipy.sparse import csr_array


def confusion(y_true, y_pred, n_classes, weights=None):
    """Return how many rows of each class were given each label.

    Parameters
    ----------
    y_true, y_pred : ndarray of shape (n,), int
    n_classes : int
    weights : ndarray of shape (n, m), optional

    Returns
    -------
    ndarray of shape (n_classes, n_classes), or (m, n_classes, n_classes), float
        The truth is down, the prediction across.

    Examples
    --------
    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1., 1.],
           [0., 1.]])
    """
    cells = np.asarray(y_true, dtype=np.int64) * n_classes + y_pred
    if weights is None:
        counts = np.bincount(cells, minlength=n_classes**2).astype(float)
        return counts.reshape(n_classes, n_classes)
    n = len(cells)
    where = csr_array((np.ones(n), cells, np.arange(n + 1)), shape=(n, n_classes**2))
    return (where.T @ weights).T.reshape(-1, n_classes, n_classes)


def recall_per_class(y_true, y_pred, n_classes):
    """Return the recall of each class, nan where it does not occur.

    Examples
    --------
    >>> recall_per_class(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    array([0.5, 1. , nan])
    """
    return _per_class(_recalls, y_true, y_pred, n_classes)


def precision_per_class(y_true, y_pred, n_classes):
    """Return the precision of each class, nan where it does not occur.

    Examples
    --------
    >>> precision_per_class(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    array([1. , 0.5, nan])
    """
    return _per_class(_precisions, y_true, y_pred, n_classes)


def f1_per_class(y_true, y_pred, n_classes):
    """Return the F1 of each class, nan where it does not occur.

    Examples
    --------
    >>> f1_per_class(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 3).round(2)
    array([0.67, 0.8 ,  nan])
    """
    return _per_class(_f1s, y_true, y_pred, n_classes)


def accuracy(y_true, y_pred, proba, n_classes, weights=None):
    """Share of images that got their label."""
    return mean_of_rows(y_true == y_pred, weights)


def balanced_accuracy(y_true, y_pred, proba, n_classes, weights=None):
    """Mean recall over the classes that occur."""
    counts = confusion(y_true, y_pred, n_classes, weights)
    return _average(_recalls(counts), _n_true(counts) > 0)


def f1_macro(y_true, y_pred, proba, n_classes, weights=None):
    """Mean over the classes of the harmonic mean of precision and recall."""
    return _macro(_f1s, y_true, y_pred, n_classes, weights)


def f1_weighted(y_true, y_pred, proba, n_classes, weights=None):
    """F1 of each class, weighted by how many images it has."""
    return _weighted(_f1s, y_true, y_pred, n_classes, weights)


def f1_skew_normalised(y_true, y_pred, proba, n_classes, weights=None):
    """Macro-F1 of the confusion matrix as if all classes had the same images.

    After Jeni, Cohn and de la Torre, 2013: the rows of the matrix are brought to the
    same sum, so that the score does not depend on the class shares of the test part.
    """
    counts = confusion(y_true, y_pred, n_classes, weights)
    occurs = _n_true(counts) > 0
    return _average(_f1s(ratio(counts, _n_true(counts)[..., None])), occurs)


def precision_macro(y_true, y_pred, proba, n_classes, weights=None):
    """Mean over the classes of the share of a label's images that are of its class."""
    return _macro(_precisions, y_true, y_pred, n_classes, weights)


def precision_weighted(y_true, y_pred, proba, n_classes, weights=None):
    """Precision of each class, weighted by how many images it has."""
    return _weighted(_precisions, y_true, y_pred, n_classes, weights)


def recall_macro(y_true, y_pred, proba, n_classes, weights=None):
    """Mean over the classes of the share of their images that were found."""
    return _macro(_recalls, y_true, y_pred, n_classes, weights)


def recall_weighted(y_true, y_pred, proba, n_classes, weights=None):
    """Recall of each class, weighted by how many images it has: the accuracy."""
    return _weighted(_recalls, y_true, y_pred, n_classes, weights)


def cohen_kappa(y_true, y_pred, proba, n_classes, weights=None):
    """Agreement beyond that of chance; 0 where chance alone agrees on everything."""
    counts = confusion(y_true, y_pred, n_classes, weights)
    total = counts.sum(axis=(-2, -1))
    by_chance = (_n_true(counts) * _n_predicted(counts)).sum(axis=-1) / total**2
    agreed = _hits(counts).sum(axis=-1) / total
    return ratio(agreed - by_chance, 1 - by_chance)


def mcc(y_true, y_pred, proba, n_classes, weights=None):
    """Matthews' correlation of truth and prediction, 0 where one is constant."""
    counts = confusion(y_true, y_pred, n_classes, weights)
    true, predicted = _n_true(counts), _n_predicted(counts)
    total = counts.sum(axis=(-2, -1))
    covariance = _hits(counts).sum(axis=-1) * total - (true * predicted).sum(axis=-1)
    of_true, of_predicted = (
        total**2 - (margin**2).sum(axis=-1) for margin in (true, predicted)
    )
    return ratio(covariance, np.sqrt(of_true * of_predicted))


def _hits(counts):
    return np.diagonal(counts, axis1=-2, axis2=-1)


def _n_true(counts):
    return counts.sum(axis=-1)


def _n_predicted(counts):
    return counts.sum(axis=-2)


def ratio(part, whole):
    """Return ``part / whole``, 0 where there is no whole."""
    part, whole = np.broadcast_arrays(part, whole)
    found = np.divide(part, whole, out=np.zeros(part.shape), where=whole != 0)
    return found if found.ndim else float(found)


def _recalls(counts):
    return ratio(_hits(counts), _n_true(counts))


def _precisions(counts):
    return ratio(_hits(counts), _n_predicted(counts))


def _f1s(counts):
    return ratio(2 * _hits(counts), _n_true(counts) + _n_predicted(counts))


def _per_class(score, y_true, y_pred, n_classes):
    counts = confusion(y_true, y_pred, n_classes)
    return np.where(_n_true(counts) > 0, score(counts), np.nan)


def _macro(score, y_true, y_pred, n_classes, weights):
    counts = confusion(y_true, y_pred, n_classes, weights)
    return _average(score(counts), _n_true(counts) + _n_predicted(counts) > 0)


def _weighted(score, y_true, y_pred, n_classes, weights):
    counts = confusion(y_true, y_pred, n_classes, weights)
    return _average(score(counts), _n_true(counts))


def _average(values, shares):
    return ratio((values * shares).sum(axis=-1), shares.sum(axis=-1))


def mean_of_rows(values, weights):
    if weights is None:
        return float(np.mean(values))
    return np.asarray(values, dtype=float) @ weights / weights.sum(axis=0)

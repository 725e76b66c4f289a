"""A factor for each class's probability, chosen by rows that were not learned from."""

import numpy as np

from fercompare.errors import look_up
from fercompare.metrics import METRICS

STEPS = 20
GRID = 2.0 ** (np.arange(-STEPS, STEPS + 1) / 4)
"""Factors to choose from: a 32nd to 32. A finer grid fits the noise of few rows."""
CHOOSING = {
    name: metric
    for name, metric in METRICS.items()
    if metric.higher_is_better and not metric.needs_proba
}
"""The metrics that factors can be chosen by: those of the predicted classes."""


def shift(proba, factors):
    """Return probabilities multiplied by a factor a class, adding up to 1 again.

    Parameters
    ----------
    proba : array of shape (n, k)
    factors : array of shape (k,)
        Above 0.

    Returns
    -------
    shifted : float64 array of shape (n, k)

    Examples
    --------
    >>> shift(np.array([[0.8, 0.2]]), np.array([1.0, 4.0]))
    array([[0.5, 0.5]])
    """
    shifted = np.asarray(proba, dtype=np.float64) * factors
    total = shifted.sum(axis=1, keepdims=True)
    return np.divide(shifted, total, out=shifted, where=total > 0)


def best_factors(proba, y, metric="f1_macro"):
    """Return the factors with which the likeliest classes score best.

    One class after the other gets the best factor of `GRID` until none can be
    bettered, from two starts: all factors 1, and the inverse shares of the classes. Of
    equal scores the factor nearest to 1 wins, and what is not better than 1 for all is
    not taken, so the score on these rows is never below what it was. A class that has
    no rows keeps the factor 1.

    Parameters
    ----------
    proba : array of shape (n, k)
    y : int array of shape (n,)
        Column of the true class.
    metric : str, default="f1_macro"
        One of `CHOOSING`.

    Returns
    -------
    factors : float array of shape (k,)

    Examples
    --------
    >>> proba = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    >>> factors = best_factors(proba, np.array([0, 0, 1, 1]))
    >>> shift(proba, factors).argmax(axis=1)
    array([0, 0, 1, 1])
    """
    score = scoring(metric)
    n_classes = proba.shape[1]
    counts = np.bincount(y, minlength=n_classes)
    there = np.flatnonzero(counts)
    ones, even = np.ones((2, n_classes))
    even[there] = _nearest(counts[there].mean() / counts[there])
    best, best_score = ones, score(y, shift(proba, ones))
    for start in (ones, even):
        factors = _climb(proba, start, y, there, score)
        found = score(y, shift(proba, factors))
        if found > best_score:
            best, best_score = factors, found
    return best


def scoring(metric):
    """Return a function of columns and probabilities that scores the likeliest classes.

    Examples
    --------
    >>> scoring("accuracy")(np.array([0, 1]), np.array([[0.6, 0.4], [0.7, 0.3]]))
    0.5
    """
    function = look_up(metric, CHOOSING, "metric to choose by").function
    return lambda y, proba: function(y, proba.argmax(axis=1), None, proba.shape[1])


def _climb(proba, factors, y, classes, score):
    factors = factors.copy()
    reached = score(y, proba * factors)
    is_better = True
    while is_better:
        is_better = False
        for k in classes:
            found, factor = _best_of_class(proba, factors, y, k, score)
            if found > reached:
                reached, factors[k], is_better = found, factor, True
    return factors


def _best_of_class(proba, factors, y, k, score):
    shifted = proba * factors
    scores = np.empty(len(GRID))
    for place, factor in enumerate(GRID):
        shifted[:, k] = proba[:, k] * factor
        scores[place] = score(y, shifted)
    best = np.flatnonzero(scores == scores.max())
    nearest = best[np.abs(np.log(GRID[best])).argmin()]
    return scores[nearest], GRID[nearest]


def _nearest(values):
    """Return the numbers of the grid that come closest to some values."""
    distance = np.abs(np.log(GRID) - np.log(values)[:, np.newaxis])
    return GRID[distance.argmin(axis=1)]

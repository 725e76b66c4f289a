"""Least squares on the classes, with every row left out once at no extra cost."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_consistent_length
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from fercompare.classifiers.calibration import (
    best_temperature,
    log_loss,
    probabilities,
)
from fercompare.errors import DataError

PENALTIES = tuple(10.0 ** (k / 2) for k in range(-8, 5))


class LeastSquares(ClassifierMixin, BaseEstimator):
    """Ridge regression onto 1 for the own class and -1 for the others.

    What the regression would say of a row without having seen it follows from what it
    says with it (Allen's PRESS, 1974). These scores choose the penalty and the
    temperature of the probabilities, so nothing is held out and nothing is fitted
    twice. Rows that stand twice, or between others as SMOTE makes them, vouch for each
    other, so behind a sampler the probabilities claim too much. Behind `Nystroem` it is
    a kernel machine that takes seconds.

    Parameters
    ----------
    penalties : sequence of float, default=10**-4 to 10**2
        To choose from, in units of the mean square of the columns.
    class_weight : dict or "balanced", default=None

    Attributes
    ----------
    classes_ : array of shape (k,)
    coef_ : array of shape (k, n_features)
    intercept_ : array of shape (k,)
    penalty_, temperature_ : float

    Examples
    --------
    >>> X, y = [[-2.0], [-1.0], [1.0], [2.0]] * 5, [0, 0, 1, 1] * 5
    >>> LeastSquares().fit(X, y).predict([[-3.0], [3.0]])
    array([0, 1])
    """

    def __init__(self, *, penalties=PENALTIES, class_weight=None):
        self.penalties = penalties
        self.class_weight = class_weight

    def fit(self, X, y, sample_weight=None):
        """Solve for every penalty and keep the one with the least loss.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        check_classification_targets(y)
        self.classes_, own = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError("1 class", remedy="pass rows of at least two classes")
        weights = compute_sample_weight(self.class_weight, y).astype(X.dtype)
        if sample_weight is not None:
            check_consistent_length(y, sample_weight)
            sample_weight = np.asarray(sample_weight, dtype=X.dtype)
            weights *= sample_weight
            if not weights.any():
                raise DataError("the weight of every row is zero")
        if not (len(self.penalties) and min(self.penalties) > 0):
            raise DataError(
                f"penalties={self.penalties!r}", remedy="choose one or more above 0"
            )
        targets = np.where(own[:, np.newaxis] == np.arange(len(self.classes_)), 1, -1)
        solve = _Solver(X, targets.astype(X.dtype), weights)
        best = None
        for penalty in self.penalties:
            scores = solve.left_out(penalty)
            temperature = best_temperature(scores, own, sample_weight)
            loss = log_loss(scores / temperature, own, sample_weight)
            if best is None or loss < best[0]:
                best = loss, float(penalty), temperature
        _, self.penalty_, self.temperature_ = best
        self.coef_, self.intercept_ = solve.planes(self.penalty_)
        return self

    def decision_function(self, X):
        """Return the scores of the classes, ``(n, k)``; of two, their difference."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict(self, X):
        """Return the class with the highest score, ``(n,)``."""
        best = self._scores(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X):
        """Return the probability of each class, ``(n, k)``."""
        return probabilities(self._scores(X), self.temperature_)

    def _scores(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=(np.float64, np.float32))
        return X @ self.coef_.T + self.intercept_


class _Solver:
    """One decomposition of weighted rows that serves every penalty."""

    def __init__(self, X, targets, weights):
        self.targets = targets
        self.X_mean = np.average(X, axis=0, weights=weights)
        self.mean = np.average(targets, axis=0, weights=weights)
        centred = X - self.X_mean
        weighted = centred * weights[:, np.newaxis]
        self.values, self.directions = np.linalg.eigh(weighted.T @ centred)
        self.unit = np.abs(self.values).mean() or 1.0
        self.rows = centred @ self.directions
        self.products = self.directions.T @ (weighted.T @ (targets - self.mean))
        self.weights = weights
        self.pull_of_mean = weights / weights.sum()

    def left_out(self, penalty):
        """Return the scores of each row by the solution without it, ``(n, k)``."""
        shrunk = self._shrunk(penalty)
        scores = self.rows @ (self.products * shrunk[:, np.newaxis]) + self.mean
        pull = (self.rows**2 @ shrunk) * self.weights + self.pull_of_mean
        keep = np.maximum(1 - pull, 1e-6)[:, np.newaxis]
        return self.targets - (self.targets - scores) / keep

    def planes(self, penalty):
        """Return the coefficients ``(k, n_features)`` and the intercepts ``(k,)``."""
        shrunk = self._shrunk(penalty)[:, np.newaxis]
        coefficients = (self.directions @ (self.products * shrunk)).T
        return coefficients, self.mean - coefficients @ self.X_mean

    def _shrunk(self, penalty):
        return 1 / (np.maximum(self.values, 0) + penalty * self.unit)

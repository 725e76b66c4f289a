"""A random forest with calibrated probabilities."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils.validation import check_is_fitted, validate_data

from fercompare.classifiers.calibration import best_temperature, probabilities


class RandomForest(ClassifierMixin, BaseEstimator):
    """scikit-learn's random forest, with probabilities that can be believed.

    Every tree leaves out about a third of the rows. What the forest says of a row
    through the trees that left it out calibrates its shares of votes by one number, a
    temperature, so no row is held out and nothing is fitted twice. Where rows stand
    twice, or between others as SMOTE makes them, few trees left all of their kind out,
    and the probabilities claim more than they should.

    Parameters
    ----------
    n_estimators : int, default=100
    min_samples_leaf : int, default=1
    max_features : "sqrt", "log2", int or float, default="sqrt"
    class_weight : dict, "balanced" or "balanced_subsample", default=None
    n_jobs : int, default=None
        Threads that fit. The result does not depend on them.
    random_state : int, default=None

    Attributes
    ----------
    classes_ : array of shape (k,)
    forest_ : RandomForestClassifier
    temperature_ : float

    Examples
    --------
    >>> X, y = [[-2.0], [-1.0], [1.0], [2.0]] * 5, [0, 0, 1, 1] * 5
    >>> RandomForest(random_state=0).fit(X, y).predict([[-3.0], [3.0]])
    array([0, 1])
    """

    def __init__(
        self,
        n_estimators=100,
        *,
        min_samples_leaf=1,
        max_features="sqrt",
        class_weight=None,
        n_jobs=None,
        random_state=None,
    ):
        self.n_estimators = n_estimators
        self.min_samples_leaf = min_samples_leaf
        self.max_features = max_features
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        """Grow the trees and learn the temperature.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, dtype=np.float32)
        forest = RandomForestClassifier(oob_score=True, **self.get_params())
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Some inputs do not have OOB scores")
            self.forest_ = forest.fit(X, y, sample_weight).set_params(n_jobs=1)
        self.classes_ = forest.classes_
        left_out = forest.oob_decision_function_
        known = left_out.any(axis=1)
        self.temperature_ = best_temperature(
            left_out[known],
            np.searchsorted(self.classes_, y[known]),
            None if sample_weight is None else np.asarray(sample_weight)[known],
        )
        return self

    def predict(self, X):
        """Return the class with most votes, ``(n,)``."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X):
        """Return the probability of each class, ``(n, k)``."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float32)
        return probabilities(self.forest_.predict_proba(X), self.temperature_)

"""A linear support vector machine with probabilities."""

import numpy as np
from sklearn.svm import LinearSVC
from sklearn.utils import check_array, column_or_1d

from fercompare.classifiers.calibration import (
    learn_temperature,
    probabilities,
    two_columns,
)


class LinearSVM(LinearSVC):
    """scikit-learn's `LinearSVC`, with probabilities.

    They come from a temperature, learned as that of `SVM` is.

    Examples
    --------
    >>> X, y = [[k] for k in range(-20, 20)], [0] * 20 + [1] * 20
    >>> LinearSVM(random_state=0).fit(X, y).predict_proba([[9]]).argmax()
    np.int64(1)
    """

    def fit(self, X, y, sample_weight=None):
        """Learn the planes and the temperature.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, n_features)
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        self
        """
        super().fit(X, y, sample_weight)
        X, y = check_array(X, accept_sparse="csr"), column_or_1d(y)
        if sample_weight is not None:
            counting = np.asarray(sample_weight) > 0
            if not counting.all():  # liblinear forgets a class, LinearSVC does not
                kept = np.asarray(sample_weight)[counting]
                return self.fit(X[counting], y[counting], kept)
        first = LinearSVC(**self.get_params())
        self.temperature_ = learn_temperature(
            first, X, y, sample_weight, self.random_state
        )
        return self

    def predict_proba(self, X):
        """Return the probability of each class, ``(n, k)``."""
        return probabilities(two_columns(self.decision_function(X)), self.temperature_)

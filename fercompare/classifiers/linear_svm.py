"""A linear support vector machine with probabilities."""

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
    >>> X, y = [[-2.0], [-1.0], [1.0], [2.0]] * 5, [0, 0, 1, 1] * 5
    >>> LinearSVM(random_state=0).fit(X, y).predict_proba([[3.0]]).round(2)
    array([[0.04, 0.96]])
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
        first = LinearSVC(**self.get_params())
        self.temperature_ = learn_temperature(
            first, X, y, sample_weight, self.random_state
        )
        return self

    def predict_proba(self, X):
        """Return the probability of each class, ``(n, k)``."""
        return probabilities(two_columns(self.decision_function(X)), self.temperature_)

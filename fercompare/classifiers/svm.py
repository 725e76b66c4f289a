"""The support vector machine: scikit-learn's, on the fastest solver there is."""

from itertools import combinations
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics.pairwise import linear_kernel, rbf_kernel
from sklearn.utils import check_consistent_length, gen_batches
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from fercompare.classifiers.calibration import (
    learn_temperature,
    probabilities,
    two_columns,
)
from fercompare.classifiers.engines import find_engine
from fercompare.errors import DataError, look_up

KERNELS = {
    "rbf": rbf_kernel,
    "linear": lambda X, Y, gamma: linear_kernel(X, Y),
}
KERNEL_BYTES = 2**26
"""Most bytes of a kernel matrix while predicting."""
CACHE_MIB = 1000


class SVM(ClassifierMixin, BaseEstimator):
    """Support vector machine with probabilities, for tens of thousands of rows.

    One problem for each pair of classes, with the margins of `sklearn.svm.SVC`. A class
    that wins all its pairs is predicted, as there; where there is none it is the one
    that loses its worst pair least, which unlike a count of votes is a score that
    probabilities can be made of.

    scikit-learn-intelex solves the problems where it is installed, scikit-learn
    otherwise. Only arrays are kept of what either found, and predictions are a few
    matrix products, so a fitted machine works where neither solver is.

    Parameters
    ----------
    C : float, default=1.0
        Price of an error.
    kernel : {"rbf", "linear"}, default="rbf"
    gamma : "scale" or float, default="scale"
        Inverse width of the kernel; ``scale`` is 1 / (columns * variance).
    sharpness : float, default=1.0
        Multiplies ``gamma``: above 1 a row resembles only rows that are nearer, which
        suits thousands of rows of faces.
    class_weight : dict or "balanced", default=None
    probability : bool, default=True
        Learn a temperature: a quarter of the rows is held out, a first machine learns
        from the rest, and the one number that makes probabilities of its scores suits
        the second machine too, which learns from all rows. That is half a fit more,
        not five.
    engine : {"auto", "scikit-learn", "scikit-learn-intelex"}, default="auto"
    random_state : int, default=None
        Draws the rows that are held out.

    Attributes
    ----------
    classes_ : array of shape (k,)
    support_vectors_ : array of shape (n_support, n_features)
        Class by class.
    n_support_ : int array of shape (k,)
        How many of each class.
    dual_coef_ : array of shape (k - 1, n_support)
    intercept_ : array of shape (k * (k - 1) / 2,)
    gamma_, temperature_ : float
    engine_ : str
        The solver that was used.

    Examples
    --------
    >>> X, y = [[-2.0], [-1.0], [1.0], [2.0]] * 5, [0, 0, 1, 1] * 5
    >>> SVM(random_state=0).fit(X, y).predict([[-3.0], [3.0]])
    array([0, 1])
    """

    def __init__(
        self,
        *,
        C=1.0,
        kernel="rbf",
        gamma="scale",
        sharpness=1.0,
        class_weight=None,
        probability=True,
        engine="auto",
        random_state=None,
    ):
        self.C = C
        self.kernel = kernel
        self.gamma = gamma
        self.sharpness = sharpness
        self.class_weight = class_weight
        self.probability = probability
        self.engine = engine
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        """Find the support vectors.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        self
        """
        look_up(self.kernel, KERNELS, "kernel")
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        check_classification_targets(y)
        weights = self._weights(y, sample_weight)
        if weights is not None:
            X, y, weights = X[weights > 0], y[weights > 0], weights[weights > 0]
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise DataError("1 class", remedy="pass rows of at least two classes")
        self.gamma_ = self._gamma(X)
        self.engine_, solver = find_engine(self.engine)
        # In float32 scikit-learn-intelex is twice as fast, but finds wrong intercepts
        # for rows with weights.
        rows = X if weights is None else X.astype(np.float64, copy=False)
        solved = solver(
            C=self.C,
            kernel=self.kernel,
            gamma=self.gamma_,
            cache_size=CACHE_MIB,
        ).fit(rows, y, weights)
        self.support_vectors_ = X[solved.support_]
        self.n_support_ = np.array(solved.n_support_, dtype=np.int64)
        self.dual_coef_ = np.array(solved.dual_coef_, dtype=np.float64)
        self.intercept_ = np.array(solved.intercept_, dtype=np.float64).ravel()
        if self.probability:
            alone = {"probability": False, "class_weight": None}
            first = type(self)(**self.get_params() | alone)
            self.temperature_ = learn_temperature(
                first, X, y, weights, self.random_state
            )
        return self

    def decision_function(self, X):
        """Return the scores of the classes; the highest is predicted.

        Parameters
        ----------
        X : array-like of shape (n, n_features)

        Returns
        -------
        scores : array of shape (n, k), or (n,) for two classes
            Of several classes, the margin against the closest rival.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=(np.float64, np.float32))
        size = max(1, KERNEL_BYTES // (8 * len(self.support_vectors_)))
        margins = [self._margins(X[rows]) for rows in gen_batches(len(X), size)]
        margins = np.vstack(margins)
        two = len(self.classes_) == 2
        return margins[:, 0] if two else closest_calls(margins, len(self.classes_))

    def predict(self, X):
        """Return the class with the highest score, ``(n,)``."""
        scores = two_columns(self.decision_function(X))
        return self.classes_[scores.argmax(axis=1)]

    @available_if(lambda self: self.probability)
    def predict_proba(self, X):
        """Return the probability of each class, ``(n, k)``."""
        scores = two_columns(self.decision_function(X))
        return probabilities(scores, self.temperature_)

    def _weights(self, y, sample_weight):
        """Return the weight of each row, or None where all are 1."""
        if self.class_weight is None and sample_weight is None:
            return None
        weights = compute_sample_weight(self.class_weight, y)
        if sample_weight is not None:
            check_consistent_length(y, sample_weight)
            weights = weights * np.asarray(sample_weight, dtype=np.float64)
        if not weights.any():
            raise DataError("the weight of every row is zero")
        return weights

    def _gamma(self, X):
        if isinstance(self.gamma, Real):
            return float(self.gamma * self.sharpness)
        look_up(self.gamma, {"scale": None}, "gamma")
        variance = X.var(dtype=np.float64) or 1 / X.shape[1]
        return float(self.sharpness / (X.shape[1] * variance))

    def _margins(self, X):
        """Return the margin of each pair of classes, positive for the first."""
        kernel = KERNELS[self.kernel](X, self.support_vectors_, gamma=self.gamma_)
        ends = np.cumsum(self.n_support_)
        against = [
            kernel[:, end - count : end] @ self.dual_coef_[:, end - count : end].T
            for end, count in zip(ends, self.n_support_)
        ]
        if len(ends) == 2:
            return sum(against) + self.intercept_
        pairs = combinations(range(len(ends)), 2)
        return np.column_stack(
            [
                against[i][:, j - 1] + against[j][:, i] + intercept
                for (i, j), intercept in zip(pairs, self.intercept_)
            ]
        )


def closest_calls(margins, n_classes):
    """Return a score a class: its margin against the class that does best against it.

    Parameters
    ----------
    margins : array of shape (n, k * (k - 1) / 2)
        Positive where the first class of the pair wins.
    n_classes : int

    Returns
    -------
    scores : array of shape (n, k)

    Examples
    --------
    >>> closest_calls(np.array([[0.5, 2.0, -1.0]]), 3)
    array([[ 0.5, -1. , -2. ]])
    """
    scores = np.full((len(margins), n_classes), np.inf)
    for margin, (i, j) in zip(margins.T, combinations(range(n_classes), 2)):
        np.minimum(scores[:, i], margin, out=scores[:, i])
        np.minimum(scores[:, j], -margin, out=scores[:, j])
    return scores

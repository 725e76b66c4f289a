"""Weights of the classes, for every classifier that weighs rows or classes."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import has_fit_parameter

from fercompare.balancing.wrappers import Transparent, handed
from fercompare.errors import DataError, look_up

SCHEMES = {
    "balanced": lambda counts, beta: 1 / counts,
    "sqrt": lambda counts, beta: 1 / np.sqrt(counts),
    "effective_number": lambda counts, beta: (1 - beta) / (1 - beta**counts),
}
"""Name to the weight of a class by its number of rows, up to a factor.

``balanced`` makes all classes count the same, ``sqrt`` goes half the way on a scale of
ratios. ``effective_number`` is that of Cui et al. (2019), which holds that a class's
rows repeat each other: the n-th adds ``beta`` times what the one before it added.
"""


def class_weights(counts, scheme, beta=0.999):
    """Return the weight of each class.

    The weights of all rows together are as many as the rows, as scikit-learn's
    ``balanced`` has it, so that ``C`` and penalties keep their meaning.

    Parameters
    ----------
    counts : array-like of shape (k,)
        Rows of each class; a class without rows weighs nothing.
    scheme : str
        One of `SCHEMES`.
    beta : float, default=0.999
        Of ``effective_number``, from 0, where all classes weigh the same, to below 1,
        towards which they become ``balanced``.

    Returns
    -------
    weights : float array of shape (k,)

    Examples
    --------
    >>> class_weights([90, 10], "balanced").round(2)
    array([0.56, 5.  ])
    >>> class_weights([90, 10], "sqrt").round(2)
    array([0.83, 2.5 ])
    """
    weigh = look_up(scheme, SCHEMES, "scheme of weights")
    if not 0 <= beta < 1:
        raise DataError(f"beta={beta!r}", remedy="choose a number from 0 to below 1")
    counts = np.asarray(counts, dtype=np.float64)
    weights = np.zeros(len(counts))
    there = counts > 0
    weights[there] = weigh(counts[there], beta)
    return weights * counts.sum() / (weights * counts).sum()


class ClassWeighted(Transparent):
    """A classifier whose rows weigh more, the rarer their class is.

    The weights depend on the labels that train, so they are computed in ``fit``.

    Parameters
    ----------
    estimator : classifier
        Its ``fit`` takes ``sample_weight``, or it has the parameter ``class_weight``.
    scheme : {"balanced", "sqrt", "effective_number"}, default="sqrt"
        See `SCHEMES`.
    beta : float, default=0.999
        Of ``effective_number``.

    Attributes
    ----------
    estimator_ : classifier
        Fitted.
    weights_ : array of shape (k,)
        Of the classes.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = [[-2.0], [-1.0], [1.0], [2.0]] * 5, [0, 0, 0, 1] * 5
    >>> model = ClassWeighted(LogisticRegression()).fit(X, y)
    >>> model.weights_.round(2)
    array([0.85, 1.46])
    """

    def __init__(self, estimator, *, scheme="sqrt", beta=0.999):
        self.estimator = estimator
        self.scheme = scheme
        self.beta = beta

    def fit(self, X, y, sample_weight=None, *, validation=None, votes=None):
        """Fit the classifier on weighted rows.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional
            A row of weight 2 counts as two rows of its class.
        validation : tuple (X, y), optional
            For a network, which watches it.
        votes : array-like of shape (n, k), optional
            For a network that learns from them.

        Returns
        -------
        self
        """
        y = self._check_rows(X, y)
        classes, own = np.unique(y, return_inverse=True)
        rows = np.ones(len(own))
        if sample_weight is not None:
            check_consistent_length(y, sample_weight)
            rows = np.asarray(sample_weight, dtype=np.float64)
            if not rows.any():
                raise DataError("the weight of every row is zero")
        counts = np.bincount(own, weights=rows)
        self.weights_ = class_weights(counts, self.scheme, self.beta)
        estimator = clone(self.estimator)
        extra = handed(estimator, y, validation=validation, votes=votes)
        if has_fit_parameter(estimator, "sample_weight"):
            extra["sample_weight"] = rows * self.weights_[own]
        elif sample_weight is None and "class_weight" in estimator.get_params():
            weights = dict(zip(classes.tolist(), self.weights_.tolist()))
            estimator.set_params(class_weight=weights)
        else:
            raise DataError(
                f"{type(estimator).__name__}.fit takes no sample_weight",
                remedy="choose a classifier that weighs its rows",
            )
        self.estimator_ = estimator.fit(X, y, **extra)
        return self

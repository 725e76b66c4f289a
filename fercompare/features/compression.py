"""Long feature rows made short before a kernel machine compares them."""

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.decomposition import PCA
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from fercompare.features.grids import check_at_least_one

ROUNDS = 3


class PrincipalComponents(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """scikit-learn's `PCA` on some of the rows, with as many components as these allow.

    Fisher vectors have more columns than a covariance matrix can be made of; a few
    thousand rows tell the leading components well enough, in a fraction of the time.

    Parameters
    ----------
    n_components : int, default=1024
        At most; never more than there are rows or columns.
    n_rows : int, default=10000
        How many rows, drawn at random, the components are learned from.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    mean_ : array of shape (n_features,)
    components_ : array of shape (n_kept, n_features)

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(50, 20))
    >>> PrincipalComponents(8, random_state=0).fit_transform(rows).shape
    (50, 8)
    >>> PrincipalComponents(random_state=0).fit_transform(rows).shape
    (50, 20)
    """

    def __init__(self, n_components=1024, *, n_rows=10_000, random_state=None):
        self.n_components = n_components
        self.n_rows = n_rows
        self.random_state = random_state

    def fit(self, X, y=None):
        """Learn the components.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        check_at_least_one(n_components=self.n_components, n_rows=self.n_rows)
        X = validate_data(self, X, dtype=(np.float64, np.float32))
        random = check_random_state(self.random_state)
        if len(X) > self.n_rows:
            X = X[random.permutation(len(X))[: self.n_rows]]
        pca = PCA(
            min(self.n_components, *X.shape),
            svd_solver="randomized",
            iterated_power=ROUNDS,
            random_state=random,
        ).fit(X)
        self.mean_ = pca.mean_
        self.components_ = np.ascontiguousarray(pca.components_)
        self._n_features_out = len(self.components_)
        return self

    def transform(self, X):
        """Return the components of every row, ``(n_samples, n_kept)``."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=(np.float64, np.float32))
        return X @ self.components_.T - self.mean_ @ self.components_.T

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

"""What every image feature shares: rows in, float32 rows out, a chunk at a time."""

import joblib
import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from fercompare.images import as_stack, resolve_shape

PIXELS_PER_CHUNK = 2**18
"""So that a chunk's arrays stay in the cache, and Python costs little beside NumPy."""
LARGEST_ARRAY = 2**24
"""Bytes, more than any array of a chunk has."""


class ImageTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Turn image rows into feature rows, each image by itself.

    A subclass has the parameters ``image_shape`` and ``n_jobs`` and a method
    ``_extract``, from a stack ``(n, h, w[, 3])`` to rows ``(n, n_features)``. ``fit``
    checks the rows and the parameters, and learns what ``_learn`` learns: nothing,
    unless a subclass says so.
    """

    def fit(self, X, y=None):
        """Check that the rows are images that suit the parameters, and learn from them.

        Parameters
        ----------
        X : array-like of shape (n_samples, h*w) or (n_samples, h*w*3)
            Images as rows, of uint8 or floats.
        y : ignored

        Returns
        -------
        self
        """
        X = self._validate(X, reset=True)
        self.image_shape_ = resolve_shape(X.shape[1], self.image_shape)
        stack = as_stack(X, self.image_shape_)
        self._learn(stack)
        self._n_features_out = self._extract(stack[:1]).shape[1]
        return self

    def transform(self, X):
        """Return the features of every image.

        Parameters
        ----------
        X : array-like of shape (n_samples, h*w) or (n_samples, h*w*3)

        Returns
        -------
        features : float32 array of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        stack = as_stack(self._validate(X, reset=False), self.image_shape_)
        features = np.empty((len(stack), self._n_features_out), np.float32)
        size = max(1, PIXELS_PER_CHUNK // self.n_features_in_)
        # Unless a larger block was freed before, glibc returns what a chunk frees to
        # the kernel, and faults it in again for the next: half of all the time.
        np.empty(LARGEST_ARRAY, np.uint8)

        def fill(start):
            chunk = slice(start, start + size)
            features[chunk] = self._extract(stack[chunk])

        joblib.Parallel(n_jobs=self.n_jobs, require="sharedmem")(
            joblib.delayed(fill)(start) for start in range(0, len(stack), size)
        )
        return features

    def _learn(self, stack):
        """Set what is learned from the stack of training images."""

    def _validate(self, X, reset):
        return validate_data(
            self, X, reset=reset, dtype=(np.float64, np.float32, np.uint8)
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

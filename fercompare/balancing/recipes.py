"""Resampled rows as recipes: which row, mixed with which other, how far between.

imbalanced-learn's samplers choose, copy and drop recipes as they would rows; the rows
themselves are made once, at the end. So a row is always known by its index, and a
resampled set in memory is there once, in the type of its numbers.
"""

import numpy as np
from sklearn.utils import gen_batches

BASE, PARTNER, STEP = range(3)
NO_ONE = -1.0
BLOCK_ROWS = 128


def recipes_of(n_samples):
    """Return the recipes of real rows, ``(n_samples, 3)``.

    Examples
    --------
    >>> recipes_of(2)
    array([[ 0., -1.,  0.],
           [ 1., -1.,  0.]])
    """
    recipes = np.zeros((n_samples, 3))
    recipes[:, BASE] = np.arange(n_samples)
    recipes[:, PARTNER] = NO_ONE
    return recipes


def indices_of(recipes):
    """Return the index of the row that each recipe starts from."""
    return recipes[:, BASE].astype(np.intp)


def origins_of(recipes):
    """Return the index of the row that each recipe is, or -1 where it is a mixture."""
    return np.where(recipes[:, PARTNER] == NO_ONE, recipes[:, BASE], -1).astype(np.intp)


def make_rows(X, recipes):
    """Return the rows of recipes.

    Parameters
    ----------
    X : array or DataFrame of shape (n_samples, n_features)
    recipes : array of shape (n_recipes, 3)

    Returns
    -------
    rows : array or DataFrame of shape (n_recipes, n_features)
        Of the type of ``X``. Whole numbers are mixed as numbers with a point, rounded
        and kept within what their type holds, so that pixels do not wrap around.

    Examples
    --------
    >>> pixels = np.array([[200], [100]], dtype=np.uint8)
    >>> make_rows(pixels, np.array([[0, -1, 0], [0, 1, 0.5], [0, 1, -0.9]])).ravel()
    array([200, 150, 255], dtype=uint8)
    """
    bases = indices_of(recipes)
    mixed = recipes[:, PARTNER] != NO_ONE
    if not mixed.any():
        return X.iloc[bases] if hasattr(X, "iloc") else X[bases]
    rows = np.empty((len(recipes), X.shape[1]), dtype=X.dtype)
    for part in gen_batches(len(recipes), BLOCK_ROWS):
        rows[part] = X[bases[part]]
    for part in gen_batches(np.count_nonzero(mixed), BLOCK_ROWS):
        chosen = np.flatnonzero(mixed)[part]
        rows[chosen] = _mix(X, recipes[chosen])
    return rows


def _mix(X, recipes):
    whole = X.dtype.kind in "iub"
    partners = X[recipes[:, PARTNER].astype(np.intp)]
    bases = X[indices_of(recipes)]
    if whole:
        partners, bases = partners.astype(np.float64), bases.astype(np.float64)
    mixtures = bases + recipes[:, STEP, None] * (partners - bases)
    if whole and X.dtype.kind != "b":
        limits = np.iinfo(X.dtype)
        mixtures = np.clip(np.rint(mixtures), limits.min, limits.max)
    return mixtures.astype(X.dtype)

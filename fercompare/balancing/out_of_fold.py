"""What a model says of rows that it was not fitted on, for all rows that train it."""

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import (
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
)

from fercompare.balancing.wrappers import handed
from fercompare.datasets.copies import exact_copies
from fercompare.errors import DataError


def out_of_fold(estimator, X, y, *, cv=5, groups=None, votes=None, random_state=None):
    """Return the probabilities of each row by a model fitted on the other folds.

    The folds are stratified. A class with fewer rows than ``cv`` is in as many folds as
    it can be, and a model that never saw a class gives it no probability.

    Parameters
    ----------
    estimator : classifier
        It is cloned, and fitted ``cv`` times.
    X : array-like of shape (n, n_features)
    y : array-like of shape (n,)
    cv : int, default=5
    groups : array-like of shape (n,), optional
        Rows of a group stay in one fold; without groups, copies of a row do.
    votes : array-like of shape (n, k), optional
        For a network that learns from them.
    random_state : int, default=None
        Draws the folds.

    Returns
    -------
    proba : array of shape (n, k)

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> rows, y = np.arange(8).reshape(-1, 1), [0, 0, 0, 1] * 2
    >>> out_of_fold(DummyClassifier(), rows, y, cv=2, random_state=0)[0]
    array([0.75, 0.25])
    """
    if groups is None and isinstance(X, np.ndarray):
        groups = exact_copies(X)
        groups = None if np.all(groups == np.arange(len(X))) else groups
    most = np.unique(y, return_counts=True)[1].max()
    if groups is not None:
        most = min(most, len(np.unique(groups)))
    if min(cv, most) < 2:
        raise DataError(
            f"cv={cv!r} folds of n_samples={len(y)}, {most} a class at most",
            remedy="hand fit validation data, or more rows",
        )
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    folds = kind(min(cv, most), shuffle=True, random_state=random_state)
    return cross_val_predict(
        clone(estimator),
        X,
        y,
        groups=groups,
        cv=folds,
        method="predict_proba",
        params=handed(estimator, y, votes=votes),
    )

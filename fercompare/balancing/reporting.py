"""Samplers that leave a report: our own, and any other in a wrapper."""

import time
from collections import Counter

import numpy as np
from imblearn.utils import check_target_type
from sklearn.base import BaseEstimator, clone

from fercompare.balancing.memory import WatchedMemory
from fercompare.balancing.report import BalancingReport


class Reporting:
    """Mixin of samplers that leave a `BalancingReport` in ``report_``.

    It stands before the sampler's class, whose ``_fit_resample`` returns a third array
    beside rows and labels: for each row its index among the rows before, or -1 if it
    was made.
    """

    def fit_resample(self, X, y, **params):
        """Return rows and labels resampled.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)

        Returns
        -------
        X_resampled : array-like of shape (n_new, n_features)
        y_resampled : array-like of shape (n_new,)
        """
        X_new, y_new, self.report_ = reported(
            type(self).__name__, super().fit_resample, X, y, **params
        )
        return X_new, y_new


class Reported(BaseEstimator):
    """A sampler of anyone's, with a report.

    Parameters
    ----------
    sampler : sampler
        It is not changed; the fitted one is ``sampler_``.

    Attributes
    ----------
    sampler_ : sampler
    report_ : BalancingReport
        Which rows are real is known from the sampler's ``sample_indices_``, or by
        comparing rows: one that was made and equals a real one counts as that.

    Notes
    -----
    Whole numbers, as pixels are, reach a sampler that makes rows as numbers with a
    point and are rounded afterwards: imbalanced-learn's would wrap around.

    Examples
    --------
    >>> from imblearn.under_sampling import RandomUnderSampler
    >>> sampler = Reported(RandomUnderSampler(random_state=0))
    >>> X, y = sampler.fit_resample([[0], [1], [5]], [0, 0, 1])
    >>> sampler.report_.rows[0]
    {'before': 2, 'after': 1, 'real': 1}
    """

    def __init__(self, sampler):
        self.sampler = sampler

    def fit_resample(self, X, y, **params):
        """Return rows and labels as the sampler resamples them."""

        def resample(X, y, **params):
            mixable = _mixable(X, self.sampler_)
            X_new, y_new = self.sampler_.fit_resample(mixable, y, **params)
            X_new = _rounded(X_new, X)
            return X_new, y_new, _origins(self.sampler_, X, y, X_new, y_new)

        self.sampler_ = clone(self.sampler)
        step = type(self.sampler).__name__
        X_new, y_new, self.report_ = reported(step, resample, X, y, **params)
        return X_new, y_new


def reported(step, resample, X, y, **params):
    """Return rows, labels and the report of what makes rows, labels and origins."""
    with WatchedMemory() as memory:
        started = time.perf_counter()
        X_new, y_new, origins = resample(X, y, **params)
        seconds = time.perf_counter() - started
    labels, new_labels = check_target_type(y), check_target_type(y_new)
    report = BalancingReport.of(
        step, labels, new_labels, origins, seconds, memory.megabytes
    )
    report.warn()
    return X_new, y_new, report


def _mixable(X, sampler):
    whole = getattr(getattr(X, "dtype", None), "kind", None) in ("i", "u")
    if not whole or sampler.__sklearn_tags__().sampler_tags.sample_indices:
        return X
    return X.astype(np.float32 if X.dtype.itemsize < 4 else np.float64)


def _rounded(X_new, X):
    if getattr(X, "dtype", None) is None or X_new.dtype == X.dtype:
        return X_new
    limits = np.iinfo(X.dtype)
    return np.clip(np.rint(X_new), limits.min, limits.max).astype(X.dtype)


def _origins(sampler, X, y, X_new, y_new):
    """Return the index of each row before, or -1, where a sampler may not know."""
    indices = getattr(sampler, "sample_indices_", None)
    if indices is not None and len(indices) == len(y_new):
        return np.asarray(indices)
    places = {}
    for index, key in enumerate(_keys(X, y)):
        places.setdefault(key, []).append(index)
    met = Counter()
    origins = np.full(len(y_new), -1)
    for k, key in enumerate(_keys(X_new, y_new)):
        same = places.get(key, ())
        if same:
            origins[k] = same[met[key] % len(same)]
            met[key] += 1
    return origins


def _keys(X, y):
    rows = np.ascontiguousarray(X)
    for row, label in zip(rows, check_target_type(y).tolist()):
        yield row.tobytes(), label

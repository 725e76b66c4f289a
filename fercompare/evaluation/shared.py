"""Work that trials share: features that depend on nothing but the image.

What is shared is known by the pixels of a row, not by its place. So it makes no
difference which rows a trial learns from, in which order, how often one stands there,
and whether a sampler or a fold stands before: a row that the data set holds is looked
up, any other is computed as ever, by the same transformer.
"""

import functools
import hashlib
import sys
import time

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import FeatureUnion, Pipeline

from fercompare.balancing.memory import held_megabytes
from fercompare.balancing.samplers import BalancedPipeline
from fercompare.balancing.wrappers import Wrapper
from fercompare.evaluation.shelf import on_shelf
from fercompare.features import HOG, LBP, Pixels

LEARN_NOTHING = (HOG, LBP, Pixels)
BACKBONES = "fercompare.deep.backbone_features"
FIXED = ("weights", "image", "unit")
"""Normalizations of a backbone that are not learned from the rows."""
DIGEST_BYTES = 16


class Sharing:
    """What one trial takes from a shelf, and what that saved it.

    Attributes
    ----------
    in_use : bool
        Whether anything is shared.
    peak_memory_mb : float or None
        What this process would have held had it computed all of it now.
    seconds : float
        What the features that were looked up would have taken, as long as it took
        when they were computed.
    """

    def __init__(self):
        self.in_use, self.peak_memory_mb, self.seconds = False, None, 0.0
        self._looking_up, self._settled = 0.0, 0.0

    def begin(self, model, dataset, folder):
        """Let the features of an unfitted model be looked up from now on.

        Parameters
        ----------
        model : estimator
            It is changed.
        dataset : Dataset
        folder : Path
            The shelf of the data set.
        """
        for holder, name, step in list(_steps(model)):
            shelved = None
            if learns_nothing(step):
                shelved = on_shelf(folder, step, dataset.X)
            if shelved is not None:
                self.in_use = True
                if shelved.memory_mb is not None:
                    peak = held_megabytes() + shelved.memory_mb
                    self.peak_memory_mb = max(peak, self.peak_memory_mb or 0.0)
                holder.set_params(
                    **{name: LookedUp(step, Rows(dataset, shelved, self))}
                )

    def end(self, model):
        """Put the features themselves back into a model, fitted as it is."""
        for holder, name, step in list(_steps(model)):
            if isinstance(step, LookedUp):
                whole = getattr(step, "feature_", step.feature)
                holder.set_params(**{name: whole})

    def saved_since(self):
        """Return how many seconds were saved since this was asked last."""
        saved = self.seconds - self._looking_up
        since, self._settled = saved - self._settled, saved
        return since

    def note(self, seconds, looking_up):
        """Count what features would have taken, and what looking them up took."""
        self.seconds += seconds
        self._looking_up += looking_up


class Rows:
    """Features of the rows of a data set by what is on a row.

    Parameters
    ----------
    dataset : Dataset
    shelved : Shelved
    sharing : Sharing
        Is told what each look-up saved.
    """

    def __init__(self, dataset, shelved, sharing):
        self._dataset, self._shelved, self._sharing = dataset, shelved, sharing

    def __deepcopy__(self, memo):
        """Return this one: scikit-learn copies parameters, and this is large."""
        return self

    def find(self, X, compute):
        """Return the features of rows, those of unknown ones by ``compute``.

        Parameters
        ----------
        X : array of shape (n, n_columns)
        compute : callable
            From rows to features.

        Returns
        -------
        features : array of shape (n, n_features)
        """
        started = time.perf_counter()
        places = places_of(self._dataset)
        known = np.array([places.get(digest, -1) for digest in _digests(X)], dtype=int)
        rows = self._shelved.rows
        features = np.empty((len(X), *rows.shape[1:]), rows.dtype)
        (found,), (others,) = np.nonzero(known >= 0), np.nonzero(known < 0)
        rows.put(known[found], features, found)
        looking_up = time.perf_counter() - started
        if len(others):
            features[others] = compute(X[others])
        self._sharing.note(len(found) * self._shelved.seconds_a_row, looking_up)
        return features


class LookedUp(TransformerMixin, BaseEstimator):
    """Stands for a feature within a trial; says what it would say.

    Parameters
    ----------
    feature : transformer
    rows : Rows

    Attributes
    ----------
    feature_ : transformer
        Fitted.
    is_plain_ : bool
        Whether it returns arrays, and not tables as it may have been set to.
    """

    def __init__(self, feature, rows):
        self.feature = feature
        self.rows = rows

    def fit(self, X, y=None):
        """Fit the feature."""
        self.feature_ = clone(self.feature).fit(X, y)
        self.is_plain_ = type(self.feature_.transform(X[:1])) is np.ndarray
        return self

    def transform(self, X):
        """Return the features of rows, ``(n, n_features)``."""
        of_pixels = isinstance(X, np.ndarray) and X.dtype == np.uint8 and X.ndim == 2
        if of_pixels and self.is_plain_:
            return self.rows.find(X, self.feature_.transform)
        return self.feature_.transform(X)


def learns_nothing(feature):
    """Whether what a transformer makes of a row depends on that row alone.

    Only features of this library are known to be so, and no subclass of them.
    scikit-learn's tag ``requires_fit`` does not say it: a FunctionTransformer that
    takes the mean of each column needs no fit either, and mixes the rows.

    Parameters
    ----------
    feature : transformer
        Unfitted.

    Examples
    --------
    >>> from fercompare.features import HOG, FisherVectors
    >>> learns_nothing(HOG()), learns_nothing(FisherVectors())
    (True, False)
    """
    if type(feature) in LEARN_NOTHING:
        return True
    backbones = sys.modules.get(BACKBONES)  # or there is none, without torch
    return (
        backbones is not None
        and type(feature) is backbones.BackboneFeatures
        and isinstance(feature.backbone, str)
        and feature.weights is not None
        and feature.normalization in FIXED
        and not feature.cache
    )


@functools.lru_cache(maxsize=1)
def places_of(dataset):
    """Return digest of a row to a place of it; of one data set, kept for the next."""
    return {digest: place for place, digest in enumerate(_digests(dataset.X))}


def _digests(X):
    for row in np.ascontiguousarray(X):
        yield hashlib.blake2b(row, digest_size=DIGEST_BYTES).digest()


def _steps(model):
    """Yield what holds a step of a model by a name, the name and the step."""
    if isinstance(model, Wrapper):
        yield from _steps(model.estimator)
        for one in model.inside:
            if one is not model.estimator:
                yield from _steps(one)
    elif type(model) in (Pipeline, BalancedPipeline) and model.memory is None:
        for name, step in model.steps:
            yield model, name, step
            if type(step) is FeatureUnion and step.n_jobs in (None, 1):
                yield from ((step, n, part) for n, part in step.transformer_list)

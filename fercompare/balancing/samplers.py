"""The samplers of rows: imbalanced-learn's, with exact neighbours and a report.

They take the parameters of imbalanced-learn's classes of the same name and, where there
are no copies of rows, return the same rows.
"""

import warnings
from typing import ClassVar

import imblearn.combine as combined
import imblearn.over_sampling as over
import imblearn.under_sampling as under
import numpy as np
from imblearn.base import BaseSampler
from imblearn.pipeline import Pipeline
from sklearn.utils import check_random_state

from fercompare.balancing.among import Among
from fercompare.balancing.image_copies import ImageCopies
from fercompare.balancing.mixing import ADASYN, SMOTE, SVMSMOTE, BorderlineSMOTE
from fercompare.balancing.recipes import indices_of, make_rows, recipes_of
from fercompare.balancing.reporting import Reported
from fercompare.balancing.row_sampler import NumericSampler, RowSampler
from fercompare.balancing.targets import OVER, meeting_point, targets


class RandomOverSampler(RowSampler, over.RandomOverSampler):
    """Rows of rare classes repeated.

    The parameters are those of `imblearn.over_sampling.RandomOverSampler`.

    Examples
    --------
    >>> X, y = np.arange(6)[:, None], [0, 0, 0, 0, 1, 1]
    >>> RandomOverSampler(random_state=0).fit_resample(X, y)[1]
    [0, 0, 0, 0, 1, 1, 1, 1]
    """

    def _fit_resample(self, X, y):
        if self.shrinkage is None:
            return super()._fit_resample(X, y)
        self.sampling_strategy_ = targets(self.sampling_strategy, y, OVER)
        X_new, y_new = over.RandomOverSampler._fit_resample(self, X, y)
        is_real = np.arange(len(y_new)) < len(y)
        return X_new, y_new, np.where(is_real, self.sample_indices_, -1)


class RandomUnderSampler(RowSampler, under.RandomUnderSampler):
    """Rows of frequent classes left out.

    The parameters are those of `imblearn.under_sampling.RandomUnderSampler`.

    Examples
    --------
    >>> X, y = np.arange(6)[:, None], [0, 0, 0, 1, 1, 1]
    >>> sampler = RandomUnderSampler(sampling_strategy={0: 2}, random_state=0)
    >>> sampler.fit_resample(X, y)[1]
    [0, 0, 1, 1, 1]
    """


class OverUnder(RowSampler, BaseSampler):
    """Rare classes repeated and frequent ones thinned, to meet at a common number.

    Parameters
    ----------
    sampling_strategy : "auto", float or dict of {label: int}, default="auto"
        The geometric mean of the counts; or this share of the largest class; or the
        number of rows that each class named is to end with.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    sampling_strategy_ : dict of {label: int}
    sample_indices_ : array of shape (n_new,)
    report_ : BalancingReport

    Examples
    --------
    >>> X, y = np.arange(20)[:, None], [0] * 16 + [1] * 4
    >>> X_new, y_new = OverUnder(random_state=0).fit_resample(X, y)
    >>> np.bincount(y_new)
    array([8, 8])
    """

    _parameter_constraints: ClassVar = {
        "sampling_strategy": "no_validation",
        "random_state": ["random_state"],
    }

    def __init__(self, *, sampling_strategy="auto", random_state=None):
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state

    def draw(self, X, y):
        """Return recipes of the resampled rows, ``(n_new, 3)``, and their labels."""
        self.sampling_strategy_ = meeting_point(self.sampling_strategy, y)
        random = check_random_state(self.random_state)
        chosen = []
        for label, wanted in self.sampling_strategy_.items():
            own = np.flatnonzero(y == label)
            more = max(0, wanted - len(own))
            kept = random.choice(own, wanted - more, replace=False)
            chosen += [np.sort(kept), random.choice(own, more)]
        chosen = np.concatenate(chosen)
        return recipes_of(len(y))[chosen], y[chosen]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        return tags


class EditedNearestNeighbours(NumericSampler, under.EditedNearestNeighbours):
    """Rows left out that their neighbours contradict.

    The parameters are those of `imblearn.under_sampling.EditedNearestNeighbours`. A
    class that would lose all its rows keeps all, with a warning.

    Examples
    --------
    >>> X, y = [[0.0], [0.1], [0.2], [5.0], [5.1], [5.2]], [0, 0, 0, 1, 1, 1]
    >>> sampler = EditedNearestNeighbours(n_neighbors=1, sampling_strategy="all")
    >>> sampler.fit_resample([*X, [5.4]], [*y, 0])[1]
    [0, 0, 0, 1, 1, 1]
    """

    def _sample(self, recipes, y):
        kept, labels = super()._sample(recipes, y)
        gone = np.setdiff1d(y, labels)
        if not len(gone):
            return kept, labels
        warnings.warn(
            f"{type(self).__name__} contradicts all rows of class "
            f"{', '.join(map(str, gone.tolist()))}; they stay as they are",
            UserWarning,
            stacklevel=2,
        )
        chosen = np.append(indices_of(kept), np.flatnonzero(np.isin(y, gone)))
        return recipes[chosen], y[chosen]


class TomekLinks(NumericSampler, under.TomekLinks):
    """Rows left out that are the nearest of a row of another class, and it of them.

    The parameters are those of `imblearn.under_sampling.TomekLinks`.

    Examples
    --------
    >>> X, y = [[0.0], [0.1], [5.0], [5.1], [9.0]], [0, 0, 0, 1, 1]
    >>> TomekLinks(sampling_strategy="all").fit_resample(X, y)[0]
    [[0.0], [0.1], [9.0]]
    """

    def _equip(self, X, y):
        self.search = Among(X, y, 1)

    def _sample(self, recipes, y):
        nearest = self.search.fit(recipes).kneighbors(recipes)[:, 1]
        kept = ~self.is_tomek(y, nearest, self.sampling_strategy_)
        return recipes[kept], y[kept]


class ThenCleaned(NumericSampler):
    """Mixin of samplers that make rows, and then leave out some of all."""

    def draw(self, X, y):
        """Return recipes of the resampled rows, ``(n_new, 3)``, and their labels."""
        smote, cleaner = self._parts()
        recipes, labels = smote.draw(X, y)
        self.sampling_strategy_ = smote.sampling_strategy_
        kept, labels = cleaner.draw(make_rows(X, recipes), labels)
        return recipes[indices_of(kept)], labels

    def _smote(self):
        if self.smote is not None:
            return SMOTE(**self.smote.get_params(deep=False))
        return SMOTE(
            sampling_strategy=self.sampling_strategy, random_state=self.random_state
        )


class SMOTEENN(ThenCleaned, combined.SMOTEENN):
    """SMOTE, then the rows left out that their neighbours contradict.

    The parameters are those of `imblearn.combine.SMOTEENN`.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(90, 3))
    >>> y = np.repeat([0, 1], [70, 20])
    >>> X[y == 1] += 4
    >>> np.bincount(SMOTEENN(random_state=0).fit_resample(X, y)[1])
    array([70, 70])
    """

    def _parts(self):
        enn = self.enn or under.EditedNearestNeighbours(sampling_strategy="all")
        return self._smote(), EditedNearestNeighbours(**enn.get_params(deep=False))


class SMOTETomek(ThenCleaned, combined.SMOTETomek):
    """SMOTE, then Tomek's links left out.

    The parameters are those of `imblearn.combine.SMOTETomek`.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(90, 3))
    >>> y = np.repeat([0, 1], [70, 20])
    >>> X[y == 1] += 4
    >>> np.bincount(SMOTETomek(random_state=0).fit_resample(X, y)[1])
    array([70, 70])
    """

    def _parts(self):
        tomek = self.tomek or under.TomekLinks(sampling_strategy="all")
        return self._smote(), TomekLinks(**tomek.get_params(deep=False))


SAMPLERS = {
    "random-over": RandomOverSampler,
    "random-under": RandomUnderSampler,
    "over-under": OverUnder,
    "smote": SMOTE,
    "borderline-smote": BorderlineSMOTE,
    "svm-smote": SVMSMOTE,
    "adasyn": ADASYN,
    "edited-neighbours": EditedNearestNeighbours,
    "tomek-links": TomekLinks,
    "smote-enn": SMOTEENN,
    "smote-tomek": SMOTETomek,
    "image-copies": ImageCopies,
    "reported": Reported,
    "imblearn-random-over": over.RandomOverSampler,
    "imblearn-random-under": under.RandomUnderSampler,
    "imblearn-smote": over.SMOTE,
    "imblearn-smote-enn": combined.SMOTEENN,
    "imblearn-edited-neighbours": under.EditedNearestNeighbours,
}
"""Name in a file to the class of a sampler, which is not needed to predict."""

BalancedPipeline = Pipeline
"""The pipeline that leaves its samplers out of ``predict``."""

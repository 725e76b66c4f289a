"""SMOTE and its kin: rows made between two real ones."""

import warnings

import imblearn.over_sampling as imbalanced
import numpy as np
from sklearn.base import clone
from sklearn.svm import SVC
from sklearn.utils import check_random_state

from fercompare.balancing.recipes import BASE, recipes_of
from fercompare.balancing.row_sampler import NumericSampler
from fercompare.balancing.targets import count


class MixingSampler(NumericSampler):
    """Mixin of samplers that make rows; a class that gets none is warned of."""

    none_made = "there is nothing to make them of"

    def draw(self, X, y):
        """Return recipes of the resampled rows, ``(n_new, 3)``, and their labels."""
        recipes, y_new = super().draw(X, y)
        before, after = count(y), count(y_new)
        for label, asked in self.sampling_strategy_.items():
            if asked and after[label] == before[label]:
                said = f"class {label}: {asked} rows asked for, none made, since "
                warnings.warn(said + self.none_made, UserWarning, stacklevel=2)
        return recipes, y_new

    def _generate_samples(
        self, X, nn_data, nn_num, rows, cols, steps, y_type=None, y=None
    ):
        partners = nn_num[rows, cols]
        if y is not None:
            strangers = y[partners] != y_type
            random = check_random_state(self.random_state)
            steps[strangers] *= random.uniform(0.0, 0.5, (strangers.sum(), 1))
        return np.column_stack([X[rows, BASE], nn_data[partners, BASE], steps])


class SMOTE(MixingSampler, imbalanced.SMOTE):
    """Rows between a rare row and a neighbour of its class.

    The parameters are those of `imblearn.over_sampling.SMOTE`.

    Examples
    --------
    >>> X = np.array([[0], [9], [100], [140], [250]], dtype=np.uint8)
    >>> y = np.array([0, 1, 0, 1, 0])
    >>> X_new, y_new = SMOTE(random_state=0, k_neighbors=1).fit_resample(X, y)
    >>> X_new[5:], y_new[5:]
    (array([[87]], dtype=uint8), array([1]))
    """


class BorderlineSMOTE(MixingSampler, imbalanced.BorderlineSMOTE):
    """SMOTE from the rows that neighbours of other classes endanger.

    The parameters are those of `imblearn.over_sampling.BorderlineSMOTE`. A class
    without such rows is left as it is, with a warning.

    Examples
    --------
    >>> rng, y = np.random.default_rng(0), np.repeat([0, 1], [70, 20])
    >>> X = rng.normal(size=(90, 3)) + y[:, None]
    >>> np.bincount(BorderlineSMOTE(random_state=0).fit_resample(X, y)[1])
    array([70, 70])
    """

    none_made = "none of its rows has other classes for at least half its neighbours"


class SVMSMOTE(MixingSampler, imbalanced.SVMSMOTE):
    """SMOTE from the support vectors of a machine, which is fitted once.

    The parameters are those of `imblearn.over_sampling.SVMSMOTE`. A class whose
    support vectors are all noise is left as it is, with a warning.

    Examples
    --------
    >>> rng, y = np.random.default_rng(0), np.repeat([0, 1], [70, 20])
    >>> X = rng.normal(size=(90, 3)) + y[:, None]
    >>> np.bincount(SVMSMOTE(random_state=0).fit_resample(X, y)[1])
    array([70, 70])
    """

    none_made = "all neighbours of all its support vectors are of other classes"

    def _equip(self, X, y):
        super()._equip(X, y)
        machine = SVC(gamma="scale", random_state=self.random_state)
        if self.svm_estimator is not None:
            machine = clone(self.svm_estimator)
        support, everyone = machine.fit(X, y).support_, recipes_of(len(y))
        self.svm_estimator = _Fitted(support)
        self.m_neighbors.fit(everyone)
        self.sampling_strategy_ = {
            label: asked
            for label, asked in self.sampling_strategy_.items()
            if asked and not self._are_noise(support[y[support] == label], label, y)
        }

    def _are_noise(self, support, label, y):
        rows = recipes_of(len(y))[support]
        args = self.m_neighbors, rows, label, y
        return self._in_danger_noise(*args, kind="noise").all()


class _Fitted:
    """Stands for a support vector machine that is fitted already."""

    def __init__(self, support):
        self.support_ = support

    def __sklearn_clone__(self):
        return self

    def fit(self, X, y):
        return self


class ADASYN(MixingSampler, imbalanced.ADASYN):
    """SMOTE, and more of it where neighbours are of other classes.

    The parameters are those of `imblearn.over_sampling.ADASYN`. A class that has no
    such neighbours is left as it is, with a warning.

    Examples
    --------
    >>> rng, y = np.random.default_rng(0), np.repeat([0, 1], [70, 20])
    >>> X = rng.normal(size=(90, 3)) + y[:, None]
    >>> np.bincount(ADASYN(random_state=0).fit_resample(X, y)[1])
    array([70, 71])
    """

    none_made = "none of its rows has enough neighbours of other classes"

    def _sample(self, recipes, y):
        random = check_random_state(self.random_state)
        search, of_class = self.n_neighbors.fit(recipes), clone(self.n_neighbors)
        made, labels = [recipes], [y]
        for label, asked in self.sampling_strategy_.items():
            own = recipes[y == label]
            neighbors = search.kneighbors(own)[:, 1:]
            strangers = (y[neighbors] != label).sum(axis=1) / neighbors.shape[1]
            total = max(strangers.sum(), np.finfo(float).tiny)
            of_each = np.rint(strangers / total * asked).astype(int)
            if not of_each.any():
                continue
            neighbors = of_class.fit(own).kneighbors(own)[:, 1:]
            rows = np.repeat(np.arange(len(own)), of_each)
            cols = random.choice(neighbors.shape[1], size=len(rows))
            steps = random.uniform(size=(len(rows), 1))
            made.append(self._generate_samples(own, own, neighbors, rows, cols, steps))
            labels.append(np.full(len(rows), label, dtype=y.dtype))
        return np.vstack(made), np.hstack(labels)

"""The mixin that makes a sampler of imbalanced-learn sample recipes of rows."""

from copy import copy

from imblearn.utils import check_sampling_strategy

from fercompare.balancing.among import Among
from fercompare.balancing.recipes import (
    indices_of,
    make_rows,
    origins_of,
    recipes_of,
)
from fercompare.balancing.reporting import Reporting
from fercompare.balancing.targets import OVER, UNDER, targets

SEARCHES = ("k_neighbors", "m_neighbors", "n_neighbors")


class RowSampler(Reporting):
    """Stands before a class of imbalanced-learn, which then sees recipes as rows.

    See `fercompare.balancing.recipes`. What the class learns of the rows it keeps to a
    copy of itself, so that a fitted sampler, and a model's file, hold no training data.
    ``parent_indices_`` is the index of the row that each row which came out is, or
    starts from.
    """

    _sampling_type = "bypass"

    def draw(self, X, y):
        """Return recipes of the resampled rows, ``(n_new, 3)``, and their labels."""
        kind = super()._sampling_type
        resolve = targets if kind in (OVER, UNDER) else check_sampling_strategy
        self.sampling_strategy_ = resolve(self.sampling_strategy, y, kind)
        twin = copy(self)
        twin._equip(X, y)
        return twin._sample(recipes_of(len(y)), y)

    def _equip(self, X, y):
        for name in SEARCHES:
            if hasattr(self, name):
                setattr(self, name, Among(X, y, getattr(self, name)))

    def _sample(self, recipes, y):
        return super()._fit_resample(recipes, y)

    def _fit_resample(self, X, y):
        recipes, y_new = self.draw(X, y)
        origins = origins_of(recipes)
        self.parent_indices_ = indices_of(recipes)
        if self.__sklearn_tags__().sampler_tags.sample_indices:
            self.sample_indices_ = origins
        return make_rows(X, recipes), y_new, origins


class NumericSampler(RowSampler):
    """A `RowSampler` that measures how far rows are apart."""

    def _check_X_y(self, X, y):  # noqa: N802
        return super()._check_X_y(X, y, accept_sparse=False)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags

"""The neighbours of rows that are known by their index."""

import warnings
from numbers import Integral

import numpy as np
from sklearn.base import clone

from fercompare.balancing.neighbors import ExactNeighbors, own_first
from fercompare.balancing.recipes import indices_of


class Among:
    """Stands where imbalanced-learn wants a search for neighbours, and takes recipes.

    It knows the rows behind the recipes, so that a row is left out of its own
    neighbours by its index: the first neighbour that imbalanced-learn drops is the row
    itself whatever copies there are. Where fewer rows are fitted than neighbours are
    asked for those that there are must do, with a warning; a lone row is its own.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    y : array of shape (n_samples,)
    search : int or estimator
        How many neighbours beside the row itself, or what finds one more than that,
        as imbalanced-learn has it.

    Examples
    --------
    >>> from fercompare.balancing.recipes import recipes_of
    >>> rows = np.array([[0.0], [0.0], [1.0]])
    >>> among = Among(rows, np.array([0, 1, 1]), 1).fit(recipes_of(3))
    >>> among.kneighbors(recipes_of(3)[1:])
    array([[1, 0],
           [2, 0]])
    """

    def __init__(self, X, y, search):
        self.X, self.y = X, y
        whole = isinstance(search, Integral)
        self.search = ExactNeighbors(search + 1) if whole else clone(search)
        self.n_neighbors = self.search.n_neighbors

    def __sklearn_clone__(self):
        return Among(self.X, self.y, self.search)

    def set_params(self, **parameters):
        """Take no parameters: how many threads is the search's own choice."""
        return self

    def fit(self, recipes):
        """Keep those rows; see `kneighbors`."""
        self.indices = indices_of(recipes)
        wanted = self.search.n_neighbors - 1
        found = min(wanted, len(self.indices) - 1)
        if found < wanted:
            self._warn(found, wanted)
        self.n_neighbors = max(found, 1) + 1
        if found:
            everyone = len(self.indices) == len(self.X)
            self.search.fit(self.X if everyone else self.X[self.indices])
        return self

    def kneighbors(self, recipes, return_distance=False):
        """Return, for some of the fitted rows, positions among them.

        Parameters
        ----------
        recipes : array of shape (n, 3)
        return_distance : bool, default=False
            Not an option here; imbalanced-learn says it, and it is False.

        Returns
        -------
        positions : array of shape (n, n_neighbors)
            The row's own position first.
        """
        chosen = indices_of(recipes)
        own = np.searchsorted(self.indices, chosen)
        if len(self.indices) == 1 or not len(chosen):
            return np.zeros((len(chosen), self.n_neighbors), dtype=np.intp)
        found = self.search.kneighbors(
            self.X[chosen], n_neighbors=self.n_neighbors, return_distance=False
        )
        return own_first(found, own)

    def _warn(self, found, wanted):
        labels = np.unique(self.y[self.indices]).tolist()
        who = f"class {labels[0]}" if len(labels) == 1 else f"classes {labels}"
        said = (
            f"{who}: one row, which can only be repeated; {wanted} neighbours are asked"
            if not found
            else f"{who}: {found + 1} rows, so {found} neighbours and not {wanted}"
        )
        warnings.warn(said, UserWarning, stacklevel=2)

"""Exact nearest neighbours among many long rows: quick candidates, then the truth."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_info, threadpool_limits

from fercompare.errors import DataError

SPARE = 8
BLOCK, MEASURED = 12_000_000, 250_000
"""How many numbers a block of products, and one of rows to measure, may hold."""
ROWS = 128
UNIT_ROUNDOFF = np.finfo(np.float32).eps / 2
UNDERFLOW = 1e-37


class ExactNeighbors(BaseEstimator):
    """The nearest rows by Euclidean distance, the lower index first where equal.

    A product of matrices in float32 finds candidates; their distances in float64 put
    them in order. Where the rounding of the product could have hidden a neighbour,
    every row that it might be is measured, so that the answer is exact. Blocks of rows
    are searched in as many threads as products of matrices may use; memory is that of
    one copy of the rows in float32 and of two blocks a thread.

    Parameters
    ----------
    n_neighbors : int, default=5

    Attributes
    ----------
    n_samples_fit_ : int
    n_features_in_ : int

    Notes
    -----
    imbalanced-learn takes the first neighbour of a row for the row itself. So that
    this holds whatever copies there are, each row is its own first neighbour, by its
    index, where the rows asked about are the fitted ones.

    Examples
    --------
    >>> rows = np.array([[0.0], [0.0], [1.0], [5.0]])
    >>> ExactNeighbors(2).fit(rows).kneighbors(rows, return_distance=False)
    array([[0, 1],
           [1, 0],
           [2, 0],
           [3, 2]])
    """

    def __init__(self, n_neighbors=5):
        self.n_neighbors = n_neighbors

    def fit(self, X, y=None):
        """Keep the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; whole ones stay as they are.
        y : ignored

        Returns
        -------
        self
        """
        if self.n_neighbors < 1:
            raise DataError(f"n_neighbors={self.n_neighbors} is less than 1")
        self._rows = X = validate_data(self, X)
        self.n_samples_fit_ = len(X)
        self._center = X.mean(axis=0, dtype=np.float64)
        parts = gen_batches(len(X), ROWS)
        spread = max(np.abs(X[part] - self._center).max() for part in parts)
        self._unit = spread if spread > 0 else 1.0
        self._short = self._shorten(X)
        self._half_norms = _half_norms(self._short).astype(np.float32)
        return self

    def kneighbors(self, X=None, n_neighbors=None, return_distance=True):
        """Return the nearest of the fitted rows.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), optional
            Without it the fitted rows are asked about and none is its own neighbour.
        n_neighbors : int, optional
        return_distance : bool, default=True

        Returns
        -------
        distances : array of shape (n_queries, n_neighbors)
            Left out if not asked for.
        indices : array of shape (n_queries, n_neighbors)
        """
        check_is_fitted(self)
        alone = X is None
        queries = self._rows if alone else validate_data(self, X, reset=False)
        k = (self.n_neighbors if n_neighbors is None else n_neighbors) + alone
        if not 0 < k <= self.n_samples_fit_:
            raise DataError(
                f"{k - alone} neighbours asked for among {self.n_samples_fit_} rows"
            )
        distances = np.empty((len(queries), k))
        indices = np.empty((len(queries), k), dtype=np.intp)
        n_rows = max(1, min(1024, BLOCK // self.n_samples_fit_))
        own = threading.local()

        def search(part):
            if not hasattr(own, "blocks"):
                shape = 2, n_rows, self.n_samples_fit_
                own.blocks = np.empty(shape, dtype=np.float32)
            found = self._nearest(queries[part], k, *own.blocks)
            distances[part], indices[part] = found

        n_threads = _n_threads()
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(search, gen_batches(len(queries), n_rows)))
        if alone or np.array_equal(queries, self._rows):
            indices = own_first(indices, np.arange(len(queries)))
        distances, indices = distances[:, int(alone) :], indices[:, int(alone) :]
        return (np.sqrt(distances), indices) if return_distance else indices

    def kneighbors_graph(self, X=None, n_neighbors=None, mode="connectivity"):
        """Return who is near whom, as a sparse matrix.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), optional
        n_neighbors : int, optional
        mode : {"connectivity", "distance"}, default="connectivity"

        Returns
        -------
        graph : sparse array of shape (n_queries, n_samples_fit_)
        """
        if mode not in ("connectivity", "distance"):
            raise DataError(f"mode={mode!r} is neither 'connectivity' nor 'distance'")
        distances, indices = self.kneighbors(X, n_neighbors)
        n, k = indices.shape
        values = distances if mode == "distance" else np.ones((n, k))
        starts = np.arange(0, n * k + 1, k)
        shape = n, self.n_samples_fit_
        return csr_array((values.ravel(), indices.ravel(), starts), shape=shape)

    def _nearest(self, queries, k, nearness, scratch):
        """Return squared distances and indices of the ``k`` nearest, in order.

        The last two are room for a number for each query and each fitted row.
        """
        short, n = self._shorten(queries), len(queries)
        nearness, scratch = nearness[:n], scratch[:n]
        np.matmul(short, self._short.T, out=nearness)
        np.subtract(self._half_norms, nearness, out=nearness)
        candidates, reach = _smallest(nearness, k + SPARE, scratch)
        squares, found = _ordered(self._measure(queries, candidates), candidates, k)
        if candidates.shape[1] == self.n_samples_fit_:
            return squares, found
        norms = _half_norms(short)
        farthest = squares[:, -1] / (2 * self._unit**2) - norms + self._error(norms)
        for row in np.flatnonzero(farthest >= reach):
            possible = np.flatnonzero(nearness[row] <= farthest[row])[None]
            measured = self._measure(queries[row : row + 1], possible)
            squares[row], found[row] = _ordered(measured, possible, k)
        return squares, found

    def _error(self, half_norms):
        """Return by how much the product may be wrong for queries of such norms."""
        longest, lengths = (
            np.sqrt(2.0 * self._half_norms.max()),
            np.sqrt(2 * half_norms),
        )
        n = self.n_features_in_
        of_product = (n + 8) * lengths * longest
        of_norms = 4 * (lengths**2 + longest**2)
        return UNIT_ROUNDOFF * (of_product + of_norms) + n * UNDERFLOW

    def _measure(self, queries, candidates):
        """Return squared distances in float64, ``(n_queries, n_candidates)``."""
        squares = np.empty(candidates.shape)
        n_features = self.n_features_in_
        wide = max(1, min(MEASURED // n_features, candidates.shape[1]))
        tall = max(1, MEASURED // (n_features * wide))
        apart = np.empty((tall, wide, n_features))
        for rows in gen_batches(len(queries), tall):
            ahead = queries[rows, None]
            for columns in gen_batches(candidates.shape[1], wide):
                near = self._rows[candidates[rows, columns]]
                part = apart[: near.shape[0], : near.shape[1]]
                np.subtract(near, ahead, out=part, dtype=np.float64)
                squares[rows, columns] = np.einsum("ijk,ijk->ij", part, part)
        return squares

    def _shorten(self, X):
        """Return rows in float32, about the center and from -1 to 1 where fitted."""
        short = np.empty(X.shape, dtype=np.float32)
        for part in gen_batches(len(X), ROWS):
            short[part] = (X[part] - self._center) / self._unit
        return short


def own_first(indices, own):
    """Return neighbours with each row itself put first.

    Parameters
    ----------
    indices : array of shape (n, k)
        Nearest first. Where a row has so many copies that it is not among its own
        neighbours, the last makes room.
    own : array of shape (n,)

    Returns
    -------
    indices : array of shape (n, k)

    Examples
    --------
    >>> own_first(np.array([[1, 0, 2], [3, 4, 5]]), np.array([0, 9]))
    array([[0, 1, 2],
           [9, 3, 4]])
    """
    others = indices != own[:, None]
    others[others.all(axis=1), -1] = False
    rest = indices[others].reshape(len(indices), indices.shape[1] - 1)
    return np.column_stack([own, rest])


def _smallest(numbers, k, scratch):
    """Return the columns of each row's ``k`` smallest, by index, and the largest."""
    n, width = numbers.shape
    if width <= k:
        return np.tile(np.arange(width), (n, 1)), numbers.max(axis=1)
    np.copyto(scratch, numbers)
    scratch.partition(k - 1, axis=1)
    reach = scratch[:, k - 1].copy()
    rows, columns = np.nonzero(numbers <= reach[:, None])
    starts = np.searchsorted(rows, np.arange(n + 1))
    smallest = columns[starts[:-1, None] + np.arange(k)]
    tied = np.diff(starts) > k  # so some of the first k may not be the smallest
    if tied.any():
        among = np.argpartition(numbers[tied], k - 1, axis=1)[:, :k]
        smallest[tied] = np.sort(among, axis=1)
    return smallest, reach


def _ordered(squares, candidates, k):
    """Return the ``k`` nearest in order; candidates come by index, and so stay."""
    order = np.argsort(squares, axis=1, kind="stable")[:, :k]
    return (
        np.take_along_axis(squares, order, axis=1),
        np.take_along_axis(candidates, order, axis=1),
    )


def _n_threads():
    """Return how many threads products of matrices may use here."""
    return max(
        (o["num_threads"] for o in threadpool_info() if o["user_api"] == "blas"),
        default=1,
    )


def _half_norms(short):
    return np.einsum("ij,ij->i", short, short, dtype=np.float64) / 2

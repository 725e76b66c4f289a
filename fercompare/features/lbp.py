"""Local binary patterns, with the codes of ``skimage.feature.local_binary_pattern``."""

from functools import lru_cache

import numpy as np

from fercompare.errors import DataError, look_up
from fercompare.features.base import ImageTransformer
from fercompare.features.grids import cell_histograms, check_at_least_one
from fercompare.features.patterns import STEPS, binary_patterns, neighbour_variances
from fercompare.images import LUMA, resolve_shape, to_grey

MOST_NEIGHBOURS = 31
LARGEST_RADIUS = 100
TABLE_BITS = 16
VARIANCE_BINS = 15


def _least_rotation(patterns, P):
    least = patterns
    for _ in range(P - 1):
        patterns = (patterns >> 1) | ((patterns & 1) << (P - 1))
        least = np.minimum(least, patterns)
    return least


def _uniform(patterns, P):
    return np.where(_changes(patterns, P) <= 2, _ones(patterns), P + 1)


def _unrotated_uniform(patterns, P):
    ones = _ones(patterns)
    first_one = _ones((patterns & -patterns) - 1)
    first_zero = _ones(patterns & ~(patterns + 1))
    turn = np.where(patterns & 1, ones - first_zero, P - first_one)
    codes = 1 + (ones - 1) * P + turn
    codes = np.where(ones == 0, 0, np.where(ones == P, P * (P - 1) + 1, codes))
    return np.where(_changes(patterns, P) <= 2, codes, P * (P - 1) + 2)


def _changes(patterns, P):
    return _ones((patterns ^ (patterns >> 1)) & ((1 << (P - 1)) - 1))


def _ones(patterns):
    return np.bitwise_count(patterns).astype(np.int64)


METHODS = {
    "default": lambda patterns, P: patterns,
    "ror": _least_rotation,
    "uniform": _uniform,
    "nri_uniform": _unrotated_uniform,
    "var": None,
}
"""Name of a method to its function from patterns of P bits to scikit-image's codes."""


def local_binary_codes(stack, P=8, R=1, method="default"):
    """Return the local binary code of every pixel.

    Takes all images at once; `LBP` takes thousands of them, a chunk at a time.

    Parameters
    ----------
    stack : array of shape (n, h, w)
        Grey images of uint8 or floats.
    P : int
        Number of neighbours, 1 to 31.
    R : float
        Radius of their circle in pixels, up to 100. Neighbours outside the image are
        black.
    method : {"default", "ror", "uniform", "nri_uniform", "var"}
        As in scikit-image. ``var`` is the neighbours' variance, NaN where it is 0.

    Returns
    -------
    codes : array of shape (n, h, w)
        int64, or float64 for ``var``.

    Examples
    --------
    >>> hill = np.array([[[1, 2, 1], [2, 9, 2], [1, 2, 1]]], np.uint8)
    >>> local_binary_codes(hill, P=4, method="uniform")[0]
    array([[2, 1, 2],
           [1, 0, 1],
           [2, 1, 2]])
    """
    _check(P, R, method)
    if method == "var":
        variances = neighbour_variances(stack, P, R)
        return np.where(variances == 0, np.nan, variances)
    patterns = binary_patterns(stack, P, R)
    if P <= TABLE_BITS:
        return np.take(_code_table(P, method), patterns)
    return METHODS[method](patterns.astype(np.int64), P)


def local_binary_bins(stack, P=8, R=1, method="uniform"):
    """Return the histogram bin of every pixel, and how many bins there are.

    Every code that can occur has a bin, in the order of the codes: 10 for ``uniform``
    with 8 neighbours, 59 for ``nri_uniform``, 36 for ``ror``, 256 for ``default``. For
    ``var`` there are 15: one for a variance below 1, then one for each doubling up to
    that of bytes, 2**14.

    Parameters
    ----------
    stack, P, R, method
        As for `local_binary_codes`; above 16 neighbours not ``default`` or ``ror``.

    Returns
    -------
    bins : int64 array of shape (n, h, w)
    n_bins : int

    Examples
    --------
    >>> local_binary_bins(np.zeros((1, 48, 48), np.uint8), method="nri_uniform")[1]
    59
    """
    _check(P, R, method)
    if method == "var":
        _, exponents = np.frexp(neighbour_variances(stack, P, R))
        return np.clip(exponents, 0, VARIANCE_BINS - 1), VARIANCE_BINS
    if P <= TABLE_BITS:
        table, n_bins = _bin_table(P, method)
        return np.take(table, binary_patterns(stack, P, R)), n_bins
    sizes = {"uniform": P + 2, "nri_uniform": P * (P - 1) + 3}
    if method not in sizes:
        raise DataError(
            f"a histogram of method {method!r} with P={P} has millions of bins",
            remedy=f"choose 'uniform', or P up to {TABLE_BITS}",
        )
    return local_binary_codes(stack, P, R, method), sizes[method]


def _check(P, R, method):
    look_up(method, METHODS, "LBP method")
    if not (1 <= P <= MOST_NEIGHBOURS and 1 / STEPS <= R <= LARGEST_RADIUS):
        raise DataError(
            f"{P} neighbours at a radius of {R} pixels",
            remedy=f"choose P from 1 to {MOST_NEIGHBOURS} and R above 0, "
            f"up to {LARGEST_RADIUS}",
        )


@lru_cache(maxsize=32)
def _code_table(P, method):
    return METHODS[method](np.arange(1 << P), P)


@lru_cache(maxsize=32)
def _bin_table(P, method):
    codes, bins = np.unique(_code_table(P, method), return_inverse=True)
    return bins, len(codes)


class LBP(ImageTransformer):
    """Histograms of local binary patterns over the cells of a grid.

    The codes are those of ``skimage.feature.local_binary_pattern``. Colour images are
    turned grey first. A grid finer than the image is cut down to one cell a pixel.

    Parameters
    ----------
    P : int or sequence of int, default=8
        Number of neighbours. Several, here or in ``R``, give the features of each pair
        of P and R, one after the other.
    R : float or sequence of float, default=1
        Radius of the circle of neighbours in pixels.
    method : {"default", "ror", "uniform", "nri_uniform", "var"}, default="uniform"
        `local_binary_bins` says which bins each method has.
    grid : pair of int, default=(8, 8)
        Rows and columns of cells, as even as the image allows. The histogram of each
        cell adds up to 1.
    sqrt : bool, default=False
        Take the square root of the histograms, which turns the Euclidean distance of
        two of them into Hellinger's.
    image_shape : tuple, default=None
        ``(h, w)`` or ``(h, w, 3)``; None for square grey images.
    n_jobs : int, default=None
        Threads, as in scikit-learn.

    Examples
    --------
    >>> faces = np.zeros((2, 48 * 48), np.uint8)
    >>> LBP().fit_transform(faces).shape
    (2, 640)
    >>> LBP(P=(8, 16), R=(1, 2), grid=(4, 4)).fit_transform(faces).shape
    (2, 448)
    """

    def __init__(
        self,
        *,
        P=8,
        R=1,
        method="uniform",
        grid=(8, 8),
        sqrt=False,
        image_shape=None,
        n_jobs=None,
    ):
        self.P = P
        self.R = R
        self.method = method
        self.grid = grid
        self.sqrt = sqrt
        self.image_shape = image_shape
        self.n_jobs = n_jobs

    def draw(self, row):
        """Return the codes of an image as a picture, from black to white.

        Where there are several circles, it shows the first.

        Parameters
        ----------
        row : array of shape (n_features_in,)
            One image.

        Returns
        -------
        picture : uint8 array of shape (h, w)
        """
        row = np.asarray(row)
        stack = row.reshape(1, *resolve_shape(row.size, self.image_shape))
        P, R = self._circles()[0]
        bins, n_bins = local_binary_bins(_grey(stack), P, R, self.method)
        return (bins[0] * 255 // max(n_bins - 1, 1)).astype(np.uint8)

    def _extract(self, stack):
        check_at_least_one(grid=self.grid)
        stack = _grey(stack)
        rows, columns = map(_even_parts, stack.shape[1:], self.grid)
        cells = np.add.outer(rows * (columns[-1] + 1), columns)
        sizes = np.bincount(cells.ravel())
        scales = []
        for P, R in self._circles():
            bins, n_bins = local_binary_bins(stack, P, R, self.method)
            counts = cell_histograms(bins, cells, n_bins, len(sizes))
            shares = counts / sizes[:, np.newaxis]
            scales.append(shares.reshape(len(stack), -1))
        features = np.hstack(scales)
        return np.sqrt(features) if self.sqrt else features

    def _circles(self):
        counts, radii = np.atleast_1d(self.P), np.atleast_1d(self.R)
        if len(counts) != len(radii) and 1 not in (len(counts), len(radii)):
            raise DataError(f"P={self.P}, R={self.R}", remedy="choose as many P as R")
        return [(int(P), float(R)) for P, R in np.broadcast(counts, radii)]


def _even_parts(length, n_parts):
    """Return the part of each of ``length`` pixels in a line of ``n_parts``."""
    n_parts = min(length, n_parts)
    return np.arange(length) * n_parts // length


def _grey(stack):
    if stack.ndim == 3:
        return stack
    if stack.dtype == np.uint8:
        return to_grey(stack)
    return stack @ (np.array(LUMA) / sum(LUMA))

"""Histograms over the cells of a grid, for a whole stack of images at once."""

import numpy as np

from fercompare.errors import DataError


def check_at_least_one(**sizes):
    """Refuse sizes and counts below 1.

    Examples
    --------
    >>> check_at_least_one(grid=(8, 0))
    Traceback (most recent call last):
        ...
    fercompare.errors.DataError: grid=(8, 0); choose at least 1
    """
    for name, size in sizes.items():
        if np.min(size) < 1:
            raise DataError(f"{name}={size}", remedy="choose at least 1")


def cell_histograms(bins, cells, n_bins, n_cells, weights=None):
    """Return how often each bin occurs in each cell of each image.

    Parameters
    ----------
    bins : int array of shape (n, h, w)
        The bin of every pixel.
    cells : int array of shape (h, w)
        The cell of every pixel, the same in all images; ``n_cells`` for a pixel that
        counts nowhere.
    n_bins, n_cells : int
    weights : float array of shape (n, h, w), optional
        What each pixel adds, instead of 1.

    Returns
    -------
    histograms : array of shape (n, n_cells, n_bins)
        Integers, or float64 where there are weights.

    Examples
    --------
    >>> bins = np.array([[[0, 1, 1, 1]]])
    >>> cell_histograms(bins, np.array([[0, 0, 1, 1]]), n_bins=2, n_cells=2)
    array([[[1, 1],
            [0, 2]]])
    """
    n, per_image = len(bins), (n_cells + 1) * n_bins
    index = np.add.outer(np.arange(n) * per_image, cells * n_bins)
    index += bins
    if weights is not None:
        weights = weights.ravel()
    counts = np.bincount(index.ravel(), weights, n * per_image)
    return counts.reshape(n, n_cells + 1, n_bins)[:, :n_cells]

"""Which part of the picture each column of a feature tells of."""

from typing import NamedTuple

import numpy as np
from sklearn.pipeline import FeatureUnion

from fercompare.features.hog import HOG
from fercompare.features.lbp import LBP, local_binary_bins


class Cells(NamedTuple):
    """The cells of a feature.

    Attributes
    ----------
    columns : int array of shape (n_features,)
        The cell that each column tells of.
    pixels : bool array of shape (n_cells, h, w)
        The pixels of each cell.
    """

    columns: np.ndarray
    pixels: np.ndarray


def cells_of(feature):
    """Return the cells of a fitted `HOG` or `LBP`, or of several side by side.

    Parameters
    ----------
    feature : estimator

    Returns
    -------
    cells : Cells or None
        None where the columns of the feature have no place in the picture.

    Examples
    --------
    >>> cells = cells_of(HOG(pixels_per_cell=(8, 8)).fit(np.zeros((1, 48 * 48))))
    >>> cells.columns.shape, cells.pixels.shape
    ((900,), (36, 48, 48))
    >>> cells.columns[[0, 9, 18]].tolist()
    [0, 1, 6]
    """
    if isinstance(feature, FeatureUnion):
        parts = [part for _, part in feature.transformer_list if part != "drop"]
        return _side_by_side([cells_of(part) for part in parts])
    if isinstance(feature, HOG):
        sizes = np.reshape(feature.pixels_per_cell, (-1, 2))
        return _side_by_side([_of_hog(feature, size) for size in sizes])
    if isinstance(feature, LBP):
        return _of_lbp(feature)
    return None


def _of_hog(feature, size):
    shape = np.array(feature.image_shape_[:2])
    size = np.minimum(size, shape)
    grid = shape // size
    numbers = np.arange(grid.prod()).reshape(grid)
    block = tuple(np.minimum(feature.cells_per_block, grid))
    blocks = np.lib.stride_tricks.sliding_window_view(numbers, block)
    columns = np.repeat(blocks.ravel(), feature.orientations)
    of_row, of_column = (np.arange(length) // side for length, side in zip(shape, size))
    return Cells(columns, _pixels(of_row, of_column, grid))


def _of_lbp(feature):
    shape = feature.image_shape_[:2]
    grid = np.minimum(feature.grid, shape)
    of_row, of_column = (
        np.arange(length) * parts // length for length, parts in zip(shape, grid)
    )
    numbers = np.arange(grid.prod())
    circles = np.broadcast(np.atleast_1d(feature.P), np.atleast_1d(feature.R))
    blank = np.zeros((1, 1, 1), np.uint8)
    bins = [local_binary_bins(blank, *one, feature.method)[1] for one in circles]
    columns = np.concatenate([np.repeat(numbers, n_bins) for n_bins in bins])
    return Cells(columns, _pixels(of_row, of_column, grid))


def _pixels(of_row, of_column, grid):
    """Return the pixels of each cell, from the cell that a row and a column is in."""
    rows = np.arange(grid[0])[:, np.newaxis] == of_row
    columns = np.arange(grid[1])[:, np.newaxis] == of_column
    pixels = rows[:, np.newaxis, :, np.newaxis] & columns[:, np.newaxis]
    return pixels.reshape(-1, len(of_row), len(of_column))


def _side_by_side(parts):
    if None in parts or not parts:
        return None
    starts = np.cumsum([0, *(len(part.pixels) for part in parts)])
    columns = [part.columns + start for part, start in zip(parts, starts)]
    return Cells(np.concatenate(columns), np.concatenate([p.pixels for p in parts]))

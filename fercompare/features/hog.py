"""Histograms of oriented gradients, with the numbers of ``skimage.feature.hog``.

Every pixel votes for the direction of its gradient. The votes are added up in cells,
and the cells are normalised in overlapping blocks.
"""

from itertools import product

import numpy as np

from fercompare.errors import look_up
from fercompare.features.base import ImageTransformer
from fercompare.features.grids import cell_histograms, check_at_least_one
from fercompare.features.votes import gradient_votes
from fercompare.images import resolve_shape

EPSILON = 1e-5
CLIP = 0.2


def _over_sum(blocks):
    blocks /= blocks.sum(axis=-1, keepdims=True) + EPSILON
    return blocks


def _over_length(blocks):
    squares = np.einsum("nrcf,nrcf->nrc", blocks, blocks)
    blocks /= np.sqrt(squares + EPSILON**2)[..., np.newaxis]
    return blocks


BLOCK_NORMS = {
    "L1": _over_sum,
    "L1-sqrt": lambda blocks: np.sqrt(_over_sum(blocks)),
    "L2": _over_length,
    "L2-Hys": lambda blocks: _over_length(np.minimum(_over_length(blocks), CLIP)),
}
"""Name of a block norm to its function of blocks ``(n, rows, columns, numbers)``."""


def hog(stack, *, cells_per_block=(2, 2), block_norm="L2-Hys", **options):
    """Return the histograms of oriented gradients of a stack of images.

    Takes all images at once; `HOG` takes thousands of them, a chunk at a time.

    Parameters
    ----------
    stack : array of shape (n, h, w) or (n, h, w, 3)
        Images of uint8 or floats.
    cells_per_block, block_norm
        As for `HOG`.
    **options
        As for `oriented_cells`.

    Returns
    -------
    features : float64 array of shape (n, n_features)
        In scikit-image's order: blocks by row and column, in each the cells by row and
        column, in each the orientations.

    Examples
    --------
    >>> hog(np.zeros((3, 48, 48), np.uint8), pixels_per_cell=(8, 8)).shape
    (3, 900)
    """
    normalise = look_up(block_norm, BLOCK_NORMS, "block norm")
    check_at_least_one(cells_per_block=cells_per_block)
    cells = oriented_cells(stack, **options)
    n, *grid, n_bins = cells.shape
    rows, columns = np.minimum(cells_per_block, grid)
    n_down, n_across = grid[0] - rows + 1, grid[1] - columns + 1
    blocks = np.empty((n, n_down, n_across, rows, columns, n_bins))
    for i, j in product(range(rows), range(columns)):
        blocks[:, :, :, i, j] = cells[:, i : i + n_down, j : j + n_across]
    return normalise(blocks.reshape(n, n_down, n_across, -1)).reshape(n, -1)


def oriented_cells(
    stack, *, orientations=9, pixels_per_cell=(6, 6), bilinear=False, **options
):
    """Return the mean vote of each cell for each direction, before any block norm.

    Parameters
    ----------
    stack : array of shape (n, h, w) or (n, h, w, 3)
    orientations, pixels_per_cell, bilinear
        As for `HOG`.
    **options
        ``transform_sqrt`` and ``signed``, as for `HOG`.

    Returns
    -------
    cells : float64 array of shape (n, cell rows, cell columns, orientations)

    Examples
    --------
    >>> edge = np.array([[[0, 0, 9, 9]] * 4], np.uint8)
    >>> oriented_cells(edge, orientations=2, pixels_per_cell=(4, 4))
    array([[[[4.5, 0. ]]]])
    """
    check_at_least_one(orientations=orientations, pixels_per_cell=pixels_per_cell)
    shape = stack.shape[1:3]
    sizes = np.minimum(pixels_per_cell, shape)
    grid = shape // sizes
    cells = np.zeros((len(stack), grid.prod(), orientations))
    votes = gradient_votes(stack, orientations, bilinear=bilinear, **options)
    by_row, by_column = map(_shares, shape, sizes, grid, (bilinear, bilinear))
    for (rows, of_row), (columns, of_column) in product(by_row, by_column):
        inside = np.logical_and.outer(rows >= 0, columns >= 0)
        places = np.where(inside, np.add.outer(rows * grid[1], columns), grid.prod())
        for bins, strengths in votes:
            if bilinear:
                strengths = strengths * np.outer(of_row, of_column)
            cells += cell_histograms(bins, places, orientations, grid.prod(), strengths)
    cells /= sizes.prod()
    return cells.reshape(len(stack), *grid, orientations)


def _shares(length, size, n_cells, bilinear):
    """Return pairs: the cell of each pixel or -1, the share it has of the pixel."""
    if not bilinear:
        cells = np.arange(length) // size
        return [(np.where(cells < n_cells, cells, -1), np.ones(length))]
    position = (np.arange(length) + 0.5) / size - 0.5
    lower = np.floor(position).astype(int)
    to_upper = position - lower
    upper = np.where(lower + 1 < n_cells, lower + 1, -1)
    return [(np.where(lower < n_cells, lower, -1), 1 - to_upper), (upper, to_upper)]


class HOG(ImageTransformer):
    """Histograms of oriented gradients (Dalal and Triggs, 2005).

    With scikit-image's options the numbers are those of ``skimage.feature.hog``.
    Parameters are named as there; ``signed``, ``bilinear`` and several cell sizes at
    once go beyond it. An image smaller than a cell is one cell, and a grid of cells
    smaller than a block is one block; a line of pixels is an image one pixel high.

    Parameters
    ----------
    orientations : int, default=9
        Directions that are told apart.
    pixels_per_cell : pair of int or sequence of pairs, default=(6, 6)
        Height and width of a cell. Several pairs give the features of each, one after
        the other. Pixels beyond the last whole cell are left out.
    cells_per_block : pair of int, default=(2, 2)
        Rows and columns of cells that are normalised together.
    block_norm : {"L1", "L1-sqrt", "L2", "L2-Hys"}, default="L2-Hys"
    transform_sqrt : bool, default=False
        Take the square root of the pixels first.
    image_shape : tuple, default=None
        ``(h, w)`` or ``(h, w, 3)``; None for square grey images.
    signed : bool, default=False
        Tell dark-to-light from light-to-dark: directions over 360 degrees, not 180.
    bilinear : bool, default=False
        Share every vote between the two nearest directions and the four nearest cells,
        as Dalal and Triggs do, so that features change smoothly with the image.
    n_jobs : int, default=None
        Threads, as in scikit-learn.

    Examples
    --------
    >>> faces = np.zeros((2, 48 * 48), np.uint8)
    >>> HOG().fit_transform(faces).shape
    (2, 1764)
    >>> HOG(pixels_per_cell=[(6, 6), (12, 12)]).fit_transform(faces).shape
    (2, 2088)
    """

    def __init__(
        self,
        *,
        orientations=9,
        pixels_per_cell=(6, 6),
        cells_per_block=(2, 2),
        block_norm="L2-Hys",
        transform_sqrt=False,
        image_shape=None,
        signed=False,
        bilinear=False,
        n_jobs=None,
    ):
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.block_norm = block_norm
        self.transform_sqrt = transform_sqrt
        self.image_shape = image_shape
        self.signed = signed
        self.bilinear = bilinear
        self.n_jobs = n_jobs

    def draw(self, row, size=16):
        """Return a picture of the cells: sticks along the edges that were found.

        Where there are several sizes of cells, it shows the first.

        Parameters
        ----------
        row : array of shape (n_features_in,)
            One image.
        size : int
            Side of a drawn cell in pixels.

        Returns
        -------
        picture : uint8 array of shape (cell rows * size, cell columns * size)
        """
        row = np.asarray(row)
        stack = row.reshape(1, *resolve_shape(row.size, self.image_shape))
        (cells,) = oriented_cells(stack, **self._cell_options()[0])
        period = 2 * np.pi if self.signed else np.pi
        angles = (np.arange(self.orientations) + 0.5) * period / self.orientations
        down, across = np.mgrid[:size, :size] - (size - 1) / 2
        off_edge = np.abs(
            np.multiply.outer(np.sin(angles), down)
            + np.multiply.outer(np.cos(angles), across)
        )
        sticks = np.clip(1.5 - off_edge, 0, 1) * (np.hypot(down, across) < size / 2)
        picture = np.einsum("rco,oyx->rycx", cells, sticks)
        if picture.any():
            picture *= 255 / picture.max()
        return np.round(picture).astype(np.uint8).reshape(-1, cells.shape[1] * size)

    def _extract(self, stack):
        of_blocks = {
            "cells_per_block": self.cells_per_block,
            "block_norm": self.block_norm,
        }
        scales = [hog(stack, **of_blocks, **scale) for scale in self._cell_options()]
        return np.hstack(scales)

    def _cell_options(self):
        several = np.ndim(self.pixels_per_cell) > 1
        return [
            {
                "orientations": self.orientations,
                "pixels_per_cell": sizes,
                "transform_sqrt": self.transform_sqrt,
                "signed": self.signed,
                "bilinear": self.bilinear,
            }
            for sizes in (self.pixels_per_cell if several else [self.pixels_per_cell])
        ]

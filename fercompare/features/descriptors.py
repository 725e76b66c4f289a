"""What SIFT says of a patch, at every place of a grid, for a stack of images."""

from itertools import product

import numpy as np

from fercompare.errors import DataError
from fercompare.features.grids import check_at_least_one
from fercompare.features.votes import gradient_votes

CELLS = 4
"""Cells along the side of a patch."""
FAINT = 10.0
"""Added to a patch's length in grey levels, so that only strong patches are clipped."""
CLIP = 0.2


def dense_descriptors(stack, *, cell=4, stride=2, orientations=8):
    """Return the descriptors of overlapping patches and where these lie.

    A patch has 4 x 4 cells, each a histogram of the directions of its gradients, to
    which a pixel adds the more the nearer it is. As in RootSIFT, the distance of two
    descriptors is Hellinger's, and a patch without any gradient is all zeros.

    Parameters
    ----------
    stack : array of shape (n, h, w) or (n, h, w, 3)
    cell : int
        Side of a cell in pixels, a multiple of ``stride``.
    stride : int
        Pixels from one patch to the next.
    orientations : int
        Directions that are told apart, over 360 degrees.

    Returns
    -------
    descriptors : float32 array of shape (n, n_patches, 16 * orientations)
    places : float32 array of shape (n_patches, 2)
        Centres of the patches, from -1 to 1 along the longer side of the image.

    Examples
    --------
    >>> descriptors, places = dense_descriptors(np.zeros((3, 48, 48), np.uint8))
    >>> descriptors.shape, places.shape
    ((3, 289, 128), (289, 2))
    """
    check_at_least_one(cell=cell, stride=stride, orientations=orientations)
    if cell % stride:
        raise DataError(
            f"cell={cell}, stride={stride}", remedy="choose a stride that divides it"
        )
    stack = _at_least(stack, CELLS * cell)
    sides = stack.shape[1:3]
    down, across = (np.arange(cell / 2, n - cell / 2 + 1e-6, stride) for n in sides)
    maps = _orientation_maps(stack, orientations)
    cells = _nearness(down, sides[0], cell) @ maps @ _nearness(across, sides[1], cell).T
    step = cell // stride
    n_down, n_across = (len(c) - (CELLS - 1) * step for c in (down, across))
    found = np.empty(
        (len(stack), n_down, n_across, CELLS, CELLS, orientations), np.float32
    )
    for i, j in product(range(CELLS), repeat=2):
        rows = slice(i * step, i * step + n_down)
        columns = slice(j * step, j * step + n_across)
        found[:, :, :, i, j] = cells[:, :, rows, columns].transpose(0, 2, 3, 1)
    found = found.reshape(len(stack), n_down * n_across, -1)
    to_centre = (CELLS - 1) * cell / 2
    places = np.stack(
        np.meshgrid(
            *(
                c[:m] + to_centre - n / 2
                for c, m, n in zip((down, across), (n_down, n_across), sides)
            ),
            indexing="ij",
        ),
        axis=-1,
    )
    places = places.reshape(-1, 2) * 2 / max(sides)
    return _normalised(found), places.astype(np.float32)


def _at_least(stack, side):
    """Return the images with their border repeated until they hold one patch."""
    lacking = [max(0, side - n) for n in stack.shape[1:3]]
    around = [(n // 2, n - n // 2) for n in lacking]
    unchanged = [(0, 0)] * (stack.ndim - 3)
    return np.pad(stack, [(0, 0), *around, *unchanged], mode="edge")


def _orientation_maps(stack, orientations):
    """Return for each direction an image of the votes for it, ``(n, o, h, w)``."""
    n, h, w = stack.shape[:3]
    maps = np.zeros((n, orientations, h, w), np.float32)
    image, row, column = np.ogrid[:n, :h, :w]
    for bins, strengths in gradient_votes(
        stack, orientations, signed=True, bilinear=True
    ):
        maps[image, bins, row, column] += strengths
    return maps


def _nearness(centres, length, cell):
    """Return how much each pixel counts for each cell along one side."""
    pixels = np.arange(length) + 0.5
    apart = np.abs(pixels - centres[:, np.newaxis])
    return np.maximum(1 - apart / cell, 0).astype(np.float32)


def _normalised(descriptors):
    squares = np.einsum("npd,npd->np", descriptors, descriptors)
    descriptors /= np.sqrt(squares + FAINT**2)[..., np.newaxis]
    np.minimum(descriptors, CLIP, out=descriptors)
    descriptors /= descriptors.sum(axis=-1, keepdims=True) + 1e-6
    return np.sqrt(descriptors, out=descriptors)

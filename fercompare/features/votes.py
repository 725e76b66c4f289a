"""The votes of pixels for the direction of their gradient.

In images of bytes a gradient is one of 511 x 511 pairs of whole numbers, so its
direction and strength are looked up in a table, and no angle is ever computed.
"""

from functools import lru_cache

import numpy as np

from fercompare.errors import DataError

SPAN = 511
"""Differences that two bytes can have, -255 to 255."""


def gradient_votes(
    stack, orientations, *, transform_sqrt=False, signed=False, bilinear=False
):
    """Return which directions each pixel votes for, and how strongly.

    Parameters
    ----------
    stack : array of shape (n, h, w) or (n, h, w, 3)
        Images of uint8 or floats. In colour, a pixel takes the gradient of the channel
        in which it is strongest. On the border the gradient is 0.
    orientations : int
        Number of bins.
    transform_sqrt, signed, bilinear : bool
        As in `fercompare.features.HOG`.

    Returns
    -------
    votes : list of (bins, strengths), each array of shape (n, h, w)
        One pair, or two where a bilinear vote is shared by two bins.

    Examples
    --------
    >>> edge = np.array([[[0, 5, 9]] * 3], np.uint8)
    >>> ((bins, strengths),) = gradient_votes(edge, orientations=4)
    >>> strengths[0]
    array([[0., 9., 0.],
           [0., 9., 0.],
           [0., 9., 0.]])
    """
    if transform_sqrt and stack.size and stack.min() < 0:
        raise DataError(
            f"transform_sqrt on pixels down to {stack.min()}",
            remedy="pass pixels of 0 or more, or transform_sqrt=False",
        )
    tabulated = stack.dtype == np.uint8 and not transform_sqrt
    if tabulated:
        stack = stack.astype(np.int32)
    elif stack.dtype != np.float32:
        stack = stack.astype(np.float64)
    down, across = _gradients(np.sqrt(stack) if transform_sqrt else stack)
    if not tabulated:
        return _directions(down, across, orientations, signed, bilinear)
    places = down
    places *= SPAN
    places += across
    places += SPAN * SPAN // 2
    tables = _direction_tables(orientations, signed, bilinear)
    return [(bins[places], strengths[places]) for bins, strengths in tables]


def _gradients(stack):
    """Return the differences down and across, each ``(n, h, w)``."""
    if stack.ndim == 3:
        return _differences(stack)
    best = None
    for channel in np.moveaxis(stack, -1, 0):
        down, across = _differences(channel)
        candidate = np.hypot(down, across), down, across
        if best is None:
            best = candidate
            continue
        stronger = candidate[0] > best[0]
        for kept, other in zip(best, candidate):
            np.copyto(kept, other, where=stronger)
    return best[1:]


def _differences(channel):
    down, across = np.zeros_like(channel), np.zeros_like(channel)
    np.subtract(channel[:, 2:], channel[:, :-2], out=down[:, 1:-1])
    np.subtract(channel[:, :, 2:], channel[:, :, :-2], out=across[:, :, 1:-1])
    return down, across


@lru_cache(maxsize=16)
def _direction_tables(orientations, signed, bilinear):
    """Return `_directions` of all differences of bytes, down by across, flat."""
    steps = np.arange(SPAN) - SPAN // 2
    down, across = np.repeat(steps, SPAN), np.tile(steps, SPAN)
    return _directions(down, across, orientations, signed, bilinear)


def _directions(down, across, orientations, signed, bilinear):
    """Return a list of pairs: bin of each gradient, strength of its vote for it."""
    down, across = down.astype(np.float64), across.astype(np.float64)
    period = 360 if signed else 180
    width = period / orientations
    degrees = np.rad2deg(np.arctan2(down, across))
    degrees += period * (degrees < 0)
    degrees -= period * (degrees >= period)
    strengths = np.hypot(down, across)
    if not bilinear:
        edges = width * np.arange(1, orientations)
        return [(np.searchsorted(edges, degrees, side="right"), strengths)]
    position = degrees / width - 0.5
    lower = np.floor(position)
    to_upper = position - lower
    lower = lower.astype(np.intp)
    return [
        (lower % orientations, strengths * (1 - to_upper)),
        ((lower + 1) % orientations, strengths * to_upper),
    ]

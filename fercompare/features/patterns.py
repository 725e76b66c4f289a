"""Which neighbours on a circle are at least as bright as the pixel in its middle.

A neighbour lies between four pixels. scikit-image interpolates it in floating point and
compares. Neighbours are placed to 5 decimals, so in images of bytes the difference is a
sum of whole numbers, and here its sign is found without rounding. Only where the sum is
0 does rounding decide in scikit-image; those few pixels are worked out again in its own
order of floating-point operations. NumPy rounds each of these alike on every machine,
while a compiler may fuse them and decide otherwise (scikit-image's issue 8198).
"""

import math
from collections import Counter
from functools import reduce

import numpy as np

STEPS = 10**5
"""Places between two pixels where a neighbour can lie."""
TIES_AT_ONCE = 2**15


class _Framed:
    """A stack in a frame of black, also as one line, in which a shift is a slice."""

    def __init__(self, stack, margin):
        self.pixels = np.pad(stack, ((0, 0), (margin, margin), (margin, margin)))
        self.height, self.width = stack.shape[1:]
        self.margin, self.stride = margin, self.width + 2 * margin
        self.first = margin * (self.stride + 1)
        self.length = self.pixels.size - 2 * self.first

    def window(self, row=0, column=0, of=None):
        """Return the pixels at a whole shift as ``(n, height, width)``."""
        top, left = self.margin + int(row), self.margin + int(column)
        framed = self.pixels if of is None else of.reshape(self.pixels.shape)
        return framed[:, top : top + self.height, left : left + self.width]

    def line(self, of, row=0, column=0):
        """Return the pixels at a whole shift as one line; the frame's are in it."""
        start = self.first + int(row) * self.stride + int(column)
        return of.reshape(-1)[start : start + self.length]


def binary_patterns(stack, P, R):
    """Return for every pixel the P bits of its neighbours, the first one lowest.

    Parameters
    ----------
    stack : array of shape (n, h, w)
        Grey images of uint8 or floats.
    P : int
        Number of neighbours.
    R : float
        Radius of the circle. Neighbours outside the image are black.

    Returns
    -------
    patterns : unsigned array of shape (n, h, w)

    Examples
    --------
    >>> hill = np.array([[[1, 2, 1], [2, 9, 2], [1, 2, 1]]], np.uint8)
    >>> binary_patterns(hill, P=4, R=1)[0]
    array([[ 9,  8, 12],
           [ 1,  0,  4],
           [ 3,  2,  6]], dtype=uint8)
    """
    framed = _Framed(stack, math.ceil(R))
    kind = np.min_scalar_type((1 << P) - 1)
    offsets = _offsets(P, R)
    if stack.dtype == np.uint8:
        return _patterns_of_bytes(framed, offsets, kind)
    patterns = np.zeros(stack.shape, kind)
    for texture in _textures(framed, offsets[::-1]):
        patterns += patterns
        patterns |= texture - framed.window() >= 0
    return patterns


def neighbour_variances(stack, P, R):
    """Return the variance of every pixel's neighbours, with scikit-image's rounding.

    Examples
    --------
    >>> hill = np.array([[[1, 2, 1], [2, 9, 6], [1, 2, 1]]], np.uint8)
    >>> neighbour_variances(hill, P=4, R=1)[0, 1, 1]
    np.float64(3.0)
    """
    total = squares = 0
    for texture in _textures(_Framed(stack, math.ceil(R)), _offsets(P, R)):
        total = total + texture
        squares = squares + texture * texture
    return (squares - total * total / P) / P


def _offsets(P, R):
    angles = 2 * np.pi * np.arange(P) / P
    rows, columns = np.round(-R * np.sin(angles), 5), np.round(R * np.cos(angles), 5)
    return list(zip(rows.tolist(), columns.tolist()))


def _textures(framed, offsets):
    """Yield the brightness of each neighbour of all pixels, in floating point."""
    rows = np.arange(framed.height)[:, np.newaxis]
    columns = np.arange(framed.width)
    for row, column in offsets:
        yield _interpolate(framed.window, rows, columns, row, column)


def _interpolate(pixels_at, rows, columns, row, column):
    """Interpolate neighbours by scikit-image's operations, in its order.

    ``(row, column)`` is the shift to the neighbour from the pixels at
    ``(rows, columns)``, and ``pixels_at`` returns the pixels at a whole shift.
    """
    down = (rows + row) - np.floor(rows + row)
    right = (columns + column) - np.floor(columns + column)
    top, bottom = np.floor(row), np.ceil(row)
    left, end = np.floor(column), np.ceil(column)
    upper = (1 - right) * pixels_at(top, left) + right * pixels_at(top, end)
    lower = (1 - right) * pixels_at(bottom, left) + right * pixels_at(bottom, end)
    return (1 - down) * upper + down * lower


def _patterns_of_bytes(framed, offsets, kind):
    patterns = np.zeros(framed.pixels.shape, kind)
    inside = np.zeros(framed.pixels.shape, bool)
    framed.window(of=inside)[...] = True
    line, inside = framed.line(patterns), framed.line(inside)
    ties = []
    for bits, tied in _comparisons(framed, offsets[::-1]):
        line += line
        line |= bits
        ties.append(np.flatnonzero(tied & inside) if tied is not None else [])
    _round_ties(framed, line, ties[::-1], offsets)
    return np.ascontiguousarray(framed.window(of=patterns))


def _comparisons(framed, offsets):
    """Yield for each neighbour the lines: not darker than the centre, just as bright.

    The second is None for a neighbour that is a pixel, where nothing is rounded.
    """
    small = {}

    def term(weight, kind, shift=(0, 0)):
        if kind is np.float64:
            return framed.line(framed.pixels, *shift) * kind(weight)
        if weight not in small:
            small[weight] = np.multiply(framed.pixels, weight, dtype=kind)
        return framed.line(small[weight], *shift)

    for row, column in offsets:
        if row.is_integer() and column.is_integer():
            neighbours = framed.line(framed.pixels, row, column)
            yield neighbours >= framed.line(framed.pixels), None
            continue
        weights, of_centre = _whole_weights(row, column)
        kind = np.int32 if 255 * of_centre < 2**31 else np.float64
        texture = reduce(np.add, (term(w, kind, s) for s, w in weights.items()))
        centre = term(of_centre, kind)
        yield texture >= centre, texture == centre


def _round_ties(framed, line, ties, offsets):
    """Take the bits out of ``line`` that floating point would not have set."""
    pixels = framed.pixels.reshape(-1)
    all_which = np.repeat(np.arange(len(ties)), [len(places) for places in ties])
    all_places = np.concatenate(ties).astype(np.intp)
    for start in range(0, len(all_places), TIES_AT_ONCE):
        places = all_places[start : start + TIES_AT_ONCE]
        which = all_which[start : start + TIES_AT_ONCE]
        centres = places + framed.first
        rows, columns = np.divmod(centres % framed.pixels[0].size, framed.stride)

        def pixels_at(row, column, centres=centres):
            return pixels[centres + (row * framed.stride + column).astype(np.intp)]

        inner = rows - framed.margin, columns - framed.margin
        texture = _interpolate(pixels_at, *inner, *np.array(offsets)[which].T)
        darker = texture - pixels[centres] < 0
        np.subtract.at(line, places[darker], (1 << which[darker]).astype(line.dtype))


def _whole_weights(row, column):
    """Return whole weights of pixels and of the centre that compare alike.

    Examples
    --------
    >>> weights, of_centre = _whole_weights(-0.70711, 0.70711)
    >>> weights
    {(-1, 0): 29289, (-1, 1): 70711, (0, 1): 29289}
    >>> of_centre
    129289
    """
    top, left = math.floor(row), math.floor(column)
    down, right = round((row - top) * STEPS), round((column - left) * STEPS)
    weights = Counter({(0, 0): -(STEPS**2)})
    for i, by_row in enumerate((STEPS - down, down)):
        for j, by_column in enumerate((STEPS - right, right)):
            weights[top + i, left + j] += by_row * by_column
    divisor = math.gcd(*weights.values())
    whole = {shift: w // divisor for shift, w in sorted(weights.items()) if w}
    return whole, -whole.pop((0, 0))

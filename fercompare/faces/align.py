"""From a face in a picture to an upright crop of one size."""

import math

import numpy as np

from fercompare.errors import DataError
from fercompare.images import to_grey

EYES_HEIGHT, EYES_APART = 0.38, 0.40
"""Where the eyes stand, in shares of the crop's side: as in FER2013's frames (medians
0.38 and 0.37), a little closer, where the network of the package is right most often.
"""
MOUTH_BELOW_EYES, ASIDE = 1.075, 0.8
"""In eye distances; below 0.8 of what the mouth says, a face looks aside."""
BOX_SIDE, BOX_DOWN = 0.9, -0.03
"""Of a crop around a box, in longer sides of the box."""
MARGIN = 0.0


def align(picture, face, image_shape=(48, 48), *, margin=MARGIN, level=True):
    """Return the face in a picture as a crop, eyes level and at fixed places.

    Parameters
    ----------
    picture : uint8 array of shape (h, w) or (h, w, 3)
    face : Face
    image_shape : tuple of int, default=(48, 48)
        ``(h, w)`` makes a grey crop, ``(h, w, 3)`` one in colour.
    margin : float, default=0.0
        What is added on every side, in shares of the crop without it; 0 frames a
        face as FER2013's pictures do, and a negative one cuts closer.
    level : bool, default=True
        Turn the eyes level; without, the crop stands as the picture does. Where the
        detector knows no points, it is a square around the box and stands so too.

    Returns
    -------
    crop : uint8 array of shape ``image_shape``

    Examples
    --------
    >>> from fercompare.faces.base import Face
    >>> picture = np.full((120, 160, 3), 90, np.uint8)
    >>> align(picture, Face((40, 20, 90, 80), 0.9), (48, 48)).shape
    (48, 48)
    """
    check_margin(margin)
    middle, side, turn = place(face, level=level)
    side *= 1 + 2 * margin
    return cut(picture, middle, side, turn, image_shape)


def check_margin(margin):
    """Refuse a margin that leaves nothing, or is no number."""
    if not -0.5 < margin < 100:
        raise DataError(f"margin={margin!r} is not above -0.5 and below 100")


def place(face, level=True):
    """Return the middle (x, y), the side and the turn in radians of a face's crop."""
    if face.points is None or not level:
        left, top, right, bottom = face.box
        middle = (left + right) / 2, (top + bottom) / 2 + BOX_DOWN * face.side
        return middle, BOX_SIDE * face.side, 0.0
    points = np.array(face.points)
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    turn = roll(face)
    apart = float(np.hypot(*(points[1] - points[0])))
    # a face that looks aside shows its eyes closer together, but is no smaller
    apart = max(apart, ASIDE * float(np.hypot(*(mouth - eyes))) / MOUTH_BELOW_EYES)
    side = max(apart / EYES_APART, 1e-3)
    down = (0.5 - EYES_HEIGHT) * side
    x, y = eyes.tolist()
    return (x - math.sin(turn) * down, y + math.cos(turn) * down), side, turn


def roll(face):
    """Return by how much a face is turned in the picture, in radians, clockwise.

    Examples
    --------
    >>> from fercompare.faces.base import Face
    >>> points = ((10, 10), (20, 20), (12, 20), (5, 20), (15, 30))
    >>> round(math.degrees(roll(Face((0, 0, 30, 40), 0.9, points))))
    45
    """
    (left_x, left_y), (right_x, right_y) = face.points[:2]
    return math.atan2(right_y - left_y, right_x - left_x)


def cut(picture, middle, side, turn, image_shape):
    """Return a turned square of a picture, antialiased; its border goes on outside.

    Parameters
    ----------
    picture : uint8 array of shape (h, w) or (h, w, 3)
    middle : tuple of float
        The (x, y) that the crop is around.
    side : float
        Pixels of the picture along the longer side of the crop.
    turn : float
        Radians, clockwise.
    image_shape : tuple of int
        ``(h, w)`` or ``(h, w, 3)``.
    """
    height, width = image_shape[:2]
    step = side / max(height, width)
    region, middle = _around(picture, middle, side * math.sqrt(2))
    region = _in_colors(region, len(image_shape) == 3)
    if (factor := int(step)) > 1:
        region, middle = _shrunk(region, middle, factor)
        step /= factor
    samples = 2 if step > 1 else 1
    grid = (height * samples, width * samples)
    taken = _sample(region, middle, step / samples, turn, grid)
    blocks = taken.reshape(height, samples, width, samples, *taken.shape[2:])
    return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)


def _around(picture, middle, side):
    """Return the part of a picture that a crop can reach, and its middle in that."""
    starts = []
    for axis in (0, 1):
        length = picture.shape[axis]
        place = middle[1 - axis]
        first = min(max(math.floor(place - side / 2) - 2, 0), length - 1)
        last = min(max(math.ceil(place + side / 2) + 2, first + 1), length)
        picture = picture[first:last] if axis == 0 else picture[:, first:last]
        starts.append(first)
    return picture, (middle[0] - starts[1], middle[1] - starts[0])


def _in_colors(picture, color):
    if picture.ndim == 3:
        return picture if color else to_grey(picture)
    return np.repeat(picture[:, :, np.newaxis], 3, axis=2) if color else picture


def _shrunk(picture, middle, factor):
    """Return a picture by the means of blocks of pixels, and the middle in it."""
    rows, columns = (-(-side // factor) for side in picture.shape[:2])
    missing = (rows * factor - picture.shape[0], columns * factor - picture.shape[1])
    around = [(0, missing[0]), (0, missing[1])] + [(0, 0)] * (picture.ndim - 2)
    whole = np.pad(picture, around, mode="edge")
    blocks = whole.reshape(rows, factor, columns, factor, *picture.shape[2:])
    small = blocks.mean(axis=(1, 3), dtype=np.float32)
    return small, tuple(value / factor for value in middle)


def _sample(picture, middle, step, turn, grid):
    """Return a grid of points between the pixels, which are squares from 0 to 1."""
    down, right = (np.arange(side, dtype=np.float32) - (side - 1) / 2 for side in grid)
    down, right = step * down[:, np.newaxis], step * right
    cos, sin = math.cos(turn), math.sin(turn)
    height, width = picture.shape[:2]
    x = np.clip(middle[0] - 0.5 + cos * right - sin * down, 0, width - 1)
    y = np.clip(middle[1] - 0.5 + sin * right + cos * down, 0, height - 1)
    x_low, y_low = x.astype(np.intp), y.astype(np.intp)
    x_high = np.minimum(x_low + 1, width - 1)
    step_down = width * (np.minimum(y_low + 1, height - 1) - y_low)
    pixels = picture.reshape(height * width, -1)
    first = width * y_low
    x_share = (x - x_low).astype(np.float32)[..., np.newaxis]
    y_share = (y - y_low).astype(np.float32)[..., np.newaxis]
    above = _between(pixels, first + x_low, first + x_high, x_share)
    first += step_down
    below = _between(pixels, first + x_low, first + x_high, x_share)
    taken = above + y_share * (below - above)
    return taken.reshape(*grid, *picture.shape[2:])


def _between(pixels, low, high, share):
    low, high = (pixels[places].astype(np.float32) for places in (low, high))
    return low + share * (high - low)

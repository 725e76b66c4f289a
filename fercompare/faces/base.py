"""A face in a picture, and what every detector of faces shares."""

from typing import NamedTuple

import numpy as np

from fercompare.decoding import fit
from fercompare.errors import DataError


class Face(NamedTuple):
    """Where a face is, in pixels of the picture.

    Attributes
    ----------
    box : tuple of float
        Left, top, right and bottom; may reach over the border.
    score : float
        How sure the detector is, 0 to 1.
    points : tuple of tuple of float, or None
        Five (x, y): the eye on the picture's left, the eye on its right, the nose, the
        mouth's left and right corner. None where the detector knows none.

    Examples
    --------
    >>> Face((10.0, 20.0, 50.0, 70.0), 0.9).side
    50.0
    """

    box: tuple
    score: float
    points: tuple | None = None

    @property
    def side(self):
        """The longer side of the box."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)

    def moved(self, scale, right=0.0, down=0.0):
        """Return the face in a picture that is ``scale`` times as large, and shifted.

        Examples
        --------
        >>> Face((1.0, 2.0, 3.0, 4.0), 0.9).moved(2, right=10).box
        (12.0, 4.0, 16.0, 8.0)
        """
        shift = (right, down)
        box = tuple(scale * v + shift[k % 2] for k, v in enumerate(self.box))
        if self.points is None:
            return self._replace(box=box)
        points = tuple((scale * x + right, scale * y + down) for x, y in self.points)
        return self._replace(box=box, points=points)

    def enlarged(self, share):
        """Return the face with a box whose sides are ``share`` as long.

        Examples
        --------
        >>> Face((0.0, 0.0, 10.0, 10.0), 0.9).enlarged(2).box
        (-5.0, -5.0, 15.0, 15.0)
        """
        left, top, right, bottom = self.box
        across, down = (
            (right - left) * (share - 1) / 2,
            (bottom - top) * (share - 1) / 2,
        )
        return self._replace(
            box=(left - across, top - down, right + across, bottom + down)
        )


class NotInstalled(DataError):
    """A detector that needs a package, or a file, which is not there."""


def check_picture(picture):
    """Return a picture as an array, or refuse what is none.

    Parameters
    ----------
    picture : uint8 array of shape (h, w) or (h, w, 3)
    """
    picture = np.asarray(picture)
    is_shape = picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)
    if picture.dtype != np.uint8 or not is_shape or not picture.size:
        raise DataError(
            f"an array of {picture.dtype} and shape {picture.shape} is no picture",
            remedy="pass uint8 of shape (h, w), or (h, w, 3) in red, green and blue",
        )
    return picture


def scaled(picture, scale):
    """Return a picture in another size, antialiased, at least one pixel wide."""
    if scale == 1:
        return picture
    shape = [max(1, round(side * scale)) for side in picture.shape[:2]]
    return fit(picture, shape, color=picture.ndim == 3)

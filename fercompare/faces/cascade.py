"""The detector that is always there: scikit-image's cascade of local binary patterns.

It suits one large upright face. It says yes or no, so every score is 1 and none can be
asked for.
"""

from functools import cache

import numpy as np

from fercompare.faces.base import Face, check_picture, scaled

LONG_SIDE = 320
SMALLEST, SHARE = 24, 1 / 8
SCALE_STEP, STRIDE = 1.2, 1.0
ENLARGED = 1.18
"""Its squares are smaller than the boxes of others (median of FER2013's frames)."""


class Cascade:
    """Finds upright faces of at least an eighth of the picture's long side.

    Parameters
    ----------
    long_side : int, default=320
        Larger pictures are searched at this size.

    Examples
    --------
    >>> import numpy as np
    >>> Cascade().detect(np.zeros((90, 120), np.uint8))
    []
    """

    name = "cascade"

    def __init__(self, long_side=LONG_SIDE):
        self.long_side = long_side
        _cascade()

    def detect(self, picture):
        """Return the faces in a picture, largest first.

        Parameters
        ----------
        picture : uint8 array of shape (h, w) or (h, w, 3)

        Returns
        -------
        faces : list of Face
        """
        picture = check_picture(picture)
        height, width = picture.shape[:2]
        scale = min(1.0, self.long_side / max(height, width))
        small = scaled(picture, scale)
        smallest = max(SMALLEST, round(SHARE * max(small.shape[:2])))
        largest = min(small.shape[:2])
        if largest < smallest:
            return []
        found = _cascade().detect_multi_scale(
            np.ascontiguousarray(small),
            scale_factor=SCALE_STEP,
            step_ratio=STRIDE,
            min_size=(smallest, smallest),
            max_size=(largest, largest),
        )
        faces = [_face(one).moved(1 / scale) for one in found]
        return sorted(faces, key=lambda face: -face.side)


def _face(found):
    left, top = float(found["c"]), float(found["r"])
    face = Face((left, top, left + found["width"], top + found["height"]), 1.0)
    return face.enlarged(ENLARGED)


@cache
def _cascade():
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade as OfSkimage

    return OfSkimage(lbp_frontal_face_cascade_filename())

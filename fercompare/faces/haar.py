"""OpenCV's Haar cascade of frontal faces, whose file lies in OpenCV 4's wheels."""

import threading
from pathlib import Path

import numpy as np

from fercompare.faces.base import Face, NotInstalled, check_picture, scaled
from fercompare.faces.opencv import import_cv2
from fercompare.images import to_grey

FILE = "haarcascade_frontalface_default.xml"
MIN_SCORE = 0.0
LONG_SIDE = 640
SCALE_STEP, NEIGHBOURS, SMALLEST = 1.1, 5, (24, 24)
ENLARGED = 1.09
"""Its squares are smaller than the boxes of others (median of FER2013's frames)."""


class Haar:
    """Finds upright faces that look into the camera; it knows no points.

    A score is 1 - 1 / n, where n windows around a face look like one; `NEIGHBOURS` of
    them are needed.

    Parameters
    ----------
    min_score : float, default=0
    long_side : int, default=640
        Larger pictures are searched at this size.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("cv2", exc_type=ImportError)
    >>> from skimage.data import astronaut
    >>> face = Haar().detect(astronaut())[0]
    >>> face.points is None, 0.7 < face.score < 1
    (True, True)
    """

    name = "haar"

    def __init__(self, min_score=None, long_side=LONG_SIDE):
        self.min_score = MIN_SCORE if min_score is None else min_score
        self.long_side = long_side
        cv2 = import_cv2("the detector 'haar'")
        if not hasattr(cv2, "CascadeClassifier") or not (path := _file(cv2)).is_file():
            raise NotInstalled(
                f"the detector 'haar' needs {FILE}, which OpenCV {cv2.__version__} "
                "has not",
                remedy="pip install 'opencv-python>=4.8,<5'",
            )
        self._cascade = cv2.CascadeClassifier(str(path))
        self._alone = threading.Lock()

    def detect(self, picture):
        """Return the faces in a picture, best score first.

        Parameters
        ----------
        picture : uint8 array of shape (h, w) or (h, w, 3)

        Returns
        -------
        faces : list of Face
        """
        picture = check_picture(picture)
        scale = min(1.0, self.long_side / max(picture.shape[:2]))
        small = scaled(picture, scale)
        small = np.ascontiguousarray(to_grey(small) if small.ndim == 3 else small)
        with self._alone:
            found, counts = self._cascade.detectMultiScale2(
                small, SCALE_STEP, NEIGHBOURS, minSize=SMALLEST
            )
        faces = [
            _face(box, count).moved(1 / scale) for box, count in zip(found, counts)
        ]
        faces = [face for face in faces if face.score >= self.min_score]
        return sorted(faces, key=lambda face: -face.score)


def _file(cv2):
    return Path(getattr(cv2, "data", cv2).__file__).parent / FILE


def _face(box, count):
    left, top, width, height = map(float, box)
    face = Face((left, top, left + width, top + height), 1 - 1 / float(count))
    return face.enlarged(ENLARGED)

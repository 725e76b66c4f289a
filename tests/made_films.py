"""Short films that tests write: a face that moves, two that cross, and nothing."""

import numpy as np
from skimage.data import astronaut

from fercompare.faces.opencv import import_cv2

FPS = 25
FACE = astronaut()[20:190, 140:310]
"""170 x 170; the face in it is 96 x 120."""


def face(side):
    """Return the face as a square picture with a side."""
    cv2 = import_cv2()
    return cv2.resize(FACE, (side, side), interpolation=cv2.INTER_AREA)


def write_film(path, pictures, fps=FPS, codec=None):
    """Write pictures (h, w, 3) in RGB as a film, and return its path."""
    cv2 = import_cv2()
    codec = codec or ("MJPG" if path.suffix == ".avi" else "mp4v")
    height, width = pictures[0].shape[:2]
    code = cv2.VideoWriter_fourcc(*codec)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, fps, (width, height))
    assert writer.isOpened()
    for picture in pictures:
        writer.write(np.ascontiguousarray(picture[..., ::-1]))
    writer.release()
    return path


def numbered(n, size=(64, 48)):
    """Return pictures that tell their own number by their brightness."""
    width, height = size
    levels = 20 + 200 * np.arange(n) // max(n - 1, 1)
    return [np.full((height, width, 3), level, np.uint8) for level in levels]


def noisy(n, size=(160, 120), seed=0):
    """Return pictures that cannot be written in few bytes."""
    width, height = size
    rng = np.random.default_rng(seed)
    return list(rng.integers(0, 256, (n, height, width, 3), dtype=np.uint8))


def with_faces(*places, size=(320, 240), side=110):
    """Return a picture with a face at each (left, top)."""
    width, height = size
    picture = np.full((height, width, 3), 96, np.uint8)
    for left, top in places:
        picture[top : top + side, left : left + side] = face(side)
    return picture


def moving_face(n=12, step=8):
    """Return pictures of one face that moves to the right."""
    return [with_faces((20 + step * k, 60)) for k in range(n)]

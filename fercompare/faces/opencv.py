"""OpenCV, where it is installed: it reads and writes films, and sees cameras."""

import os

from fercompare.faces.base import NotInstalled


def import_cv2(what="a film or a camera"):
    """Return the module ``cv2``, silenced, or raise what to install.

    Parameters
    ----------
    what : str, default="a film or a camera"
        That needs it.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("cv2", exc_type=ImportError)
    >>> import_cv2().__name__
    'cv2'
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        import cv2
    except ImportError as error:
        raise NotInstalled(
            f"{what} needs OpenCV, which is not installed or misses a library "
            f"({error})",
            remedy="pip install 'fercompare[faces]'",
        ) from error
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2

"""Pictures one after the other, from a film, a camera or a stream."""

import os
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fercompare.errors import DataError, printable
from fercompare.faces.opencv import import_cv2
from fercompare.faces.pace import Pace

SCHEMES = ("rtsp://", "rtsps://", "http://", "https://")
PLAYLISTS = (b"#EXTM3U", b"ffconcat")
SECONDS_TO_ANSWER = 5
SECONDS_BETWEEN_TRIES = 0.1
MOST_FAILED_READS = 1000


class Frame(NamedTuple):
    """One picture of a film.

    Attributes
    ----------
    number : int
        How many pictures were read before it: its place in the film from 0, unless
        some before it are missing from a damaged film.
    seconds : float
        Its time in the film, as the film says; since the start of a camera.
    picture : uint8 array of shape (h, w, 3)
        Red, green and blue.
    """

    number: int
    seconds: float
    picture: np.ndarray


class Film:
    """The pictures of a film, a camera or a stream, upright, one after the other.

    Iterating yields `Frame` after `Frame`. Of a damaged film it yields all that can
    be read and then raises; a camera or stream that stops is asked again for some
    seconds before that.

    Parameters
    ----------
    source : int, str or path
        Number of a camera, a film's file, or an address that starts with ``rtsp://``
        or ``http://``. An address that promises no number of frames is taken for a
        camera.
    patience : float, default=5.0
        Seconds for which a camera that gives nothing more is asked again.

    Attributes
    ----------
    fps : float
        Frames a second, as promised; 25 where nothing is.
    size : tuple of int
        Width and height.
    n_frames : int or None
        As promised; None for cameras and where it is unknown.
    is_live : bool
        Whether pictures that are not taken in time are gone.

    Raises
    ------
    DataError
        If there is no such film or camera, or while iterating, when it breaks.

    Examples
    --------
    >>> Film("nothing.mp4")
    Traceback (most recent call last):
        ...
    fercompare.errors.DataError: nothing.mp4: is no file of a film; ...
    """

    def __init__(self, source, *, patience=5.0):
        self.source, self.patience = _known(source), patience
        self._cv2 = import_cv2()
        self._reading = threading.Lock()
        self._closed = threading.Event()
        self._capture = self._open()
        if self._capture is None:
            raise self._will_not_open()
        self.fps = self._promised(self._cv2.CAP_PROP_FPS, 1000) or 25.0
        n_frames = self._promised(self._cv2.CAP_PROP_FRAME_COUNT, 1e9)
        is_file = isinstance(self.source, Path)
        self.n_frames = int(n_frames) if n_frames and not self._is_camera else None
        self.is_live = not is_file and self.n_frames is None
        self._ahead = self._read()
        if self._ahead is None:
            error = self._will_not_open()
            self.close()
            raise error
        self.size = self._ahead[0].shape[1::-1]

    def __iter__(self):
        """Yield every frame that can be read; raise where some are missing."""
        number, pace = 0, Pace(self.fps)
        started = time.monotonic()
        try:
            while (found := self._next(number)) is not None:
                picture, at = found
                if self.is_live:
                    at = time.monotonic() - started
                seconds = pace.note(at)
                yield Frame(number, seconds, picture)
                number += 1
        finally:
            self.close()
        if self.n_frames and pace.misses_some(self.n_frames):
            raise DataError(
                f"{pace.where()}: {number} of {self.n_frames} frames could be read",
                file=self.source,
                remedy="get the film again; what could be read was used",
            )

    def __enter__(self):
        """Return the film itself."""
        return self

    def __exit__(self, *_):
        """Let go of the device or file."""
        self.close()

    def close(self):
        """Let go of the device or file, from any thread; no frame comes after."""
        self._closed.set()
        with self._reading:
            self._ahead = None
            if self._capture is not None:
                self._capture.release()
                self._capture = None

    @property
    def _is_camera(self):
        return isinstance(self.source, int)

    def _next(self, number):
        found, self._ahead = self._ahead, None
        found = found or self._read()
        if found is None and not self._closed.is_set():
            return self._ask_again(number) if self.is_live else self._skip(number)
        return found

    def _read(self):
        """Return the next picture and its second, or None."""
        with self._reading:
            if self._capture is None:
                return None
            is_read, picture = self._capture.read()
            at = self._capture.get(self._cv2.CAP_PROP_POS_MSEC) / 1000
        if not is_read or picture is None:
            return None
        if picture.ndim == 2:
            return np.repeat(picture[..., np.newaxis], 3, axis=2), at
        return self._cv2.cvtColor(picture, self._cv2.COLOR_BGR2RGB), at

    def _skip(self, number):
        """Return the next picture behind a damaged place, or None at the end."""
        missing = (self.n_frames or number) - number
        for _ in range(min(missing, MOST_FAILED_READS)):
            if (found := self._read()) is not None:
                return found
        return None

    def _ask_again(self, number):
        """Return the next picture of a camera that stopped, or raise."""
        wait, until = SECONDS_BETWEEN_TRIES, time.monotonic() + self.patience
        while (left := until - time.monotonic()) > 0:
            if self._closed.wait(min(wait, left)):
                return None
            wait *= 2
            self._open_again()
            if (found := self._read()) is not None:
                return found
        raise DataError(
            f"gave no more pictures after frame {number - 1}, for {self.patience:g} s",
            file=self._name,
            remedy="look at its cable or connection, and start again",
        )

    def _open_again(self):
        with self._reading:
            if self._capture is not None:
                self._capture.release()
                self._capture = self._open() or self._capture

    def _open(self):
        """Return an opened capture, or None."""
        cv2 = self._cv2
        if self._is_camera:
            capture = cv2.VideoCapture(self.source)
        elif isinstance(self.source, Path):
            # an absolute path, as ffmpeg takes other names for protocols
            path = os.fspath(self.source.absolute())
            capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
        else:
            limit = 1000 * SECONDS_TO_ANSWER
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit]
            limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit]
            capture = cv2.VideoCapture(self.source, cv2.CAP_FFMPEG, limits)
        if capture.isOpened():
            return capture
        capture.release()
        return None

    def _promised(self, what, most):
        value = self._capture.get(what)
        return value if 0 < value <= most else None

    @property
    def _name(self):
        return f"camera {self.source}" if self._is_camera else self.source

    def _will_not_open(self):
        if self._is_camera:
            remedy = "plug it in, close what else uses it, or choose another number"
            return DataError("gives no picture", file=self._name, remedy=remedy)
        if isinstance(self.source, Path):
            remedy = "give a whole film, such as .mp4, .avi, .mkv or .webm"
            return DataError(
                "is no film that can be read", file=self.source, remedy=remedy
            )
        remedy = "look at the address in a browser or a video player"
        return DataError("gives no picture", file=self.source, remedy=remedy)


def _known(source):
    """Return a camera's number, a file's path or an address; refuse all else."""
    if isinstance(source, bool) or not isinstance(source, int | str | os.PathLike):
        raise DataError(f"{source!r} is neither a camera's number, a file nor a URL")
    if isinstance(source, int):
        if not 0 <= source < 100:
            raise DataError(f"there is no camera {source}", remedy="try 0")
        return source
    text = os.fspath(source)
    if isinstance(source, str) and text.lower().startswith(SCHEMES):
        if not text.isprintable() or " " in text:
            raise DataError(f"{printable(text)!r} is no address of a camera")
        return text
    path = Path(text)
    if not path.is_file():
        if text.isdecimal() and text.isascii() and len(text) < 3:
            return int(text)
        remedy = "give a film, the number of a camera (0) or an rtsp:// or http:// URL"
        raise DataError("is no file of a film", file=path, remedy=remedy)
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", file=path) from error
    if start.startswith(PLAYLISTS):
        remedy = "give one of the films that it names"
        raise DataError("is a list of films, not a film", file=path, remedy=remedy)
    return path

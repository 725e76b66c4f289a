"""What a model sees in the faces of one frame after the other."""

import math
from typing import NamedTuple

import numpy as np

from fercompare.errors import DataError
from fercompare.faces.base import Face, NotInstalled
from fercompare.faces.detectors import make_detector
from fercompare.faces.tracking import Tracker

UNSURE = "unsure"
QUICK = "retinaface(long_side=640,precise=False)"


class Sighting(NamedTuple):
    """One face in one frame.

    Attributes
    ----------
    identity : int
        The same for the same face in other frames.
    face : Face
    probabilities : float32 array of shape (n_classes,)
        Smoothed over time.
    emotion : str
        The likeliest class, or "unsure".
    speed : tuple of float
        Right and down, in pixels a second.
    seconds : float
        When the frame was.

    Examples
    --------
    >>> face = Face((0.0, 0.0, 9.0, 9.0), 0.9)
    >>> seen = Sighting(1, face, np.ones(1), "happy", speed=(10.0, 0.0), seconds=2.0)
    >>> seen.at(2.5).face.box
    (5.0, 0.0, 14.0, 9.0)
    """

    identity: int
    face: Face
    probabilities: np.ndarray
    emotion: str
    speed: tuple
    seconds: float

    def at(self, seconds):
        """Return the sighting moved on to where the face should be at another time."""
        right, down = (speed * (seconds - self.seconds) for speed in self.speed)
        return self._replace(face=self.face.moved(1, right, down), seconds=seconds)


class Watcher:
    """Detects the faces of frame after frame, follows them and asks a model.

    Parameters
    ----------
    recognizer : Recognizer
    detector : object
        From `make_detector`.
    smooth : float, default=0.3
        Seconds after which what was seen before weighs 1/e of what it did; 0 keeps
        each frame's own probabilities. It does not depend on the frames a second.
    abstain : float, default=0.0
        A face whose likeliest class has a smaller probability is "unsure".
    patience : float, default=0.5
        Seconds for which a face may be missed and still be the same.

    Examples
    --------
    >>> from fercompare.faces.films import Frame
    >>> from fercompare.faces.recognition import Recognizer
    >>> from skimage.data import astronaut
    >>> watcher = Watcher(Recognizer(), make_detector("cascade"))
    >>> seen, *_ = watcher.see(Frame(0, 0.0, astronaut()))
    >>> seen.identity, len(seen.probabilities)
    (1, 7)
    """

    def __init__(self, recognizer, detector, *, smooth=0.3, abstain=0.0, patience=0.5):
        if not smooth >= 0:
            raise DataError(f"smooth={smooth!r} is no number of seconds from 0 on")
        if not 0 <= abstain <= 1:
            raise DataError(f"abstain={abstain!r} is no probability from 0 to 1")
        self.recognizer, self.detector = recognizer, detector
        self.smooth, self.abstain = smooth, abstain
        self.classes = tuple(recognizer.classes)
        self._tracker = Tracker(patience)
        self._held = {}

    @property
    def n_identities(self):
        """How many faces were told apart so far."""
        return self._tracker.n_identities

    def warm_up(self, size):
        """Look at nothing once, as the first look of a network takes longest.

        Parameters
        ----------
        size : tuple of int
            Width and height of the frames to come.
        """
        blank = np.zeros((*size[::-1], 3), np.uint8)
        self.detector.detect(blank)
        self.recognizer.look(blank, [Face((0.0, 0.0, *map(float, size)), 1.0)])

    def see(self, frame):
        """Return a `Sighting` for each face of the next frame, the oldest first.

        Parameters
        ----------
        frame : Frame
        """
        return self.know(frame, self.find(frame))

    def find(self, frame):
        """Return the faces of a frame; what `see` does first, of any frame."""
        return self.detector.detect(frame.picture)

    def know(self, frame, faces):
        """Return a `Sighting` for each of the faces found in the next frame."""
        rows = self.recognizer.look(frame.picture, faces)
        tracks = self._tracker.follow([face.box for face in faces], frame.seconds)
        seen = [
            self._sighting(track, face, row, frame.seconds)
            for track, face, row in zip(tracks, faces, rows)
        ]
        self._forget(frame.seconds)
        return sorted(seen, key=lambda sighting: sighting.identity)

    def _sighting(self, track, face, row, seconds):
        row = self._smoothed(track.identity, row, seconds)
        likeliest = int(row.argmax())
        is_sure = row[likeliest] >= self.abstain
        speed = (0.0, 0.0) if track.speed is None else tuple(track.speed.tolist())
        return Sighting(
            track.identity,
            face,
            row,
            self.classes[likeliest] if is_sure else UNSURE,
            speed,
            seconds,
        )

    def _smoothed(self, identity, row, seconds):
        before = self._held.get(identity)
        if before is not None and self.smooth:
            share = -math.expm1((before[0] - seconds) / self.smooth)
            row = before[1] + np.float32(share) * (row - before[1])
        self._held[identity] = seconds, row
        return row

    def _forget(self, seconds):
        """Drop those that will not be met again, so that days of film fit."""
        oldest = seconds - self._tracker.patience
        self._held = {k: held for k, held in self._held.items() if held[0] >= oldest}


def make_quick_detector():
    """Return the best detector that keeps up with a camera.

    It is RetinaFace without its second look, which costs as much again for each face
    and finds the eyes more exactly, or the best of the others.

    Examples
    --------
    >>> make_quick_detector().long_side <= 640
    True
    """
    try:
        return make_detector(QUICK)
    except NotInstalled:
        return make_detector(long_side=640)

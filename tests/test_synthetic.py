"""The drawn faces: the same everywhere, FER2013's shares, and worth classifying."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from fercompare.datasets.synthetic import FER2013_TRAINING, load_synthetic
from fercompare.errors import DataError

GOLDEN = {
    (300, 0, 48): "24266bcb58f771450097ef7cb97e03b5bd54d7eafa480da14b2982a8746948cd",
    (64, 3, 33): "de91158a36f7d3b921d9391829c2ec807057df4c3a3cbaa7ba9a7764609d3957",
}
"""(n, seed, size): SHA-256 of the pixels. A change here changes published results."""

HASH = """
import hashlib
from fercompare.datasets.synthetic import load_synthetic
print(hashlib.sha256(load_synthetic({}, seed={}, size={}).X).hexdigest())
"""


@pytest.fixture(scope="module")
def faces():
    return load_synthetic(1000)


def standardised(images):
    rows = images.reshape(len(images), -1).astype(float)
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / rows.std(axis=1, keepdims=True)


@pytest.mark.parametrize(("asked", "expected"), GOLDEN.items())
def test_the_bytes_are_those_published(asked, expected):
    n, seed, size = asked
    X = load_synthetic(n, seed=seed, size=size).X
    assert hashlib.sha256(X).hexdigest() == expected


def test_the_bytes_do_not_depend_on_the_processor():
    extensions = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    plain = os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(extensions)}
    asked, expected = next(iter(GOLDEN.items()))
    command = [sys.executable, "-c", HASH.format(*asked)]
    child = subprocess.run(
        command, env=plain, capture_output=True, text=True, check=True
    )
    assert child.stdout.strip() == expected


def test_a_seed_is_a_set_of_people(faces):
    again, other = load_synthetic(1000), load_synthetic(1000, seed=1)
    assert again.fingerprint == faces.fingerprint
    assert not (other.X == faces.X).all(axis=1).any()
    assert (other.y != faces.y).any()


def test_no_picture_is_there_twice(faces):
    assert len(np.unique(faces.X, axis=0)) == len(faces)


@pytest.mark.parametrize("n", [1000, 1001, 2345])
def test_every_part_has_the_class_shares_of_fer2013(n):
    faces = load_synthetic(n, size=24)
    assert faces.part_sizes() == {
        "train": n - n // 10 - n // 5,
        "val": n // 10,
        "test": n // 5,
    }
    shares = np.array(FER2013_TRAINING) / sum(FER2013_TRAINING)
    for part, size in faces.part_sizes().items():
        counts = np.bincount(faces.part(part).y, minlength=7)
        assert (np.abs(counts - shares * size) < 1).all()
        assert counts.min() > 0


def test_a_small_set_trains_and_tests_on_every_class():
    faces = load_synthetic(50)
    assert set(faces.part("train").y) == set(faces.part("test").y) == set(range(7))


def test_nobody_is_in_two_parts(faces):
    people = [set(faces.part(part).groups) for part in ("train", "val", "test")]
    assert sum(map(len, people)) == len(set.union(*people)) == len(set(faces.groups))
    assert np.unique(faces.groups, return_counts=True)[1].max() <= 40


def test_the_label_is_what_most_viewers_said(faces):
    votes = faces.votes
    assert votes.dtype == np.float32
    np.testing.assert_allclose(votes.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(votes * 10, np.round(votes * 10), atol=1e-5)
    second, first = np.sort(votes, axis=1)[:, -2:].T
    assert (first > second + 0.05).all()
    np.testing.assert_array_equal(votes.argmax(axis=1), faces.y)
    assert 0.2 < (second >= 0.15).mean() < 0.5


def test_no_picture_is_blank_or_clipped(faces):
    assert faces.X.std(axis=1).min() > 10
    assert np.isin(faces.X, (0, 255)).mean(axis=1).max() < 0.6
    assert np.isin(faces.X, (0, 255)).mean() < 0.1


def edges(images):
    """How much the greys change in each 4 x 4 square, down and across."""
    grey = images.astype(float)
    changes = [np.abs(np.diff(grey, axis=axis, append=0)) for axis in (1, 2)]
    squares = [c.reshape(-1, 12, 4, 12, 4).mean(axis=(2, 4)) for c in changes]
    return np.stack(squares, axis=1).reshape(len(images), -1) / grey.std()


def test_every_emotion_can_be_told_from_the_others(faces):
    others = load_synthetic(1000, seed=1)
    known, seen = edges(faces.images), edges(others.images)
    middle, spread = known.mean(axis=0), known.std(axis=0)
    known, seen = (known - middle) / spread, (seen - middle) / spread
    means = np.stack([known[faces.y == k].mean(axis=0) for k in range(7)])
    named = ((seen[:, np.newaxis] - means) ** 2).sum(axis=2).argmin(axis=1)
    recalls = [np.mean(named[others.y == k] == k) for k in range(7)]
    assert np.mean(recalls) > 0.35
    assert min(recalls) > 0.2


def test_a_person_is_more_alike_than_two(faces):
    pixels = standardised(faces.images)
    alike = pixels @ pixels.T / pixels.shape[1]
    same = faces.groups[:, np.newaxis] == faces.groups
    np.fill_diagonal(same, False)
    assert alike[same].mean() > alike[~same].mean() + 0.1


def test_a_larger_picture_shows_the_same_face():
    small, large = load_synthetic(50, size=48), load_synthetic(50, size=96)
    pooled = large.images.reshape(50, 48, 2, 48, 2).mean(axis=(2, 4))
    likeness = (standardised(small.images) * standardised(pooled)).mean(axis=1)
    assert likeness.min() > 0.8


def test_the_columns_say_how_each_face_was_seen(faces):
    assert set(faces.columns) == {"age", "cover", "intensity", "light", "yaw"}
    assert set(faces.columns["cover"]) == {"none", "hand", "mask", "sunglasses"}
    right = faces.columns["light"] > 0.1
    left = faces.columns["light"] < -0.1
    halves = faces.images.reshape(-1, 48, 2, 24).mean(axis=(1, 3))
    lean = halves[:, 1] - halves[:, 0]
    assert lean[right].mean() > lean[left].mean() + 10


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"n": 49}, "50 or more"),
        ({"n": 100.0}, "whole number"),
        ({"n": 100, "size": 16}, "24 to 256"),
        ({"n": 100, "size": 257}, "24 to 256"),
        ({"n": 100, "seed": None}, "whole number"),
        ({"n": 100, "seed": True}, "whole number"),
    ],
)
def test_what_cannot_be_drawn_is_refused(asked, named):
    with pytest.raises(DataError, match=named):
        load_synthetic(**asked)

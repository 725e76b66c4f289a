"""Copies of rare images: what changes, what stays, and how many there are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fercompare import load_dataset, make_model, rebalance, run_benchmark
from fercompare.balancing.image_copies import ImageCopies
from fercompare.errors import DataError

STILL = {
    "mirror": False,
    "rotation": 0,
    "translation": 0,
    "scale": 0,
    "brightness": 0,
    "contrast": 0,
}
"""No change at all."""


@pytest.fixture(scope="module")
def faces():
    return load_dataset("synthetic", n=120, image_shape=(24, 24)).part("train")


def copies(X, y, **options):
    """Return the sampler and the rows it made with their parents."""
    sampler = ImageCopies(**{"random_state": 0} | options)
    rows, labels = sampler.fit_resample(X, y)
    made = np.arange(len(X), len(rows))
    return sampler, rows, labels, rows[made], X[sampler.parent_indices_[made]]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=2, max_size=4), st.integers(0, 99))
def test_every_class_is_as_large_and_every_parent_as_busy(counts, seed):
    y = np.repeat(np.arange(len(counts)), counts)
    X = np.random.default_rng(seed).integers(0, 256, (len(y), 16), dtype=np.uint8)
    sampler, rows, labels, *_ = copies(X, y, random_state=seed)
    assert rows.dtype == np.uint8
    assert (np.bincount(labels) == max(counts)).all()
    assert np.array_equal(rows[: len(X)], X), "the real rows come first, as they were"
    assert np.array_equal(labels, y[sampler.parent_indices_])
    children = np.bincount(sampler.parent_indices_, minlength=len(X))
    for label in range(len(counts)):
        of_class = children[y == label]
        assert of_class.max() - of_class.min() <= 1


def test_without_changes_copies_are_copies_and_a_mirror_mirrors(faces):
    *_, made, parents = copies(faces.X, faces.y, **STILL)
    assert np.array_equal(made, parents)
    *_, made, parents = copies(faces.X, faces.y, **STILL | {"mirror": True})
    mirrored = parents.reshape(-1, 24, 24)[:, :, ::-1].reshape(len(parents), -1)
    is_same, is_mirrored = (made == parents).all(1), (made == mirrored).all(1)
    assert (is_same | is_mirrored).all()
    assert 0.3 < is_mirrored.mean() < 0.7


def spot(**options):
    """Return where the bright spot of copies of one image lies, ``(n, 2)``."""
    image = np.zeros((1, 41, 41), np.uint8)
    image[0, 18:23, 30:35] = 200
    X = np.concatenate([image.reshape(1, -1), np.zeros((200, 41 * 41), np.uint8)])
    y = np.array([0] + [1] * 200)
    *_, made, _ = copies(X, y, **STILL | options)
    made = made.reshape(-1, 41, 41).astype(float)
    down, across = np.indices((41, 41)) - 20
    weight = made.sum(axis=(1, 2))
    return (
        np.stack([(made * down).sum((1, 2)), (made * across).sum((1, 2))], 1)
        / (weight[:, np.newaxis])
    )


def test_turning_moving_and_scaling_go_as_far_as_they_are_asked_to():
    angles = np.degrees(np.arctan2(*spot(rotation=10).T))
    assert -10.3 < angles.min() < -9
    assert 9 < angles.max() < 10.3
    moved = spot(translation=0.1) - [0, 12]
    assert np.allclose(np.abs(moved).max(axis=0), 4.1, atol=0.2)
    larger = np.linalg.norm(spot(scale=0.1), axis=1) / 12
    assert 0.99 < larger.min() < 1.02
    assert 1.09 < larger.max() < 1.13


def test_light_goes_as_far_as_it_is_asked_to():
    X = np.tile(np.uint8([100, 150]), (60, 8))
    y = np.array([0] * 5 + [1] * 55)
    *_, made, _ = copies(X, y, **STILL | {"brightness": 0.1})
    change = made.astype(int) - X[0]
    assert (change[:, :1] == change).all()
    assert 22 <= change.max() <= 26
    assert -26 <= change.min() <= -22
    *_, made, _ = copies(X, y, **STILL | {"contrast": 0.2})
    spread = made.max(axis=1).astype(int) - made.min(axis=1)
    assert 40 <= spread.min() < spread.max() <= 60
    *_, made, _ = copies(X + 105, y, **STILL | {"brightness": 0.5})
    assert made.max() == 255, "white stays white"


def test_colour_lines_of_pixels_and_floats_are_images_too(faces):
    rng = np.random.default_rng(0)
    y = np.array([0] * 4 + [1] * 12)
    X = rng.integers(0, 256, (16, 6 * 8 * 3), dtype=np.uint8)
    *_, made, parents = copies(X, y, image_shape=(6, 8, 3), **STILL | {"mirror": True})
    mirrored = parents.reshape(-1, 6, 8, 3)[:, :, ::-1].reshape(len(parents), -1)
    assert ((made == parents).all(1) | (made == mirrored).all(1)).all()
    assert copies(X[:, :7], y)[1].shape == (24, 7)
    assert copies(X[:, :9].astype(np.float32), y)[1].dtype == np.float32
    with pytest.raises(DataError, match="not images of shape"):
        copies(X, y, image_shape=(5, 5))
    with pytest.raises(DataError, match="rotation=200 of the copies"):
        copies(X, y, rotation=200)


def test_the_seed_says_what_is_drawn_and_the_report_what_is_real(faces):
    (one, rows, labels, *_), (_, again, *_) = (copies(faces.X, faces.y) for _ in "ab")
    assert np.array_equal(rows, again)
    assert not np.array_equal(rows, copies(faces.X, faces.y, random_state=1)[1])
    for label, n in one.report_.rows.items():
        assert n["before"] == n["real"] == np.sum(faces.y == label)
        assert n["after"] == np.sum(labels == label)
    half = copies(faces.X, faces.y, sampling_strategy=0.5)[2]
    assert np.bincount(half).min() == np.bincount(faces.y).max() // 2


def test_it_stands_in_front_of_every_model(faces, tmp_path):
    model = rebalance(make_model("hog+svm", image_shape=(24, 24)), "augment")
    assert [name for name, _ in model.steps] == ["balance", "hog", "scale", "svm"]
    assert model.steps[0][1].image_shape == (24, 24)
    own = rebalance(make_model("hog+svm"), ImageCopies(random_state=0))
    assert own.steps[0][0] == "balance"
    whole = load_dataset("synthetic", n=200, image_shape=(24, 24))
    (outcome,) = run_benchmark(
        {"f": whole}, ["pixels+linear-svm"], ["augment"], 1, store=tmp_path
    )
    balancing = outcome.facts["balancing"]
    assert balancing["strategy_step"] == "ImageCopies"
    assert set(balancing["rows"]) <= set(whole.classes)
    assert len({n["after"] for n in balancing["rows"].values()}) == 1
    counts = outcome.facts["data"]["training_counts"]
    assert {name: n["before"] for name, n in balancing["rows"].items()} == counts

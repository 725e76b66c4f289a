"""Copies: found as a person would find them, and dealt with where it is safe."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from scipy.ndimage import gaussian_filter

from fercompare.datasets.base import Dataset
from fercompare.datasets.copies import (
    copy_groups,
    exact_copies,
    leak_free,
    near_copies,
    resolve_duplicates,
)
from fercompare.datasets.synthetic import load_synthetic
from fercompare.errors import DataError, UnknownName

RIM = 4


def pictures(n, seed=0, side=48):
    """Return ``n`` unrelated pictures with structure of every size, and a rim."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n, side + 2 * RIM, side + 2 * RIM))
    layers = [gaussian_filter(noise, (0, s, s)) * s for s in (1, 2, 4, 8)]
    drawn = np.sum(layers, axis=0)
    drawn -= drawn.min(axis=(1, 2), keepdims=True)
    return np.round(drawn * (255 / drawn.max(axis=(1, 2), keepdims=True)))


def crop(picture, down=0, right=0):
    side = len(picture) - 2 * RIM
    top, left = RIM + down, RIM + right
    return picture[top : top + side, left : left + side]


def jpeg(picture, quality=25):
    stream = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def watermark(picture):
    marked = picture.copy()
    marked[20:26, 4:40:3] = 255 - marked[20:26, 4:40:3]
    return marked


EDITS = {
    "darker": lambda picture: crop(picture) * 0.5,
    "flatter": lambda picture: crop(picture) * 0.3 + 120,
    "clipped": lambda picture: np.clip(crop(picture) * 1.5 - 60, 0, 255),
    "compressed": lambda picture: jpeg(crop(picture)),
    "noisy": lambda picture: np.clip(crop(picture) + noise(4), 0, 255),
    "marked": lambda picture: watermark(crop(picture)),
    "cropped": lambda picture: crop(picture, 2, -1),
    "cropped far": lambda picture: crop(picture, -3, 3),
    "darker, cropped, compressed": lambda picture: jpeg(crop(picture, 1, 2) * 0.6),
}


def noise(scale):
    return np.random.default_rng(1).normal(0, scale, (48, 48))


def rows(images):
    images = list(images)
    return np.round(np.stack(images)).astype(np.uint8).reshape(len(images), -1)


def dataset(X, split=None, shape=(48, 48), **more):
    y = np.zeros(len(X), dtype=int)
    split = None if split is None else np.array(split)
    return Dataset("some", X, y, ("happy", "sad"), shape, split=split, **more)


class TestExact:
    @given(
        hnp.arrays(
            np.uint8,
            st.tuples(st.integers(0, 12), st.just(2)),
            elements=st.integers(0, 2),
        )
    )
    def test_equals_comparing_every_pair(self, X):
        naive = [
            next(j for j in range(k + 1) if (X[j] == X[k]).all()) for k in range(len(X))
        ]
        assert exact_copies(X).tolist() == naive


class TestNear:
    @pytest.mark.parametrize("edit", EDITS)
    @pytest.mark.parametrize("mirrored", [False, True])
    def test_a_changed_photograph_is_a_near_copy(self, edit, mirrored):
        drawn = pictures(6)
        copy = EDITS[edit](drawn[2])
        X = rows([*map(crop, drawn), copy[:, ::-1] if mirrored else copy])
        near = near_copies(X)
        assert near.pairs.tolist() == [[2, 6]]
        assert near.mirrored.tolist() == [mirrored]
        assert 0.7 <= near.similarity[0] <= 1

    def test_other_pictures_are_none(self):
        assert len(near_copies(rows(map(crop, pictures(80)))).pairs) == 0

    def test_drawn_faces_are_alike_but_no_copies(self):
        X = load_synthetic(400).X
        assert len(near_copies(X).pairs) == 0
        twice = np.concatenate([X, X[7:8] // 2])
        assert near_copies(twice).pairs.tolist() == [[7, 400]]

    def test_a_symmetric_picture_is_not_its_own_mirror_image(self):
        drawn = crop(pictures(1)[0])
        symmetric = (drawn + drawn[:, ::-1]) / 2
        X = rows([symmetric, *map(crop, pictures(3, seed=1)), symmetric * 0.5])
        near = near_copies(X)
        assert near.pairs.tolist() == [[0, 4]]
        assert near.mirrored.tolist() == [False]

    def test_blank_and_nearly_blank_pictures_match_nothing(self):
        grey = [np.full((48, 48), level) for level in (0, 90, 200, 255)]
        speck = np.full((48, 48), 90)
        speck[3, 3] = 91
        assert len(near_copies(rows([*grey, speck, speck.T + 1])).pairs) == 0

    def test_colour_counts_as_grey_and_any_shape_does(self):
        grey = np.stack([crop(p) for p in pictures(5, side=96)])[:, :80]
        colour = np.stack([grey, grey * 0.8, grey * 0.5 + 20], axis=-1)
        colour = np.concatenate([colour, colour[3:4, :, ::-1] * 0.7])
        near = near_copies(rows(colour), (80, 96, 3))
        assert near.pairs.tolist() == [[3, 5]]
        assert near.mirrored.tolist() == [True]

    @pytest.mark.parametrize("n", [0, 1])
    def test_too_few_to_have_copies(self, n):
        assert near_copies(np.zeros((n, 16), np.uint8)).pairs.shape == (0, 2)

    def test_exact_copies_are_compared_once(self):
        first, second = map(crop, pictures(2))
        X = rows([first, second, first, first * 0.5, first])
        assert near_copies(X).pairs.tolist() == [[0, 3]]

    @settings(max_examples=15, deadline=None)
    @given(
        st.integers(0, 2**16),
        st.lists(st.sampled_from(sorted(EDITS)), min_size=1, max_size=4),
        st.sampled_from([0.6, 0.7, 0.8]),
    )
    def test_equals_comparing_every_pair_in_full(self, seed, edits, threshold):
        drawn = pictures(len(edits) + 2, seed)
        X = rows([*map(crop, drawn), *(EDITS[e](p) for e, p in zip(edits, drawn))])
        near = near_copies(X, threshold=threshold)
        naive = naive_similarity(X)
        close = np.abs(naive - threshold) < 0.01
        found = np.zeros(naive.shape, dtype=bool)
        found[tuple(near.pairs.T)] = True
        assert (found == (naive >= threshold))[~close].all()
        assert np.allclose(near.similarity, naive[tuple(near.pairs.T)], atol=0.01)


def naive_similarity(X):
    """Return the definition in `near_copies`, pair by pair, in its plainest form."""
    n, images = len(X), X.reshape(-1, 48, 48).astype(float)
    both = np.concatenate([images, images[:, :, ::-1]])
    detail = blur(both, 0.7) - blur(both, 2)
    similarity = np.zeros((n, n))
    for i in range(n):
        for j in (*range(i + 1, n), *range(n + i + 1, 2 * n)):
            best = max(
                cosine(detail[i], detail[j], down, right)
                for down in range(-3, 4)
                for right in range(-3, 4)
            )
            similarity[i, j % n] = max(best, similarity[i, j % n])
    return similarity


def blur(images, width):
    weight = gaussian_filter(
        np.ones(images.shape[1:]), width, mode="constant", truncate=9
    )
    sigma = (0, width, width)
    return gaussian_filter(images, sigma, mode="constant", truncate=9) / weight


def cosine(first, second, down, right):
    down_, right_ = max(down, 0), max(right, 0)
    a = first[down_ : 48 + min(down, 0), right_ : 48 + min(right, 0)]
    down_, right_ = max(-down, 0), max(-right, 0)
    b = second[down_ : 48 + min(-down, 0), right_ : 48 + min(-right, 0)]
    return (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())


class TestGroups:
    def test_copies_of_copies_are_copies(self):
        first, other = pictures(2)
        X = rows(
            [crop(first), crop(other), crop(first, 2), crop(first, 4), crop(other)]
        )
        assert copy_groups(dataset(X)).tolist() == [0, 1, 2, 3, 1]
        assert copy_groups(dataset(X), ("near",)).tolist() == [0, 1, 0, 0, 1]

    def test_kinds_are_told_apart(self):
        first, second = map(crop, pictures(2))
        X = rows([first, second, first * 0.5, second[:, ::-1]])
        assert copy_groups(dataset(X), ("near",)).tolist() == [0, 1, 0, 3]
        assert copy_groups(dataset(X), ("mirrored",)).tolist() == [0, 1, 2, 1]
        with pytest.raises(UnknownName, match="did you mean 'mirrored'"):
            copy_groups(dataset(X), ("mirored",))


class TestLeakFree:
    def test_what_stands_in_any_other_part_is_not(self):
        one, two, three, four = map(crop, pictures(4))
        images = [one, two, three, one, two, four, four, three * 0.5]
        split = ["train", "val", "train", *["test"] * 5]
        some = dataset(rows(images), split)
        assert leak_free(some).tolist() == [False, False, True, True, True]
        assert leak_free(some, "test", ("near",)).tolist() == [
            *(False, False, True, True, False)
        ]
        assert leak_free(some, "val").tolist() == [False]

    def test_a_part_that_is_not_there(self):
        with pytest.raises(DataError, match="no part 'val'"):
            leak_free(dataset(rows(map(crop, pictures(2))), ["train", "test"]), "val")


class TestResolve:
    X = rows([crop(pictures(3)[k]) for k in (0, 1, 0, 2, 2, 0)])
    SPLIT = ("train", "train", "val", "train", "train", "test")

    def test_keep_changes_nothing(self):
        some = dataset(self.X, self.SPLIT)
        assert resolve_duplicates(some, "keep") is some

    def test_drop_from_train_leaves_what_is_scored(self):
        dropped = resolve_duplicates(dataset(self.X, self.SPLIT), "drop_from_train")
        assert dropped.rows.tolist() == [1, 2, 3, 4, 5]
        assert dropped.part_sizes() == {"train": 3, "val": 1, "test": 1}

    @given(
        st.lists(
            st.tuples(st.integers(0, 5), st.sampled_from(["train", "val", "test"])),
            min_size=1,
        )
    )
    def test_drop_from_train_keeps_every_scored_row_and_no_leak(self, drawn):
        values, split = zip(*[(0, "train"), *drawn])
        some = dataset(np.array(values, np.uint8)[:, None], split, (1, 1))
        dropped = resolve_duplicates(some, "drop_from_train")
        for part in ("val", "test"):
            before = some.rows[some.split == part]
            assert dropped.rows[dropped.split == part].tolist() == before.tolist()
        scored = dropped.X[dropped.split != "train"]
        assert not np.isin(dropped.X[dropped.split == "train"], scored).any()
        assert set(scored.ravel()) | set(dropped.X.ravel()) == set(some.X.ravel())

    def test_drop_from_train_needs_a_training_part(self):
        with pytest.raises(DataError, match="no training part"):
            resolve_duplicates(dataset(self.X), "drop_from_train")

    def test_group_keeps_copies_together(self):
        grouped = resolve_duplicates(dataset(self.X), "group")
        names = [f"image {k}" for k in (0, 1, 0, 3, 3, 0)]
        assert grouped.groups.tolist() == names

    def test_group_keeps_subjects_together_too(self):
        some = dataset(self.X, groups=np.array(["a", "b", "c", "b", "d", "e"]))
        grouped = resolve_duplicates(some, "group")
        assert grouped.groups.tolist() == ["a", "b", "a", "b", "b", "a"]
        assert replace(grouped, groups=None).fingerprint == some.fingerprint

    def test_unknown_way(self):
        with pytest.raises(UnknownName, match="did you mean 'group'"):
            resolve_duplicates(dataset(self.X), "groups")

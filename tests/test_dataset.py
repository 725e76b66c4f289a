"""The Dataset record: parts, other classes, counts, fingerprint."""

import copy
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fercompare.datasets.base import Dataset
from fercompare.errors import DataError, UnknownName
from fercompare.labels import EMOTIONS, LABEL_MAPS

CLASSES = ("angry", "happy", "surprise")


def make(n=12, seed=0, **known):
    rng = np.random.default_rng(seed)
    split = np.resize(["train", "train", "val", "test"], n)
    return Dataset(
        "small",
        rng.integers(0, 256, (n, 6), dtype=np.uint8),
        classes=CLASSES,
        image_shape=(2, 3),
        **{"y": np.arange(n) % 3, "split": split, **known},
    )


def test_everything_known_of_a_row_goes_with_it():
    dataset = make(groups=np.arange(12).astype(str), columns={"age": np.arange(12)})
    part = dataset.part("test")
    assert part.rows.tolist() == [3, 7, 11]
    assert part.groups.tolist() == ["3", "7", "11"]
    assert part.columns["age"].tolist() == [3, 7, 11]
    assert part.images.shape == (3, 2, 3)
    assert dataset.take([5, 1]).rows.tolist() == [5, 1]


def test_it_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        make().y = None


@pytest.mark.parametrize(
    "made_of",
    [
        lambda dataset: dataset,
        lambda dataset: dataset.take(slice(None)),
        lambda dataset: dataset.take(np.arange(12)),
        lambda dataset: replace(dataset, name="other"),
        lambda dataset: dataset.relabel("emotions7"),
        copy.deepcopy,
        lambda dataset: pickle.loads(pickle.dumps(dataset)),
    ],
)
def test_its_arrays_cannot_be_changed_behind_its_fingerprint(made_of):
    age, y = np.arange(12), np.arange(12) % 3
    before = make(y=y, columns={"age": age})
    known = before.fingerprint
    dataset = made_of(before)
    assert dataset.fingerprint == known or dataset.classes != CLASSES
    for values in (dataset.row_arrays() | dataset.columns).values():
        with pytest.raises(ValueError, match="read-only"):
            values[0] = values[1]
    assert age.flags.writeable and y.flags.writeable


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.zeros((12, 6))}, "X is float64"),
        ({"X": np.zeros((12, 7), np.uint8)}, "rows of 7 numbers are not images"),
        ({"y": np.arange(12)}, "y has values outside -1 … 2"),
        ({"y": np.zeros(5, int)}, "5 y for 12 images"),
        ({"groups": np.array(["a"])}, "1 groups for 12 images"),
        ({"columns": {"age": [1]}}, "1 age for 12 images"),
        ({"classes": ("a", "b", "a")}, "a class is named twice"),
        ({"split": np.full(12, "public")}, "parts other than"),
        ({"votes": np.zeros((12, 4))}, "votes for 4 of 3 classes"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, message):
    with pytest.raises(DataError, match=message):
        replace(make(), **change)


def test_a_part_that_is_not_there_is_refused():
    dataset = make(split=np.full(12, "train"))
    with pytest.raises(DataError, match="no part 'test'; it has train"):
        dataset.part("test")
    with pytest.raises(DataError, match="no split at all"):
        replace(dataset, split=None).part("train")


def test_class_counts_of_parts_add_up():
    counts = make().class_counts()
    assert counts["all"] == dict.fromkeys(CLASSES, 4)
    assert sum(sum(counts[part].values()) for part in ("train", "val", "test")) == 12


class TestRelabel:
    def test_valence(self):
        dataset = make()
        plain = dataset.relabel("valence3")
        assert plain.classes == ("negative", "positive")
        assert plain.rows.tolist() == [k for k in range(12) if k % 3 != 2]
        kind = dataset.relabel("valence3-surprise-positive")
        assert np.bincount(kind.y).tolist() == [4, 8]

    def test_votes_are_added_up_and_shared_out_anew(self):
        votes = np.tile(np.float32([0.5, 0.3, 0.2]), (12, 1))
        dataset = make(votes=votes)
        assert np.allclose(dataset.relabel("valence3").votes, [0.625, 0.375])
        both = dataset.relabel({"angry": "bad", "happy": "good", "surprise": "good"})
        assert np.allclose(both.votes, 0.5)

    def test_unlabelled_rows_stay_unlabelled(self):
        dataset = replace(make(), y=np.full(12, -1))
        assert dataset.relabel("valence3").y.tolist() == [-1] * 12

    def test_a_map_must_speak_of_every_class(self):
        with pytest.raises(DataError, match="says nothing of 'surprise'"):
            make().relabel({"angry": "a", "happy": "b"})
        with pytest.raises(UnknownName, match="valence3"):
            make().relabel("valenz3")

    @pytest.mark.parametrize("target", [1, 0, "", ["a"], True])
    def test_new_classes_are_texts(self, target):
        with pytest.raises(DataError, match="the label map sends 'angry' to"):
            make().relabel({"angry": target, "happy": "b", "surprise": None})

    @pytest.mark.parametrize("name", LABEL_MAPS)
    def test_every_map_knows_every_emotion(self, name):
        assert set(LABEL_MAPS[name]) >= set(EMOTIONS) | {"contempt"}


@given(st.permutations(range(12)))
def test_the_fingerprint_does_not_depend_on_the_order(order):
    dataset = make()
    assert dataset.take(np.array(order)).fingerprint == dataset.fingerprint


@given(st.integers(0, 11), st.integers(0, 5))
def test_the_fingerprint_sees_every_pixel_label_and_part(row, column):
    dataset = make()
    changed = {
        "X": dataset.X.copy(),
        "y": dataset.y.copy(),
        "split": dataset.split.copy(),
    }
    changed["X"][row, column] ^= 1
    changed["y"][row] = (changed["y"][row] + 1) % 3
    changed["split"][row] = "val" if changed["split"][row] == "train" else "train"
    prints = {replace(dataset, **{k: v}).fingerprint for k, v in changed.items()}
    prints |= {
        dataset.fingerprint,
        replace(dataset, image_shape=(3, 2)).fingerprint,
        replace(dataset, classes=("angry", "happy", "fear")).fingerprint,
        replace(dataset, votes=np.eye(3, dtype=np.float32)[dataset.y]).fingerprint,
    }
    assert len(prints) == 7

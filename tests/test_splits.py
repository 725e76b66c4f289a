"""Splits keep class shares, keep subjects whole, and keep test rows out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fercompare.datasets import splits
from fercompare.datasets.base import Dataset
from fercompare.errors import DataError


def make(n_subjects=30, per_subject=6, seed=0, grouped=True):
    rng = np.random.default_rng(seed)
    n = n_subjects * per_subject
    return Dataset(
        "people",
        rng.integers(0, 256, (n, 4), dtype=np.uint8),
        rng.permutation(np.arange(n) % 3),
        ("angry", "happy", "sad"),
        (2, 2),
        groups=np.repeat([f"S{k}" for k in range(n_subjects)], per_subject)
        if grouped
        else None,
    )


def homes(dataset):
    """Return the parts in which each subject stands."""
    pairs = set(zip(dataset.groups, dataset.split))
    return {subject: {p for s, p in pairs if s == subject} for subject, _ in pairs}


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000))
def test_a_subject_is_in_one_part(seed):
    dataset = splits.subject_split(make(seed=seed), val=0.4, test=0.2, seed=seed)
    assert all(len(parts) == 1 for parts in homes(dataset).values())
    assert dataset.part_sizes()["test"] == pytest.approx(36, abs=12)
    assert dataset.part_sizes()["val"] == pytest.approx(72, abs=18)


def test_a_crossing_subject_is_an_error():
    dataset = make()
    crossing = replace(dataset, split=np.resize(["train", "test"], len(dataset)))
    with pytest.raises(DataError, match="30 subjects are in several parts"):
        splits.official_split(crossing)
    assert splits.unchecked_split(crossing) is crossing
    whole = replace(dataset, split=np.repeat(["train", "test"], len(dataset) // 2))
    assert splits.official_split(whole) is whole


def test_a_random_split_is_refused_where_there_are_subjects():
    with pytest.raises(DataError, match="split by subject"):
        splits.stratified_split(make())


@settings(deadline=None, max_examples=25)
@given(val=st.floats(0, 0.4), test=st.floats(0, 0.4), seed=st.integers(0, 99))
def test_a_stratified_split_keeps_the_class_shares(val, test, seed):
    dataset = splits.stratified_split(
        make(grouped=False), val=val, test=test, seed=seed
    )
    counts = dataset.class_counts()
    for part, share in (("val", val), ("test", test)):
        for n in counts.get(part, {}).values():
            assert abs(n - 60 * share) <= 1


def test_a_split_is_the_same_for_the_same_seed():
    dataset = make(grouped=False)
    first, same, other = (
        splits.stratified_split(dataset, seed=seed).split for seed in (1, 1, 2)
    )
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("grouped", [True, False])
def test_half_of_training_becomes_validation(grouped):
    parts = np.repeat(["train", "val", "test"], [120, 30, 30])
    dataset = replace(make(grouped=grouped), split=parts)
    halved = splits.half_train_split(dataset)
    assert halved.part_sizes() == {"train": 60, "val": 60, "test": 30}
    assert set(halved.part("val").rows) < set(range(120))
    assert halved.part("test").rows.tolist() == list(range(150, 180))
    if grouped:
        assert all(len(parts) == 1 for parts in homes(halved).values())


FOLDS = {
    "stratified": lambda d: splits.stratified_folds(d, 5),
    "subject": lambda d: splits.subject_folds(d, 5),
    "one out": splits.leave_one_subject_out,
}


@pytest.mark.parametrize("kind", FOLDS)
def test_folds_test_every_row_once_and_share_no_subject(kind):
    dataset = make()
    tested = []
    for train, test in FOLDS[kind](dataset):
        assert not set(dataset.groups[train]) & set(dataset.groups[test])
        assert len(train) + len(test) == len(dataset)
        tested.extend(test)
    assert sorted(tested) == list(range(len(dataset)))


def test_folds_without_subjects_keep_class_shares():
    dataset = make(grouped=False)
    for _, test in splits.stratified_folds(dataset, 10):
        assert np.bincount(dataset.y[test]).tolist() == [6, 6, 6]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: list(splits.subject_folds(make(grouped=False))), "nothing of its"),
        (lambda: splits.subject_split(make(grouped=False)), "nothing of its subjects"),
        (lambda: splits.subject_split(make(n_subjects=2)), "too few subjects"),
        (lambda: list(splits.subject_folds(make(n_subjects=3))), "n_splits=10"),
    ],
)
def test_what_cannot_be_split_is_refused(call, message):
    with pytest.raises(DataError, match=message):
        call()


def test_subsampling_takes_n_a_class_and_leaves_other_parts():
    dataset = splits.subject_split(make(), val=0.2, test=0.2)
    few = splits.subsample(dataset, 5, parts=("train",), seed=3)
    assert set(few.class_counts()["train"].values()) == {5}
    assert few.part_sizes()["test"] == dataset.part_sizes()["test"]
    unsplit = splits.subsample(make(), 7)
    assert set(unsplit.class_counts()["all"].values()) == {7}

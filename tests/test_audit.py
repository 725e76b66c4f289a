"""The audit finds what was planted, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from fercompare.datasets.audit import KINDS, audit
from fercompare.datasets.base import Dataset
from fercompare.datasets.catalogue import DATASETS
from fercompare.datasets.fer2013 import load_fer2013
from fercompare.datasets.synthetic import load_synthetic


@pytest.fixture(scope="module")
def clean():
    """Drawn faces: no copies, no crossing subjects, every class in every part."""
    return load_synthetic(400)


def kinds(found):
    return found.findings["kind"].value_counts().to_dict()


def rows_of(dataset, part, n):
    return np.flatnonzero(dataset.split == part)[:n]


def plant(dataset, **changes):
    """Return the set with some rows of X, y or split replaced."""
    arrays = {name: getattr(dataset, name).copy() for name in changes}
    for name, (rows, values) in changes.items():
        arrays[name][rows] = values
    return replace(dataset, **arrays)


def test_a_clean_set_is_clean(clean):
    found = audit(clean, published=clean.class_counts())
    assert kinds(found) == {}
    assert found.leaks == 0
    assert found.summary["kind"].tolist() == list(KINDS)
    assert found.summary["found"].sum() == 0
    assert found.crossings["found"].sum() == 0


def test_exact_copies_within_and_across_parts(clean):
    first, second, third = rows_of(clean, "train", 3)
    scored = rows_of(clean, "test", 1)[0]
    copied = plant(clean, X=([second, scored], clean.X[first]))
    copied = replace(copied, y=np.where(np.isin(clean.rows, scored), 0, clean.y))
    found = audit(copied, near=False)
    copies = found.findings[found.findings["kind"] == "exact_copy"]
    assert copies["row"].tolist() == [first, second, scored]
    assert copies["group"].tolist() == [first] * 3
    assert copies["other_row"].tolist() == [scored, scored, first]
    assert copies["crosses"].all()
    assert found.leaks == 1
    counts = found.crossings.set_index(["images of", "in"])["found"]
    assert counts.to_dict() == {
        ("test", "train"): 1,
        ("test", "val"): 0,
        ("val", "train"): 0,
    }
    inside = audit(plant(clean, X=(third, clean.X[first])), near=False)
    assert not inside.findings["crosses"].any()
    assert inside.leaks == 0


def test_near_and_mirrored_copies(clean):
    brighter, mirrored = rows_of(clean, "test", 2)
    first, second = rows_of(clean, "train", 2)
    darker = (clean.X[first] * 0.8 + 9).astype(np.uint8)
    turned = clean.images[second][:, ::-1].ravel()
    copied = plant(clean, X=([brighter, mirrored], np.stack([darker, turned])))
    found = audit(copied)
    near = found.findings[found.findings["kind"] == "near_copy"]
    assert near["row"].tolist() == [first, brighter]
    turned = found.findings[found.findings["kind"] == "mirrored_copy"]
    assert turned["row"].tolist() == [second, mirrored]
    assert found.leaks == 2
    assert kinds(audit(copied, near=False)) == {}


def test_copies_with_different_labels_contradict_each_other(clean):
    first, second = rows_of(clean, "train", 2)
    copied = plant(clean, X=(second, clean.X[first]), y=([first, second], [0, 3]))
    found = audit(copied, near=False)
    conflicts = found.findings[found.findings["kind"] == "conflicting_label"]
    assert conflicts["label"].tolist() == ["angry", "happy"]
    assert conflicts["other_label"].tolist() == ["happy", "angry"]


def test_blank_images_are_blank_and_not_copies(clean):
    rows = rows_of(clean, "test", 3)
    found = audit(plant(clean, X=(rows, 7)))
    blank = found.findings[found.findings["kind"] == "blank"]
    assert blank["row"].tolist() == rows.tolist()
    assert blank["value"].tolist() == [7] * 3
    assert kinds(found) == {"blank": 3}


def test_votes_against_a_face(clean):
    votes = np.zeros(len(clean), int)
    votes[[5, 9]] = 6, 5
    voted = replace(clean, columns={"nf_votes": votes})
    found = audit(voted, near=False)
    assert found.findings["row"].tolist() == [5]
    assert kinds(found) == {"non_face": 1}


def test_crossing_subjects_leak(clean):
    moved = rows_of(clean, "train", 1)
    crossing = plant(clean, split=(moved, "test"))
    found = audit(crossing, near=False)
    subject = clean.groups[moved[0]]
    assert kinds(found) == {"subject_crosses": int(np.sum(clean.groups == subject))}
    assert found.leaks == 1


def test_a_class_missing_from_a_part(clean):
    scored = np.flatnonzero((clean.split == "test") & (clean.y == 1))
    found = audit(plant(clean, y=(scored, 0)), near=False)
    assert found.findings[["kind", "part", "label"]].to_numpy().tolist() == [
        ["missing_class", "test", "disgust"]
    ]


def test_counts_other_than_published(clean):
    published = clean.class_counts()
    published["test"]["fear"] += 2
    found = audit(clean, near=False, published=published)
    assert found.findings[["kind", "part", "label"]].to_numpy().tolist() == [
        ["class_count", "test", "fear"]
    ]


def test_sets_without_parts_labels_or_subjects():
    X = np.random.default_rng(0).integers(0, 256, (6, 48), dtype=np.uint8)
    X[3] = X[1]
    plain = Dataset("plain", X, np.full(6, -1), ("happy", "sad"), (4, 4, 3))
    found = audit(plain)
    assert kinds(found) == {"exact_copy": 2}
    assert found.leaks == 0
    assert len(found.crossings) == 0


def test_the_real_set(real_data, reader):
    dataset = load_fer2013(real_data, reader)
    found = audit(dataset, near=False, published=DATASETS["fer2013"].published)
    crossing = found.crossings["found"].tolist()
    assert crossing == [288, 44, 279]
    summary = found.summary.set_index("kind")
    assert summary.loc["exact_copy", ["found", "groups"]].tolist() == [3353, 1513]
    assert summary.loc["conflicting_label", ["found", "groups"]].tolist() == [148, 56]
    assert summary.loc["blank", "found"] == 11
    assert summary.loc["non_face", "found"] == 176

"""FER+: the published rules, and the counts that they must give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fercompare.datasets.ferplus import FOLDERS, load_ferplus
from fercompare.datasets.votes import RULES, VOTES, label_votes, read_votes
from fercompare.decoding import ImageReader
from fercompare.errors import DataError, DataNotFound, UnknownName

# image name, usage and the ten votes of a few rows, with what majority makes of them
ROWS = [
    ("fer0000000.png", "Training", [6, 0, 0, 4, 0, 0, 0, 0, 0, 0], "neutral"),
    ("fer0000001.png", "Training", [0, 9, 1, 0, 0, 0, 0, 0, 0, 0], "happy"),
    ("fer0000002.png", "Training", [3, 3, 2, 2, 0, 0, 0, 0, 0, 0], None),
    ("", "Training", [0, 0, 0, 0, 0, 0, 0, 0, 0, 10], None),
    ("fer0000003.png", "PublicTest", [5, 0, 0, 5, 0, 0, 0, 0, 0, 0], None),
    ("fer0000004.png", "PublicTest", [0, 0, 0, 0, 8, 2, 0, 0, 0, 0], "angry"),
    ("fer0000005.png", "PrivateTest", [0, 0, 0, 0, 0, 0, 0, 9, 1, 0], "contempt"),
    ("fer0000006.png", "PrivateTest", [1, 0, 8, 0, 0, 0, 1, 0, 0, 0], "surprise"),
]
HEADER = ["Usage", "Image name", *VOTES]


@pytest.fixture
def ferplus(tmp_path, write_fer2013):
    """A small FER+ next to a small FER2013."""
    usages = [usage for _, usage, _, _ in ROWS]
    write_fer2013(tmp_path / "fer2013.csv", [0] * len(ROWS), usages)
    lines = [HEADER, *([usage, name, *votes] for name, usage, votes, _ in ROWS)]
    text = "\n".join(",".join(map(str, line)) for line in lines)
    (tmp_path / "fer2013new.csv").write_text(text)
    return tmp_path


def test_majority_from_the_tables(ferplus, reader):
    dataset = load_ferplus(ferplus, reader)
    expected = [label for *_, label in ROWS if label]
    assert [dataset.classes[k] for k in dataset.y] == expected
    assert dataset.rows.tolist() == [0, 1, 5, 6, 7]
    assert dataset.notes["mode"] == "majority"
    assert "train 2" in dataset.notes["rows kept"]


def test_validation_and_test_stay_with_the_majority(ferplus, reader):
    dataset = load_ferplus(ferplus, reader, mode="crossentropy")
    assert np.allclose(dataset.votes[0, [6, 4]], [0.6, 0.4])
    scored = dataset.take(dataset.split != "train")
    assert np.isin(scored.votes, (0, 1)).all()


def test_without_contempt(ferplus, reader):
    dataset = load_ferplus(ferplus, reader, contempt=False)
    assert len(dataset.classes) == 7
    assert dataset.rows.tolist() == [0, 1, 5, 7]


def test_folders_and_tables_agree(ferplus, reader, faces, tmp_path):
    from PIL import Image

    images = faces(len(ROWS))
    for folder, part in FOLDERS.items():
        home = tmp_path / "only" / "data" / folder
        home.mkdir(parents=True)
        usage = {"train": "Training", "val": "PublicTest", "test": "PrivateTest"}[part]
        with open(home / "label.csv", "w") as stream:
            for (name, where, votes, _), image in zip(ROWS, images):
                if where == usage and name:
                    Image.fromarray(image).save(home / name)
                    votes = ",".join(map(str, votes))
                    stream.write(f'{name},"(0, 0, 48, 48)",{votes}\n')
    from_tables = load_ferplus(ferplus, reader)
    from_folders = load_ferplus(tmp_path / "only", reader)
    assert from_folders.notes["labels"] == "label.csv"
    assert from_folders.fingerprint == from_tables.fingerprint
    (ferplus / "fer2013.csv").unlink()
    (ferplus / "fer2013new.csv").rename(tmp_path / "only" / "fer2013new.csv")
    mixed = load_ferplus(tmp_path / "only", reader)
    assert mixed.notes["labels"] == "fer2013new.csv"
    assert mixed.fingerprint == from_tables.fingerprint


def test_a_name_given_twice_shows_its_last_row(tmp_path, reader, write_images):
    for folder in FOLDERS:
        home = tmp_path / folder
        write_images([home / "fer1.png", home / "fer2.png"])
        rows = ["fer1.png,box,9,0,0,0,0,0,0,0,0,0", "fer2.png,box,0,9,0,0,0,0,0,0,0,0",
                "fer1.png,box,0,0,9,0,0,0,0,0,0,0"]  # fmt: skip
        (home / "label.csv").write_text("\n".join(rows))
    dataset = load_ferplus(tmp_path, reader)
    labels = [dataset.classes[k] for k in dataset.part("train").y]
    assert labels == ["happy", "surprise"]
    assert dataset.notes["lost"].startswith("3 rows")


@pytest.mark.parametrize("name", ["../secret.png", "/secret.png", ".."])
def test_names_that_lead_elsewhere_are_refused(tmp_path, reader, write_images, name):
    write_images([tmp_path / "secret.png"])
    root = tmp_path / "set"
    for folder in FOLDERS:
        write_images([root / folder / "a.png"])
        (root / folder / "label.csv").write_text(f"{name},box,9,0,0,0,0,0,0,0,0,0\n")
    with pytest.raises(DataError, match="is no file name"):
        load_ferplus(root, reader)
    rows = [",".join(HEADER), f"Training,{name},9,0,0,0,0,0,0,0,0,0"]
    (root / "fer2013new.csv").write_text("\n".join(rows))
    with pytest.raises(DataError, match="is no file name"):
        load_ferplus(root, reader)


def test_a_link_out_of_the_folder_is_refused(tmp_path, reader, write_images):
    write_images([tmp_path / "secret.png"])
    root = tmp_path / "set"
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
        (root / folder / "a.png").symlink_to(tmp_path / "secret.png")
        (root / folder / "label.csv").write_text("a.png,box,9,0,0,0,0,0,0,0,0,0\n")
    with pytest.raises(DataError, match="link that leads out"):
        load_ferplus(root, reader)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("Image name", "Name"), "row 1: the header"),
        (lambda text: text.replace(",10", ",11"), "row 5: the votes are"),
        (lambda text: text.replace("PublicTest", "Public"), "belongs to Public"),
        (lambda text: "\n".join(text.split("\n")[:4]), "has 3 rows"),
        (lambda text: text.replace("6,0,0,4", "6,0,x,4"), "row 2: the votes are"),
    ],
)
def test_bad_tables_are_refused(ferplus, reader, change, message):
    path = ferplus / "fer2013new.csv"
    path.write_text(change(path.read_text()))
    with pytest.raises(DataError, match=message):
        load_ferplus(ferplus, reader)


def test_missing_files_are_named(tmp_path, reader, ferplus):
    (ferplus / "fer2013.csv").unlink()
    with pytest.raises(DataNotFound, match="neither"):
        load_ferplus(ferplus, reader)
    with pytest.raises(UnknownName, match="majority"):
        label_votes([[1] * 10], "majorty")


@given(st.lists(st.integers(0, 10), min_size=10, max_size=10))
def test_every_rule_gives_a_distribution_or_nothing(votes):
    for mode in RULES:
        target = label_votes([votes], mode)[0]
        assert np.isclose(target.sum(), 1) or not target.any()
        assert (target[np.array(votes[:8]) == 0] == 0).all()
        if mode != "votes":
            assert (target[np.array(votes[:8]) <= 1] == 0).all()


# Counts of kept images in Training, PublicTest and PrivateTest, as published for
# fer2013new.csv.
PUBLISHED = {
    "majority": (25060, 3199, 3153),
    "probability": (27956, 3505, 3505),
    "crossentropy": (27956, 3505, 3505),
    "multi_target": (27671, 3472, 3472),
    "votes": (28559, 3579, 3573),
}


@pytest.mark.parametrize("mode", PUBLISHED)
def test_published_counts(real_data, mode):
    usages, _, votes = read_votes(real_data / "fer2013new.csv")
    kept = label_votes(votes, mode).any(axis=1)
    counts = tuple(
        int(np.sum(kept & (usages == usage)))
        for usage in ("Training", "PublicTest", "PrivateTest")
    )
    assert counts == PUBLISHED[mode]


def test_the_real_set(real_data):
    dataset = load_ferplus(real_data, ImageReader())
    counts = list(dataset.class_counts()["test"].values())
    assert counts == [273, 18, 83, 893, 384, 396, 1090, 16]
    seven = load_ferplus(real_data, ImageReader(), contempt=False)
    assert seven.part_sizes() == {"train": 24941, "val": 3186, "test": 3137}


@pytest.mark.parametrize("mode", RULES)
def test_the_real_layouts_hold_the_same(real_layouts, mode):
    home = real_layouts / "ferplus"
    from_table = load_ferplus(home, ImageReader(), mode=mode)
    from_folders = load_ferplus(home / "data", ImageReader(), mode=mode)
    assert from_table.notes["images"] == "fer2013.csv"
    assert from_folders.notes["labels"] == "label.csv"
    assert from_folders.fingerprint == from_table.fingerprint

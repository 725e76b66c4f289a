"""JAFFE and SFEW, on folders and files that look like theirs."""

import builtins
import pickle
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from fercompare.datasets.jaffe import load_jaffe, votes_of
from fercompare.datasets.sfew import load_sfew
from fercompare.errors import DataError, DataNotFound
from fercompare.labels import EMOTIONS

HEADER = ("#", "HAP", "SAD", "SUR", "ANG", "DIS", "FEA", "PIC")
ROWS = (
    (1, 2.87, 2.52, 2.1, 1.97, 1.97, 2.06, "KM-NE1"),
    (4, 4.63, 1.27, 1.67, 1.2, 1.27, 1.33, "KM-HA1"),
    (8, 4.5, 1.3, 1.7, 1.2, 1.3, 1.4, "KM-HA5"),
    (39, 1.4, 2.3, 1.6, 4.3, 3.4, 1.9, "KA-AN1"),
    (53, 4.7, 1.2, 1.9, 1.2, 1.2, 1.3, "YN-HA2"),
    (172, 1.3, 2.5, 2.0, 3.1, 4.1, 2.6, "KL-DI3"),
)
NAMES = ("KM.NE1.1.tiff", "KM.HA1.4.tiff", "KA.AN1.39.tiff", "YM.HA2.53.tiff")
PICTURES = [1, 4, 39, 53]


def readme(rows=ROWS, header=HEADER):
    table = [" ".join(map(str, row)) for row in (header, *rows)]
    second = ["# HAP SAD SUR ANG DIS PIC", "1 2.9 2.5 2.1 1.9 1.9 KM-NE1"]
    lines = [
        "The images may be used for research only.",
        "213 images of 10 women.",
        "",
        table[0],
        "-----------",
        *table[1:],
        "",
        "Semantic Ratings Data (Fear Excluded)",
        *second,
    ]
    return "\n".join(lines)


def write_excel(path, rows=ROWS, header=HEADER):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("JAFFE",), (), header, *rows, ("Fear excluded",)):
        book.active.append(row)
    book.save(path)


@pytest.fixture
def jaffe(tmp_path, write_images):
    write_images([tmp_path / "jaffe" / name for name in NAMES], (64, 64))
    (tmp_path / "README_FIRST.txt").write_text(readme())
    return tmp_path


def by_picture(dataset):
    return dataset.take(np.argsort(dataset.columns["picture"]))


def test_jaffe_folder(jaffe, reader):
    dataset = by_picture(load_jaffe(jaffe, reader))
    assert dataset.classes == EMOTIONS
    assert [EMOTIONS[k] for k in dataset.y] == ["neutral", "happy", "angry", "happy"]
    assert dataset.groups.tolist() == ["KM", "KM", "KA", "YM"]
    assert dataset.columns["picture"].tolist() == PICTURES
    assert dataset.split is None
    assert dataset.notes["ratings"] == "README_FIRST.txt"
    rated = {row[0]: row[1:-1] for row in ROWS}
    np.testing.assert_allclose(
        dataset.columns["ratings"], [rated[number] for number in PICTURES]
    )
    np.testing.assert_allclose(dataset.votes.sum(axis=1), 1, rtol=1e-6)
    seen = [EMOTIONS[k] for k in dataset.votes.argmax(axis=1)]
    assert seen == ["neutral", "happy", "angry", "happy"]


def test_jaffe_text_and_excel_agree(jaffe, reader):
    text = by_picture(load_jaffe(jaffe, reader))
    (jaffe / "README_FIRST.txt").unlink()
    write_excel(jaffe / "jaffe" / "jaffedbase_readme.xlsx")
    excel = by_picture(load_jaffe(jaffe, reader, ratings=True))
    assert excel.notes["ratings"] == "jaffe/jaffedbase_readme.xlsx"
    np.testing.assert_array_equal(text.columns["ratings"], excel.columns["ratings"])
    assert text.fingerprint == excel.fingerprint


def test_jaffe_excel_with_whole_lines_in_one_cell(jaffe, reader):
    wanted = load_jaffe(jaffe, reader).fingerprint
    (jaffe / "README_FIRST.txt").unlink()
    lines = [(" ".join(map(str, row)),) for row in ROWS]
    write_excel(jaffe / "copy.xlsx", lines, (" ".join(HEADER),))
    assert load_jaffe(jaffe, reader).fingerprint == wanted


@pytest.mark.parametrize(
    ("name", "subject", "label", "picture"),
    [
        ("KA.AN1.39.tiff", "KA", "angry", 39),
        ("ka.an1.39.TIF", "KA", "angry", 39),
        ("KA..AN1.39.tiff", "KA", "angry", 39),
        ("KA.AN1.39..tiff", "KA", "angry", 39),
        ("KA.AN1.39 .tiff", "KA", "angry", 39),
        (" KA.AN1. 39.tiff", "KA", "angry", 39),
        ("KA.AN 1.39.tiff", "KA", "angry", 39),
        ("KA AN1 39.png", "KA", "angry", 39),
        ("KA-AN1-39.jpg", "KA", "angry", 39),
        ("KA.AN1.39.tiff.png", "KA", "angry", 39),
        ("KA.AN.39.tiff", "KA", "angry", 39),
        ("KL.DI3.172.tiff", "KL", "disgust", 172),
        ("KM.NE1.1.tiff", "KM", "neutral", 1),
    ],
)
def test_jaffe_names(tmp_path, write_images, reader, name, subject, label, picture):
    write_images([tmp_path / name])
    (tmp_path / "README_FIRST.txt").write_text(readme())
    dataset = load_jaffe(tmp_path, reader)
    assert dataset.groups.tolist() == [subject]
    assert EMOTIONS[dataset.y[0]] == label
    assert dataset.columns["picture"].tolist() == [picture]


@pytest.mark.parametrize(
    "name",
    ["KM.NE.1.tiff", "KA.AN39.tiff", "XX.AN1.39.tiff", "KA.XX1.39.tiff", "a.png"],
)
def test_jaffe_names_that_say_too_little(jaffe, write_images, reader, lenient, name):
    write_images([jaffe / "jaffe" / name])
    with pytest.raises(DataError, match="rename it"):
        load_jaffe(jaffe, reader)
    dataset = load_jaffe(jaffe, lenient)
    assert len(dataset) == 4
    assert [error.file.name for error in dataset.skipped] == [name]


def test_jaffe_pictures_in_three_channels_and_in_palettes(tmp_path, faces, reader):
    image = Image.fromarray(faces(1)[0])
    image.save(tmp_path / "KA.AN1.39.tiff")
    image.convert("RGB").save(tmp_path / "KA.AN2.40.tiff")
    image.convert("P").save(tmp_path / "KA.AN3.41.tiff")
    dataset = load_jaffe(tmp_path, reader)
    np.testing.assert_array_equal(dataset.X, np.repeat(dataset.X[:1], 3, axis=0))


def test_jaffe_one_picture_twice(jaffe, write_images, reader):
    write_images([jaffe / "jaffe" / "png" / "KA.AN1.39.png"])
    with pytest.raises(DataError, match="is picture 39, as KA"):
        load_jaffe(jaffe, reader)


def test_jaffe_unreadable_picture_keeps_the_columns_together(jaffe, lenient):
    (jaffe / "jaffe" / "KM.HA1.4.tiff").write_bytes(b"no picture")
    dataset = by_picture(load_jaffe(jaffe, lenient))
    assert dataset.columns["picture"].tolist() == [1, 39, 53]
    assert dataset.columns["ratings"][:, 0].tolist() == [2.87, 1.4, 4.7]
    assert dataset.votes.shape == (3, 7)


def test_jaffe_beside_other_sets(jaffe, reader, write_images):
    alone = load_jaffe(jaffe, reader)
    write_images([jaffe / "fer2013" / "train" / "happy" / "1.png"])
    assert load_jaffe(jaffe, reader).fingerprint == alone.fingerprint
    (jaffe / "README_FIRST.txt").rename(jaffe / "jaffe" / "A_README_FIRST.txt")
    for root in (jaffe, jaffe / "jaffe"):
        dataset = load_jaffe(root, reader)
        assert dataset.fingerprint == alone.fingerprint
        assert dataset.notes["ratings"].endswith("A_README_FIRST.txt")


def test_jaffe_without_ratings(jaffe, reader):
    assert load_jaffe(jaffe, reader, ratings=False).votes is None
    (jaffe / "README_FIRST.txt").write_text("Nothing in here.")
    dataset = load_jaffe(jaffe, reader)
    assert dataset.votes is None
    assert dataset.notes["ratings"].startswith("none: ")
    with pytest.raises(DataNotFound, match="README_FIRST"):
        load_jaffe(jaffe, reader, ratings=True)
    with pytest.raises(DataError, match="ratings='maybe'"):
        load_jaffe(jaffe, reader, ratings="maybe")


def test_jaffe_excel_without_openpyxl(jaffe, reader, monkeypatch):
    (jaffe / "README_FIRST.txt").unlink()
    write_excel(jaffe / "ratings.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    dataset = load_jaffe(jaffe, reader)
    assert dataset.votes is None
    assert "fercompare[excel]" in dataset.notes["ratings"]
    with pytest.raises(DataError, match=r"fercompare\[excel\]"):
        load_jaffe(jaffe, reader, ratings=True)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ((39, 1.4, 2.3, 1.6, 4.3, 3.4, 1.9, "KA-AN2"), "rates KA-AN2"),
        ((39, 1.4, 2.3, 1.6, 4.3, 3.4, 1.9, "KL-AN1"), "rates KL-AN1"),
        ((39, 1.4, 2.3, 1.6, 4.3, 3.4, 1.9, "KA-SA1"), "rates KA-SA1"),
        ((39, 1.4, 2.3, 1.6, 5.3, 3.4, 1.9, "KA-AN1"), "is no row"),
        ((39, 1.4, 2.3, 1.6, "nan", 3.4, 1.9, "KA-AN1"), "is no row"),
        ((39, 1.4, 2.3, 1.6, 3.4, 1.9, "KA-AN1"), "is no row"),
        ((4, 1.4, 2.3, 1.6, 4.3, 3.4, 1.9, "KA-AN1"), "rates picture 4 again"),
    ],
)
def test_jaffe_ratings_that_do_not_fit(jaffe, reader, row, found):
    rows = [*ROWS[:3], row, *ROWS[4:]]
    (jaffe / "README_FIRST.txt").write_text(readme(rows))
    with pytest.raises(DataError, match=found) as caught:
        load_jaffe(jaffe, reader)
    assert caught.value.file == jaffe / "README_FIRST.txt"
    assert caught.value.row == 9


def test_jaffe_picture_without_a_rating(jaffe, reader, lenient):
    (jaffe / "README_FIRST.txt").write_text(readme(ROWS[:3]))
    with pytest.raises(DataError, match="no row for picture 39"):
        load_jaffe(jaffe, reader)
    dataset = load_jaffe(jaffe, lenient)
    assert len(dataset) == 2
    assert len(dataset.skipped) == 2


def unpack(path):
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


@pytest.mark.parametrize("fault", ["bomb", "entities", "outside", "no zip", "no sheet"])
def test_jaffe_hostile_excel(jaffe, reader, fault):
    (jaffe / "README_FIRST.txt").unlink()
    path = jaffe / "ratings.xlsx"
    write_excel(path)
    members = unpack(path)
    sheet = "xl/worksheets/sheet1.xml"
    if fault == "bomb":
        members[sheet] = b" " * 40 * 2**20
    elif fault == "entities":
        members[sheet] = b'<!DOCTYPE a [<!ENTITY b "c">]>' + members[sheet]
    elif fault == "outside":
        members["xl/externalLinks/externalLink1.xml"] = b"<a/>"
    elif fault == "no sheet":
        del members["xl/workbook.xml"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    if fault == "no zip":
        path.write_text("# HAP SAD SUR ANG DIS FEA PIC")
    with pytest.raises(DataError) as caught:
        load_jaffe(jaffe, reader)
    assert caught.value.file == path


def test_votes_of_flat_and_full_ratings():
    votes = votes_of(np.array([[1.0] * 6, [5.0] * 6]))
    np.testing.assert_allclose(votes[0], np.eye(7)[EMOTIONS.index("neutral")])
    np.testing.assert_allclose(votes[1][: EMOTIONS.index("neutral")], 1 / 6, rtol=1e-6)


# SFEW

FOLDERS = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
FRAMES = ("HarryPotter_Deathly_Hallows_1_005528520_00000026", "21_012246400_00000087")


def sfew_paths(folder, films=FRAMES):
    return [folder / name / f"{film}.png" for name in FOLDERS for film in films]


@pytest.fixture
def sfew(tmp_path, write_images):
    """Return a function that lays out the parts below the folders it is given."""

    def lay_out(train, val):
        write_images(sfew_paths(tmp_path / train), (30, 24))
        write_images(
            sfew_paths(tmp_path / val, ["Airheads_000519240_00000005"]), (30, 24)
        )
        return tmp_path

    return lay_out


LAYOUTS = [
    ("Train_Aligned_Faces", "Val_Aligned_Faces"),
    ("Train_Aligned_Faces/Train_Aligned_Faces", "Val_Aligned_Faces_new"),
    ("Train/Train_Aligned_Faces", "Val/Val_Aligned_Faces/Val_Aligned_Faces"),
    ("aligned/Train", "aligned/Val"),
]


@pytest.mark.parametrize(("train", "val"), LAYOUTS)
def test_sfew_aligned_folders(sfew, reader, train, val):
    dataset = load_sfew(sfew(train, val), reader)
    assert dataset.classes == EMOTIONS
    assert dataset.part_sizes() == {"train": 14, "val": 7}
    assert set(dataset.part("train").groups) == {"HarryPotter_Deathly_Hallows_1", "21"}
    assert set(dataset.part("val").groups) == {"Airheads"}
    assert dataset.class_counts()["val"] == dict.fromkeys(EMOTIONS, 1)
    assert dataset.notes["layout"] == "aligned folders"
    labels = [EMOTIONS[k] for k in dataset.y]
    assert all(
        name.lower() in path.lower() for name, path in zip(labels, dataset.paths)
    )


def test_sfew_takes_aligned_or_whole_pictures_as_asked(sfew, reader):
    root = sfew("Train", "Val")
    with pytest.raises(DataNotFound, match=r"aligned=False to load Train, Val"):
        load_sfew(root, reader)
    whole = load_sfew(root, reader, aligned=False)
    sfew("Train_Aligned_Faces", "Val_Aligned_Faces")
    for aligned in (True, False):
        dataset = load_sfew(root, reader, aligned=aligned)
        assert len(dataset) == 21
        assert all(("Aligned" in path) == aligned for path in dataset.paths)
    assert load_sfew(root, reader, aligned=False).fingerprint == whole.fingerprint


def test_sfew_test_part(sfew, reader, write_images):
    root = sfew(*LAYOUTS[0])
    write_images([root / "Test_Aligned_Faces" / f"{k:03}.png" for k in range(5)])
    dataset = load_sfew(root, reader)
    assert dataset.part_sizes() == {"train": 14, "val": 7}
    assert dataset.notes["unlabelled"] == "5 test images left out"
    dataset = load_sfew(root, reader, unlabelled=True)
    assert dataset.part_sizes() == {"train": 14, "val": 7, "test": 5}
    assert set(dataset.part("test").y) == {-1}
    assert dataset.groups is not None


def test_sfew_labelled_test_part(sfew, reader, write_images):
    root = sfew(*LAYOUTS[0])
    write_images(
        sfew_paths(root / "Test_Aligned_Faces", ["Hangover_004512014_00000002"])
    )
    dataset = load_sfew(root, reader)
    assert dataset.part_sizes() == {"train": 14, "val": 7, "test": 7}
    assert dataset.labelled.all()


def test_sfew_names_without_films(sfew, reader, write_images):
    root = sfew(*LAYOUTS[0])
    write_images([root / "Val_Aligned_Faces" / "Sad" / "7.png"])
    dataset = load_sfew(root, reader)
    assert dataset.groups is None
    assert "1 file names" in dataset.notes["groups"]


def test_sfew_faulty_folders(sfew, reader, lenient, write_images):
    root = sfew(*LAYOUTS[0])
    for path in (root / "Val_Aligned_Faces" / "Fear").iterdir():
        path.unlink()
    write_images([root / "Val_Aligned_Faces" / "Contempt" / f"{FRAMES[0]}.png"])
    with pytest.raises(DataError, match=r"Contempt|class fear"):
        load_sfew(root, reader)
    dataset = load_sfew(root, lenient)
    assert dataset.part_sizes() == {"train": 14, "val": 6}
    found = " ".join(map(str, dataset.skipped))
    assert "class fear" in found
    assert "Contempt" in found


def test_sfew_two_folders_of_one_part(sfew, reader):
    sfew(*LAYOUTS[0])
    root = sfew("Train_Aligned_Faces", "Val_Aligned_Faces_new")
    with pytest.raises(DataError, match="part val, and so does"):
        load_sfew(root, reader)


def test_sfew_is_not_there(tmp_path, reader, write_images):
    write_images([tmp_path / "Train" / "Happy" / "1.png"])
    with pytest.raises(DataNotFound, match="0 pickles"):
        load_sfew(tmp_path, reader)


def stacks(faces):
    train, val = faces(7, (20, 16)), faces(7, (20, 16), seed=1)
    return train, val, list(FOLDERS)


def structures(train, val, labels):
    """Return every structure in which the pickle is read, and whether it has parts."""
    numbers = list(range(7))
    pairs = list(zip(train, labels))
    return {
        "pair": ((train, labels), False),
        "pair of lists": ([list(train), labels], False),
        "labels first": ((labels, train), False),
        "labels as an array": ((train, np.array(labels)), False),
        "numbers": ((train, np.array(numbers)), False),
        "numbers in a column": ((train, np.array(numbers)[:, None]), False),
        "dict": ({"images": train, "labels": labels, "names": "?"}, False),
        "dict of x and y": ({"X": train, "y": numbers}, False),
        "pairs": (pairs, False),
        "pairs, labels first": ([pair[::-1] for pair in pairs], False),
        "pairs with numpy scalars": (list(zip(train, np.arange(7))), False),
        "by class": (dict(zip(labels, train[:, None])), False),
        "by number": (dict(zip(numbers, train[:, None])), False),
        "by part": ({"train": (train, labels), "val": (val, labels)}, True),
        "by part and class": (
            {"Train": dict(zip(labels, train[:, None])), "Val": (val, numbers)},
            True,
        ),
        "by part in the keys": (
            {"X_train": train, "y_train": labels, "X_val": val, "y_val": labels},
            True,
        ),
        "real numbers": ((train / 255, labels), False),
        "real numbers to 255": ((train.astype(np.float32), labels), False),
        "nested lists": ((train.tolist(), labels), False),
        "one channel": ((train[..., None], labels), False),
        "three channels": ((np.repeat(train[..., None], 3, axis=3), labels), False),
        "channels first": ((np.repeat(train[:, None], 3, axis=1), labels), False),
    }


@pytest.fixture
def pickled(tmp_path):
    def write(content, name="SFEW.pckl"):
        (tmp_path / name).write_bytes(pickle.dumps(content))
        return tmp_path

    return write


@pytest.mark.parametrize("name", structures(np.zeros((7, 2, 2)), np.zeros(7), FOLDERS))
def test_sfew_pickle(pickled, faces, reader, name):
    train, val, labels = stacks(faces)
    wanted = reader.fit_stack(train)
    content, has_parts = structures(train, val, labels)[name]
    dataset = load_sfew(pickled(content), reader, label_names=FOLDERS)
    first = dataset.part("train") if has_parts else dataset
    np.testing.assert_array_equal(first.X, wanted)
    assert [EMOTIONS[k] for k in first.y] == [label.lower() for label in labels]
    assert dataset.part_sizes() == ({"train": 7, "val": 7} if has_parts else {})
    assert dataset.groups is None
    assert dataset.notes["file"] == "SFEW.pckl"


def test_sfew_pickle_with_images_of_many_sizes(pickled, faces, reader):
    images = [faces(1, (20 + k, 16))[0] for k in range(7)]
    dataset = load_sfew(pickled((images, FOLDERS)), reader)
    assert dataset.X.shape == (7, 48 * 48)


def test_sfew_pickle_test_part(pickled, faces, reader):
    train, val, labels = stacks(faces)
    root = pickled({"train": (train, labels), "val": (val, labels), "test": val[:3]})
    assert load_sfew(root, reader).notes["unlabelled"] == "3 images left out"
    dataset = load_sfew(root, reader, unlabelled=True)
    assert dataset.part_sizes() == {"train": 7, "val": 7, "test": 3}
    assert dataset.labelled.sum() == 14


def test_sfew_pickle_among_others(pickled, faces, reader):
    train, _, labels = stacks(faces)
    pickled(1, "other.pkl")
    pickled(2, "another.pickle")
    with pytest.raises(DataNotFound, match="2 pickles"):
        load_sfew(pickled(3, "other.pkl"), reader)
    root = pickled((train, labels))
    for place in (root, root / "SFEW.pckl"):
        assert len(load_sfew(place, reader)) == 7


def test_sfew_folders_come_before_the_pickle(sfew, pickled, faces, reader):
    train, _, labels = stacks(faces)
    root = pickled((train, labels))
    sfew("Train", "Val")
    assert load_sfew(root, reader).notes["layout"] == "pickle"
    assert load_sfew(root, reader, aligned=False).notes["layout"] == "folders"


UNKNOWN = {
    "a word": lambda train, labels: "happy",
    "nothing": lambda train, labels: [],
    "images alone": lambda train, labels: train,
    "too few labels": lambda train, labels: (train, labels[1:]),
    "four arrays": lambda train, labels: (train, train, labels, labels),
    "strange keys": lambda train, labels: {"a": train, "b": labels},
    "words for images": lambda train, labels: dict.fromkeys(labels, "image"),
    "train without labels": lambda train, labels: {"train": train},
    "a strange label": lambda train, labels: (train, ["bored", *labels[1:]]),
    "numbers without names": lambda train, labels: (train, list(range(7))),
    "pixels beyond 255": lambda train, labels: (train.astype(int) * 2, labels),
    "pixels that are nan": lambda train, labels: (train * np.nan, labels),
    "lines of pixels": lambda train, labels: (train[:, 0], labels),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_sfew_pickle_of_unknown_structure(pickled, faces, reader, name):
    train, _, labels = stacks(faces)
    root = pickled(UNKNOWN[name](train[:, :, :13], labels))
    with pytest.raises(DataError) as caught:
        load_sfew(root, reader)
    assert caught.value.file == root / "SFEW.pckl"


def test_sfew_pickle_error_describes_what_was_found(pickled, faces, reader):
    train, _, labels = stacks(faces)
    root = pickled({"faces": train, "meanings": labels})
    with pytest.raises(DataError, match=r"'faces': uint8 of shape \(7, 20, 16\)"):
        load_sfew(root, reader)


def test_sfew_pickle_skips_faulty_rows(pickled, faces, lenient):
    train, _, labels = stacks(faces)
    images = [train[0], train[1][0, :13], *train[2:]]
    dataset = load_sfew(pickled((images, [*labels[:6], "bored"])), lenient)
    assert len(dataset) == 5
    assert [error.row for error in dataset.skipped] == [1, 6]


def test_sfew_hostile_pickle(pickled, reader, tmp_path):
    class Evil:
        def __reduce__(self):
            return builtins.open, (str(tmp_path / "marker"), "w")

    with pytest.raises(DataError, match=r"calls for \w+\.open"):
        load_sfew(pickled([Evil()]), reader)
    assert not (tmp_path / "marker").exists()

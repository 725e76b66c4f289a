"""FER2013 from every layout, and everything that can be wrong with its csv."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fercompare.datasets.fer2013 import load_fer2013
from fercompare.datasets.pixel_csv import read_pixel_csv
from fercompare.datasets.votes import VOTES
from fercompare.decoding import ImageReader
from fercompare.errors import DataError, DataNotFound
from fercompare.labels import EMOTIONS

LABELS = [0, 1, 2, 3, 4, 5, 6]
USAGES = ["Training"] * 5 + ["PublicTest", "PrivateTest"]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("fer2013.csv", "emotion,pixels,Usage"),
        ("icml_face_data.csv", "emotion, Usage, pixels"),
    ],
)
def test_csv(tmp_path, reader, write_fer2013, name, header):
    images = write_fer2013(tmp_path / name, LABELS, USAGES, header)
    dataset = load_fer2013(tmp_path, reader)
    assert np.array_equal(dataset.X, images)
    assert dataset.y.tolist() == LABELS
    assert dataset.classes == EMOTIONS
    assert dataset.split.tolist() == ["train"] * 5 + ["val", "test"]
    assert (
        load_fer2013(tmp_path / name, ImageReader()).fingerprint == dataset.fingerprint
    )


def test_layouts_of_the_same_pixels_have_one_fingerprint(
    tmp_path, reader, write_fer2013, write_images
):
    write_fer2013(tmp_path / "csv" / "fer2013.csv", LABELS, USAGES)
    paths = [
        tmp_path / "folders" / ("train" if usage == "Training" else "test")
        / EMOTIONS[label] / f"{usage}_{label}.png"
        for label, usage in zip(LABELS, USAGES)
    ]  # fmt: skip
    write_images(paths)
    from_csv = load_fer2013(tmp_path / "csv", reader)
    from_folders = load_fer2013(tmp_path / "folders", reader)
    assert from_csv.fingerprint == from_folders.fingerprint
    assert from_folders.part_sizes() == {"train": 5, "val": 1, "test": 1}


def test_contest_files(tmp_path, reader, write_fer2013):
    write_fer2013(tmp_path / "train.csv", LABELS, USAGES, "emotion,pixels")
    write_fer2013(tmp_path / "test.csv", LABELS[:2], USAGES, "pixels", seed=1)
    assert load_fer2013(tmp_path, reader).part_sizes() == {"train": 7}
    both = load_fer2013(tmp_path, reader, unlabelled=True)
    assert both.part_sizes() == {"train": 7, "test": 2}
    assert both.y[-2:].tolist() == [-1, -1]


def test_quoted_pixels_and_windows_line_ends_and_a_byte_order_mark(
    tmp_path, reader, faces
):
    pixels = " ".join(map(str, faces(1).ravel()))
    text = f'\ufeffemotion,pixels,Usage\r\n3,"{pixels}",Training\r\n'
    (tmp_path / "fer2013.csv").write_bytes(text.encode())
    dataset = load_fer2013(tmp_path, reader)
    assert np.array_equal(dataset.X, faces(1).reshape(1, -1))


def test_images_are_resized_to_the_shape_asked_for(tmp_path, write_fer2013):
    write_fer2013(tmp_path / "fer2013.csv", LABELS, USAGES)
    dataset = load_fer2013(tmp_path, ImageReader((24, 32)))
    assert dataset.images.shape == (7, 24, 32)


def test_votes_beside_the_csv_are_joined_by_row(tmp_path, reader, write_fer2013):
    write_fer2013(tmp_path / "fer2013.csv", LABELS, USAGES)
    lines = ["Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,"
             "contempt,unknown,NF"]  # fmt: skip
    lines += [
        f"{usage},fer.png,0,0,0,0,0,0,0,0,0,{k}" for k, usage in enumerate(USAGES)
    ]
    (tmp_path / "fer2013new.csv").write_text("\n".join(lines))
    assert load_fer2013(tmp_path, reader).columns["nf_votes"].tolist() == list(range(7))


GOOD = " ".join(["7"] * 2304)
BAD_ROWS = {
    "a pixel short": (f"3,{GOOD[2:]},Training", "2303 pixels, expected 2304"),
    "a pixel more": (f"3,{GOOD} 7,Training", "2305 pixels, expected 2304"),
    "256": (f"3,256 {GOOD[2:]},Training", "pixel 0 is '256'"),
    "four digits": (f"3,1000 {GOOD[2:]},Training", "pixel 0 is '1000'"),
    "NaN": (f"3,{GOOD[:-1]}NaN,Training", "pixel 2303 is 'NaN'"),
    "negative": (f"3,-1 {GOOD[2:]},Training", "pixel 0 is '-1'"),
    "fraction": (f"3,7.5 {GOOD[2:]},Training", "pixel 0 is '7.5'"),
    "not ascii": (f"3,\u0663 {GOOD[2:]},Training", "pixel 0 is"),
    "no pixels": ("3,,Training", "0 pixels"),
    "label 7": (f"7,{GOOD},Training", "the label is '7'"),
    "label squared": (f"²,{GOOD},Training", "the label is"),
    "label long": ("9" * 5000 + f",{GOOD},Training", "the label is"),
    "label word": (f"happy,{GOOD},Training", "the label is 'happy'"),
    "label empty": (f",{GOOD},Training", "the label is ''"),
    "usage": (f"3,{GOOD},Trainig", "the usage is 'Trainig'"),
    "cut off": (f"3,{GOOD[:1000]}", "has 2 fields, the header 3"),
    "a field more": (f"3,{GOOD},Training,x", "has 4 fields, the header 3"),
    "endless": ("3," + "7 " * 50_000 + ",Training", "is longer than 65,536 bytes"),
}


@pytest.mark.parametrize("row", BAD_ROWS)
def test_a_bad_row_is_named_or_left_out(tmp_path, reader, lenient, row):
    path = tmp_path / "fer2013.csv"
    bad, message = BAD_ROWS[row]
    sound = f"1,{GOOD},Training"
    path.write_text("\n".join(["emotion,pixels,Usage", sound, bad, sound, ""]))
    with pytest.raises(DataError) as caught:
        load_fer2013(tmp_path, reader)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.row == 3
    dataset = load_fer2013(tmp_path, lenient)
    assert dataset.rows.tolist() == [0, 2]
    assert [error.row for error in dataset.skipped] == [3]


@pytest.mark.parametrize(
    "content",
    ["", "\n\n", "a,b,c\n", "emotion,pixel,Usage\n", "emotion,pixels,pixels,Usage\n",
     "\x00" * 100, "emotion;pixels;Usage\n3;1;Training\n"],
)  # fmt: skip
def test_a_wrong_header_is_refused(tmp_path, reader, content):
    (tmp_path / "fer2013.csv").write_text(content)
    with pytest.raises(DataError, match="row 1: the header"):
        load_fer2013(tmp_path, reader)


def test_a_field_of_a_gigabyte_is_refused_without_reading_it_whole(tmp_path, reader):
    path = tmp_path / "fer2013.csv"
    with open(path, "wb") as stream:
        stream.write(b"emotion,pixels,Usage\n3,")
        stream.truncate(2**30)
    with pytest.raises(DataError, match="row 2: is longer than 65,536 bytes"):
        load_fer2013(tmp_path, reader)


def test_what_is_missing_is_said(tmp_path, reader):
    with pytest.raises(DataNotFound, match=r"holds none of fer2013\.csv"):
        load_fer2013(tmp_path, reader)


def test_blank_lines_and_endless_lines_do_not_shift_the_votes(
    tmp_path, lenient, write_fer2013
):
    path = tmp_path / "fer2013.csv"
    write_fer2013(path, LABELS[:3], USAGES)
    header, *rows = path.read_text().splitlines()
    endless = " " * 70_000 + rows[1]
    path.write_text("\n".join([header, rows[0], "", endless, "  ", rows[2], ""]))
    lines = [",".join(["Usage", "Image name", *VOTES])]
    lines += [f"Training,x.png,0,0,0,0,0,0,0,0,0,{k}" for k in range(3)]
    (tmp_path / "fer2013new.csv").write_text("\n".join(lines))
    dataset = load_fer2013(tmp_path, lenient)
    assert dataset.rows.tolist() == [0, 2]
    assert dataset.columns["nf_votes"].tolist() == [0, 2]
    assert dataset.y.tolist() == [0, 2]


def test_votes_of_other_rows_are_refused(tmp_path, reader, write_fer2013):
    write_fer2013(tmp_path / "fer2013.csv", LABELS, USAGES)
    header = ",".join(["Usage", "Image name", *VOTES])
    rows = [f"{usage},x.png,9,1,0,0,0,0,0,0,0,0" for usage in USAGES]
    table = tmp_path / "fer2013new.csv"
    table.write_text("\n".join([header, *rows[:-1]]))
    with pytest.raises(DataError, match=r"has 6 rows, fer2013\.csv has 7"):
        load_fer2013(tmp_path, reader)
    table.write_text("\n".join([header, *rows[::-1]]))
    with pytest.raises(DataError, match="row 2: belongs to PrivateTest"):
        load_fer2013(tmp_path, reader)


def test_a_header_alone_is_no_set(tmp_path, reader):
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + "\n" * 99_999)
    with pytest.raises(DataError, match="has no sound row"):
        load_fer2013(tmp_path, reader)


def test_a_folder_called_training_may_hold_a_whole_set(tmp_path, reader, write_images):
    home = tmp_path / "training"
    names = ("happy", "sad")
    write_images([home / p / c / "1.png" for p in ("train", "test") for c in names])
    write_images([tmp_path / "other" / "train" / "angry" / "holiday.png"])
    dataset = load_fer2013(home, reader)
    assert dataset.part_sizes() == {"train": 2, "test": 2}


def test_augmented_copies_are_refused(tmp_path, lenient, write_images):
    home = tmp_path / "train"
    write_images([home / "happy" / "Training_1.jpg", home / "sad" / "Training_2.jpg"])
    write_images([home / "sad" / "Training_2.jpg.rotated.jpg"])
    dataset = load_fer2013(tmp_path, lenient)
    assert len(dataset) == 2
    assert "augmented copy" in str(dataset.skipped[0])


def test_folders_without_the_origin_say_that_the_test_parts_are_mixed(
    tmp_path, reader, write_images
):
    write_images([
        tmp_path / part / name / "1.png"
        for part in ("train", "test") for name in ("happy", "sad")
    ])  # fmt: skip
    dataset = load_fer2013(tmp_path, reader)
    assert dataset.part_sizes() == {"train": 2, "test": 2}
    assert "together" in dataset.notes["test"]


numbers = st.lists(st.integers(0, 255), min_size=4, max_size=4)


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(numbers, min_size=1, max_size=9), gap=st.sampled_from([" ", "  "]))
def test_any_sound_csv_is_read_to_the_last_pixel(tmp_path_factory, rows, gap):
    path = tmp_path_factory.mktemp("csv") / "some.csv"
    lines = [f"{k},{gap.join(map(str, row))}" for k, row in enumerate(rows)]
    path.write_text("\n".join(["emotion,pixels", *lines]))
    table = read_pixel_csv(path, ImageReader(), required=("pixels",), n_pixels=4)
    assert table.X.tolist() == rows
    assert table.fields["emotion"] == [str(k) for k in range(len(rows))]


@settings(deadline=None, max_examples=150)
@given(garbage=st.text(alphabet=' 0123456789-.,"ne\r\t\x00', max_size=20))
def test_garbage_is_read_as_plain_python_reads_it_or_refused(tmp_path_factory, garbage):
    path = tmp_path_factory.mktemp("csv") / "some.csv"
    path.write_text(f"emotion,pixels\n1,{garbage}\n", newline="")
    try:
        table = read_pixel_csv(path, ImageReader(), required=("pixels",), n_pixels=4)
    except DataError as error:
        assert str(path) in str(error)
        return
    for row in table.X:
        expected = [int(n) for n in garbage.strip().strip('"').split()]
        assert row.tolist() == expected
    assert len(table.X) <= 1


def test_the_real_csv(real_data, reader):
    dataset = load_fer2013(real_data, reader)
    assert dataset.part_sizes() == {"train": 28709, "val": 3589, "test": 3589}


def test_the_real_layouts_hold_the_same(real_layouts, reader):
    from_csv = load_fer2013(real_layouts / "fer2013.csv", reader)
    from_folders = load_fer2013(real_layouts / "fer2013", reader)
    assert from_csv.part_sizes() == {"train": 300, "val": 300, "test": 300}
    assert from_folders.fingerprint == from_csv.fingerprint

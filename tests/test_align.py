"""Crops of faces: upright, framed alike, however the picture was turned or stored."""

import csv
import math
import shutil
import subprocess
import sys

import numpy as np
import pytest
from pictures import drawn, square, stored_eight_ways, turned
from PIL import Image
from skimage.data import astronaut, brick

from fercompare import load_dataset
from fercompare.datasets.loading import DataWarning
from fercompare.decoding import decode
from fercompare.errors import DataError
from fercompare.faces import folders
from fercompare.faces.align import EYES_APART, EYES_HEIGHT, align, roll
from fercompare.faces.base import Face, NotInstalled
from fercompare.faces.detectors import make_detector
from fercompare.faces.folders import Alignment, align_folder

MOST_ROLL_ERROR = 2
ANGLES = (-30, -20, -10, 10, 20, 30)
POINTS = ((80.0, 90.0), (140.0, 90.0), (110.0, 130.0), (90.0, 150.0), (130.0, 150.0))
HOW = Alignment(make_detector("cascade"))
LEVEL = Face((60.0, 50.0, 160.0, 180.0), 0.9, POINTS)


@pytest.fixture(scope="module")
def retinaface():
    try:
        return make_detector("retinaface")
    except NotInstalled as error:
        pytest.skip(str(error))


def best(detector, picture):
    return max(detector.detect(picture), key=lambda face: face.side)


@pytest.mark.parametrize("face", range(3), ids=["astronaut", "drawn", "another"])
def test_the_roll_follows_a_picture_that_is_turned(retinaface, face):
    picture = [square(), *drawn(2)][face]
    straight = roll(best(retinaface, picture))
    errors = [
        math.degrees(roll(best(retinaface, turned(picture, angle))) - straight) - angle
        for angle in ANGLES
    ]
    assert np.abs(errors).mean() < MOST_ROLL_ERROR
    assert np.abs(errors).max() < 2 * MOST_ROLL_ERROR


def test_a_turned_picture_gives_the_same_crop(retinaface):
    """Beside it, a crop that is not levelled shows what a turn does."""
    crops = {}
    for angle in (0, 25):
        picture = turned(square(), angle)
        for level in (True, False):
            face = best(retinaface, picture)
            crops[angle, level] = align(picture, face, (48, 48), level=level)
    apart = {
        level: np.abs(crops[0, level].astype(int) - crops[25, level]).mean()
        for level in (True, False)
    }
    assert apart[True] < 8
    assert apart[False] > 3 * apart[True]


@pytest.mark.parametrize("degrees", [0, -40, 90, 180])
@pytest.mark.parametrize("margin", [0.0, 0.25])
def test_eyes_come_to_fixed_places(degrees, margin):
    """Dots on the eyes of a face with known points are where they should be."""
    turn = math.radians(degrees)
    matrix = np.array(
        [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    )
    points = (np.array(POINTS) - 110) @ matrix.T + 110
    picture = np.zeros((220, 220), np.uint8)
    rows, columns = np.mgrid[:220, :220] + 0.5
    for x, y in points[:2]:
        picture[np.hypot(columns - x, rows - y) < 5] = 255
    face = LEVEL._replace(points=tuple(map(tuple, points.tolist())))
    crop = align(picture, face, (200, 200), margin=margin).astype(float)
    for half, side in enumerate((-1, 1)):
        part = crop[:, 100 * half : 100 * half + 100]
        x = part.sum(axis=0) @ (np.arange(100) + 0.5) / part.sum() + 100 * half
        y = part.sum(axis=1) @ (np.arange(200) + 0.5) / part.sum()
        whole = 1 + 2 * margin
        assert x / 200 == pytest.approx(0.5 + side * EYES_APART / 2 / whole, abs=0.005)
        assert y / 200 == pytest.approx(0.5 - (0.5 - EYES_HEIGHT) / whole, abs=0.005)


def test_large_faces_are_shrunk_without_moire():
    """Lines one pixel wide become even grey, not stripes."""
    lines = np.zeros((1200, 1200), np.uint8)
    lines[:, ::2] = 200
    for points in (None, tuple((5 * x, 5 * y) for x, y in POINTS)):
        face = Face((300.0, 250.0, 900.0, 850.0), 0.9, points)
        crop = align(lines, face)
        assert crop.std() < 5
        assert crop.mean() == pytest.approx(100, abs=2)


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 3), (30, 20), (1, 1, 3)])
@pytest.mark.parametrize("picture", [astronaut(), astronaut()[:, :, 0]], ids=["3", "1"])
def test_crops_have_the_shape_that_is_asked_for(picture, shape):
    crop = align(picture, LEVEL, shape)
    assert crop.shape == shape
    assert crop.dtype == np.uint8


@pytest.mark.parametrize("margin", [-0.5, -1, float("nan"), float("inf")])
def test_a_margin_that_leaves_nothing_is_refused(margin):
    with pytest.raises(DataError, match="margin="):
        align(astronaut(), LEVEL, margin=margin)


def test_a_face_at_the_border_or_outside_goes_on_as_the_border():
    picture = np.full((50, 60, 3), 77, np.uint8)
    for box in [(-30, -30, 20, 20), (50, 40, 200, 190), (500, 500, 501, 501)]:
        assert (align(picture, Face(box, 0.5)) == 77).all()
    assert align(np.full((1, 1), 9, np.uint8), LEVEL)[0, 0] == 9


def test_crops_do_not_depend_on_how_the_picture_was_stored(retinaface, tmp_path):
    paths = stored_eight_ways(square(), tmp_path)
    crops = []
    for path in paths:
        picture = decode(path)
        crops.append(align(picture, best(retinaface, picture)))
    assert all(np.array_equal(crop, crops[0]) for crop in crops)


@pytest.fixture
def source(tmp_path):
    """Two classes in two parts: one face, two faces, and none."""
    source = tmp_path / "in"
    pair = np.hstack([square(), square()])
    pictures = {
        "train/happy/one.jpg": square(),
        "train/happy/one.png": square(),
        "train/sad/pair.png": pair,
        "test/happy/none.png": brick()[:100, :100],
        "test/sad/one.png": turned(square(), 5),
    }
    for name, picture in pictures.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(source / name)
    return source


def rows_of(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_a_folder_becomes_a_data_set_that_misses_nothing(call, source, tmp_path):
    done = call("data", "align", "in", "out", "--detector", "cascade", "--size", "40")
    assert done.stdout == "out\n"
    rows = {row["file"]: row for row in rows_of(tmp_path / "out" / "faces.csv")}
    assert len(rows) == 5
    assert rows["train/sad/pair.png"]["faces"] == "2"
    assert rows["test/happy/none.png"]["done"] == "whole picture"
    assert len({row["written"] for row in rows.values()}) == 5
    without = rows_of(tmp_path / "out" / "without-a-face.csv")
    assert [row["file"] for row in without] == ["test/happy/none.png"]
    dataset = load_dataset("folders", tmp_path / "out", image_shape=(40, 40))
    assert len(dataset) == 5
    assert dataset.part_sizes() == {"train": 3, "test": 2}
    assert dataset.notes["without_a_face"] == "1 whole picture"
    assert "1 with several faces" in done.stderr
    written = decode(tmp_path / "out" / rows["train/happy/one.png"]["written"])
    face = max(make_detector("cascade").detect(square()), key=lambda f: f.side)
    assert np.array_equal(written, align(square(), face, (40, 40)))


def test_colour_is_kept_when_asked_for_and_nothing_is_left_out(call, source, tmp_path):
    call("data", "align", "in", "out", "--detector", "cascade", "--color")
    dataset = load_dataset("folders", tmp_path / "out", color=True)
    assert len(dataset) == 5
    assert dataset.image_shape == (48, 48, 3)
    words = "data", "align", "in", "other", "--without-face", "list"
    assert "No such option" in call(*words, status=2).stderr


def test_broken_pictures_are_listed_and_the_rest_is_done(call, source, tmp_path):
    (source / "train/happy/broken.png").write_bytes(b"nothing")
    done = call("data", "align", "in", "out", "--detector", "cascade", status=1)
    assert "broken.png: cannot be decoded" in done.stderr
    rows = {row["file"]: row for row in rows_of(tmp_path / "out" / "faces.csv")}
    assert rows["train/happy/broken.png"]["done"] == "unreadable"
    assert len(list((tmp_path / "out").rglob("*.png"))) == 5
    told = r"faces\.csv: train/happy/broken\.png could not be read"
    with pytest.raises(DataError, match=told):
        load_dataset("folders", tmp_path / "out")
    with pytest.warns(DataWarning, match=told):
        dataset = load_dataset("folders", tmp_path / "out", on_error="skip")
    assert dataset.notes["unreadable"] == "1 pictures, see faces.csv"
    assert (len(dataset), len(dataset.skipped)) == (5, 1)


@pytest.fixture
def stopped(source, tmp_path, monkeypatch):
    """Stop a run after two pictures; return what it and the next ones decode."""
    asked = []

    def decode_and_stop(path, most):
        asked.append(path)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return decode(path, most)

    monkeypatch.setattr(folders, "decode", decode_and_stop)
    with pytest.raises(KeyboardInterrupt):
        align_folder(source, tmp_path / "out", HOW)
    return asked


def assert_same(one, other, prepared):
    for each in prepared:
        assert np.array_equal(decode(one / each.written), decode(other / each.written))


def test_a_run_that_was_stopped_goes_on(source, tmp_path, stopped):
    whole, _ = align_folder(source, tmp_path / "whole", HOW)
    del stopped[3:]
    with pytest.raises(DataError, match="is not whole"):
        load_dataset("folders", tmp_path / "out")
    with (tmp_path / "out" / ".aligning.jsonl").open("ab") as stream:
        stream.write(b'{"file": "torn')
    again, _ = align_folder(source, tmp_path / "out", HOW)
    assert again == whole
    assert len(stopped) == 3 + 3
    assert_same(tmp_path / "whole", tmp_path / "out", whole)
    with pytest.raises(DataError, match="is not empty"):
        align_folder(source, tmp_path / "out", HOW)
    assert not list((tmp_path / "out").glob(".*"))
    with pytest.raises(DataError, match="lies in"):
        align_folder(source, source / "train", HOW)


def test_a_stopped_run_goes_on_with_the_same_settings_only(source, tmp_path, stopped):
    def refuses(what, source, **options):
        how = Alignment(**{"detector": HOW.detector} | options)
        with pytest.raises(DataError, match=f"other settings .*: {what};"):
            align_folder(source, tmp_path / "out", how)

    shutil.copytree(source, tmp_path / "other")
    refuses("source", tmp_path / "other")
    refuses("margin", source, margin=0.1)
    refuses("image_shape, level", source, image_shape=(48, 48, 3), level=False)
    refuses("long_side", source, detector=make_detector("cascade(long_side=300)"))


def test_a_less_precise_detector_is_another_setting(retinaface, source):
    precise, quick = retinaface, make_detector("retinaface(precise=False)")
    assert Alignment(precise).settings() != Alignment(quick).settings()


def test_files_that_changed_meanwhile_are_done_again(source, tmp_path, stopped):
    Image.fromarray(square()[:, ::-1]).save(source / "test/happy/none.png")
    (source / "test/sad/one.png").unlink()
    Image.fromarray(square()[::-1]).save(source / "test/sad/more.png")
    again, _ = align_folder(source, tmp_path / "out", HOW)
    whole, _ = align_folder(source, tmp_path / "whole", HOW)
    assert again == whole
    assert_same(tmp_path / "whole", tmp_path / "out", whole)
    written = {path.name for path in (tmp_path / "out/test/sad").iterdir()}
    assert written == {"more.png"}


def test_what_is_written_keeps_its_name_when_files_are_added(source, tmp_path, stopped):
    before = (tmp_path / "out/test/sad/one.png").read_bytes()
    Image.fromarray(brick()[:80, :80]).save(source / "test/sad/one.jpg")
    again, _ = align_folder(source, tmp_path / "out", HOW)
    names = {one.file: one.written for one in again}
    assert names["test/sad/one.png"] == "test/sad/one.png"
    assert names["test/sad/one.jpg"] == "test/sad/one-jpg.png"
    assert len(set(names.values())) == 6
    assert (tmp_path / "out/test/sad/one.png").read_bytes() == before


def test_a_run_may_be_stopped_twice(source, tmp_path, stopped):
    (source / "test/sad/one.png").unlink()
    Image.fromarray(brick()[:80, :80]).save(source / "test/sad/one.jpg")
    with (tmp_path / "out/.aligning.jsonl").open("ab") as stream:
        stream.write(b'{"torn')
    stopped[:] = stopped[:1]
    with pytest.raises(KeyboardInterrupt):
        align_folder(source, tmp_path / "out", HOW)
    again, _ = align_folder(source, tmp_path / "out", HOW)
    names = {one.file: one.written for one in again}
    assert names["test/sad/one.jpg"] == "test/sad/one.png"
    assert all((tmp_path / "out" / name).is_file() for name in names.values())


def test_a_journal_that_leads_elsewhere_is_refused(source, tmp_path, stopped):
    kept = tmp_path / "kept.png"
    kept.write_bytes(b"kept")
    path = tmp_path / "out" / ".aligning.jsonl"
    path.write_text(path.read_text().replace("test/happy/none.png", "../kept.png"))
    with pytest.raises(DataError, match="is damaged"):
        align_folder(source, tmp_path / "out", HOW)
    assert kept.exists()


def test_two_runs_do_not_write_one_folder(source, tmp_path, monkeypatch):
    out, told = tmp_path / "out", []

    def decode_beside(path, most):
        with pytest.raises(DataError, match="is being written by another run") as found:
            align_folder(source, out, HOW)
        told.append(found)
        return decode(path, most)

    monkeypatch.setattr(folders, "decode", decode_beside)
    prepared, _ = align_folder(source, out, HOW)
    assert len(prepared) == len(told) == 5
    assert not list(out.glob(".*"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
def test_a_run_that_was_killed_locks_nothing(source, tmp_path):
    out = tmp_path / "out"
    words = "import os, sys; from pathlib import Path; "
    words += "from fercompare.faces.journal import alone_in; "
    words += "held = alone_in(Path(sys.argv[1])); held.__enter__(); "
    words += "os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", words, str(out)], check=False)
    assert [path.name for path in out.iterdir()] == [".aligning.lock"]
    prepared, _ = align_folder(source, out, HOW)
    assert len(prepared) == 5

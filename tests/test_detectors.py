"""Faces found in pictures: how many, where, in what, and by what is installed."""

import sys

import numpy as np
import pytest
from pictures import FACE, mosaic, resized, square
from PIL import Image
from skimage.data import astronaut, brick

from fercompare.decoding import MOST_PIXELS_TO_SEARCH, decode
from fercompare.errors import DataError, UnknownName
from fercompare.faces import retinaface
from fercompare.faces.base import NotInstalled
from fercompare.faces.detectors import (
    DETECTORS,
    OPTIONS,
    list_detectors,
    make_detector,
    options_of,
)

BOXES_APART = 0.5
PICTURE = astronaut()[:256, 98:354]


def make(name):
    try:
        return make_detector(name)
    except NotInstalled as error:
        pytest.skip(str(error))


@pytest.fixture(params=DETECTORS)
def detector(request):
    return make(request.param)


def overlap(a, b):
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = np.prod(np.maximum(high - low, 0))
    area = sum(np.prod(np.subtract(box[2:], box[:2])) for box in (a, b))
    return shared / (area - shared)


def test_every_detector_finds_the_face(detector):
    face, *_ = detector.detect(PICTURE)
    left, top, right, bottom = face.box
    assert left < FACE[0] - 98 < right
    assert top < FACE[1] < bottom
    assert 80 < face.side < 150
    assert 0 <= face.score <= 1
    assert type(face.score) is float
    assert all(type(side) is float for side in face.box)


@pytest.mark.parametrize("change", [2, 0.5], ids=["twice", "half"])
def test_boxes_are_in_pixels_of_the_picture_whatever_its_size(detector, change):
    here = detector.detect(PICTURE)[0]
    there = detector.detect(resized(PICTURE, int(256 * change)))[0]
    assert overlap(here.box, tuple(np.divide(there.box, change))) > BOXES_APART


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 900, 3), (20, 5000), (4000, 40, 3), (7, 9, 3), (700, 700)]
)
def test_nothing_is_found_where_nothing_is(detector, shape):
    assert detector.detect(np.full(shape, 128, np.uint8)) == []


def test_a_wall_has_no_face(detector):
    assert detector.detect(brick()) == []


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 4)),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros(9, np.uint8),
    ],
    ids=["floats", "four channels", "empty", "a line"],
)
def test_what_is_no_picture_is_refused(detector, picture):
    with pytest.raises(DataError, match="is no picture"):
        detector.detect(picture)


def test_grey_and_colour_show_the_same_face(detector):
    grey = np.asarray(Image.fromarray(PICTURE).convert("L"))
    found = [detector.detect(picture)[0].box for picture in (grey, PICTURE)]
    assert overlap(*found) > BOXES_APART


def test_a_score_that_is_asked_for_is_kept(detector):
    if detector.name == "cascade":
        pytest.skip("it says yes or no")
    scores = [face.score for face in detector.detect(PICTURE)]
    assert scores == sorted(scores, reverse=True)
    strict = make_detector(detector.name, min_score=1.0)
    assert strict.detect(PICTURE) == []


@pytest.mark.parametrize("side", [40, 150])
def test_a_hundred_faces_are_a_hundred_boxes(side):
    make("retinaface")
    faces = make_detector("retinaface(precise=False)").detect(mosaic(10, 10, side))
    cells = {tuple(int(np.mean(f.box[k::2]) // side) for k in (0, 1)) for f in faces}
    assert len(faces) == len(cells) == 100


def test_a_face_as_large_as_the_picture_is_found():
    [face] = make("retinaface").detect(resized(square()[20:220, 20:220], 1280))
    assert face.side > 500


def test_points_are_those_of_the_package():
    """The package rounds down, and looks once."""
    make("retinaface")
    package = pytest.importorskip("retinaface", exc_type=ImportError)
    picture = astronaut()[:400]
    once = make_detector("retinaface", precise=False, min_score=0.9)
    ours, theirs = once.detect(picture), package.detect_faces(picture)
    assert len(ours) == len(theirs) == 1
    box = theirs[0].x, theirs[0].y, theirs[0].width, theirs[0].height
    left, top, right, bottom = ours[0].box
    assert np.abs(np.subtract((left, top, right - left, bottom - top), box)).max() < 1
    assert ours[0].score == pytest.approx(theirs[0].score, abs=1e-4)
    points = [(point.x, point.y) for point in theirs[0].landmarks]
    assert np.abs(np.subtract(ours[0].points, points)).max() < 1
    twice = make("retinaface").detect(picture)[0]
    assert np.abs(np.subtract(twice.points, points)).max() < 5


def test_two_threads_find_what_one_finds():
    make("retinaface")
    one, two = (make_detector("retinaface", threads=n).detect(PICTURE) for n in (1, 2))
    np.testing.assert_allclose(one[0].points, two[0].points, atol=0.01)


def test_the_best_is_the_first_that_is_installed(monkeypatch):
    listed = list_detectors()
    assert [name for name, _, _ in listed] == list(DETECTORS)
    assert make_detector().name == next(name for name, there, _ in listed if there)
    for package in ("cv2", "onnxruntime"):
        monkeypatch.setitem(sys.modules, package, None)
    retinaface._session.cache_clear()
    assert make_detector().name == "cascade"
    assert [name for name, there, _ in list_detectors() if there] == ["cascade"]
    for name in ("retinaface", "haar", "yunet"):
        with pytest.raises(NotInstalled, match=f"detector {name!r}.*pip install"):
            make_detector(name)


def test_weights_of_others_are_not_run(tmp_path, monkeypatch):
    harm = tmp_path / "harm"
    (tmp_path / "retinaface").mkdir()
    lines = f"WEIGHTS = open({str(harm)!r}, 'w')\n", "WEIGHTS = b'other'\n"
    for line in lines:
        (tmp_path / "retinaface" / "weights.py").write_text(line)
        (tmp_path / "retinaface" / "__init__.py").write_text(line)
        monkeypatch.delitem(sys.modules, "retinaface", raising=False)
        monkeypatch.syspath_prepend(tmp_path)
        retinaface._session.cache_clear()
        pytest.importorskip("onnxruntime")
        with pytest.raises(DataError, match="does not hold the network"):
            make_detector("retinaface")
    assert not harm.exists()
    retinaface._session.cache_clear()


def test_another_yunet_is_refused(tmp_path, monkeypatch):
    pytest.importorskip("cv2", exc_type=ImportError)
    other = tmp_path / "other.onnx"
    other.write_bytes(b"not YuNet")
    monkeypatch.setenv("FERCOMPARE_YUNET", str(other))
    with pytest.raises(DataError, match="is not the YuNet of March 2023"):
        make_detector("yunet")
    monkeypatch.setenv("FERCOMPARE_YUNET", str(tmp_path / "none.onnx"))
    with pytest.raises(DataError, match="cannot be read"):
        make_detector("yunet")


def test_names_and_options_are_checked():
    assert make_detector("cascade(long_side=100)").long_side == 100
    with pytest.raises(UnknownName, match="did you mean 'cascade'"):
        make_detector("cascad")
    with pytest.raises(UnknownName, match="unknown option"):
        make_detector("cascade(longside=100)")
    with pytest.raises(DataError, match="min_score=2"):
        make_detector("retinaface", min_score=2)
    with pytest.raises(DataError, match="long_side=3"):
        make_detector("cascade(long_side=3)")
    with pytest.raises(UnknownName, match="'min_score'; there are: long_side"):
        make_detector("cascade", min_score=0.5)


@pytest.mark.parametrize(
    "name",
    [
        *("retinaface(threads=abc)", "retinaface(threads=2.5)", "haar(min_score=x)"),
        *("retinaface(threads=-3)", "retinaface(threads=None)", "yunet(path=3)"),
        *("retinaface(precise=maybe)", "retinaface(precise=1)", "yunet(path=(1,))"),
        *("haar(long_side=None)", "cascade(long_side=None)", "cascade(long_side=99.5)"),
        *("yunet(long_side=[])", "haar(long_side=True)", "retinaface(min_score=1e999)"),
    ],
)
def test_values_that_mean_nothing_are_refused(name):
    option = name[name.index("(") + 1 : name.index("=")]
    with pytest.raises(DataError, match=rf"{option}=.* means nothing to .*; give a?"):
        make_detector(name)


def test_every_option_of_a_detector_is_known():
    expected = {"min_score": 0.7, "long_side": 1280, "threads": 1, "precise": True}
    assert options_of(make("retinaface")) == expected
    assert make_detector("retinaface(long_side=None)").long_side is None
    for name in DETECTORS:
        for option in options_of(make(name)):
            assert option in OPTIONS


def test_a_picture_of_a_hundred_megapixels_is_refused_unread(tmp_path):
    path = tmp_path / "huge.png"
    Image.new("1", (10_000, 10_000)).save(path)
    with pytest.raises(DataError, match="100,000,000, more than 64,000,000 pixels"):
        decode(path, MOST_PIXELS_TO_SEARCH)
    Image.new("1", (5_000, 4_000)).save(path)
    assert decode(path, MOST_PIXELS_TO_SEARCH).shape == (4_000, 5_000)
    with pytest.raises(DataError, match="more than 16,000,000 pixels"):
        decode(path)

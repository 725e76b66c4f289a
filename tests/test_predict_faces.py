"""`fercompare predict --detect`: a row a face, of pictures, folders and films."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from pictures import square, turned
from PIL import Image
from skimage.data import brick
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import LinearSVC

from fercompare import load_model, read_card, save_model
from fercompare.decoding import decode
from fercompare.drawing import annotate, encode
from fercompare.errors import DataError, UnknownName
from fercompare.faces.base import Face
from fercompare.faces.detectors import make_detector
from fercompare.faces.recognition import Recognizer
from fercompare.saving.shipped import SHIPPED

FAILED, WRONG_USE = 1, 2
CASCADE = "--detect", "--detector", "cascade"
FACE = Face((70.0, 60.0, 170.0, 170.0), 0.9)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A model of three classes in colour without probabilities, and one of two."""
    folder = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(0)
    made = {
        "colour": (LinearSVC(), (12, 12, 3), ["low", "high", "other"]),
        "grey": (RandomForestClassifier(5), (10, 14), ["sad", "happy"]),
    }
    for name, (model, shape, classes) in made.items():
        X = rng.integers(0, 256, (60, int(np.prod(shape))), dtype=np.uint8)
        model.set_params(random_state=0).fit(X, np.arange(60) % len(classes))
        card = {"classes": classes, "image_shape": shape}
        save_model(model, folder / f"{name}.fer", card=card)
    return folder


@pytest.fixture
def pictures(tmp_path):
    """A folder of one face, two faces and none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, picture in {
        "a.png": square(),
        "b.png": np.hstack([square(), square()[:, :, 1:2].repeat(3, axis=2)]),
        "c.png": brick()[:90, :90],
    }.items():
        Image.fromarray(picture).save(folder / name)
    return folder


def table_of(done):
    return pd.read_csv(io.StringIO(done.stdout))


def test_every_face_is_a_row_with_every_probability(call, pictures):
    done = call("predict", "pictures", *CASCADE)
    table, classes = table_of(done), read_card(SHIPPED).classes
    places = ["left", "top", "right", "bottom", "score"]
    assert list(table) == ["file", "frame", "time", *places, "predicted", *classes]
    assert table["file"].tolist() == ["pictures/a.png"] + ["pictures/b.png"] * 2
    assert table[["frame", "time"]].isna().all(axis=None)
    assert table["right"].between(100, 480).all()
    assert table[list(classes)].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-4)
    assert (table[list(classes)].idxmax(axis=1) == table["predicted"]).all()
    assert table["predicted"][0] == "happy"
    assert "pictures/c.png: no face\n" in done.stderr
    assert "3 pictures, 3 faces, 1 pictures without a face, 0 unreadable" in done.stderr
    assert "2024/1689" in done.stderr
    rows = json.loads(call("predict", "pictures", *CASCADE, "--format", "json").stdout)
    assert [row["file"] for row in rows] == table["file"].tolist()
    assert rows[0]["happy"] == pytest.approx(table["happy"][0])
    assert (
        json.loads(
            call("predict", "pictures/c.png", *CASCADE, "--format", "json").stdout
        )
        == []
    )


@pytest.mark.parametrize("name", ["colour", "grey"])
def test_models_of_other_classes_and_images(call, models, pictures, name):
    """The row is what the model says of the crop, by Python."""
    done = call("predict", models / f"{name}.fer", pictures / "a.png", *CASCADE)
    (row,) = table_of(done).to_dict("records")
    card = read_card(models / f"{name}.fer")
    recognizer = Recognizer(models / f"{name}.fer")
    faces = make_detector("cascade").detect(square())
    crops = recognizer.crops(square(), faces)
    assert crops.shape == (1, np.prod(card.image_shape))
    expected = load_model(models / f"{name}.fer").predict(crops)[0]
    assert row["predicted"] == card.classes[expected]
    shares = [row[label] for label in card.classes]
    assert shares == pytest.approx(recognizer.look(square(), faces)[0], abs=1e-5)
    has_none = "the model has no probabilities" in done.stderr
    assert has_none == (name == "colour")
    assert sum(shares) == pytest.approx(1)
    assert not has_none or set(shares) == {0, 1}
    assert recognizer.look(square(), []).shape == (0, len(card.classes))


def test_what_can_be_read_is_kept_and_what_cannot_is_said(call, pictures):
    (pictures / "b.png").write_bytes(b"no picture")
    Image.new("1", (10_000, 10_000)).save(pictures / "huge.png")
    done = call("predict", "pictures", *CASCADE, status=FAILED)
    assert table_of(done)["file"].tolist() == ["pictures/a.png"]
    assert "b.png: cannot be decoded" in done.stderr
    assert "huge.png: has 100,000,000, more than 64,000,000 pixels" in done.stderr
    assert "2 pictures, 1 faces, 1 pictures without a face, 2 unreadable" in done.stderr
    words = "predict", "pictures/huge.png", *CASCADE, "--format", "json"
    assert json.loads(call(*words, status=FAILED).stdout) == []


def test_annotated_copies(call, pictures, tmp_path):
    call("predict", "pictures", *CASCADE, "--annotate", "marked")
    copies = sorted(path.name for path in (tmp_path / "marked").iterdir())
    assert copies == ["a.png", "b.png", "c.png"]
    for name in copies:
        before, after = (decode(tmp_path / f / name) for f in ("pictures", "marked"))
        plain = annotate(before, [], [])
        assert np.array_equal(plain, after) == (name == "c.png")


def test_copies_of_frames_and_pictures_have_names_of_their_own(call, tmp_path):
    pytest.importorskip("cv2", exc_type=ImportError)
    from made_films import write_film

    (tmp_path / "in").mkdir()
    write_film(tmp_path / "in/a.mp4", [np.full_like(square(), 90)] * 3)
    for name in ("a-000001.png", "a-000002.jpg", "b.png", "B.jpg"):
        Image.fromarray(square()).save(tmp_path / "in" / name)
    call("predict", "in", *CASCADE, "--annotate", "marked")
    paths = list((tmp_path / "marked").iterdir())
    assert len({path.name.lower() for path in paths}) == 3 + 4
    copies = [decode(path) for path in paths]
    assert sum(copy.std() < 5 for copy in copies) == 3


def test_numbers_that_are_none_are_wrong_use(call, pictures):
    for words in (
        ("predict", "pictures", *CASCADE, "--margin"),
        ("data", "align", "pictures", "out", "--margin"),
        ("serve", "--margin"),
        ("bench", "--time-limit"),
        ("search", "hog+svm", "--time-limit"),
    ):
        done = call(*words, "nan", status=WRONG_USE)
        assert "'nan' is not a finite number" in done.stderr
    with pytest.raises(DataError, match="margin=nan"):
        Recognizer(margin=float("nan"))


def test_options_of_detection_need_it(call, pictures):
    for words in (["--margin", "0.1"], ["--annotate", "x"], ["--no-level"]):
        done = call("predict", "pictures", *words, status=WRONG_USE)
        assert "belongs to --detect" in done.stderr
    words = "predict", "pictures", *CASCADE, "--annotate", "pictures"
    assert "the pictures themselves" in call(*words, status=WRONG_USE).stderr
    done = call(
        "predict", "pictures", "--detect", "--detector", "har", status=WRONG_USE
    )
    assert "did you mean 'haar'" in done.stderr


def test_frames_of_a_film_are_rows_and_a_torn_film_keeps_its_start(call, tmp_path):
    pytest.importorskip("cv2", exc_type=ImportError)
    from made_films import write_film

    pictures = [square(), np.full_like(square(), 90), turned(square(), 3)]
    film = write_film(tmp_path / "film.avi", [p for p in pictures for _ in range(4)])
    done = call("predict", "film.avi", *CASCADE, "--annotate", "marked")
    table = table_of(done)
    assert table["frame"].unique().tolist() == [*range(4), *range(8, 12)]
    assert table["time"].tolist() == pytest.approx(table["frame"] / 25)
    assert "film.avi: no face in 4 of 12 frames" in done.stderr
    assert len(list((tmp_path / "marked").glob("film-*.png"))) == 12
    whole = film.read_bytes()
    film.write_bytes(whole[: len(whole) // 2])
    torn = call("predict", "film.avi", *CASCADE, status=FAILED)
    assert 0 < table_of(torn)["frame"].nunique() < 8
    assert "1 unreadable" in torn.stderr


def test_the_rolled_are_levelled_unless_asked_not_to_be():
    points = (
        (90.0, 100.0),
        (150.0, 130.0),
        (110.0, 130.0),
        (80.0, 140.0),
        (130.0, 170.0),
    )
    face = FACE._replace(points=points)
    level, not_level = (Recognizer(level=way) for way in (True, False))
    crops = [one.crops(square(), [face]) for one in (level, not_level)]
    assert not np.array_equal(*crops)
    wide = Recognizer(margin=0.5).crops(square(), [face])
    assert not np.array_equal(crops[0], wide)


def test_a_picture_is_marked_and_the_one_that_was_given_is_not():
    picture = square()
    before = picture.copy()
    faces = [FACE, Face((-50.0, -50.0, 900.0, 900.0), 0.5), Face((5.0, 5, 6, 6), 0.5)]
    bars = np.full((3, 2), [1.0, 0.0])
    labels = ["happy 100%", "", "sad"]
    marked = annotate(picture, faces, labels, bars=bars, names=("happy", "sad"))
    assert np.array_equal(picture, before)
    assert marked.shape == picture.shape
    assert (marked[60, 80:160] != picture[60, 80:160]).any(axis=1).all()
    grey = annotate(picture[:, :, 0], [], [])
    assert np.array_equal(grey, picture[:, :, [0, 0, 0]])
    assert annotate(np.zeros((1, 1), np.uint8), faces, labels).shape == (1, 1, 3)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode(marked)))), marked)
    with pytest.raises(UnknownName, match="jpeg"):
        encode(marked, "jpg")


def test_a_model_whose_card_says_too_little(tmp_path, models):
    save_model(load_model(models / "grey.fer"), tmp_path / "bare.fer")
    with pytest.raises(DataError, match=r"bare.fer: the model's card does not say"):
        Recognizer(tmp_path / "bare.fer")

"""A model trained, kept in a file, scored and asked about images."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fercompare import load_dataset, load_model, make_model, run_benchmark
from fercompare.classifiers.engines import ENGINES
from fercompare.decoding import decode
from fercompare.errors import DataError
from fercompare.evaluation.trained import (
    LeakWarning,
    evaluate,
    predict_images,
    train,
)
from fercompare.models import MODELS
from fercompare.report.feature_plots import draw_features
from fercompare.saving.cards import Card
from fercompare.saving.models import read_card, save_model

FAILED = 1


@pytest.fixture(scope="module")
def trained():
    faces = load_dataset("synthetic", n=400)
    model, card = train("hog+linear-svm", faces, strategy="class_weight", seed=1)
    return faces, model, Card(**card)


@pytest.fixture
def pictures(trained, tmp_path):
    """Six drawn faces of the test part in files, and their rows."""
    test = trained[0].part("test").take(slice(6))
    folder = tmp_path / "pictures"
    folder.mkdir()
    for k, image in enumerate(test.images):
        Image.fromarray(image).save(folder / f"{k}.png")
    return folder, test


def test_the_benchmark_trains_the_same_model(trained, tmp_path):
    faces, model, card = trained
    (outcome,) = run_benchmark(
        {"faces": faces}, ["hog+linear-svm"], ["class_weight"], [1], store=tmp_path
    )
    scored = evaluate(model, card, faces)
    assert np.array_equal(scored.y_pred, outcome.y_pred)
    assert np.array_equal(scored.proba, outcome.proba)
    assert np.array_equal(scored.rows, outcome.rows)
    assert np.array_equal(scored.leak_free, outcome.leak_free)


def test_the_outcome_says_which_library_solved_the_svm(trained, tmp_path):
    outcomes = run_benchmark(
        {"faces": trained[0]}, ["hog+svm", "dummy"], ["none"], 1, store=tmp_path
    )
    assert outcomes[0].facts["engine"] in ENGINES
    assert outcomes[1].facts["engine"] is None
    assert all("scikit-learn" in o.facts["machine"]["packages"] for o in outcomes)


def test_the_card_says_what_was_learned_from(trained):
    faces, _, card = trained
    assert card.fingerprint == faces.fingerprint
    assert card.counts == faces.class_counts()["train"]


def test_classes_in_another_order_are_the_same_classes(trained):
    faces, model, card = trained
    there = faces.part("test")
    turned = tuple(reversed(card.classes))
    y = np.array([turned.index(card.classes[k]) for k in there.y])
    other = type(there)("turned", there.X, y, turned, there.image_shape)
    straight, reversed_ = evaluate(model, card, faces), None
    reversed_ = evaluate(model, card, other, "all")
    assert np.array_equal(
        np.array(turned)[reversed_.y_pred], np.array(card.classes)[straight.y_pred]
    )
    assert np.array_equal(reversed_.proba, straight.proba[:, ::-1])
    assert reversed_.leak_free.all()


def test_rows_that_were_learned_from_are_never_leak_free(trained):
    faces, model, card = trained
    whole = evaluate(model, card, faces, "all")
    assert np.array_equal(whole.leak_free, faces.split != "train")
    assert not evaluate(model, card, faces, "train").leak_free.any()
    other = load_dataset("synthetic", n=400, split="subject")
    assert card.fingerprint != other.fingerprint
    with pytest.warns(LeakWarning, match="by another split"):
        evaluate(model, card, other)


def test_classes_by_name_and_cards_that_lack_something(trained, pictures):
    faces, _, card = trained
    learned, test = faces.part("train"), faces.part("test")
    names = np.array(card.classes)
    by_name = make_model("hog+linear-svm").fit(learned.X, names[learned.y])
    by_place = make_model("hog+linear-svm").fit(learned.X, learned.y)
    found, same = evaluate(by_name, card, faces), evaluate(by_place, card, faces)
    assert np.mean(found.y_pred == same.y_pred) > 0.95
    assert np.mean(found.proba.argmax(axis=1) == found.y_pred) == 1
    table, _ = predict_images(by_name, card, sorted(pictures[0].iterdir()))
    assert table["predicted"].tolist() == by_name.predict(test.X[:6]).tolist()
    with pytest.raises(DataError, match="card does not say its classes"):
        predict_images(by_name, Card(), [])
    with pytest.raises(DataError, match="card does not say its image_shape"):
        evaluate(by_name, Card(classes=card.classes), faces)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"labels": "valence3"}, "the model knows classes .*happy.* --labels"),
        ({"image_shape": (32, 32)}, r"images of \(48, 48\), the data have \(32, 32\)"),
    ],
)
def test_other_data_than_the_model_knows_are_refused(trained, options, problem):
    _, model, card = trained
    with pytest.raises(DataError, match=problem):
        evaluate(model, card, load_dataset("synthetic", n=60, **options))


def test_images_are_read_as_the_model_was_taught(trained, pictures):
    _, model, card = trained
    folder, test = pictures
    (folder / "broken.png").write_bytes(b"no image")
    Image.fromarray(test.images[0]).resize((96, 96)).save(folder / "large.png")
    table, unreadable = predict_images(model, card, sorted(folder.iterdir()))
    assert list(table.columns) == ["file", "predicted", *card.classes]
    expected = np.array(card.classes)[model.predict(test.X)]
    assert table["predicted"].tolist()[:6] == expected.tolist()
    np.testing.assert_allclose(table[list(card.classes)].sum(axis=1), 1, rtol=1e-5)
    assert len(table) == 7
    assert [error.file.name for error in unreadable] == ["broken.png"]


def test_a_model_without_probabilities_predicts_names_alone(trained, pictures):
    from sklearn.linear_model import RidgeClassifier

    faces, _, card = trained
    train_part = faces.part("train")
    ridge = RidgeClassifier().fit(train_part.X, train_part.y)
    table, _ = predict_images(ridge, card, sorted(pictures[0].iterdir()))
    assert list(table.columns) == ["file", "predicted"]
    assert evaluate(ridge, card, faces).proba is None


def test_the_commands_train_evaluate_and_predict(call, pictures, tmp_path):
    folder, test = pictures
    data = ("--dataset", "synthetic", "--option", "n=400")
    done = call(
        *("train", "hog+linear-svm", *data, "--balance", "random_over"),
        *("--seed", "2", "--out", "model.fer"),
    )
    assert done.stdout.strip() == "model.fer"
    card = read_card(tmp_path / "model.fer")
    assert (card.strategy, card.data) == ("random_over", "synthetic")
    assert f"val_accuracy: {card.scores['val_accuracy']:.4f}" in done.stderr
    scored = json.loads(call("evaluate", "model.fer", *data, "--json").stdout)
    faces = load_dataset("synthetic", n=400)
    model = load_model(tmp_path / "model.fer")
    there = faces.part("test")
    assert scored["scores"]["accuracy"] == np.mean(model.predict(there.X) == there.y)
    assert scored["n"] == len(there)
    assert "recall" in call("evaluate", "model.fer", *data, "--part", "val").stdout
    (folder / "broken.png").write_bytes(b"no image")
    asked = call("predict", "model.fer", folder, status=FAILED)
    table = pd.read_csv(io.StringIO(asked.stdout))
    assert table["predicted"].tolist() == [
        card.classes[k] for k in model.predict(test.X)
    ]
    assert "broken.png: cannot be decoded" in asked.stderr
    assert "6 images read, 1 unreadable" in asked.stderr
    as_json = call("predict", "model.fer", folder / "0.png", "--format", "json")
    assert json.loads(as_json.stdout)[0]["predicted"] == table["predicted"][0]


def test_a_file_that_is_no_model_is_one_line(call, tmp_path):
    (tmp_path / "model.fer").write_bytes(b"PK nothing")
    (tmp_path / "0.png").write_bytes(b"")
    for words in (
        ("evaluate", "model.fer"),
        ("predict", "model.fer", "0.png"),
        ("models", "show", "model.fer"),
    ):
        stderr = call(*words, status=FAILED).stderr
        assert stderr.startswith("fercompare: model.fer: ")
        assert stderr.count("\n") == 1


def test_too_few_rows_for_a_strategy_make_do(call):
    words = ("train", "hog+linear-svm", "--option", "n=200", "--balance", "smote")
    stderr = call(*words, "--per-class", "3", "--out", "q.fer").stderr
    assert "rows, so 1 neighbours and not 5" in stderr


def test_rows_that_chose_something_are_not_unseen(call):
    faces = load_dataset("synthetic", n=300)
    n_val = len(faces.part("val"))
    told = {}
    for strategy in ("none", "thresholds"):
        model, card = train("hog+rf(n_estimators=5)", faces, strategy=strategy)
        card = Card(**card)
        told[strategy] = card.selected_on
        every = evaluate(model, card, faces, "all")
        seen = n_val if strategy == "thresholds" else 0
        n_test = len(faces.part("test"))
        assert every.leak_free.sum() == n_val + n_test - seen
    assert told == {
        "none": "nothing: fixed settings",
        "thresholds": "validation part: thresholds",
    }
    words = ("train", "hog+rf(n_estimators=5)", "--option", "n=300", "--out", "m.fer")
    assert "flattered" in call(*words, "--balance", "thresholds").stderr
    assert "flattered" not in call(*words).stderr


def test_a_file_that_cannot_be_written_is_said_before_training(call):
    words = ("train", "dummy", "--option", "n=60", "--out", "nowhere/model.fer")
    stderr = call(*words, status=FAILED).stderr
    assert "nowhere: is no folder that can be written to" in stderr
    assert "images in" not in stderr


def test_models_are_listed_and_shown(call, trained, tmp_path):
    assert json.loads(call("models", "--json").stdout) == MODELS
    assert all(name in call("models").stdout for name in MODELS)
    shown = call("models", "show", "hog+lbp+rf", "--draw", "seen.png").stdout
    assert "RandomForest(" in shown and "seen.png" in shown
    assert (tmp_path / "seen.png").stat().st_size > 10_000
    _, model, card = trained
    save_model(model, tmp_path / "mine.fer", card=card)
    assert card.fingerprint in call("models", "show", "mine.fer").stdout


def test_a_drawing_shows_every_feature_of_every_class(trained, tmp_path):
    from fercompare import make_model

    one, two = (
        draw_features(make_model(name), trained[0], tmp_path / f"{name}.png")[0]
        for name in ("hog+svm", "hog+lbp+svm")
    )
    assert decode(two).shape[0] > decode(one).shape[0]
    with pytest.raises(DataError, match="can be drawn"):
        draw_features(make_model("pixels+svm"), trained[0], tmp_path / "no.png")

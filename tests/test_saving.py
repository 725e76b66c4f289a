"""Models in files: bit for bit what was saved."""

import json
import os
import re
import warnings
import zipfile

import numpy as np
import pytest
import scipy.sparse
from imblearn.under_sampling import TomekLinks
from saved_models import (
    CARD,
    FITTED,
    LABELS,
    MODELS,
    ROWS,
    SHAPE,
    fitted,
    members,
    refused,
    same,
    sealed,
    step,
)
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import fercompare.saving.cards
from fercompare import make_model, rebalance
from fercompare.containers.archive import ARRAYS, MANIFEST
from fercompare.errors import DataError
from fercompare.features import HOG
from fercompare.saving import (
    REGISTRY,
    Entry,
    ModelFileError,
    ModelFileWarning,
    load_model,
    read_card,
    save_model,
)

TOLD_OTHERWISE = {
    "svc": "a number of numpy's becomes one of Python's",
    "two networks": "the random state inside, which has no effect, is the first's",
    "two machines after smote": "likewise",
}


@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_the_same_bit_for_bit(saved, name):
    model, loaded = fitted(name), load_model(saved(name))
    assert same(model, loaded)
    if name not in TOLD_OTHERWISE:
        assert str(loaded) == str(model)


def test_every_entry_of_the_registry_is_saved_above(saved):
    used = set()
    for name in MODELS:
        text = json.dumps(members(saved(name))[0])
        used |= set(re.findall(r'"class": "([^"]+)"', text))
    assert used == set(REGISTRY)


@pytest.mark.parametrize("name", ["svc", "linear svc", "hog+svm", "logistic", "forest"])
def test_two_classes_and_classes_with_names(tmp_path, name):
    two = LABELS < 2
    for labels in (LABELS[two], np.array(["sad", "happy"])[LABELS[two]]):
        model = MODELS[name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = type(model)(**model.get_params(deep=False)).fit(ROWS[two], labels)
        save_model(model, tmp_path / "two.fer", card=CARD)
        assert same(model, load_model(tmp_path / "two.fer"))
    FITTED.clear()  # the steps were fitted anew


def test_probabilities_of_svc_and_names_of_columns(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS, columns=[f"pixel {k}" for k in range(ROWS.shape[1])])
    model = make_pipeline(StandardScaler(), SVC())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.set_params(svc__probability=True).fit(frame, LABELS)
    save_model(model, tmp_path / "svc.fer")
    loaded = load_model(tmp_path / "svc.fer")
    assert same(model, loaded, frame)
    assert list(loaded.feature_names_in_) == list(frame.columns)


def test_a_model_is_saved_again_and_fitted_again(saved, tmp_path):
    loaded = load_model(saved("hog+lbp+rf"))
    save_model(loaded, tmp_path / "again.fer", card=read_card(saved("hog+lbp+rf")))
    again = tmp_path.joinpath("again.fer").read_bytes()
    assert again == saved("hog+lbp+rf").read_bytes()
    assert same(loaded.fit(ROWS, LABELS), fitted("hog+lbp+rf"))


def test_the_card_is_read_without_the_arrays(saved, tmp_path):
    card = read_card(saved("hog+svm"))
    assert card.classes == CARD["classes"]
    assert card.image_shape == SHAPE
    assert (card.data, card.counts["happy"]) == ("drawn", 20)
    assert card.scores == {"accuracy": 0.5, "f1_macro": 0.25}
    assert set(card.versions) == {"fercompare", "scikit-learn", "numpy"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", card.created)
    with pytest.raises(AttributeError):
        card.data = "another"
    content = bytearray(saved("hog+svm").read_bytes())
    content[-400] ^= 1  # in the last array
    tmp_path.joinpath("m.fer").write_bytes(content)
    assert read_card(tmp_path / "m.fer") == card
    refused(tmp_path / "m.fer")


def test_another_scikit_learn_is_warned_of(tmp_path, monkeypatch):
    here = fercompare.saving.cards.versions()
    monkeypatch.setattr(
        fercompare.saving.cards, "versions", lambda: here | {"scikit-learn": "1.6.0"}
    )
    save_model(fitted("forest"), tmp_path / "m.fer")
    with pytest.warns(ModelFileWarning, match=r"scikit-learn 1\.6\.0"):
        load_model(tmp_path / "m.fer")


class Brightest(GaussianNB):
    """A user's own class."""


def test_a_class_of_ones_own_takes_part_once_it_is_registered(tmp_path, monkeypatch):
    model = make_pipeline(HOG(), Brightest()).fit(ROWS, LABELS)
    with pytest.raises(ModelFileError, match=r"step 'brightest' .*REGISTRY\[.*Entry\("):
        save_model(model, tmp_path / "m.fer")
    assert not list(tmp_path.iterdir())
    learned = ("classes_", "theta_", "var_", "class_prior_", "epsilon_")
    monkeypatch.setitem(REGISTRY, "mine", Entry(Brightest, fitted=learned))
    save_model(model, tmp_path / "m.fer")
    assert same(model, load_model(tmp_path / "m.fer"))
    monkeypatch.delitem(REGISTRY, "mine")
    assert "register" in refused(tmp_path / "m.fer")


def test_a_check_of_ones_own_is_asked_when_saving_and_loading(tmp_path, monkeypatch):
    def check(model):
        if model.epsilon_ > 0:
            raise ValueError("epsilon_ is above 0")

    path, learned = tmp_path / "m.fer", ("classes_", "theta_", "var_", "class_prior_")
    model = make_pipeline(HOG(), Brightest()).fit(ROWS, LABELS)
    entry = Entry(Brightest, (*learned, "epsilon_"), check)
    monkeypatch.setitem(REGISTRY, "mine", entry)
    with pytest.raises(ModelFileError, match="'brightest' is unsound: epsilon_ is"):
        save_model(model, path)
    model[-1].epsilon_ = 0.0
    save_model(model, path)
    body, arrays = members(path)
    step(body, -1, "fitted")["epsilon_"] = 1.0
    assert "epsilon_ is above 0" in refused(path, sealed(body, arrays))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            RandomForestClassifier(1).fit(ROWS, np.c_[LABELS, LABELS]),
            "a forest of several outputs; fit one forest for each",
        ),
        (SVC().fit(scipy.sparse.csr_array(ROWS / 255), LABELS), "fitted on sparse"),
        (make_model("hog+svm"), "step 'hog' has no n_features_in_; fit the model"),
        (CalibratedClassifierCV(), "the model is a CalibratedClassifierCV.*register"),
        (object(), "is a object, which is not registered"),
        (SVC(kernel="precomputed"), "kernel 'precomputed'; only linear, poly"),
        (DummyClassifier(random_state=np.random.RandomState(0)), "RandomState"),
        (DummyClassifier(random_state=2**70), "of the type int"),
        (HOG(pixels_per_cell=np.array(["a", 1], object)), "array of object"),
    ],
)
def test_what_cannot_be_saved_is_named(tmp_path, model, said):
    path = tmp_path / "m.fer"
    path.write_bytes(b"what was here before")
    with pytest.raises(ModelFileError, match=said) as caught:
        save_model(model, path)
    assert isinstance(caught.value, DataError)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"what was here before"]


def test_a_sampler_that_is_not_registered_is_named(tmp_path):
    model = rebalance(make_model("pixels+linear-svm"), TomekLinks()).fit(ROWS, LABELS)
    with pytest.raises(ModelFileError, match="is a TomekLinks"):
        save_model(model, tmp_path / "m.fer")


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"clases": ()}, "'clases'; did you mean 'classes'"),
        ({"classes": ("angry", "happy")}, "has 3 classes"),
        ({"classes": ("angry", "angry", "sad")}, "all different"),
        ({"image_shape": (48, 48)}, "takes rows of 144 numbers"),
        ({"scores": {"accuracy": float("nan")}}, "scores"),
        ({"data": "\x1b[2J"}, "data"),
        ({"counts": ["many"]}, "counts"),
    ],
)
def test_a_card_must_be_of_the_model(tmp_path, card, said):
    with pytest.raises(ModelFileError, match=said):
        save_model(fitted("forest"), tmp_path / "m.fer", card=card)


def test_an_error_while_writing_leaves_the_old_file(saved, tmp_path, monkeypatch):
    path = tmp_path / "m.fer"
    path.write_bytes(b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ModelFileError, match="No space left"):
        save_model(fitted("forest"), path)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def test_other_programs_can_open_the_container(saved):
    with zipfile.ZipFile(saved("hog+svm")) as file:
        assert file.namelist() == [MANIFEST, ARRAYS]
        assert file.testzip() is None
    everything = saved("hog+svm").read_bytes()
    assert b"sklearn." not in everything
    assert b"fercompare." not in everything

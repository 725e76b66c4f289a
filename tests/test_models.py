"""Models by name, on few drawn faces; with each strategy in test_pairs.py."""

import pickle

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import BorderlineSMOTE
from sklearn.base import clone
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB

from fercompare import list_models, load_dataset, make_model, rebalance
from fercompare.errors import DataError, UnknownName
from fercompare.features import HOG


@pytest.fixture(scope="module")
def parts():
    faces = load_dataset("synthetic", n=1000, image_shape=(32, 32))
    return faces.part("train"), faces.part("test")


def quick(model):
    """Return the model with few trees, words, landmarks and filters, if it has any."""
    few = {
        "rf__n_estimators": 10,
        "fisher__n_words": 8,
        "fisher__n_components": 8,
        "nystroem__n_components": 200,
        "width": 4,
        "epochs": 1,
        "backbone": "shufflenet_v2_x0_5",
        "weights": None,
        "size": 32,
    }
    known = model.get_params()
    return model.set_params(**{name: n for name, n in few.items() if name in known})


def test_a_model_learns(parts):
    train, test = parts
    model = make_model("hog+svm", image_shape=(32, 32)).fit(train.X, train.y)
    assert np.mean(model.predict(test.X) == test.y) > 0.35


def test_a_model_is_cloned_pickled_and_searched(parts):
    train, test = parts
    model = rebalance(make_model("hog+linear-svm"), "random_over")
    search = GridSearchCV(clone(model), {"linear-svm__C": [0.001, 0.01]}, cv=2)
    search.fit(train.X, train.y)
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    assert np.array_equal(again.predict(test.X), search.predict(test.X))


def test_the_model_handed_in_is_left_as_it_was():
    model = make_model("pixels+svm")
    before = str(model.get_params())
    rebalance(model, "class_weight")
    rebalance(model, "smote")
    assert str(model.get_params()) == before


def test_a_sampler_of_ones_own_goes_before_the_classifier():
    balanced = rebalance(make_model("hog+svm"), BorderlineSMOTE())
    assert [name for name, _ in balanced.steps] == ["hog", "scale", "balance", "svm"]


def test_words_join_by_the_grammar():
    model = make_model("hog+pixels+linear-svm", image_shape=(24, 24))
    assert model.steps[-1][0] == "linear-svm"
    joined = model.named_steps["features"].transformer_list
    assert [name for name, _ in joined] == ["hog", "pixels"]
    assert joined[0][1].image_shape == (24, 24)


def test_objects_stand_beside_words(parts):
    train, test = parts
    tall = HOG(pixels_per_cell=(8, 4))
    model = make_model(["hog", tall, tall, GaussianNB()], image_shape=(32, 32))
    joined = model.named_steps["features"].transformer_list
    assert [name for name, _ in joined] == ["hog", "hog-2", "hog-3"]
    assert joined[1][1] is not tall
    assert model.fit(train.X, train.y).predict(test.X).shape == test.y.shape
    alone = make_model([LogisticRegression(max_iter=5)])
    assert [name for name, _ in alone.steps] == ["logisticregression"]
    twins = make_model([Nystroem(), "nystroem"])
    assert [name for name, _ in twins.steps][-2:] == ["nystroem-2", "ridge"]
    with pytest.raises(DataError, match="a model of no steps"):
        make_model([])
    for word in ("dummy", "classical-best", "hog+svm"):
        with pytest.raises(UnknownName, match="unknown classifier"):
            make_model(["hog", word])
    with pytest.raises(DataError, match="HOG ends a model and is no classifier"):
        make_model(["lbp", tall])


@pytest.mark.parametrize("name", [n for n in list_models() if n != "dummy"])
def test_every_model_has_probabilities_that_agree(parts, name):
    train, test = parts
    model = quick(make_model(name, image_shape=(32, 32)))
    proba = model.fit(train.X, train.y).predict_proba(test.X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    best = model.classes_[proba.argmax(axis=1)]
    assert np.array_equal(best, model.predict(test.X))


@pytest.mark.parametrize("name", ["hog+svm", "classical-best"])
def test_colour_floats_and_tables_are_rows_too(name):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (40, 20 * 20 * 3), dtype=np.uint8)
    y = np.arange(40) % 2
    model = quick(make_model(name, image_shape=(20, 20, 3)))
    expected = model.fit(X, y).decision_function(X)
    for rows in (X.astype(np.float64), pd.DataFrame(X)):
        found = clone(model).fit(rows, y).decision_function(rows)
        np.testing.assert_allclose(found, expected, atol=1e-2)
    with pytest.raises(DataError, match="1200 numbers are not images"):
        model.set_params(**{f"{model.steps[0][0]}__image_shape": (48, 48)}).fit(X, y)


@pytest.mark.parametrize("name", ["hog", "svm", "hog+svn", "hgo+svm", "", "hog+"])
def test_an_unknown_word_is_named(name):
    with pytest.raises(UnknownName):
        make_model(name)

"""Every model with every strategy, on few drawn faces."""

import pickle
import warnings

import numpy as np
import pytest
from imblearn.over_sampling import BorderlineSMOTE
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from fercompare import (
    list_models,
    list_strategies,
    load_dataset,
    make_model,
    rebalance,
)
from fercompare.balancing.strategies import DoesNotApply
from fercompare.errors import UnknownName


@pytest.fixture(scope="module")
def parts():
    faces = load_dataset("synthetic", n=1000, image_shape=(32, 32))
    return faces.part("train"), faces.part("test")


def quick(model):
    """Return the model with a small forest, where it has one."""
    return model.set_params(rf__n_estimators=10) if "rf" in str(model) else model


@pytest.mark.parametrize("strategy", list_strategies())
@pytest.mark.parametrize("name", list_models())
def test_every_pair_learns_or_says_why_not(parts, name, strategy):
    train, test = parts
    model = quick(make_model(name, image_shape=train.image_shape))
    try:
        model = rebalance(model, strategy)
    except DoesNotApply as reason:
        assert name == "dummy"
        assert "takes no class weights" in str(reason)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = model.fit(train.X, train.y)
    predicted = fitted.predict(test.X)
    assert predicted.shape == test.y.shape
    assert np.isin(predicted, np.unique(train.y)).all()
    if name == "hog+svm" and strategy == "none":
        assert np.mean(predicted == test.y) > 0.35


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


@pytest.mark.parametrize("name", ["hog", "svm", "hog+svn", "hgo+svm", "", "hog+"])
def test_an_unknown_word_is_named(name):
    with pytest.raises(UnknownName):
        make_model(name)

"""Decisions after the training: shifted priors and factors chosen on held-out rows."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from saved_models import members, refused, sealed
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from fercompare import (
    CNNClassifier,
    load_dataset,
    rebalance,
    run_benchmark,
    save_model,
)
from fercompare.balancing.decisions import TAUS, PriorShift, Thresholds
from fercompare.balancing.factors import best_factors, scoring, shift
from fercompare.balancing.strategies import DoesNotApply
from fercompare.classifiers import LinearSVM
from fercompare.errors import DataError, UnknownName
from fercompare.metrics import METRICS

FITTED = []


class Notes(ClassifierMixin, BaseEstimator):
    """Notes what it is fitted on, and says the shares of the classes."""

    def __init__(self, targets="majority"):
        self.targets = targets

    def fit(self, X, y, *, validation=None, votes=None):
        FITTED.append((np.asarray(X), y, validation, votes))
        self.guess_ = DummyClassifier(strategy="prior").fit(X, y)
        self.classes_ = self.guess_.classes_
        return self

    def predict(self, X):
        return self.guess_.predict(X)

    def predict_proba(self, X):
        return self.guess_.predict_proba(X)


@pytest.fixture
def fitted():
    FITTED.clear()
    return FITTED


@pytest.fixture(scope="module")
def uneven():
    """Return a function that draws rows of three classes of very different numbers."""

    def draw(n, seed):
        rng = np.random.default_rng(seed)
        y = rng.choice(3, n, p=[0.8, 0.15, 0.05])
        return rng.normal(size=(n, 2)) + 1.2 * np.eye(3, 2)[y], y

    return draw


@st.composite
def held_out(draw):
    n, k = draw(st.integers(1, 40)), draw(st.integers(2, 5))
    proba = draw(hnp.arrays(float, (n, k), elements=st.floats(0.01, 1)))
    y = draw(hnp.arrays(int, n, elements=st.integers(0, k - 1)))
    return proba / proba.sum(axis=1, keepdims=True), y


@settings(max_examples=25, deadline=None)
@given(held_out(), st.sampled_from(["f1_macro", "balanced_accuracy", "accuracy"]))
def test_factors_never_score_worse_where_they_were_chosen(rows, metric):
    proba, y = rows
    factors = best_factors(proba, y, metric)
    assert (factors > 0).all()
    score = scoring(metric)
    before = score(y, shift(proba, np.ones(len(factors))))
    assert score(y, shift(proba, factors)) >= before
    assert np.array_equal(factors, best_factors(proba, y, metric))
    absent = np.bincount(y, minlength=len(factors)) == 0
    assert (factors[absent] == 1).all()


@given(held_out(), st.floats(0, 2))
def test_shifting_is_the_logit_adjustment_of_the_paper(rows, tau):
    """Menon et al. (2021): the scores less tau times the log of the prior."""
    proba, y = rows
    prior = (np.bincount(y, minlength=proba.shape[1]) + 1) / (len(y) + proba.shape[1])
    adjusted = softmax(np.log(proba) - tau * np.log(prior), axis=1)
    assert np.allclose(shift(proba, prior**-tau), adjusted)


def test_a_score_is_the_metric_of_that_name():
    y, proba = np.array([0, 0, 1, 2]), np.eye(3)[[0, 1, 1, 0]]
    for name in ("f1_macro", "mcc"):
        expected = METRICS[name].function(y, proba.argmax(axis=1), proba, 3)
        assert scoring(name)(y, proba) == expected
    for name in ("log_loss", "f1_makro"):
        with pytest.raises(UnknownName):
            scoring(name)


def test_thresholds_find_rare_classes_that_argmax_misses(uneven):
    (X, y), held, (X_test, y_test) = (uneven(1500, seed) for seed in range(3))
    score = scoring("f1_macro")
    plain = LogisticRegression().fit(X, y)
    model = Thresholds(LogisticRegression(), random_state=0).fit(X, y, validation=held)
    gain = score(y_test, model.predict_proba(X_test))
    gain -= score(y_test, plain.predict_proba(X_test))
    assert gain > 0.05
    out_of_fold = clone(model).fit(X, y)
    assert score(y_test, out_of_fold.predict_proba(X_test)) == pytest.approx(
        score(y_test, model.predict_proba(X_test)), abs=0.03
    )
    assert (model.chosen_on_, out_of_fold.chosen_on_) == (
        "validation part",
        "training part, out of fold",
    )
    again = clone(out_of_fold).fit(X, y)
    assert np.array_equal(again.factors_, out_of_fold.factors_)


@pytest.mark.parametrize("decision", [PriorShift, Thresholds])
def test_the_likeliest_class_is_predicted(uneven, decision):
    X, y = uneven(300, 0)
    names = np.array(["sad", "angry", "happy"])[y]
    model = decision(make_pipeline(StandardScaler(), GaussianNB()), random_state=0)
    proba = model.fit(X, names).predict_proba(X)
    assert np.allclose(proba.sum(axis=1), 1)
    assert np.array_equal(model.classes_[proba.argmax(axis=1)], model.predict(X))
    assert not hasattr(model, "decision_function")


def test_the_prior_is_that_of_the_rows_that_train(uneven):
    X, y = uneven(400, 0)
    plain = GaussianNB().fit(X, y)
    model = PriorShift(GaussianNB()).fit(X, y)
    even = GaussianNB(priors=np.full(3, 1 / 3)).fit(X, y)
    assert np.allclose(model.predict_proba(X), even.predict_proba(X))
    none = PriorShift(GaussianNB(), tau=0).fit(X, y)
    assert np.allclose(none.predict_proba(X), plain.predict_proba(X))
    assert model.chosen_ is None


def test_the_best_tau_is_chosen_by_the_rows_handed_in(uneven):
    X, y = uneven(800, 0)
    held = uneven(800, 1)
    model = PriorShift(GaussianNB(), tau="best", metric="balanced_accuracy")
    model.fit(X, y, validation=held)
    scores = {
        tau: scoring("balanced_accuracy")(
            held[1], PriorShift(GaussianNB(), tau=tau).fit(X, y).predict_proba(held[0])
        )
        for tau in TAUS
    }
    assert scores[model.tau_] == max(scores.values()) > scores[0]
    assert model.chosen_ == f"tau {model.tau_:g}"
    with pytest.raises(DataError, match="tau='most'; choose a number, or 'best'"):
        PriorShift(GaussianNB(), tau="most").fit(X, y)


def test_groups_and_copies_stay_in_one_fold(fitted):
    X = np.arange(60, dtype=np.uint8)[:, np.newaxis]
    y = np.arange(60) % 2
    Thresholds(Notes(), cv=3, random_state=0).fit(X, y, groups=X[:, 0] // 6)
    assert len(fitted) == 4
    for rows, *_ in fitted[1:]:
        assert (np.bincount(rows[:, 0] // 6, minlength=10) % 6 == 0).all()
    fitted.clear()
    Thresholds(Notes(), cv=3, random_state=0).fit(X // 4, y)
    for rows, *_ in fitted[1:]:
        assert (np.bincount(rows[:, 0]) % 4 == 0).all()
    fitted.clear()
    Thresholds(Notes(), cv=5).fit(X, y, validation=(X, y))
    assert len(fitted) == 1, "validation data spares the folds"


def test_a_class_without_validation_rows_stays_as_it_is(uneven):
    X, y = uneven(300, 0)
    seen = y != 2
    with pytest.warns(UserWarning, match="no validation row of class 2: what"):
        model = Thresholds(GaussianNB()).fit(X, y, validation=(X[seen], y[seen]))
    assert model.factors_[2] == 1
    with pytest.raises(DataError, match="no validation row is of a class"):
        Thresholds(GaussianNB()).fit(X, y, validation=(X, y + 10))
    with pytest.raises(DataError, match="hand fit validation data, or more rows"):
        Thresholds(GaussianNB()).fit(X[:3], [0, 1, 2])


def test_a_network_inside_is_handed_its_validation_rows_and_votes(fitted):
    X, y = np.arange(40, dtype=np.uint8)[:, np.newaxis], np.arange(40) % 2
    votes = np.eye(2)[y]
    model = Thresholds(Notes("crossentropy"), cv=2, random_state=0)
    model.fit(X, y, validation=(X[:4], y[:4]), votes=votes)
    assert fitted[0][2][0].shape == (4, 1)
    assert np.array_equal(fitted[0][3], votes)
    fitted.clear()
    model.fit(X, y, votes=votes)
    for rows, _, validation, seen in fitted[1:]:
        assert validation is None
        assert np.array_equal(seen, votes[rows[:, 0]])


def test_a_file_that_was_tampered_with_is_refused(tmp_path, uneven):
    X, y = uneven(200, 0)
    path = tmp_path / "thresholds.fer"
    save_model(Thresholds(LinearSVM(random_state=0), cv=2).fit(X, y), path)
    body, arrays = members(path)
    fitted = body["model"]["fitted"]
    key = fitted["factors_"]["array"]
    for factors, said in (
        (np.zeros(3), "not above 0 everywhere"),
        (np.ones(4), "has 4 factors for 3 classes"),
    ):
        content = sealed(body, arrays | {key: factors})
        assert said in refused(path, content)
    inside = fitted["estimator_"]
    body["model"]["parameters"]["estimator"] = inside
    assert "parameter 'estimator', unknown" in refused(path, sealed(body, arrays))
    del body["model"]["parameters"]["estimator"]
    for wrong in (7, {"model": {"class": "smote", "parameters": {}, "fitted": {}}}):
        fitted["estimator_"] = wrong
        refused(path, sealed(body, {key: np.ones(3)}))


@pytest.mark.parametrize("strategy", ["prior_shift", "thresholds"])
def test_a_model_without_probabilities_is_a_skip(strategy):
    with pytest.raises(DoesNotApply, match="LinearSVC has no probabilities"):
        rebalance(LinearSVC(), strategy)
    with pytest.raises(DoesNotApply, match="DummyClassifier says the same"):
        rebalance(DummyClassifier(), strategy)


def test_the_outcome_says_what_the_validation_part_chose(tmp_path):
    faces = load_dataset("synthetic", n=300, image_shape=(16, 16))
    network = CNNClassifier(
        blocks=1, width=4, dense=(), epochs=2, patience=1, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcomes = run_benchmark(
            {"f": faces},
            {"cnn": network, "bayes": GaussianNB()},
            ["prior_shift", "thresholds"],
            1,
            store=tmp_path,
        )
    shifted, chosen, plain, thresholds = (o.facts["selected_on"] for o in outcomes)
    epoch, strength = shifted.split("; ")
    assert epoch.startswith("validation part: epoch ")
    assert strength.startswith("validation part: tau ")
    assert chosen == f"{epoch}; validation part: thresholds"
    assert plain.startswith("validation part: tau ")
    assert thresholds == "validation part: thresholds"
    for outcome in outcomes:
        assert np.array_equal(outcome.y_pred, outcome.proba.argmax(axis=1))

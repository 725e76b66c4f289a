"""Weights of the classes, and the other answers at the loss and at the batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

from fercompare import CNNClassifier, load_dataset, make_model, rebalance, run_benchmark
from fercompare.balancing.strategies import DoesNotApply
from fercompare.balancing.weights import SCHEMES, ClassWeighted, class_weights
from fercompare.deep.losses import LogitAdjusted
from fercompare.errors import DataError, UnknownName
from fercompare.evaluation.trained import train

COUNTS = st.lists(st.integers(1, 10**6), min_size=2, max_size=8)
SMALL = {"blocks": 1, "width": 4, "dense": (), "random_state": 0}


@pytest.fixture(scope="module")
def uneven():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [90, 25, 10])
    return rng.normal(size=(len(y), 3)) + y[:, np.newaxis], y


@given(COUNTS, st.sampled_from(list(SCHEMES)), st.floats(0, 0.9999))
def test_rows_weigh_one_on_average_and_rare_ones_no_less(counts, scheme, beta):
    weights = class_weights(counts, scheme, beta)
    assert np.isclose((weights * counts).sum(), np.sum(counts))
    rarest_first = weights[np.argsort(counts)]
    assert (np.diff(rarest_first) <= 1e-9 * rarest_first[:-1]).all()


@given(COUNTS, st.floats(0, 0.9999))
def test_effective_numbers_are_those_of_the_paper(counts, beta):
    """Cui et al. (2019): E = (1 - beta^n) / (1 - beta) rows, each weighed by 1 / E."""
    effective = [sum(beta**k for k in range(n)) for n in np.minimum(counts, 500)]
    weights = class_weights(np.minimum(counts, 500), "effective_number", beta)
    products = weights * effective
    assert np.allclose(products, products[0], rtol=1e-6)


def test_the_ends_of_beta_are_no_weights_and_balanced_ones():
    counts = [400, 100, 20]
    assert np.allclose(class_weights(counts, "effective_number", 0), 1)
    near = class_weights(counts, "effective_number", 1 - 1e-9)
    y = np.repeat([0, 1, 2], counts)
    balanced = compute_class_weight("balanced", classes=np.arange(3), y=y)
    assert np.allclose(near, balanced, rtol=1e-5)
    assert np.allclose(class_weights(counts, "balanced"), balanced)
    assert np.allclose(
        class_weights(counts, "sqrt") / class_weights(counts, "sqrt")[0],
        [1, 2, 20**0.5],
    )
    with pytest.raises(DataError, match=r"beta=1; choose a number from 0"):
        class_weights(counts, "effective_number", 1)
    with pytest.raises(UnknownName, match="did you mean 'sqrt'"):
        class_weights(counts, "sqr")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_weighted_rows_are_what_class_weights_are(uneven, scheme):
    X, y = uneven
    weighted = ClassWeighted(LogisticRegression(), scheme=scheme).fit(X, y)
    of_class = dict(enumerate(class_weights(np.bincount(y), scheme)))
    expected = LogisticRegression(class_weight=of_class).fit(X, y)
    assert np.allclose(weighted.predict_proba(X), expected.predict_proba(X))
    assert not np.allclose(
        weighted.predict_proba(X), LogisticRegression().fit(X, y).predict_proba(X)
    )


class TakesClassWeightAlone(ClassifierMixin, BaseEstimator):
    """A user's own classifier, whose fit weighs no rows."""

    def __init__(self, class_weight=None):
        self.class_weight = class_weight

    def fit(self, X, y):
        self.inner_ = LogisticRegression(class_weight=self.class_weight).fit(X, y)
        self.classes_ = self.inner_.classes_
        return self

    def predict(self, X):
        return self.inner_.predict(X)


def test_a_classifier_of_ones_own_weighs_rows_or_classes(uneven):
    X, y = uneven
    own = rebalance(TakesClassWeightAlone(), "sqrt_weight").fit(X, y)
    rows = rebalance(LogisticRegression(), "sqrt_weight").fit(X, y)
    assert np.array_equal(own.predict(X), rows.predict(X))
    with pytest.raises(DataError, match="fit takes no sample_weight"):
        clone(own).fit(X, y, np.ones(len(y)))
    boosted = GradientBoostingClassifier(n_estimators=2, random_state=0)
    for model in (GaussianNB(), boosted):
        found = rebalance(model, "class_weight").fit(X, y)
        rarest = (
            np.mean(found.predict(X) == 2),
            np.mean(model.fit(X, y).predict(X) == 2),
        )
        assert rarest[0] > rarest[1]


def test_a_row_of_weight_two_counts_as_two(uneven):
    X, y = uneven
    weights = np.random.default_rng(1).integers(0, 3, len(y))
    one = ClassWeighted(GaussianNB()).fit(X, y, weights)
    other = ClassWeighted(GaussianNB()).fit(X.repeat(weights, 0), y.repeat(weights))
    assert np.allclose(one.predict_proba(X), other.predict_proba(X))


def test_it_is_the_last_step_of_a_pipeline_or_stands_alone(uneven):
    X, y = uneven
    model = rebalance(make_pipeline(StandardScaler(), GaussianNB()), "sqrt_weight")
    assert isinstance(model.steps[-1][1], ClassWeighted)
    assert model.fit(X, y).named_steps["gaussiannb"].weights_.shape == (3,)
    assert isinstance(rebalance(GaussianNB(), "effective_number"), ClassWeighted)


@pytest.mark.parametrize(
    ("model", "strategy", "reason"),
    [
        (DummyClassifier(), "class_weight", "DummyClassifier takes no class weights"),
        (DummyClassifier(), "sqrt_weight", "DummyClassifier takes no class weights"),
        (KNeighborsClassifier(), "effective_number", "takes no class weights"),
        (LogisticRegression(class_weight="balanced"), "sqrt_weight", "weighs its"),
        (SGDClassifier(loss="log_loss"), "focal", "SGDClassifier is no network"),
        (make_model("hog+svm"), "balanced_batches", "SVM is no network"),
        (CNNClassifier(batches="balanced"), "class_weight", "are balanced already"),
        (CNNClassifier(batches="balanced"), "sqrt_weight", "are balanced already"),
        (CNNClassifier(loss=LogitAdjusted(0.5)), "class_weight", "answers the"),
        (CNNClassifier(loss="logit_adjusted"), "balanced_batches", "answers the"),
        (CNNClassifier(class_weight="balanced"), "logit_adjusted", "weighs its"),
        (CNNClassifier(class_weight="balanced"), "balanced_batches", "weighs its"),
        (CNNClassifier(loss="per_class"), "focal", "a loss of its own"),
        (CNNClassifier(targets="multi_target"), "focal", "votes by a loss of its own"),
    ],
)
def test_a_pair_that_makes_no_sense_says_why(model, strategy, reason):
    with pytest.raises(DoesNotApply, match=reason):
        rebalance(model, strategy)


@pytest.mark.parametrize(
    ("strategy", "name", "value"),
    [
        ("class_weight", "class_weight", "balanced"),
        ("focal", "loss", "focal"),
        ("logit_adjusted", "loss", "logit_adjusted"),
        ("balanced_batches", "batches", "balanced"),
    ],
)
def test_a_network_has_parameters_for_it(strategy, name, value):
    network = CNNClassifier(label_smoothing=0.1)
    assert rebalance(network, strategy).get_params()[name] == value
    behind = make_pipeline("passthrough", network)
    assert rebalance(behind, strategy).steps[-1][1].get_params()[name] == value


def test_the_runner_sees_the_network_inside(tmp_path):
    faces = load_dataset("synthetic", n=300, image_shape=(16, 16))
    network = CNNClassifier(**SMALL, epochs=2, patience=1)
    models = {"cnn": network, "svm": make_model("pixels+svm")}
    outcomes = run_benchmark({"f": faces}, models, ["sqrt_weight"], 1, store=tmp_path)
    cnn, svm = (outcome.facts for outcome in outcomes)
    assert cnn["selected_on"].startswith("validation part: epoch ")
    assert "val_loss" in cnn["training_curve"]
    assert svm["engine"]
    assert svm["balancing"] is cnn["balancing"] is None


def test_training_of_a_network_inside_is_watched(tmp_path):
    faces = load_dataset("synthetic", n=200, image_shape=(16, 16))
    log = tmp_path / "log.csv"
    network = CNNClassifier(**SMALL, epochs=1)
    fitted, _ = train(network, faces, strategy="sqrt_weight", watch={"log": log})
    assert len(log.read_text().splitlines()) == 2
    assert fitted.estimator.log is fitted.estimator_.log is None

"""What a model is handed beside the rows that train it."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier

from fercompare import CNNClassifier, load_dataset, make_model, rebalance, run_benchmark
from fercompare.datasets.base import Dataset
from fercompare.errors import DataError
from fercompare.evaluation.fitting import fit
from fercompare.evaluation.parts import training_rows, validation_rows
from fercompare.evaluation.trained import train

HANDED = []


class Watches(ClassifierMixin, BaseEstimator):
    """Notes what its fit is handed, like a network that watches validation data."""

    def __init__(self, targets="crossentropy"):
        self.targets = targets

    def fit(self, X, y, sample_weight=None, *, validation=None, votes=None):
        HANDED.append((np.asarray(X), y, validation, votes))
        self.guess_ = DummyClassifier().fit(X, y)
        self.classes_ = self.guess_.classes_
        return self

    def predict(self, X):
        return self.guess_.predict(X)


@pytest.fixture
def handed():
    HANDED.clear()
    return HANDED


@pytest.fixture
def faces():
    """Return rows whose numbers say their part: below 100, 100 and up, 200 and up."""
    n = 60
    start = np.repeat([0, 100, 200], n // 3)
    X = (start + np.tile(np.arange(20), 3)).astype(np.uint8)[:, np.newaxis].repeat(4, 1)
    y = np.tile([0, 0, 0, 0, 0, 0, 1, 1, 1, 1], 6)
    y[[3, 23]] = -1
    split = np.repeat(["train", "val", "test"], n // 3)
    votes = np.tile(np.float32([0.7, 0.3, 0]), (n, 1))
    classes = ("happy", "sad", "contempt")
    return Dataset("marked", X, y, classes, (2, 2), split, votes=votes)


def test_a_network_is_handed_the_labelled_rows_that_choose(handed, faces):
    fit(Watches(), training_rows(faces), validation_rows(faces))
    X, y, (X_val, y_val), votes = handed[0]
    assert X.max() < 100 <= X_val.min() <= X_val.max() < 200
    assert len(X) == len(y) == len(X_val) == len(y_val) == 19
    assert set(y) == set(y_val) == {0, 1}
    assert votes.shape == (19, 2), "no column for a class that nobody has"


def test_votes_are_handed_to_those_alone_who_learn_from_them(handed, faces):
    fit(Watches("majority"), training_rows(faces), validation_rows(faces))
    assert handed[0][3] is None


def test_behind_a_sampler_there_is_validation_and_there_are_no_votes(handed, faces):
    model = rebalance(Watches("majority"), "random_over")
    fit(model, training_rows(faces), validation_rows(faces))
    X, _, (X_val, _), votes = handed[0]
    assert len(X) == 22
    assert len(X_val) == 19
    assert votes is None
    with pytest.raises(DataError, match=r"'crossentropy' behind 'balance': the votes"):
        fit(rebalance(Watches(), "random_over"), training_rows(faces))


def test_behind_features_nothing_is_handed_that_is_no_features(handed, faces):
    model = make_model(["pixels", Watches("majority")])
    fit(model, training_rows(faces), validation_rows(faces))
    assert handed[0][2:] == (None, None)


def test_bench_and_train_hand_the_same(handed, faces, tmp_path):
    outcomes = run_benchmark(
        {"marked": faces}, {"w": Watches()}, ["none"], 1, store=tmp_path
    )
    assert [o.status for o in outcomes] == ["done"]
    assert len(handed[0][2][0]) == 19
    assert min(outcomes[0].rows) >= 40


def test_the_outcome_says_what_the_validation_part_chose(tmp_path):
    faces = load_dataset("synthetic", n=300, image_shape=(16, 16))
    small = {"blocks": 1, "width": 4, "dense": (), "random_state": 0}
    stopping = CNNClassifier(**small, epochs=3, patience=1)
    behind = clone(stopping).set_params(validation_fraction=0.2)
    models = {
        "stops": stopping,
        "fixed": CNNClassifier(**small, epochs=1),
        "behind": make_model(["pixels", behind]),
    }
    outcomes = run_benchmark({"f": faces}, models, ["none"], 1, store=tmp_path)
    stops, fixed, behind = (outcome.facts["selected_on"] for outcome in outcomes)
    network = clone(stopping).set_params(epochs=1).fit(faces.X, faces.y)
    n_numbers = sum(p.numel() for p in network.network_.parameters())
    assert outcomes[0].facts["parameters"] == n_numbers > 100
    assert stops.startswith("validation part: epoch ")
    assert fixed == "nothing: fixed settings"
    assert behind.startswith("rows cut off the training part: epoch ")


def test_train_makes_the_network_of_the_bench(tmp_path):
    faces = load_dataset("synthetic", n=300, image_shape=(16, 16))
    fitted, card = train("cnn", faces, seed=0)
    assert card["model"] == "cnn"
    (outcome,) = run_benchmark({"f": faces}, ["cnn"], ["none"], 1, store=tmp_path)
    test = faces.part("test")
    assert np.array_equal(fitted.predict(test.X), outcome.y_pred)

"""Resampling in a network's embedding, and its last layer trained again."""

import copy

import numpy as np
import pytest
import torch
from imblearn.over_sampling import RandomOverSampler
from sklearn.frozen import FrozenEstimator
from sklearn.naive_bayes import GaussianNB
from torch import nn

from fercompare import (
    CNNClassifier,
    TransferClassifier,
    load_dataset,
    make_model,
    rebalance,
    run_benchmark,
)
from fercompare.balancing.embedding import EmbeddingResampled
from fercompare.balancing.strategies import DoesNotApply
from fercompare.deep.classifier import TorchClassifier
from fercompare.errors import DataError

SMALL = {
    "blocks": 2,
    "width": 4,
    "dense": (6,),
    "epochs": 2,
    "precision": "float32",
    "random_state": 0,
}
SEEN = []


class Watched(RandomOverSampler):
    """Notes what it is handed."""

    def fit_resample(self, X, y):
        SEEN.append((X, y))
        return super().fit_resample(X, y)


@pytest.fixture(scope="module")
def faces():
    whole = load_dataset("synthetic", n=200, image_shape=(16, 16))
    return whole.part("train"), whole.part("val")


@pytest.fixture(scope="module")
def network(faces):
    train, _ = faces
    return CNNClassifier(**SMALL).fit(train.X, train.y)


def body_of(model):
    """Return the weights of all layers but the last."""
    return [p.detach().clone() for p in model.network_.features.parameters()]


def same(first, second):
    """Whether two lists of tensors hold the same numbers."""
    return all(map(torch.equal, first, second))


def test_the_embedding_is_what_the_last_layer_sees(faces, network):
    train, _ = faces
    Z = network.embed(train.X)
    assert (Z.shape, Z.dtype) == ((len(train), 6), np.float32)
    head = network.network_.head
    scores = torch.from_numpy(Z) @ head.weight.T + head.bias
    found = network.decision_function(train.X)
    assert np.allclose(scores.detach().numpy(), found, atol=1e-5)
    mean_of_both = CNNClassifier(**SMALL, flips=True).fit(train.X, train.y)
    assert np.allclose(mean_of_both.embed(train.X), Z), "of the image, not its mirror"


def test_the_body_is_that_of_the_network_alone_and_the_head_is_not(faces, network):
    train, _ = faces
    model = rebalance(CNNClassifier(**SMALL), "smote@embedding").fit(train.X, train.y)
    assert same(body_of(model.estimator_), body_of(network))
    head, other = model.estimator_.network_.head, network.network_.head
    assert not torch.equal(head.weight, other.weight)
    assert np.array_equal(model.estimator_.embed(train.X), network.embed(train.X))
    assert model.sampler_.report_.rows[0]["after"] == np.bincount(train.y).max()
    again = rebalance(CNNClassifier(**SMALL), "smote@embedding").fit(train.X, train.y)
    assert np.array_equal(again.predict_proba(train.X), model.predict_proba(train.X))


def test_only_rows_that_train_are_resampled(faces):
    train, val = faces
    SEEN.clear()
    network = CNNClassifier(**SMALL | {"patience": 1})
    model = EmbeddingResampled(network, Watched(random_state=0))
    model.fit(train.X, train.y, validation=(val.X, val.y))
    ((Z, y),) = SEEN
    assert np.array_equal(y, train.y)
    assert np.array_equal(Z, model.estimator_.embed(train.X))
    assert "val_loss" in model.estimator_.history_[0], "the network watches them"


def test_a_head_fitted_on_even_rows_gives_rare_classes_their_due(faces, network):
    train, _ = faces
    Z, rarest = network.embed(train.X), np.bincount(train.y).argmin()
    sampler = RandomOverSampler(random_state=0)
    seen = []
    for rows, y in ((Z, train.y), sampler.fit_resample(Z, train.y)):
        model = copy.deepcopy(network).set_params(learning_rate=0.1)
        model.fit_head(rows, y, epochs=20)
        seen.append(model.predict_proba(train.X)[:, rarest].mean())
    assert seen[1] > 1.5 * seen[0]


def test_a_head_by_muon_and_of_a_deeper_stack(faces):
    train, _ = faces
    fast = CNNClassifier(
        **SMALL | {"dense": (), "epochs": 1}, residual=True, optimizer="muon"
    ).fit(train.X, train.y)
    before = body_of(fast)
    fast.fit_head(fast.embed(train.X), train.y, epochs=1)
    assert same(before, body_of(fast))
    transfer = TransferClassifier(
        FrozenEstimator(fast), head=(5,), epochs=1, normalization="dataset"
    ).fit(train.X, train.y)
    assert transfer.embed(train.X).shape == (len(train), 5)
    with pytest.raises(DataError, match="does not know the class 9"):
        fast.fit_head(fast.embed(train.X[:2]), [0, 9])


class NoDenseEnd:
    """Makes networks that end otherwise."""

    def __init__(self, *last):
        self.last = last

    def __call__(self, in_channels, image_shape, n_classes):
        n = in_channels * image_shape[0] * image_shape[1]
        return nn.Sequential(nn.Flatten(), *(make(n, n_classes) for make in self.last))


def test_a_network_that_ends_otherwise_is_refused(faces):
    train, _ = faces
    softened = NoDenseEnd(nn.Linear, lambda n, k: nn.Softmax(dim=1))
    folded = NoDenseEnd(
        lambda n, k: nn.Unflatten(1, (n, 1)),
        lambda n, k: nn.Conv1d(n, k, 1),
        lambda n, k: nn.Flatten(),
    )
    reasons = {softened: "are not what its last", folded: "no dense layer"}
    for make, reason in reasons.items():
        model = TorchClassifier(make, epochs=1).fit(train.X, train.y)
        with pytest.raises(DataError, match=reason):
            model.embed(train.X)


def test_what_has_no_embedding_is_a_skip(faces):
    for model in (make_model("hog+svm"), GaussianNB()):
        with pytest.raises(DoesNotApply, match="has no embedding"):
            rebalance(model, "smote@embedding")
    with pytest.raises(DataError, match="GaussianNB has no embedding"):
        EmbeddingResampled(GaussianNB(), RandomOverSampler()).fit([[0], [1]], [0, 1])


def test_the_runner_stores_what_was_resampled(tmp_path):
    whole = load_dataset("synthetic", n=200, image_shape=(16, 16))
    models = {"cnn": CNNClassifier(**SMALL | {"patience": 1})}
    (outcome,) = run_benchmark(
        {"f": whole}, models, ["random_under@embedding"], 1, store=tmp_path
    )
    assert outcome.facts["balancing"]["strategy_step"] == "RandomUnderSampler"
    assert outcome.facts["selected_on"].startswith("validation part: epoch ")

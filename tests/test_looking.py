"""Where a model looked: maps add up to what the model says, and find a made mark."""

import numpy as np
import pytest
from saved_models import SHAPE, cnn, drawn, fitted
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from fercompare import load_dataset, make_model
from fercompare.balancing.decisions import PriorShift
from fercompare.classifiers import SVM
from fercompare.deep.attention import class_activations
from fercompare.deep.classifier import TorchClassifier
from fercompare.deep.networks import MeanPool, block_network
from fercompare.errors import DataError
from fercompare.faces.looking import WAYS, looked_at, spread, way_of
from fercompare.features import HOG, LBP

ROWS, LABELS = drawn()


def pooled(in_channels, image_shape, n_classes):
    """A network that ends in the mean over its last map and a dense layer."""
    return nn.Sequential(
        nn.Conv2d(in_channels, 5, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
        MeanPool(),
        nn.Linear(5, n_classes),
    )


def flat(in_channels, image_shape, n_classes):
    """A network whose dense layer weighs each place of the last map by itself."""
    return block_network(in_channels, image_shape, n_classes, blocks=1, dense=())


@pytest.fixture(scope="module")
def network():
    return fitted_network(pooled)


def fitted_network(network, **options):
    options = {"epochs": 2, "precision": "float32", "random_state": 0} | options
    model = TorchClassifier(network, **options)
    return model.fit(ROWS, LABELS)


@pytest.fixture(scope="module")
def faces():
    return load_dataset("synthetic", n=160).part("train")


def activation_map(network, rows, classes):
    """Return the map of Zhou et al. (2016) against the other classes, as defined."""
    *before, _, dense = network.network_
    images = network.normalization_(_images(network, rows))
    channels = nn.Sequential(*before)(images).detach().double().numpy()
    weights = centred(dense.weight.detach().double().numpy())
    return np.einsum("nc,nchw->nhw", weights[classes], channels)


def centred(values):
    """Return what each class has more than the classes have on average."""
    return values - values.mean(axis=0)


def _images(network, rows):
    import torch

    return torch.from_numpy(rows.reshape(-1, 1, *network.image_shape_))


@pytest.mark.parametrize("make", [pooled, flat])
def test_the_mean_of_an_activation_map_is_the_score_less_its_bias(make):
    network = fitted_network(make)
    *_, last = network.network_.modules()
    for label in network.classes_:
        maps = looked_at(network, ROWS[:6], SHAPE, label)
        bias = centred(last.bias.detach().numpy())[label]
        scores = centred(network.decision_function(ROWS[:6]).T)[label]
        np.testing.assert_allclose(maps.mean(axis=(1, 2)), scores - bias, atol=1e-5)


def test_grad_cam_is_the_activation_map_where_there_is_one(network):
    classes = network.predict(ROWS[:8])
    expected = activation_map(network, ROWS[:8], classes)
    found = class_activations(network, ROWS[:8], classes)
    assert found.shape == (8, 6, 6)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    seen = looked_at(network, ROWS[:8])
    np.testing.assert_allclose(seen, spread(expected, SHAPE), atol=1e-5)


def test_a_network_that_looks_at_the_mirror_image_too_has_the_mean_of_both_maps(
    network,
):
    flipped = fitted_network(pooled, flips=True)
    mirrored = ROWS.reshape(-1, *SHAPE)[:, :, ::-1].reshape(len(ROWS), -1)
    both = looked_at(network, ROWS, classes=1), looked_at(network, mirrored, classes=1)
    expected = (both[0] + both[1][:, :, ::-1]) / 2
    np.testing.assert_allclose(looked_at(flipped, ROWS, classes=1), expected, atol=1e-5)


@pytest.mark.parametrize("classes", [("angry", "happy"), ("angry", "happy", "sad")])
@pytest.mark.parametrize(
    "features",
    [
        [HOG(pixels_per_cell=(8, 8))],
        [HOG(pixels_per_cell=[(7, 9), (16, 16)], cells_per_block=(3, 1))],
        [LBP(P=(8, 4), R=(2, 1), grid=(5, 6), sqrt=True)],
        ["hog", "lbp"],
    ],
    ids=["hog", "two sizes", "lbp", "both"],
)
def test_the_cells_of_a_linear_machine_add_up_to_its_decision(faces, features, classes):
    chosen = np.isin(np.array(faces.classes)[faces.y], classes)
    X, names = faces.X[chosen], np.array(faces.classes)[faces.y[chosen]]
    model = make_model([*features, "linear-svm"]).fit(X, names)
    for label in classes:
        maps = looked_at(model, X[:3], classes=label)
        scores, bias = model.decision_function(X[:3]), model[-1].intercept_
        if len(classes) == 2:
            expected = (scores - bias) / 2 * (1 if label == classes[1] else -1)
        else:
            place = classes.index(label)
            expected = scores[:, place] - bias[place]
        np.testing.assert_allclose(maps.mean(axis=(1, 2)), expected, atol=1e-6)


def test_a_cell_that_says_nothing_new_adds_nothing(faces):
    """An RBF machine is asked with each cell at its mean over the training rows."""
    hog, scale = HOG(pixels_per_cell=(16, 16), cells_per_block=(1, 1)), StandardScaler()
    model = make_pipeline(hog, scale, SVM(random_state=0)).fit(faces.X, faces.y)
    row = faces.X[:1]
    place = int(np.searchsorted(model.classes_, model.predict(row)[0]))
    features = hog.transform(row)
    changed = features.copy()
    changed[:, :9] = scale.mean_[:9]
    scores = model[-1].decision_function(scale.transform([features[0], changed[0]]))
    (seen,) = looked_at(model, row)
    assert np.allclose(seen[:16, :16], 9 * (scores[0] - scores[1])[place])
    assert len(np.unique(seen.round(9))) == 9


class Corner(ClassifierMixin, BaseEstimator):
    """Says whether the lower left corner is bright, and looks nowhere else."""

    classes_ = np.array(["bright", "dark"])

    def predict_proba(self, X):
        corner = X.reshape(len(X), 20, 32)[:, 15:, :8].mean(axis=(1, 2)) / 255
        return np.column_stack([corner, 1 - corner])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def in_corner(seen):
    """Return the share of a map that is in the lower left quarter."""
    seen = np.abs(seen)
    height, width = seen.shape
    return seen[height // 2 :, : width // 2].sum() / seen.sum()


def test_a_model_that_looks_into_one_corner_is_seen_to_do_so():
    image = np.zeros((20, 32), np.uint8)
    image[15:, :8] = 255
    (seen,) = looked_at(Corner(), image.reshape(1, -1), (20, 32))
    assert way_of(Corner(), image.ravel(), (20, 32)) == "patches"
    assert seen[19, 0] == seen.max() > 0
    assert in_corner(seen) == pytest.approx(1)
    (against,) = looked_at(Corner(), image.reshape(1, -1), (20, 32), "dark")
    np.testing.assert_allclose(against, -seen)


@pytest.mark.parametrize("make", [lambda: make_model("hog+linear-svm"), lambda: cnn()])
def test_what_a_trained_model_learned_from_a_corner_is_seen_there(make):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 40, (60, 32, 32), dtype=np.uint8)
    images[::2, 20:28, 4:12] += np.uint8(200) * (np.indices((8, 8)).sum(axis=0) % 2 > 0)
    rows, marked = images.reshape(60, -1), np.arange(60) % 2 == 0
    model = make()
    if hasattr(model, "epochs"):
        model.set_params(epochs=6, dense=(), blocks=2, width=8)
    model.fit(rows, marked.astype(int))
    assert (model.predict(rows) == marked).mean() > 0.95
    maps = looked_at(model, rows[:8:2], classes=1)
    assert np.mean([in_corner(np.maximum(seen, 0)) for seen in maps]) > 0.6


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("hog+svm", "cells"),
        ("lbp+svm", "cells"),
        ("hog+lbp+rf", "patches"),
        ("pixels+linear-svm", "patches"),
        ("shapes", "cells"),
        ("fisher", "patches"),
        ("dummy", "patches"),
        ("thresholds", "patches"),
        ("smote@embedding", "activations"),
        ("cnn", "activations"),
        ("residual", "activations"),
        ("colour", "activations"),
        ("cnn in a pipeline", "activations"),
        ("cnn after smote", "activations"),
        ("described", "activations"),
        ("backbone", "patches"),
    ],
)
def test_every_kind_of_model_is_looked_at(name, way):
    shape = (6, 8, 3) if name == "colour" else SHAPE
    model, rows = fitted(name), ROWS[:2]
    before = model.predict(rows)
    maps = looked_at(model, rows, shape)
    assert maps.shape == (2, *shape[:2])
    assert np.isfinite(maps).all()
    assert way_of(model, rows[0], shape) == way
    assert way in WAYS
    np.testing.assert_array_equal(model.predict(rows), before)
    np.testing.assert_allclose(looked_at(model, rows[1:], shape)[0], maps[1], atol=1e-5)


def test_a_balanced_model_is_looked_at_as_the_one_inside(faces):
    plain = make_model("hog+linear-svm").fit(faces.X, faces.y)
    balanced = PriorShift(make_model("hog+linear-svm"), tau=1.0)
    balanced.fit(faces.X, faces.y)
    asked = {"classes": plain.predict(faces.X[:2])}
    expected = looked_at(plain, faces.X[:2], **asked)
    np.testing.assert_allclose(looked_at(balanced, faces.X[:2], **asked), expected)


def test_a_network_of_tokens_is_looked_at_by_patches():
    class Tokens(nn.Module):
        def __init__(self, n_classes):
            super().__init__()
            self.cut = nn.Conv2d(1, 6, 4, stride=4)
            self.norm = nn.LayerNorm(6)
            self.head = nn.Linear(6, n_classes)

        def forward(self, images):
            tokens = self.norm(self.cut(images).flatten(2).transpose(1, 2))
            return self.head(tokens.mean(dim=1))

    model = TorchClassifier(lambda c, s, n: Tokens(n), epochs=1, random_state=0)
    model.fit(ROWS, LABELS)
    assert class_activations(model, ROWS[:2], [0, 1]) is None
    assert way_of(model, ROWS[0]) == "patches"


def test_wrong_questions_are_answered_with_what_is_wrong(network):
    with pytest.raises(DataError, match="does not know the class 7"):
        looked_at(network, ROWS[:2], SHAPE, 7)
    with pytest.raises(DataError, match="pass them as rows"):
        looked_at(network, ROWS[0], SHAPE)
    with pytest.raises(DataError, match="not images of shape"):
        looked_at(network, ROWS[:2], (9, 9))
    assert looked_at(network, ROWS[:0], SHAPE).shape == (0, *SHAPE)

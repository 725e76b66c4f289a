"""scikit-learn's own checks over every feature, classifier and model by name."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

from fercompare import list_models, make_model
from fercompare.balancing.decisions import PriorShift, Thresholds
from fercompare.balancing.embedding import EmbeddingResampled
from fercompare.balancing.ensemble import Ensemble
from fercompare.balancing.samplers import RandomOverSampler
from fercompare.balancing.weights import ClassWeighted
from fercompare.classifiers import SVM, LeastSquares, LinearSVM, RandomForest
from fercompare.deep.backbone_features import BackboneFeatures
from fercompare.deep.classifier import CNNClassifier, TorchClassifier
from fercompare.deep.transfer import TransferClassifier
from fercompare.features import HOG, LBP, FisherVectors, Pixels
from fercompare.features.compression import PrincipalComponents
from fercompare.models import NETWORKS as BY_NAME

DRAWS = "which rows calibrate is drawn, so weighting a row is not repeating it"
TWINS = "a row that stands there twice is not left out by leaving out one of them"
BATCHES = "rows meet in batches of so many, so weighting a row is not repeating it"
COPIES = "joblib, which the check compares with, tells a tensor from its copy"
TREES = "which rows a tree is grown on is drawn, so weighting a row is not repeating it"
PIPELINE = "scikit-learn's own Pipeline fits the steps that it was given"
TWO_PIXELS = (
    "the check's images are two pixels wide, too few for a gradient or contrast"
)
ROUNDING = "without a gradient all rows are alike, and the last digits decide"
EXPECTED_FAILURES = {
    "SVM": {"check_sample_weight_equivalence_on_dense_data": DRAWS},
    "LinearSVM": {
        "check_sample_weight_equivalence_on_dense_data": DRAWS,
        "check_sample_weight_equivalence_on_sparse_data": DRAWS,
    },
    "LeastSquares": {"check_sample_weight_equivalence_on_dense_data": TWINS},
    "RandomForest": {"check_sample_weight_equivalence_on_dense_data": TREES},
    "TorchClassifier": {"check_sample_weight_equivalence_on_dense_data": BATCHES},
    "CNNClassifier": {"check_sample_weight_equivalence_on_dense_data": BATCHES},
    "TransferClassifier": {
        "check_sample_weight_equivalence_on_dense_data": BATCHES,
        "check_estimators_overwrite_params": COPIES,
    },
    "BackboneFeatures": {"check_estimators_overwrite_params": COPIES},
    "Pipeline": {
        "check_estimators_overwrite_params": PIPELINE,
        "check_dont_overwrite_parameters": PIPELINE,
    },
    "a step hog": {"check_classifiers_train": TWO_PIXELS},
    "a step pixels": {"check_classifiers_train": TWO_PIXELS},
    "a step fisher": {
        "check_classifiers_train": TWO_PIXELS,
        "check_methods_sample_order_invariance": ROUNDING,
    },
    "a step nystroem": {
        "check_methods_sample_order_invariance": ROUNDING,
        "check_methods_subset_invariance": ROUNDING,
    },
}


def excuses(estimator):
    """Return check to reason: of the estimator's class, and of its steps."""
    steps = [f"a step {name}" for name, _ in getattr(estimator, "steps", ())]
    names = [type(estimator).__name__, *steps]
    return {
        check: reason
        for name in names
        for check, reason in EXPECTED_FAILURES.get(name, {}).items()
    }


FEATURES = [
    HOG(),
    HOG(bilinear=True, signed=True, n_jobs=2),
    HOG(pixels_per_cell=[(6, 6), (9, 4)], block_norm="L1-sqrt"),
    LBP(),
    LBP(P=(8, 16), R=(1, 2.5), method="nri_uniform", sqrt=True, n_jobs=2),
    LBP(method="var"),
    Pixels(),
    Pixels(standardize=False),
    PrincipalComponents(),
    FisherVectors(n_words=4, n_components=3, orientations=4),
]
CLASSIFIERS = [
    SVM(engine="scikit-learn"),
    SVM(),
    SVM(probability=False, kernel="linear"),
    LinearSVM(),
    LeastSquares(),
    RandomForest(n_estimators=10),
]


class TwoLayers(BaseEstimator):
    """Makes networks small enough for two columns of numbers."""

    def __call__(self, in_channels, image_shape, n_classes):
        n = in_channels * image_shape[0] * image_shape[1]
        layers = nn.Linear(n, 16), nn.ReLU(), nn.Linear(16, n_classes)
        return nn.Sequential(nn.Flatten(), *layers)


QUICK = {"epochs": 15, "batch_size": 32, "learning_rate": 0.03}
SMALL = {**QUICK, "blocks": 1, "width": 8, "dense": (), "dropout": 0.0}
NETWORKS = [
    TorchClassifier(TwoLayers(), **QUICK),
    CNNClassifier(**SMALL),
    CNNClassifier(**SMALL, residual=True),
]
BASE = CNNClassifier(**{**SMALL, "epochs": 1}, random_state=0).fit(
    np.arange(20 * 16, dtype=np.uint8).reshape(20, 16), np.arange(20) % 2
)
NEW_HEAD = {
    "normalization": "dataset",
    "head": (16,),
    "dropout": 0.0,
    "epochs": 8,
    "batch_size": 64,
    "learning_rate": 0.1,
}
TRANSFERRED = [
    BackboneFeatures(FrozenEstimator(BASE), normalization="dataset"),
    TransferClassifier(FrozenEstimator(BASE), **NEW_HEAD),
    TransferClassifier(FrozenEstimator(BASE), mode="finetune", **NEW_HEAD),
]
TINY = {"epochs": 6, "batch_size": 64, "learning_rate": 0.1, "random_state": 0}
WRAPPED = [
    ClassWeighted(LogisticRegression()),
    PriorShift(GaussianNB(), tau="best", cv=2),
    Thresholds(GaussianNB(), cv=2),
    EmbeddingResampled(
        TorchClassifier(TwoLayers(), **TINY),
        RandomOverSampler(random_state=0),
        head_epochs=1,
    ),
    Ensemble(DecisionTreeClassifier(), members=2, random_state=0),
]
FEW = {"rf__n_estimators": 10, "fisher__n_words": 4, "fisher__n_components": 3}


def quick(model):
    """Return the model with few trees and words."""
    known = model.get_params()
    return model.set_params(**{name: n for name, n in FEW.items() if name in known})


MODELS = [quick(make_model(name)) for name in list_models() if name not in BY_NAME]


@parametrize_with_checks(
    [*FEATURES, *CLASSIFIERS, *NETWORKS, *TRANSFERRED, *WRAPPED, *MODELS],
    expected_failed_checks=excuses,
)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_has_no_complaint(estimator, check):
    check(estimator)

"""Metrics agree with scikit-learn and with what their names say."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from fercompare.metrics import (
    METRICS,
    calibration,
    confusion,
    f1_per_class,
    precision_per_class,
    recall_per_class,
)

CLASSES = 4
CORRELATIONS = "cohen_kappa", "mcc"
pairs = st.lists(
    st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), min_size=1
)


def averaged(score, average):
    def theirs(y_true, y_pred, proba, weights):
        options = {"average": average, "zero_division": 0, "sample_weight": weights}
        return score(y_true, y_pred, **options)

    return theirs


def of_labels(score):
    return lambda y_true, y_pred, proba, weights: score(
        y_true, y_pred, sample_weight=weights
    )


def one_against_rest(score):
    def theirs(y_true, y_pred, proba, weights):
        return np.mean(
            [
                score(y_true == k, proba[:, k], sample_weight=weights)
                for k in np.unique(y_true[weights > 0])
            ]
        )

    return theirs


THEIRS = {
    "accuracy": of_labels(sk.accuracy_score),
    "balanced_accuracy": of_labels(sk.balanced_accuracy_score),
    "cohen_kappa": of_labels(sk.cohen_kappa_score),
    "mcc": of_labels(sk.matthews_corrcoef),
    "f1_macro": averaged(sk.f1_score, "macro"),
    "f1_weighted": averaged(sk.f1_score, "weighted"),
    "precision_macro": averaged(sk.precision_score, "macro"),
    "precision_weighted": averaged(sk.precision_score, "weighted"),
    "recall_macro": averaged(sk.recall_score, "macro"),
    "recall_weighted": averaged(sk.recall_score, "weighted"),
    "auroc_ovr_macro": one_against_rest(sk.roc_auc_score),
    "average_precision_macro": one_against_rest(sk.average_precision_score),
    "log_loss": lambda y_true, y_pred, proba, weights: sk.log_loss(
        y_true, proba, sample_weight=weights, labels=np.arange(CLASSES)
    ),
    "brier": lambda y_true, y_pred, proba, weights: np.average(
        ((proba.astype(float) - np.eye(CLASSES)[y_true]) ** 2).sum(axis=1),
        weights=weights,
    ),
}


def predictions(n=500, seed=0, n_classes=CLASSES, digits=2):
    """Return truth, labels and float32 probabilities with many ties."""
    rng = np.random.default_rng(seed)
    shares = np.arange(1, n_classes + 1)
    y_true = rng.choice(n_classes, n, p=shares / shares.sum())
    scores = rng.normal(size=(n, n_classes)) + 1.5 * np.eye(n_classes)[y_true]
    proba = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    proba = proba.round(digits)
    proba = (proba / proba.sum(axis=1, keepdims=True)).astype(np.float32)
    return y_true, proba.argmax(axis=1), proba


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize("seed", range(3))
def test_scores_agree_with_scikit_learn(name, seed):
    arrays = predictions(seed=seed)
    ours = METRICS[name].function(*arrays, CLASSES)
    assert isinstance(ours, float)
    assert ours == pytest.approx(THEIRS[name](*arrays, np.ones(500)), abs=1e-6)


@pytest.mark.parametrize("name", METRICS)
def test_weighted_rows_score_as_rows_that_are_there_so_often(name):
    y_true, y_pred, proba = predictions(n=60)
    counts = np.random.default_rng(1).integers(0, 3, (60, 5))
    score = METRICS[name].function
    ours = score(y_true, y_pred, proba, CLASSES, counts.astype(np.float32))
    assert ours.shape == (5,)
    for of_set, found in zip(counts.T, ours):
        rows = np.repeat(np.arange(60), of_set)
        plain = score(y_true[rows], y_pred[rows], proba[rows], CLASSES)
        assert found == pytest.approx(plain, abs=1e-6)
        if name in THEIRS:
            theirs = THEIRS[name](y_true, y_pred, proba, of_set)
            assert found == pytest.approx(theirs, abs=1e-6)


@given(pairs)
def test_scores_have_bounds_and_perfect_is_best(pairs):
    y_true, y_pred = np.array(pairs).T
    for name, metric in METRICS.items():
        if metric.needs_proba:
            continue
        value = metric.function(y_true, y_pred, None, CLASSES)
        assert (-1 if name in CORRELATIONS else 0) - 1e-12 <= value <= 1 + 1e-12, name
        perfect = metric.function(y_true, y_true, None, CLASSES)
        assert perfect >= value - 1e-12
        several = len(np.unique(y_true)) > 1
        if several or name not in CORRELATIONS:
            assert perfect == pytest.approx(1), name


@given(pairs)
@settings(max_examples=50)
def test_scores_of_each_class_agree_with_scikit_learn(pairs):
    y_true, y_pred = np.array(pairs).T
    options = {"labels": range(CLASSES), "average": None, "zero_division": 0}
    occurs = np.isin(range(CLASSES), y_true)
    for ours, theirs in (
        (recall_per_class, sk.recall_score),
        (precision_per_class, sk.precision_score),
        (f1_per_class, sk.f1_score),
    ):
        found = ours(y_true, y_pred, CLASSES)
        assert np.array_equal(np.isnan(found), ~occurs)
        assert np.allclose(found[occurs], theirs(y_true, y_pred, **options)[occurs])
    counts = confusion(y_true, y_pred, CLASSES)
    assert np.array_equal(counts, sk.confusion_matrix(y_true, y_pred, labels=range(4)))


@given(pairs, st.integers(2, 9))
def test_a_skew_normalised_score_does_not_see_the_class_shares(pairs, times):
    y_true, y_pred = np.array(pairs).T
    more = np.where(y_true == y_true[0], times, 1)
    score = METRICS["f1_skew_normalised"].function
    skewed = score(np.repeat(y_true, more), np.repeat(y_pred, more), None, CLASSES)
    assert skewed == pytest.approx(score(y_true, y_pred, None, CLASSES))


def test_a_skew_normalised_score_is_the_f1_where_classes_are_equal():
    y_true, y_pred = np.repeat([0, 1, 2], 4), np.resize([0, 1, 2, 2, 1], 12)
    score = METRICS["f1_skew_normalised"].function
    plain = METRICS["f1_macro"].function(y_true, y_pred, None, 3)
    assert score(y_true, y_pred, None, 3) == pytest.approx(plain)


def test_macro_f1_counts_a_class_that_is_never_found_and_none_that_is_not_there():
    y_true, y_pred = np.array([0, 0, 1, 2]), np.array([0, 0, 0, 0])
    score = METRICS["f1_macro"].function
    assert score(y_true, y_pred, None, 3) == pytest.approx((2 * 0.5 / 1.5) / 3)
    assert score(y_true, y_pred, None, 8) == score(y_true, y_pred, None, 3)


def test_log_loss_of_a_sure_and_right_model_is_0():
    y = np.array([0, 1, 2])
    assert METRICS["log_loss"].function(y, y, np.eye(3), 3) == pytest.approx(
        0, abs=1e-9
    )


def test_calibration_error_is_that_of_a_loop_over_the_bins():
    y_true, y_pred, proba = predictions(n=400, digits=4)
    sure, right = proba.max(axis=1), y_pred == y_true
    expected = 0.0
    for k in range(15):
        here = (sure > k / 15) & (sure <= (k + 1) / 15)
        if here.any():
            gap = abs(sure[here].mean(dtype=float) - right[here].mean())
            expected += here.mean() * gap
    found = METRICS["expected_calibration_error"].function(
        y_true, y_pred, proba, CLASSES
    )
    assert found == pytest.approx(expected, abs=1e-6)
    rows, confidence, accuracy = calibration(y_true, proba)
    assert rows.sum() == 400
    assert np.isnan(confidence[0]) and np.isnan(accuracy[0])


def test_one_class_alone_has_no_area_under_its_curve():
    y_true, y_pred, proba = np.zeros(5, int), np.zeros(5, int), np.full((5, 2), 0.5)
    for name in ("auroc_ovr_macro", "average_precision_macro"):
        assert np.isnan(METRICS[name].function(y_true, y_pred, proba, 2))


def test_every_metric_takes_the_same_arguments():
    expected = ["y_true", "y_pred", "proba", "n_classes", "weights"]
    for name, metric in METRICS.items():
        assert list(inspect.signature(metric.function).parameters) == expected, name

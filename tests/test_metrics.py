"""Metrics agree with scikit-learn and with what their names say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from fercompare.metrics import METRICS, recall_per_class

CLASSES = 4
pairs = st.lists(
    st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), min_size=1
)


@given(pairs)
def test_scores_are_between_0_and_1_and_perfect_is_best(pairs):
    y_true, y_pred = np.array(pairs).T
    for name, metric in METRICS.items():
        if metric.needs_proba:
            continue
        value = metric.function(y_true, y_pred, None, CLASSES)
        assert 0 <= value <= 1, name
        perfect = metric.function(y_true, y_true, None, CLASSES)
        assert perfect >= value if metric.higher_is_better else perfect <= value


@given(pairs)
def test_recalls_agree_with_scikit_learn(pairs):
    y_true, y_pred = np.array(pairs).T
    ours = recall_per_class(y_true, y_pred, CLASSES)
    theirs = sk.recall_score(
        y_true, y_pred, labels=range(CLASSES), average=None, zero_division=np.nan
    )
    assert np.allclose(ours, theirs, equal_nan=True)
    balanced = METRICS["balanced_accuracy"].function(y_true, y_pred, None, CLASSES)
    assert np.isclose(np.nanmean(ours), balanced)


def test_macro_f1_counts_a_class_that_is_never_found():
    y_true, y_pred = np.array([0, 0, 1, 2]), np.array([0, 0, 0, 0])
    value = METRICS["f1_macro"].function(y_true, y_pred, None, 3)
    assert value == pytest.approx((2 * 0.5 / 1.5) / 3)


def test_log_loss_of_a_sure_and_right_model_is_0():
    y = np.array([0, 1, 2])
    assert METRICS["log_loss"].function(y, y, np.eye(3), 3) == pytest.approx(
        0, abs=1e-9
    )

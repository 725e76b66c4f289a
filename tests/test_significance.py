"""Tests of significance: against scipy, statsmodels, published examples, simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from fercompare.errors import DataError
from fercompare.metrics import METRICS
from fercompare.report.resampling import (
    N_RESAMPLES,
    Estimate,
    estimate,
    image_weights,
    interval,
    pairwise,
)
from fercompare.report.runs import Predictions
from fercompare.report.significance import (
    alike,
    critical_difference,
    holm,
    letters,
    mcnemar,
    mcnemar_of_seeds,
)

# Demšar, Statistical comparisons of classifiers over multiple data sets, 2006, table 6.
# Its two 0.975 were not equal before they were rounded: the paper ranks them 2 and 3.
DEMSAR = pd.DataFrame(
    {
        "C4.5": [
            *(0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661),
            *(0.583, 0.775, 1.000, 0.940, 0.619, 0.972, 0.957),
        ],
        "C4.5+m": [
            *(0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668),
            *(0.583, 0.838, 1.000, 0.962, 0.666, 0.981, 0.978),
        ],
        "C4.5+cf": [
            *(0.771, 0.590, 0.968, 0.654, 0.886, 0.916, 0.609),
            *(0.563, 0.866, 1.000, 0.965, 0.614, 0.9751, 0.946),
        ],
        "C4.5+m+cf": [
            *(0.798, 0.569, 0.967, 0.657, 0.898, 0.931, 0.685),
            *(0.625, 0.875, 1.000, 0.962, 0.669, 0.975, 0.970),
        ],
    }
)


def test_demsar_has_the_same_ranks_and_critical_difference():
    found = critical_difference(DEMSAR)
    assert dict(zip(found.names, found.ranks.round(3))) == {
        "C4.5": 3.143,
        "C4.5+m": 2.0,
        "C4.5+cf": 2.893,
        "C4.5+m+cf": 1.964,
    }
    assert found.nemenyi == pytest.approx(1.25, abs=0.01)
    n, k = DEMSAR.shape
    uncorrected = (
        12 * n / (k * (k + 1)) * (np.sum(found.ranks**2) - k * (k + 1) ** 2 / 4)
    )
    assert uncorrected == pytest.approx(9.28, abs=0.005)
    assert found.friedman == pytest.approx(
        stats.friedmanchisquare(*DEMSAR.to_numpy().T).statistic
    )
    assert found.friedman_p < 0.05


def test_pairs_over_data_sets_are_those_of_scipy_corrected():
    found = critical_difference(DEMSAR).pairs
    for pair in found.itertuples():
        expected = stats.wilcoxon(DEMSAR[pair.a], DEMSAR[pair.b]).pvalue
        assert pair.p == pytest.approx(expected)
    assert np.allclose(found["p_holm"], holm(found["p"]))


def test_who_is_always_better_is_told_apart_and_a_tie_is_not():
    rng = np.random.default_rng(0)
    base = rng.random(12)
    table = pd.DataFrame(
        {"same": base, "again": base, "worse": base - 0.1 - 0.01 * rng.random(12)}
    )
    found = critical_difference(table)
    assert found.names[-1] == "worse"
    assert [{found.names[k] for k in one} for one in found.alike] == [
        {"same", "again"},
        {"worse"},
    ]
    assert "2 of 3 pairs" in found.claim
    turned = critical_difference(table, higher_is_better=False)
    assert turned.names[0] == "worse"


def test_few_blocks_tell_nothing_apart():
    found = critical_difference(pd.DataFrame({"a": [0.9, 0.8], "b": [0.1, 0.2]}))
    assert found.alike == [(0, 1)]
    assert np.isnan(found.friedman_p)
    assert "no two are told apart" in found.claim
    with pytest.raises(DataError, match="too few"):
        critical_difference(pd.DataFrame({"a": [0.9], "b": [0.1]}))


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_holm_agrees_with_statsmodels(n):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(n).random(n) ** 3
    p[n // 2] = p[0]
    assert np.allclose(holm(p), multitest.multipletests(p, method="holm")[1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_correcting_keeps_the_order_and_makes_none_smaller(p):
    corrected = holm(p)
    assert (corrected >= p).all() and (corrected <= 1).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()


def test_holm_leaves_out_what_is_not_known():
    assert np.allclose(holm([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04], equal_nan=True)


@given(st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=50)
def test_mcnemar_agrees_with_statsmodels(n_only_a, n_only_b):
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    exact = n_only_a + n_only_b < 25
    table = [[7, n_only_a], [n_only_b, 9]]
    expected = tables.mcnemar(table, exact=exact, correction=True).pvalue
    if n_only_a == n_only_b:
        expected = 1.0
    assert mcnemar(n_only_a, n_only_b) == pytest.approx(expected)


def test_mcnemar_of_one_seed_is_mcnemar_and_of_more_is_no_smaller():
    rng = np.random.default_rng(0)
    a, b = rng.random((1, 400)) < 0.7, rng.random((1, 400)) < 0.6
    counted = mcnemar_of_seeds(a, b)
    assert counted.p == mcnemar(counted.n_only_a, counted.n_only_b)
    repeated = mcnemar_of_seeds(np.repeat(a, 4, axis=0), np.repeat(b, 4, axis=0))
    assert repeated.n_only_a == counted.n_only_a
    assert repeated.p == pytest.approx(2 * counted.p), "copies are no new images"


@given(st.integers(1, 7), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_two_share_a_letter_just_where_no_test_tells_them_apart(n, random):
    p = np.ones((n, n))
    for i in range(n):
        for j in range(i + 1, n):
            p[i, j] = random.choice([0.001, 0.5, np.nan])
    marks = [set(mark) for mark in letters(p)]
    for i in range(n):
        for j in range(i + 1, n):
            assert bool(marks[i] & marks[j]) == (not p[i, j] < 0.05)
    sets = [set(one) for one in alike(p)]
    assert not any(one < other for one in sets for other in sets)


def test_letters_go_on_after_z():
    p = np.full((30, 30), 0.001)
    assert letters(p)[25:28] == ["z", "aa", "ab"]


def fits(rng, truth, difficulty, n_seeds, spread):
    """Return predictions of seeds that differ, right as often as the images allow."""
    n, found = len(truth), []
    for _ in range(n_seeds):
        right = rng.random(n) < expit(difficulty + rng.normal(0, spread))
        labels = np.where(right, truth, (truth + rng.integers(1, 3, n)) % 3)
        here = np.ones(n, dtype=bool)
        found.append(Predictions(np.arange(n), truth, labels, here, here - 2, None, 3))
    return found


def null_p_values(n_seeds, spread, n_images=150, n_times=200):
    """Return p-values of two models that are the same but for their seeds."""
    rng = np.random.default_rng(n_seeds)
    found = []
    for _ in range(n_times):
        truth = rng.choice(3, n_images, p=[0.6, 0.3, 0.1])
        difficulty = rng.normal(1, 1.5, n_images)
        a, b = (fits(rng, truth, difficulty, n_seeds, spread) for _ in range(2))
        p = pairwise([estimate(a, "f1_macro"), estimate(b, "f1_macro")]).p[0, 1]
        right = ([one.y_true == one.y_pred for one in model] for model in (a, b))
        found.append((p, mcnemar_of_seeds(*right).p))
    return np.array(found).T


LIMIT = 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_equal_fits_are_told_apart_no_more_often_than_promised(n_seeds):
    of_metric, of_mcnemar = null_p_values(n_seeds, spread=0.0)
    assert np.mean(of_metric < 0.05) < LIMIT
    assert np.mean(of_mcnemar < 0.05) < LIMIT


@pytest.mark.parametrize("n_seeds", [2, 3])
def test_seeds_that_differ_much_are_not_taken_for_models_that_differ(n_seeds):
    of_metric, of_mcnemar = null_p_values(n_seeds, spread=0.8)
    assert np.mean(of_metric < 0.05) < LIMIT
    assert np.mean(of_mcnemar < 0.05) > 0.1, "McNemar is of the fits, as it says"


def test_a_model_that_is_better_is_found_out():
    rng = np.random.default_rng(0)
    truth = rng.choice(3, 400)
    difficulty = rng.normal(1, 1.5, 400)
    better = fits(rng, truth, difficulty + 1.0, 3, 0.1)
    worse = fits(rng, truth, difficulty, 3, 0.1)
    spread = pairwise([estimate(better, "accuracy"), estimate(worse, "accuracy")])
    assert spread.p[0, 1] < 0.01
    assert 0 < spread.low[0, 1] < spread.value[0, 1] < spread.high[0, 1]
    assert np.allclose(spread.low, -spread.high.T)


def test_an_interval_of_one_seed_is_that_of_a_share():
    rng = np.random.default_rng(0)
    truth = np.zeros(500, dtype=int)
    labels = (rng.random(500) < 0.3).astype(int)
    here = np.ones(500, dtype=bool)
    seen = Predictions(np.arange(500), truth, labels, here, here - 2, None, 2)
    spread = interval(estimate([seen], "accuracy"))
    share = np.mean(labels == 0)
    reach = 1.96 * np.sqrt(share * (1 - share) / 500)
    assert spread.low == pytest.approx(share - reach, abs=0.1 * reach)
    assert spread.high == pytest.approx(share + reach, abs=0.1 * reach)


@pytest.mark.parametrize(
    ("metric", "lowest", "highest"), [("f1_macro", 0, 1), ("mcc", -1, 1)]
)
def test_no_interval_leaves_the_range_of_its_metric(metric, lowest, highest):
    rng = np.random.default_rng(0)
    truth = rng.choice(3, 60)
    good = fits(rng, truth, np.full(60, 3.0), 1, 0) + fits(
        rng, truth, np.full(60, -1.0), 1, 0
    )
    found = [estimate(good, metric), estimate(good[::-1], metric)]
    one, pair = interval(found[0]), pairwise(found)
    assert (one.low, one.high) == (lowest, highest), "two seeds far apart"
    assert one.value + one.reach > highest
    assert pair.high[0, 1] == highest - lowest == -pair.low[0, 1]


def test_every_metric_stays_within_its_limits():
    rng = np.random.default_rng(0)
    truth, labels = rng.choice(3, (2, 80))
    proba = rng.dirichlet(np.ones(3), 80)
    for name, metric in METRICS.items():
        for guess in (labels, truth, (truth + 1) % 3):
            score = metric.function(truth, guess, proba, 3)
            assert metric.lowest <= score <= metric.highest, name


def test_seeds_widen_an_interval_as_welch_does():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.6, 0.05, 4), rng.normal(0.5, 0.02, 3)
    nothing = np.zeros(N_RESAMPLES)
    spread = pairwise([Estimate(a, nothing, 100), Estimate(b, nothing, 100)])
    expected = stats.ttest_ind(a, b, equal_var=False)
    assert spread.p[0, 1] == pytest.approx(expected.pvalue)
    limits = expected.confidence_interval(0.95)
    assert (spread.low[0, 1], spread.high[0, 1]) == pytest.approx(tuple(limits))


def test_equal_predictions_do_not_differ_and_one_image_says_nothing():
    one = Estimate(np.array([0.5]), np.random.default_rng(0).random(N_RESAMPLES), 50)
    spread = pairwise([one, one])
    assert spread.p[0, 1] == 1
    assert spread.low[0, 1] == spread.high[0, 1] == 0
    constant = np.zeros(N_RESAMPLES)
    sure = pairwise(
        [Estimate(np.array([1.0]), constant, 1), Estimate(np.array([0.0]), constant, 1)]
    )
    assert np.isnan(sure.p[0, 1])


def test_resamples_are_the_same_each_time_and_of_the_same_size():
    weights = image_weights(50)
    assert weights.shape == (50, N_RESAMPLES)
    assert (weights.sum(axis=0) == 50).all()
    image_weights.cache_clear()
    assert np.array_equal(image_weights(50), weights)

"""The classifiers: scikit-learn's answers, by any engine, with probabilities."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax
from sklearn.datasets import load_digits, make_classification
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

from fercompare.classifiers import (
    SVM,
    LeastSquares,
    LinearSVM,
    RandomForest,
    engines,
)
from fercompare.classifiers.calibration import (
    best_temperature,
    hold_out,
    probabilities,
)
from fercompare.classifiers.least_squares import _Solver
from fercompare.classifiers.svm import closest_calls
from fercompare.errors import DataError, UnknownName

ENGINES = [
    "scikit-learn",
    pytest.param(
        "scikit-learn-intelex",
        marks=pytest.mark.skipif(
            not engines._intelex_is_installed(), reason="needs scikit-learn-intelex"
        ),
    ),
]


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    X = X.astype(np.float32)
    return X[:900], y[:900], X[900:], y[900:]


@pytest.fixture(scope="module")
def noisy():
    """Four classes that nothing can tell apart for certain."""
    X, y = make_classification(
        2400, 20, n_informative=6, n_classes=4, flip_y=0.3, random_state=0
    )
    return X[:1200], y[:1200], X[1200:], y[1200:]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"C": 0.01},
        {"C": 10, "gamma": 0.001},
        {"C": 0.01, "class_weight": "balanced"},
        {"class_weight": {0: 5.0, 3: 0.2}},
        {"kernel": "linear", "C": 0.1},
    ],
    ids=str,
)
def test_margins_are_those_of_svc(digits, engine, dtype, options):
    X, y, others, _ = digits
    X, others = X.astype(dtype), others.astype(dtype)
    reference = SVC(decision_function_shape="ovo", tol=1e-4, **options).fit(X, y)
    margins = reference.decision_function(others)
    machine = SVM(engine=engine, probability=False, **options).fit(X, y)
    assert machine.engine_ == engine
    scores = machine.decision_function(others)
    np.testing.assert_allclose(scores, closest_calls(margins, 10), atol=5e-3)
    clear = np.sort(scores, axis=1)[:, -1] > 5e-3
    assert clear.mean() > 0.5
    winners = reference.predict(others)
    assert np.array_equal(machine.predict(others)[clear], winners[clear])


@pytest.mark.parametrize("engine", ENGINES)
def test_row_weights_reach_the_solver(noisy, engine):
    X, y, others, _ = noisy
    weights = np.where(y == 2, 4.0, 0.5)
    machine = SVM(engine=engine, probability=False).fit(X, y, weights)
    reference = SVC(decision_function_shape="ovo").fit(X, y, weights)
    expected = closest_calls(reference.decision_function(others), 4)
    np.testing.assert_allclose(machine.decision_function(others), expected, atol=5e-3)
    plain = SVM(engine=engine, probability=False).fit(X, y).predict(others)
    assert np.sum(machine.predict(others) == 2) > np.sum(plain == 2)


@pytest.mark.parametrize("engine", ENGINES)
def test_two_classes_have_one_score(digits, engine):
    X, y, others, truth = digits
    names = np.array(["low", "high"])
    machine = SVM(engine=engine, random_state=0).fit(X, names[y // 5])
    reference = SVC().fit(X, names[y // 5])
    scores = machine.decision_function(others)
    np.testing.assert_allclose(scores, reference.decision_function(others), atol=5e-3)
    assert list(machine.classes_) == ["high", "low"]
    assert np.mean(machine.predict(others) == names[truth // 5]) > 0.9


@pytest.mark.parametrize("engine", ENGINES)
def test_a_class_without_weight_is_as_if_it_were_not_there(noisy, engine):
    X, y, others, _ = noisy
    weights = np.where(y == 1, 0.0, 1.0)
    for machine in (
        SVM(engine=engine).fit(X, y, weights),
        SVM(engine=engine, class_weight={1: 0}).fit(X, y),
    ):
        alone = SVM(engine=engine).fit(X[y != 1], y[y != 1])
        assert list(machine.classes_) == [0, 2, 3]
        assert np.mean(machine.predict(others) == alone.predict(others)) > 0.99
    assert 1 not in LinearSVM().fit(X, y, weights).predict(others)
    with pytest.raises(DataError, match="weight of every row is zero"):
        SVM(engine=engine).fit(X, y, np.zeros(len(y)))


@pytest.mark.parametrize("make", [SVM, LinearSVM], ids=["svm", "linear-svm"])
def test_repeated_rows_do_not_calibrate_themselves(noisy, make):
    X, y, _, _ = noisy
    once = make(random_state=0).fit(X, y).temperature_
    thrice = make(random_state=0).fit(np.tile(X, (3, 1)), np.tile(y, 3)).temperature_
    assert thrice > 0.5 * once


def test_no_process_calibrates_on_other_rows(tmp_path):
    code = (
        "import numpy as np; from fercompare.classifiers import LinearSVM;"
        "rng = np.random.default_rng(0); X = rng.normal(size=(200, 3));"
        "y = (X[:, 0] + rng.normal(size=200) > 0).astype(int);"
        "print(repr(LinearSVM(random_state=0).fit(X, y).temperature_))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1 and float(said.pop()) > 0


@pytest.mark.parametrize("weighted", [0, 1, 5])
def test_hardly_any_weight_is_no_crash(noisy, weighted):
    X, y, others, _ = noisy
    weights = np.zeros(len(y))
    weights[[np.flatnonzero(y == k)[i] for k in range(4) for i in range(2)]] = 1
    weights[:weighted] = 1
    for model in (SVM(), LinearSVM(), RandomForest(5), LeastSquares()):
        proba = model.fit(X, y, weights).predict_proba(others)
        np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_without_intelex_scikit_learn_serves_and_its_absence_is_said(
    digits, monkeypatch
):
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    X, y, _, _ = digits
    assert SVM().fit(X, y).engine_ == "scikit-learn"
    with pytest.raises(DataError, match=r"not installed; pip install .*\[fast\]"):
        SVM(engine="scikit-learn-intelex").fit(X, y)


def test_sharpness_multiplies_gamma(digits):
    X, y, others, _ = digits
    gamma = SVM(probability=False).fit(X, y).gamma_
    assert gamma == pytest.approx(1 / (64 * X.var()))
    sharp = SVM(probability=False, sharpness=2).fit(X, y).decision_function(others)
    same = SVM(probability=False, gamma=2 * gamma).fit(X, y).decision_function(others)
    np.testing.assert_allclose(sharp, same, atol=1e-9)
    half = SVM(probability=False, gamma=gamma, sharpness=0.5).fit(X, y)
    assert half.gamma_ == gamma / 2


def test_what_is_fitted_needs_no_engine(digits):
    X, y, others, _ = digits
    machine = SVM(random_state=0).fit(X, y)
    kinds = {type(v).__module__.split(".")[0] for v in vars(machine).values()}
    assert kinds <= {"numpy", "builtins"}
    again = pickle.loads(pickle.dumps(machine))
    assert np.array_equal(again.predict_proba(others), machine.predict_proba(others))


def test_predictions_do_not_depend_on_how_many_are_asked_for(digits, monkeypatch):
    X, y, others, _ = digits
    machine = SVM(random_state=0).fit(X, y)
    whole = machine.decision_function(others)
    monkeypatch.setattr("fercompare.classifiers.svm.KERNEL_BYTES", 40_000)
    np.testing.assert_allclose(machine.decision_function(others), whole, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"engine": "gpu"}, "unknown engine 'gpu'"),
        ({"kernel": "rfb"}, "did you mean 'rbf'"),
        ({"gamma": "auto"}, "unknown gamma 'auto'; there are: scale"),
    ],
)
def test_an_unknown_choice_is_named(digits, options, problem):
    with pytest.raises(UnknownName, match=problem):
        SVM(**options).fit(*digits[:2])


def test_one_class_is_refused(digits):
    with pytest.raises(DataError, match="1 class"):
        SVM().fit(digits[0], np.zeros(900))


@pytest.mark.parametrize(
    "make",
    [
        lambda: SVM(C=5.0, random_state=0),
        lambda: LinearSVM(random_state=0),
        lambda: RandomForest(60, random_state=0),
        lambda: LeastSquares(),
    ],
    ids=["svm", "linear-svm", "rf", "least-squares"],
)
def test_probabilities_are_calibrated_and_agree_with_the_prediction(noisy, make):
    X, y, others, truth = noisy
    model = make().fit(X, y)
    proba = model.predict_proba(others)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert np.array_equal(proba.argmax(axis=1), model.predict(others))
    hits = model.predict(others) == truth
    assert abs(proba.max(axis=1).mean() - hits.mean()) < 0.12
    loss = log_loss(truth, proba)
    assert loss < np.log(4)
    for wrong in (0.3, 3):
        scores = np.log(proba) / wrong
        assert loss < log_loss(truth, probabilities(scores, 1.0))


def test_an_svm_without_probabilities_fits_once_and_has_none(digits, monkeypatch):
    fits = []
    original = SVC.fit
    monkeypatch.setattr(
        SVC,
        "fit",
        lambda self, X, *args: fits.append(len(X)) or original(self, X, *args),
    )
    X, y, _, _ = digits
    plain = SVM(engine="scikit-learn", probability=False).fit(X, y)
    assert fits == [900]
    assert not hasattr(plain, "predict_proba")
    SVM(engine="scikit-learn").fit(X, y)
    assert fits[1:] == [900, 900 - sum(np.bincount(y) // 4)]


def test_least_squares_is_scikit_learns_ridge(noisy):
    X, y, others, _ = noisy
    weights = np.linspace(0.5, 2, len(y))
    ours = LeastSquares(penalties=[0.3]).fit(X, y, weights)
    rows = np.average(X, axis=0, weights=weights)
    spread = np.linalg.eigvalsh((X - rows).T * weights @ (X - rows)).mean()
    ridge = RidgeClassifier(alpha=0.3 * spread).fit(X, y, weights)
    np.testing.assert_allclose(
        ours.decision_function(others), ridge.decision_function(others), atol=1e-8
    )


def test_scores_of_rows_left_out_are_those_of_leaving_them_out(noisy):
    X, y, weights = noisy[0][:60], noisy[1][:60], np.linspace(0.2, 3, 60)
    targets = np.where(y[:, np.newaxis] == np.arange(4), 1.0, -1.0)
    solve = _Solver(X, targets, weights)
    found = solve.left_out(0.1)
    alpha = 0.1 * solve.unit
    for row in range(0, 60, 7):
        kept = np.arange(60) != row
        ridge = Ridge(alpha=alpha).fit(X[kept], targets[kept], weights[kept])
        np.testing.assert_allclose(ridge.predict(X[[row]])[0], found[row], atol=1e-8)


def test_a_forest_is_the_same_whatever_the_threads(noisy):
    X, y, others, _ = noisy
    one = RandomForest(40, random_state=3).fit(X, y).predict_proba(others)
    two = RandomForest(40, random_state=3, n_jobs=2).fit(X, y).predict_proba(others)
    assert np.array_equal(one, two)


def test_classifiers_are_scored_by_cross_validation(noisy):
    assert cross_val_score(RandomForest(40), *noisy[:2], cv=3).mean() > 0.4


@given(
    y=arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 5)),
    seed=st.integers(0, 2**31),
    times=st.integers(1, 3),
)
def test_rows_are_held_out_class_by_class_and_copies_together(y, seed, times):
    copies = np.tile(np.arange(len(y)), times)
    y = np.tile(y, times)
    learning, calibrating = hold_out(y, copies, seed)
    assert sorted([*learning, *calibrating]) == list(range(len(y)))
    counts = np.bincount(y[: len(y) // times], minlength=6)
    held = np.bincount(y[calibrating], minlength=6)
    assert np.array_equal(held, times * (counts // 4))
    assert not set(copies[learning]) & set(copies[calibrating])


@settings(deadline=None)
@given(
    scores=arrays(np.float64, (12, 3), elements=st.floats(-50, 50)),
    y=arrays(np.int64, 12, elements=st.integers(0, 2)),
    other=st.floats(0.01, 100),
)
def test_no_other_temperature_has_a_smaller_loss(scores, y, other):
    truth = np.full(scores.shape, 1 / 15)
    truth[np.arange(12), y] += 12 / 15

    def loss(temperature):
        return -(truth * log_softmax(scores / temperature, axis=1)).sum()

    best = best_temperature(scores, y)
    assert loss(best) <= loss(other) + 1e-3
    assert best_temperature(scores[:0], y[:0]) == 1


@settings(deadline=None)
@given(margins=arrays(np.float64, (5, 6), elements=st.floats(-9, 9, width=32)))
def test_who_wins_every_pair_wins(margins):
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    scores = closest_calls(margins, 4)
    for row, score in zip(margins, scores):
        won = [pair[0] if m > 0 else pair[1] for m, pair in zip(row, pairs)]
        for k in range(4):
            if won.count(k) == 3 and (row != 0).all():
                assert score.argmax() == k


def test_importing_the_models_does_not_import_intelex():
    code = "import sys, fercompare.models; print('sklearnex' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.strip() == "False"

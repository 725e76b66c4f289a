"""The samplers of rows: imbalanced-learn's rows, and where those are wrong, better."""

import pickle
import tracemalloc
import warnings

import imblearn.combine as combined
import imblearn.over_sampling as over
import imblearn.under_sampling as under
import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestNeighbors

from fercompare import (
    CNNClassifier,
    load_dataset,
    make_model,
    rebalance,
    run_benchmark,
)
from fercompare.balancing import samplers as ours
from fercompare.balancing.report import balancing_report
from fercompare.balancing.strategies import STRATEGIES, DoesNotApply
from fercompare.datasets.base import Dataset
from fercompare.errors import DataError, UnknownName
from fercompare.saving.models import load_model, save_model

THEIRS = {
    name: getattr(module, name)
    for module, names in (
        (over, ("RandomOverSampler", "SMOTE", "BorderlineSMOTE", "SVMSMOTE", "ADASYN")),
        (under, ("RandomUnderSampler", "EditedNearestNeighbours", "TomekLinks")),
        (combined, ("SMOTEENN", "SMOTETomek")),
    )
    for name in names
}
MIXING = ("SMOTE", "BorderlineSMOTE", "SVMSMOTE", "ADASYN")
AT_ROWS = [name for name, s in STRATEGIES.items() if s.level == "rows"]
LOSSY = "ignore:.* dropped more than half of the real rows:UserWarning"


def made(name, **options):
    """Return our sampler of that name, with a seed if it draws anything."""
    sampler = getattr(ours, name)()
    if "random_state" in sampler.get_params():
        options = {"random_state": 3} | options
    return sampler.set_params(**options)


def drawn(dtype=np.float64, n=400, width=30, shares=(0.5, 0.3, 0.15, 0.05)):
    """Return rows and labels of overlapping classes, the rarest last."""
    rng = np.random.default_rng(0)
    y = np.sort(rng.choice(len(shares), n, p=shares))
    rng.shuffle(y)
    X = rng.normal(size=(n, width)) + 0.3 * y[:, None]
    return (X * 30 + 120 if dtype == np.uint8 else X).astype(dtype), y


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.filterwarnings(LOSSY)
def test_rows_are_imbalanced_learns_where_there_are_no_copies(name, dtype):
    X, y = drawn(dtype)
    sampler = made(name)
    expected = THEIRS[name](**sampler.get_params()).fit_resample(X, y)
    found = sampler.fit_resample(X, y)
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])
    assert found[0].dtype == dtype


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SMOTE", {"k_neighbors": NearestNeighbors(n_neighbors=4, p=1)}),
        ("SMOTE", {"sampling_strategy": {3: 40, 2: 80}, "k_neighbors": 2}),
        ("SMOTE", {"sampling_strategy": "minority"}),
        ("RandomUnderSampler", {"replacement": True, "sampling_strategy": "all"}),
        ("RandomOverSampler", {"shrinkage": 0.3}),
        ("EditedNearestNeighbours", {"kind_sel": "mode", "sampling_strategy": [0, 1]}),
        ("SMOTEENN", {"smote": over.SMOTE(k_neighbors=3, random_state=1)}),
        ("SMOTEENN", {"enn": under.EditedNearestNeighbours(kind_sel="mode")}),
        ("SMOTETomek", {"tomek": under.TomekLinks(sampling_strategy="majority")}),
    ],
)
@pytest.mark.filterwarnings(LOSSY)
def test_options_mean_what_they_mean_there(name, options):
    X, y = drawn()
    sampler = made(name, **options)
    expected = THEIRS[name](**sampler.get_params(deep=False)).fit_resample(X, y)
    found = sampler.fit_resample(X, y)
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])


def test_borderline_2_makes_their_rows_up_to_rounding():
    X, y = drawn()
    sampler = made("BorderlineSMOTE", kind="borderline-2")
    expected, _ = THEIRS["BorderlineSMOTE"](**sampler.get_params()).fit_resample(X, y)
    np.testing.assert_allclose(sampler.fit_resample(X, y)[0], expected, rtol=1e-12)


@pytest.mark.parametrize("name", [*MIXING, "SMOTETomek"])
def test_pixels_are_mixed_as_numbers_and_rounded(name):
    X, y = drawn(np.uint8)
    expected, labels = made(name).fit_resample(X.astype(np.float64), y)
    found, found_labels = made(name).fit_resample(X, y)
    assert found.dtype == np.uint8
    assert np.array_equal(found, np.clip(np.rint(expected), 0, 255))
    assert np.array_equal(found_labels, labels)


def test_imbalanced_learn_wraps_pixels_around():
    X = np.array([[200], [100], [0], [1], [2]], dtype=np.uint8)
    y = np.array([0, 0, 1, 1, 1])
    options = {"k_neighbors": 1, "random_state": 0}
    wrong = THEIRS["SMOTE"](**options).fit_resample(X, y)[0][5:]
    right = made("SMOTE", **options).fit_resample(X, y)[0][5:]
    assert not 100 <= wrong <= 200
    assert 100 <= right <= 200


def test_pixels_stay_bytes_in_memory():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (3000, 2304), dtype=np.uint8)
    y = np.repeat([0, 1], [2200, 800])
    tracemalloc.start()
    try:
        made("SMOTE").fit_resample(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    in_float64 = 8 * X.nbytes
    assert peak < 0.7 * in_float64


def test_a_copy_is_a_neighbour_and_the_row_itself_is_not():
    X = np.array([[0.0], [0.0], [9.0], [9.1], [20.0], [20.1]])
    y = np.array([0, 1, 1, 1, 0, 0])
    options = {"n_neighbors": 1, "sampling_strategy": "all"}
    found, _ = made("EditedNearestNeighbours", **options).fit_resample(X, y)
    assert sorted(found.ravel()) == [9.0, 9.1, 20.0, 20.1]
    theirs = THEIRS["EditedNearestNeighbours"](**options).fit_resample(X, y)[0]
    assert 0.0 in theirs


@pytest.mark.parametrize("name", ["EditedNearestNeighbours", "SMOTEENN"])
@pytest.mark.filterwarnings(LOSSY)
def test_no_class_is_edited_away(name):
    X = np.add.outer(np.arange(0.0, 200.0, 10.0), [0.0, 1.0]).reshape(-1, 1)
    y = np.tile([0, 1], 20)
    with pytest.warns(UserWarning, match="all rows of class 0, 1; they stay"):
        X_new, y_new = made(name, sampling_strategy="all").fit_resample(X, y)
    assert sorted(zip(X_new.ravel(), y_new)) == sorted(zip(X.ravel(), y))


@pytest.mark.parametrize("k", [5, 1])
def test_copies_do_not_make_a_row_its_own_neighbour(k):
    rng = np.random.default_rng(0)
    rare = np.repeat(rng.normal(size=(10, 3)), 2, axis=0)
    X, y = np.vstack([rng.normal(size=(60, 3)), rare]), np.repeat([0, 1], [60, 20])
    recipes, _ = made("SMOTE", k_neighbors=k).draw(X, y)
    bases, partners = recipes[80:, :2].T.astype(int)
    assert (bases != partners).all()
    if k == 1:
        assert np.array_equal(X[bases], X[partners])


@pytest.mark.parametrize(
    ("name", "share", "counts"),
    [
        ("SMOTE", 0.5, [200, 100, 100, 100]),
        ("RandomOverSampler", 0.5, [200, 100, 100, 100]),
        ("RandomUnderSampler", 0.5, [40, 40, 40, 20]),
        ("OverUnder", 0.5, [100, 100, 100, 100]),
        ("OverUnder", "auto", [75, 75, 75, 75]),
        ("OverUnder", {0: 50, 3: 50}, [50, 90, 90, 50]),
        ("SMOTE", {3: 30}, [200, 90, 90, 30]),
    ],
)
@pytest.mark.filterwarnings(LOSSY)
def test_targets(name, share, counts):
    y = np.repeat([0, 1, 2, 3], [200, 90, 90, 20])
    X = np.random.default_rng(0).normal(size=(len(y), 2))
    model = rebalance(GaussianNB(), made(name, sampling_strategy=share)).fit(X, y)
    report = balancing_report(model)
    assert [row["after"] for row in report.rows.values()] == counts


@pytest.mark.parametrize("sampler", ["RandomOverSampler", "RandomUnderSampler"])
@pytest.mark.filterwarnings(LOSSY)
def test_a_ratio_of_two_classes_is_imbalanced_learns(sampler):
    X, y = drawn(shares=(0.9, 0.1))
    options = {"sampling_strategy": 0.3, "random_state": 0}
    found = made(sampler, **options).fit_resample(X, y)
    expected = THEIRS[sampler](**options).fit_resample(X, y)
    assert np.array_equal(found[0], expected[0])


def test_targets_that_a_fold_cannot_meet():
    X, y = drawn()
    with pytest.warns(UserWarning, match="class 9 has no row here: none of the 70"):
        y_new = made("SMOTE", sampling_strategy={3: 60, 9: 70}).fit_resample(X, y)[1]
    assert (y_new == 3).sum() == 60
    with pytest.warns(UserWarning, match="class 0: 5 rows asked for of"):
        y_new = made("SMOTE", sampling_strategy={0: 5, 3: 60}).fit_resample(X, y)[1]
    assert (y_new == 0).sum() == (y == 0).sum()
    with pytest.raises(DataError, match="counts for 8, 'sad'; the classes here are 0"):
        made("SMOTE", sampling_strategy={8: 5, "sad": 5}).fit_resample(X, y)
    with pytest.raises(DataError, match="class 3: -5 rows asked for"):
        made("OverUnder", sampling_strategy={3: -5}).fit_resample(X, y)
    with pytest.raises(DataError, match="sampling_strategy=2"):
        made("OverUnder", sampling_strategy=2).fit_resample(X, y)


@pytest.mark.parametrize("name", [*MIXING, "SMOTEENN", "SMOTETomek"])
@pytest.mark.parametrize("n_rare", [1, 2, 4])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_class_of_few_rows_gets_what_is_possible(name, n_rare):
    X, y = drawn(shares=(0.6, 0.4))
    rare = X[y == 0][:n_rare] + 0.01
    X, y = np.vstack([X, rare]), np.concatenate([y, np.full(n_rare, 7)])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        X_new, y_new = made(name).fit_resample(X, y)
    said = [str(one.message) for one in told if "class 7" in str(one.message)]
    assert said
    if name == "SMOTE":
        assert (y_new == 7).sum() == (y == 0).sum()
        told_of = f"{n_rare} rows, so {n_rare - 1} neighbours and not 5"
        assert (told_of if n_rare > 1 else "one row, which can only be") in said[0]
        low, high = rare.min(axis=0), rare.max(axis=0)
        new = X_new[y_new == 7]
        assert ((new >= low - 1e-12) & (new <= high + 1e-12)).all()


@pytest.mark.parametrize("name", ["BorderlineSMOTE", "SVMSMOTE", "ADASYN"])
def test_where_nothing_can_be_made_nothing_is_made(name):
    rng = np.random.default_rng(0)
    centers = np.repeat(np.eye(3) * 100, 30, axis=0)
    rare = np.eye(3) * 100  # each amid one of the clouds
    if name != "SVMSMOTE":
        rare = rng.normal(size=(12, 3)) + 1000  # far from all
    X = np.vstack([rng.normal(size=(90, 3)) + centers, rare])
    y = np.repeat([0, 1], [90, len(rare)])
    with pytest.warns(
        UserWarning, match="class 1: .* rows asked for, none made, since"
    ):
        X_new, y_new = made(name).fit_resample(X, y)
    assert np.array_equal(X_new, X)
    assert np.array_equal(y_new, y)


def test_the_report_counts_rows_that_are_still_there():
    X, y = drawn()
    sampler = made("SMOTEENN")
    with pytest.warns(UserWarning, match="SMOTEENN dropped more than half") as told:
        X_new, y_new = sampler.fit_resample(X, y)
    assert len(told) == 1
    report = sampler.report_
    originals = {row.tobytes() for row in X}
    for label, row in report.rows.items():
        kept = {r.tobytes() for r in X_new[y_new == label]} & originals
        assert row == {
            "before": int((y == label).sum()),
            "after": int((y_new == label).sum()),
            "real": len(kept),
        }
    assert report.seconds > 0
    assert report.peak_megabytes is None or report.peak_megabytes > 30
    names = ("angry", "sad", "fear", "happy")
    facts = report.as_facts(names)
    assert facts["strategy_step"] == "SMOTEENN"
    assert facts["rows"]["happy"] == report.rows[3]
    assert set(facts) == {"strategy_step", "rows", "seconds", "peak_megabytes"}


@pytest.mark.parametrize("name", ["SMOTEENN", "RandomUnderSampler", "SMOTE"])
@pytest.mark.filterwarnings(LOSSY)
def test_a_sampler_of_ones_own_leaves_the_same_report(name):
    X, y = drawn()
    reports = []
    for kind in (THEIRS[name], getattr(ours, name)):
        model = rebalance(GaussianNB(), kind(random_state=3)).fit(X, y)
        reports.append(balancing_report(model))
    assert reports[0].rows == reports[1].rows
    assert reports[0].step == reports[1].step == name


def test_the_report_is_found_where_the_model_is_inside():
    X, y = drawn()
    model = rebalance(LogisticRegression(), "smote")
    assert balancing_report(model) is None
    assert balancing_report(LogisticRegression().fit(X, y)) is None

    class Around:
        estimator_ = model.fit(X, y)

    assert balancing_report(Around()).step == "SMOTE"


@pytest.mark.parametrize("name", ["SMOTE", "SMOTEENN", "EditedNearestNeighbours"])
@pytest.mark.filterwarnings(LOSSY)
def test_a_fitted_sampler_holds_no_training_rows(name):
    X, y = drawn(n=800, width=200)
    sampler = made(name)
    sampler.fit_resample(X, y)
    assert len(pickle.dumps(sampler)) < X.nbytes / 20


def test_tables_stay_tables():
    X, y = drawn()
    table, labels = pd.DataFrame(X).add_prefix("pixel "), pd.Series(y, name="emotion")
    X_new, y_new = made("SMOTE").fit_resample(table, labels)
    assert list(X_new.columns) == list(table.columns)
    assert y_new.name == "emotion"


@pytest.mark.parametrize("strategy", AT_ROWS)
@pytest.mark.parametrize("place", ["pixels", "features", "pca"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_place_is_a_step_of_the_pipeline(strategy, place):
    faces = load_dataset("synthetic", n=120, image_shape=(24, 24))
    model = rebalance(make_model("hog+linear-svm"), f"{strategy}@{place}")
    steps = [name for name, _ in model.steps]
    assert (
        steps
        == {
            "pixels": ["balance", "hog", "scale", "linear-svm"],
            "features": ["hog", "scale", "balance", "linear-svm"],
            "pca": ["hog", "scale", "pca", "balance", "linear-svm"],
        }[place]
    )
    model.fit(faces.X, faces.y)
    assert model.predict(faces.X[:9]).shape == (9,)
    assert balancing_report(model) is not None


def test_places_by_default():
    def steps(model, strategy):
        return [name for name, _ in rebalance(model, strategy).steps]

    network = CNNClassifier()
    assert steps(network, "smote") == ["balance", "cnnclassifier"]
    assert steps(network, "smote@pixels") == ["balance", "cnnclassifier"]
    for place in ("features", "pca"):
        with pytest.raises(DoesNotApply, match="CNNClassifier sees the pixels"):
            rebalance(network, f"smote@{place}")
    own = make_model("fisher+pca-svm")
    assert steps(own, "smote") == ["fisher", "pca", "balance", "svm"]
    assert steps(own, "smote@pca") == ["fisher", "pca", "balance", "svm"]
    kernel = make_model("hog+nystroem")
    assert steps(kernel, "enn") == ["hog", "scale", "balance", "nystroem", "ridge"]
    assert steps(DummyClassifier(), "smote@pixels") == ["balance", "dummyclassifier"]


@pytest.mark.parametrize(
    ("strategy", "kind", "said"),
    [
        ("smote@pixel", UnknownName, "unknown place 'pixel'; did you mean 'pixels'"),
        ("smoote@pca", UnknownName, "did you mean 'smote'"),
        ("smote@", UnknownName, "unknown place ''"),
        ("class_weight@pca", DataError, "at the loss takes no place"),
    ],
)
def test_a_place_that_is_none_is_said(strategy, kind, said):
    with pytest.raises(kind, match=said):
        rebalance(make_model("pixels+rf"), strategy)


def test_a_target_reaches_the_sampler():
    model = rebalance(GaussianNB(), "smote", target=0.5)
    assert model.steps[0][1].sampling_strategy == 0.5
    for strategy in ("enn", "class_weight", "none"):
        with pytest.raises(DataError, match="takes no target"):
            rebalance(GaussianNB(), strategy, target=0.5)
    with pytest.raises(DataError, match="the sampler's own sampling_strategy"):
        rebalance(GaussianNB(), made("SMOTE"), target=0.5)


@pytest.mark.parametrize("name", [*THEIRS, "OverUnder"])
def test_the_same_seed_gives_the_same_rows_elsewhere(name, here_and_there):
    for here, there in zip(*(side[name] for side in here_and_there)):
        assert np.array_equal(here, there)


@pytest.fixture(scope="module")
def here_and_there():
    """What each sampler makes here, and in other processes."""
    X, y = drawn(np.uint8, n=200)
    samplers = {name: made(name) for name in [*THEIRS, "OverUnder"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        here = {name: kind.fit_resample(X, y) for name, kind in samplers.items()}
    there = joblib.Parallel(n_jobs=2)(
        joblib.delayed(sampler.fit_resample)(X, y) for sampler in samplers.values()
    )
    return here, dict(zip(samplers, there))


@pytest.mark.filterwarnings(LOSSY)
def test_the_same_seed_gives_the_same_rows_with_dask():
    dask = pytest.importorskip("dask")
    X, y = drawn(np.uint8, n=200)
    names = ["SMOTE", "SMOTEENN", "OverUnder"]
    tasks = [dask.delayed(made(name).fit_resample)(X, y) for name in names]
    there = dask.compute(*tasks, scheduler="processes", num_workers=1)
    for name, (rows, labels) in zip(names, there):
        expected = made(name).fit_resample(X, y)
        assert np.array_equal(rows, expected[0])
        assert np.array_equal(labels, expected[1])


@pytest.mark.parametrize("strategy", ["smote", "over_under", "smote_enn@pca"])
@pytest.mark.filterwarnings(LOSSY)
def test_a_saved_model_resamples_as_it_did(strategy, tmp_path):
    X, y = drawn()
    model = rebalance(LogisticRegression(max_iter=200), strategy, random_state=5)
    before = model.fit(X, y).named_steps["balance"]
    save_model(model, tmp_path / "model.fer")
    loaded = load_model(tmp_path / "model.fer").named_steps["balance"]
    assert loaded.get_params() == before.get_params()
    for first, second in zip(before.fit_resample(X, y), loaded.fit_resample(X, y)):
        assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("random-over", over.RandomOverSampler),
        ("random-under", under.RandomUnderSampler),
        ("smote", over.SMOTE),
        ("smote-enn", combined.SMOTEENN),
        ("edited-neighbours", under.EditedNearestNeighbours),
    ],
)
def test_files_of_imbalanced_learns_samplers_keep_opening(name, kind):
    taken = ours.SAMPLERS[name](**kind().get_params(deep=False))
    assert taken.get_params() == kind().get_params()


class Spy(GaussianNB):
    """Keeps every row that it is fitted on, across clones, and what it predicts."""

    fitted_on, asked_about = [], []

    def fit(self, X, y):
        self.fitted_on.append(X.copy())
        return super().fit(X, y)

    def predict(self, X):
        self.asked_about.append(X.copy())
        return super().predict(X)


@pytest.fixture
def spy():
    Spy.fitted_on.clear()
    Spy.asked_about.clear()
    return Spy


@pytest.mark.parametrize("strategy", AT_ROWS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_row_is_made_of_a_validation_or_test_row(strategy, spy, tmp_path):
    rng = np.random.default_rng(0)
    part = np.resize(["train"] * 6 + ["val"] * 2 + ["test"] * 2, 400)
    X = rng.integers(0, 256, (400, 16), dtype=np.uint8)
    X[:, :2] = 255 * (part[:, None] == ["val", "test"])
    y = rng.choice(3, 400, p=[0.6, 0.3, 0.1])
    marked = Dataset("marked", X, y, ("sad", "fear", "happy"), (4, 4), split=part)
    (outcome,) = run_benchmark(
        {"marked": marked}, {"spy": spy()}, [strategy], 1, store=tmp_path
    )
    assert outcome.reason == ""
    assert (np.vstack(spy.fitted_on)[:, :2] == 0).all()
    assert np.array_equal(spy.asked_about[-1], X[part == "test"])


@pytest.mark.parametrize("strategy", AT_ROWS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_made_rows_stay_with_the_subjects_they_are_made_of(strategy, spy):
    people = load_dataset("synthetic", n=240, image_shape=(8, 8))
    X, groups = people.X.astype(np.float64), people.groups
    marks = (groups[:, None] == np.unique(groups)).astype(float)
    X = np.hstack([marks, X])
    folds = GroupKFold(4)
    model = rebalance(spy(), strategy)
    scores = cross_validate(
        model, X, people.y, groups=groups, cv=folds, error_score="raise"
    )
    assert len(scores["test_score"]) == len(spy.fitted_on) == 4
    for rows, asked, (train, test) in zip(
        spy.fitted_on, spy.asked_about, folds.split(X, people.y, groups)
    ):
        others = ~np.isin(np.unique(groups), groups[train])
        assert others.any()
        assert (rows[:, : len(others)][:, others] == 0).all()
        np.testing.assert_allclose(rows[:, : len(others)].sum(axis=1), 1)
        assert np.array_equal(asked, X[test])


def test_a_sampler_of_anyones_does_not_wrap_pixels_around():
    rows = np.array([[250], [10], [240], [20], [245], [15], [0], [255]], np.uint8)
    y = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    options = {"k_neighbors": 1, "random_state": 0}
    model = rebalance(GaussianNB(), over.SMOTE(**options))
    mixed, _ = model.steps[0][1].fit_resample(rows, y)
    exact, _ = over.SMOTE(**options).fit_resample(rows.astype(float), y)
    assert mixed.dtype == np.uint8
    assert np.array_equal(mixed, np.rint(exact))


@pytest.mark.parametrize("second", ["smote", "augment", "smote@pca", "thresholds"])
def test_a_model_is_balanced_once(second):
    model = rebalance(GaussianNB(), "random_over")
    with pytest.raises(DoesNotApply, match="balances the model already"):
        rebalance(model, second)


def test_validation_rows_are_not_cut_off_made_ones():
    network = CNNClassifier(validation_fraction=0.2)
    with pytest.raises(DoesNotApply, match="cut its validation rows off"):
        rebalance(network, "smote")
    assert rebalance(network, "smote@embedding").estimator.validation_fraction == 0.2


def test_options_stand_in_the_name():
    sampler = rebalance(GaussianNB(), "smote(target=0.5, k_neighbors=3)@pixels")[0]
    assert sampler.get_params()["k_neighbors"] == 3
    assert sampler.get_params()["sampling_strategy"] == 0.5
    model = rebalance(GaussianNB(), "thresholds(metric=balanced_accuracy)")
    assert model.metric == "balanced_accuracy"
    with pytest.raises(DataError, match="takes no k; this one takes target"):
        rebalance(GaussianNB(), "smote(k=3)")


def test_a_random_state_that_is_not_set_is_the_one_asked_for():
    name = "balance__sampler__random_state"
    for own, expected in ((None, 5), (2, 2)):
        sampler = over.SMOTE(random_state=own)
        model = rebalance(GaussianNB(), sampler, random_state=5)
        assert model.get_params()[name] == expected

"""The runner: no test row in training, nothing lost, nothing run twice."""

import json

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier

from fercompare import load_results, run_benchmark
from fercompare.balancing.strategies import STRATEGIES
from fercompare.datasets.base import Dataset
from fercompare.errors import DataError, UnknownName
from fercompare.evaluation.store import Store
from fercompare.evaluation.trials import Trial, plan
from fercompare.report.leaderboard import rank, score, scores

MARK = {"train": 0, "val": 120, "test": 200}


class Spy(ClassifierMixin, BaseEstimator):
    """Remembers every row that it was shown, across clones."""

    def __init__(self, class_weight=None, seen=None):
        self.class_weight = class_weight
        self.seen = seen

    def __deepcopy__(self, memo):
        return self

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen["fit"].append((X.copy(), np.asarray(y).copy()))
        return self

    def predict(self, X):
        self.seen["asked"].append(X.copy())
        return np.full(len(X), self.classes_[0])

    def predict_proba(self, X):
        self.seen["asked"].append(X.copy())
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


class Log(dict):
    """Shared by a Spy and its clones."""

    def __deepcopy__(self, memo):
        return self


@pytest.fixture
def marked():
    """Rows whose brightness tells their part; every part has rare classes."""
    rng = np.random.default_rng(0)
    n = 300
    split = np.resize(["train"] * 6 + ["val"] * 2 + ["test"] * 2, n)
    X = rng.integers(0, 50, (n, 16), dtype=np.uint8)
    X += np.array([MARK[part] for part in split], np.uint8)[:, np.newaxis]
    y = np.where(rng.random(n) < 0.2, 1, 0)
    return Dataset("marked", X, y, ("happy", "fear"), (4, 4), split=split)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_strategy_shows_a_test_or_validation_row_to_the_model(
    marked, tmp_path, strategy
):
    seen = Log(fit=[], asked=[])
    (outcome,) = run_benchmark(
        {"marked": marked}, {"spy": Spy(seen=seen)}, [strategy], 1, store=tmp_path
    )
    if STRATEGIES[strategy].serves == "networks":
        assert outcome.status == "skipped"
        return
    assert outcome.reason == ""
    (X, y), *others = seen["fit"]
    assert all(rows.max() < MARK["val"] for rows, _ in [(X, y), *others])
    assert np.array_equal(seen["asked"][-1], marked.part("test").X)
    assert outcome.y_true.tolist() == marked.part("test").y.tolist()
    natural, shown = np.bincount(marked.part("train").y), np.bincount(y)
    if STRATEGIES[strategy].level in ("rows", "images") and strategy != "enn":
        assert abs(np.diff(shown)[0]) < abs(np.diff(natural)[0])
    elif strategy != "enn":
        assert shown.tolist() == natural.tolist()


def test_what_is_stored_is_not_run_again(marked, tmp_path):
    arguments = ({"marked": marked}, {"dummy": DummyClassifier()}, ["none"])
    first = run_benchmark(*arguments, 2, store=tmp_path)
    told = []
    again = run_benchmark(
        *arguments, 3, store=tmp_path, progress=lambda *news: told.append(news)
    )
    assert [o.facts["fit_seconds"] for o in again[:2]] == [
        o.facts["fit_seconds"] for o in first
    ]
    assert len(list(tmp_path.glob("*.json"))) == 3
    assert [(done, n_trials) for done, n_trials, _ in told] == [(3, 3)]


def test_other_data_or_another_parameter_is_another_trial(marked, tmp_path):
    models = {"dummy": DummyClassifier()}
    run_benchmark({"marked": marked}, models, ["none"], 1, store=tmp_path)
    fewer = marked.take(np.arange(200))
    run_benchmark({"marked": fewer}, models, ["none"], 1, store=tmp_path)
    models = {"dummy": DummyClassifier(strategy="uniform", random_state=0)}
    run_benchmark({"marked": marked}, models, ["none"], 1, store=tmp_path)
    assert len(load_results(tmp_path)) == 3


class Broken(DummyClassifier):
    def fit(self, X, y):
        raise RuntimeError("out of luck")


def test_a_failure_is_an_outcome_and_the_rest_goes_on(marked, tmp_path):
    models = {"broken": Broken(), "dummy": DummyClassifier()}
    failed, done = run_benchmark({"m": marked}, models, ["none"], 1, store=tmp_path)
    assert failed.status == "failed"
    assert failed.reason == "RuntimeError: out of luck"
    assert "out of luck" in failed.facts["traceback"]
    assert done.status == "done"
    assert rank([failed, done])["model"].tolist() == ["dummy"]


def test_a_pair_that_makes_no_sense_is_a_skip(marked, tmp_path):
    (outcome,) = run_benchmark(
        {"m": marked}, {"dummy": DummyClassifier()}, ["class_weight"], 1, store=tmp_path
    )
    assert outcome.status == "skipped"
    assert outcome.reason == "DummyClassifier takes no class weights"


def test_outcomes_come_back_from_the_store_as_they_were(marked, tmp_path):
    models = {"dummy": DummyClassifier(strategy="prior")}
    (made,) = run_benchmark({"m": marked}, models, ["none"], 1, store=tmp_path)
    (read,) = load_results(tmp_path)
    assert read.trial == made.trial
    assert read.classes == made.classes
    for name in ("rows", "y_true", "y_pred", "proba", "leak_free"):
        assert np.array_equal(getattr(read, name), getattr(made, name))
    assert score(read) == score(made)
    assert read.facts["data"]["fingerprint"] == marked.fingerprint
    assert read.facts["machine"]["packages"]["scikit-learn"]


@pytest.mark.parametrize("ending", [".json", ".npz"])
@pytest.mark.parametrize("damage", [lambda c: c[:-9], lambda c: b"", lambda c: c[::-1]])
def test_a_damaged_file_is_named_and_its_trial_runs_again(
    marked, tmp_path, ending, damage
):
    arguments = ({"m": marked}, {"dummy": DummyClassifier()}, ["none"], 2)
    run_benchmark(*arguments, store=tmp_path)
    victim = sorted(tmp_path.glob(f"*{ending}"))[0]
    victim.write_bytes(damage(victim.read_bytes()))
    with pytest.warns(UserWarning, match="is damaged"):
        assert len(load_results(tmp_path)) == 1
    run_benchmark(*arguments, store=tmp_path)
    assert len(load_results(tmp_path)) == 2
    assert len(list(tmp_path.glob(f"{victim.name}.damaged-0"))) == 1


def test_half_written_files_are_never_read(marked, tmp_path):
    (tmp_path / ".writing-abc").write_text('{"trial"')
    arguments = ({"m": marked}, {"dummy": DummyClassifier()}, ["none"], 1)
    (outcome,) = run_benchmark(*arguments, store=tmp_path)
    store = Store(tmp_path)
    assert store.missing([outcome.trial]) == []
    other = Trial("m", "dummy", "none", 7)
    assert store.missing([outcome.trial, other]) == [other]


def test_scores_without_leaked_images(marked, tmp_path):
    X = marked.X.copy()
    copied, original = (np.flatnonzero(marked.split == p)[0] for p in ("test", "train"))
    X[copied] = X[original]
    leaky = Dataset(**{**vars(marked), "X": X, "columns": {}})
    models = {"dummy": DummyClassifier()}
    (outcome,) = run_benchmark({"m": leaky}, models, ["none"], 1, store=tmp_path)
    assert outcome.leak_free.tolist() == [False] + [True] * (len(outcome.rows) - 1)
    table = scores([outcome]).iloc[0]
    truth = outcome.y_true == 0
    assert table["accuracy"] == pytest.approx(truth.mean())
    assert table["accuracy_leak_free"] == pytest.approx(truth[1:].mean())


def test_the_rare_class_is_rare_in_nature(marked, tmp_path):
    natural = np.bincount(marked.part("test").y)
    assert natural[1] < natural[0]
    train = marked.split == "train"
    common = np.flatnonzero(train & (marked.y == 0))
    kept = np.setdiff1d(np.arange(len(marked)), common[5:])
    few = marked.take(kept)
    models = {"dummy": DummyClassifier()}
    outcomes = run_benchmark({"m": few}, models, ["none"], 1, store=tmp_path)
    assert scores(outcomes)["rare_class"].tolist() == ["fear"]


def test_order_changes_nothing(marked, tmp_path):
    strategies = ["smote", "random_over", "none"]
    models = {"stump": "pixels+rf(n_estimators=5)"}
    arguments = ({"m": marked}, models)
    ahead = run_benchmark(*arguments, strategies, 1, store=tmp_path / "a")
    back = run_benchmark(*arguments, strategies[::-1], 1, store=tmp_path / "b")
    for one, other in zip(ahead, back[::-1]):
        assert one.trial == other.trial
        assert np.array_equal(one.proba, other.proba)


def test_ranking_is_over_seeds_and_best_first(marked, tmp_path):
    models = {
        "guess": DummyClassifier(strategy="uniform"),
        "most": DummyClassifier(),
    }
    outcomes = run_benchmark({"m": marked}, models, ["none"], 3, store=tmp_path)
    table = rank(outcomes, "accuracy")
    assert table["model"].tolist() == ["most", "guess"]
    assert table["seeds"].tolist() == [3, 3]
    assert table["accuracy"][0] == pytest.approx((marked.part("test").y == 0).mean())
    assert table["accuracy_sd"][0] == pytest.approx(0, abs=1e-12)
    with pytest.raises(UnknownName, match="accuracy"):
        rank(outcomes, "acuracy")


def test_other_settings_are_never_averaged_as_seeds(marked, tmp_path):
    models = {"dummy": DummyClassifier()}
    run_benchmark({"m": marked}, models, ["none"], 2, store=tmp_path)
    fewer = marked.take(np.arange(200))
    run_benchmark({"m": fewer}, models, ["none"], 2, store=tmp_path)
    ranked = rank(load_results(tmp_path))
    assert sorted(ranked["n_test"]) == [40, 60]
    assert ranked["seeds"].tolist() == [2, 2]
    models = {"dummy": DummyClassifier(strategy="uniform")}
    run_benchmark({"m": marked}, models, ["none"], 2, store=tmp_path)
    with pytest.raises(DataError, match="different settings"):
        rank(load_results(tmp_path))


def test_a_test_part_that_leaks_whole_has_no_leak_free_score(marked, tmp_path):
    X = np.repeat(marked.X[:1], len(marked), axis=0)
    leaky = Dataset("m", X, marked.y, marked.classes, (4, 4), split=marked.split)
    models = {"dummy": DummyClassifier()}
    outcomes = run_benchmark({"m": leaky}, models, ["none"], 1, store=tmp_path)
    assert np.isnan(rank(outcomes)["f1_macro_leak_free"]).all()


def test_names_in_a_plan_make_safe_file_names():
    keys = {trial.key for trial in plan(["../../etc"], ["a/b", "a_b"], ["none"], [0])}
    assert len(keys) == 2
    assert not any("/" in key for key in keys)


def test_what_cannot_be_run_is_said(marked, tmp_path):
    with pytest.raises(UnknownName, match="hog"):
        run_benchmark({"m": marked}, ["hog+svn"], ["none"], 1, store=tmp_path)
    unsplit = Dataset("u", marked.X, marked.y, marked.classes, (4, 4))
    with pytest.raises(DataError, match="has no part"):
        run_benchmark({"u": unsplit}, ["dummy"], ["none"], 1, store=tmp_path)
    with pytest.raises(DataError, match="is no folder of outcomes"):
        load_results(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("seeds", "options"), [(0, {}), (-1, {}), ([], {}), ([-2], {}), (1, {"n_jobs": 0})]
)
def test_what_would_run_nothing_is_said(marked, tmp_path, seeds, options):
    with pytest.raises(DataError, match=r"seeds=|n_jobs="):
        run_benchmark({"m": marked}, "dummy", "none", seeds, store=tmp_path, **options)


def test_what_is_asked_for_twice_is_run_once(marked, tmp_path):
    models = ["pixels+rf(n_estimators=3)", "pixels+rf( n_estimators = 3 )"]
    twice = ["random_over", "random_over()"]
    asked = {"m": marked}, models, twice, [0, 0]
    assert len(run_benchmark(*asked, store=tmp_path)) == 1


def test_objects_take_the_seed_that_they_have_not(marked, tmp_path):
    forest = RandomForestClassifier(5)
    strategies = {"half": SMOTE(sampling_strategy={1: 100})}
    asked = {"m": marked}, {"mine": forest}, strategies, 2
    first, again = (
        run_benchmark(*asked, store=tmp_path / folder) for folder in ("a", "b")
    )
    for one, other in zip(first, again):
        assert np.array_equal(one.proba, other.proba)
    assert not np.array_equal(first[0].proba, first[1].proba)


def test_a_stored_json_holds_plain_facts_only(marked, tmp_path):
    run_benchmark({"m": marked}, ["dummy"], ["none"], 1, store=tmp_path)
    record = json.loads(next(tmp_path.glob("*.json")).read_text())
    assert record["facts"]["reported_on"] == "test"
    assert record["trial"]["strategy"] == "none"

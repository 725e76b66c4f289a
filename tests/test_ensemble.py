"""Several of one model: averaged, balanced, scored, saved, and told of."""

import csv
import warnings

import numpy as np
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from fercompare import (
    HOG,
    list_strategies,
    load_dataset,
    load_model,
    make_model,
    rebalance,
    run_benchmark,
    save_model,
)
from fercompare.balancing.decisions import Thresholds
from fercompare.balancing.ensemble import Ensemble
from fercompare.balancing.preview import preview
from fercompare.balancing.strategies import DoesNotApply
from fercompare.classifiers import LinearSVM, RandomForest
from fercompare.deep.classifier import CNNClassifier
from fercompare.errors import DataError, UnknownName
from fercompare.evaluation.fitting import fit, make_estimator, selected_on
from fercompare.evaluation.trained import train
from fercompare.features import Pixels
from fercompare.report.feature_plots import draw_features
from fercompare.report.protocols import protocol_of

TINY = "cnn-small(epochs=2, width=2, blocks=1)"


@pytest.fixture(scope="module")
def faces():
    return load_dataset("synthetic", n=140, image_shape=(24, 24))


def tiny(**options):
    small = {"blocks": 1, "width": 2, "dense": (), "epochs": 2, "random_state": 0}
    return CNNClassifier(**small | options)


def test_it_says_what_scikit_learn_s_vote_says_of_the_same_members(faces):
    train = faces.part("train")
    model = Ensemble(DecisionTreeClassifier(max_features=9), members=4, random_state=3)
    model.fit(train.X, train.y)
    named = [(str(k), one) for k, one in enumerate(model.estimators_)]
    vote = VotingClassifier(named, voting="soft").fit(train.X, train.y)
    assert np.allclose(model.predict_proba(faces.X), vote.predict_proba(faces.X))
    assert np.array_equal(model.predict(faces.X), vote.predict(faces.X))


def test_members_differ_and_the_same_seed_makes_the_same_ones(faces):
    def answers(seed):
        model = make_model(f"3*{TINY}", image_shape=(24, 24), random_state=seed)
        fit(model, faces.part("train"), faces.part("val"))
        return [one.predict_proba(faces.X) for one in (*model.estimators_, model)]

    first, again, other = answers(0), answers(0), answers(1)
    assert all(map(np.array_equal, first, again))
    everyone = [*first[:3], *other[:3]]
    assert all(
        not np.array_equal(one, two)
        for k, one in enumerate(everyone)
        for two in everyone[:k]
    )
    assert np.allclose(first[3], np.mean(first[:3], axis=0))


def test_a_member_that_lost_a_class_has_no_say_in_it():
    X, y = np.arange(12.0).reshape(-1, 1), np.repeat([2, 5, 7], 4)
    model = Ensemble(LogisticRegression(random_state=0), members=2).fit(X, y)
    model.estimators_[0] = LogisticRegression().fit(X[:8], y[:8])
    proba = model.predict_proba(X)
    assert model.classes_.tolist() == [2, 5, 7]
    assert np.allclose(proba.sum(axis=1), 1)
    second = model.estimators_[1].predict_proba(X)
    assert np.allclose(proba[:, 2], second[:, 2] / 2)


@pytest.mark.parametrize("strategy", list_strategies())
def test_each_member_balances_for_itself_and_the_ensemble_decides(faces, strategy):
    model = make_estimator(faces, f"2*{TINY}", strategy, seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit(model, faces.part("train"), faces.part("val"))
    decides = strategy in ("prior_shift", "thresholds")
    assert isinstance(model, Ensemble) != decides
    ensemble = model.estimator_ if decides else model
    alone = rebalance(tiny(), "none" if decides else strategy)
    for member in ensemble.estimators_:
        assert type(member) is type(alone)
        assert [n for n, _ in getattr(member, "steps", [])] == [
            n for n, _ in getattr(alone, "steps", [])[:-1]
        ] + ["cnnclassifier"] * hasattr(alone, "steps")
    assert model.predict(faces.X).shape == faces.y.shape


@pytest.mark.parametrize(
    ("model", "strategy", "said"),
    [
        (make_model("2*hog+rf"), "focal", "is no network"),
        (make_model("2*dummy"), "thresholds", "says the same of every row"),
        (rebalance(make_model("2*hog+rf"), "smote"), "thresholds", "balances"),
        (rebalance(make_model("2*hog+rf"), "smote"), "enn", "balances"),
        (make_pipeline(HOG(), Ensemble(RandomForest())), "smote", "put them inside"),
        (make_pipeline(HOG(), Ensemble(RandomForest())), "class_weight", "put them"),
    ],
)
def test_what_makes_no_sense_for_a_member_makes_none_for_all(model, strategy, said):
    assert str(rebalance(model, "none")) == str(model)
    with pytest.raises(DoesNotApply, match=said):
        rebalance(model, strategy)


def test_a_sampler_of_ones_own_is_a_step_of_each_member():
    from imblearn.over_sampling import RandomOverSampler

    model = rebalance(Ensemble(DecisionTreeClassifier()), RandomOverSampler())
    assert model.estimator.steps[0][0] == "balance"


def test_a_bench_runs_and_counts_all_of_it(faces, tmp_path):
    models = [TINY, f"3 * {TINY}"]
    one, three = run_benchmark({"d": faces}, models, ["none"], 1, store=tmp_path)
    assert (one.status, three.status) == ("done", "done"), three.reason
    assert three.facts["parameters"] == 3 * one.facts["parameters"]
    assert three.facts["file_bytes"] > 2.5 * one.facts["file_bytes"]
    (again,) = run_benchmark({"d": faces}, [f"3*{TINY}"], ["none"], 1, store=tmp_path)
    assert len(list(tmp_path.rglob("*.npz"))) == 2
    assert np.array_equal(again.proba, three.proba)


def test_features_are_shared_by_all_members(faces, tmp_path):
    name = "2*hog(orientations=4)+rf(n_estimators=3)"
    models = {"a": name, "b": name}
    shared = run_benchmark({"d": faces}, models, ["smote"], 1, store=tmp_path / "s")
    (alone,) = run_benchmark(
        {"d": faces}, {"a": name}, ["smote"], 1, store=tmp_path / "a"
    )
    assert shared[0].facts["features_shared"]
    assert not alone.facts["features_shared"]
    assert np.array_equal(shared[0].proba, alone.proba)
    assert shared[0].facts["file_bytes"] == alone.facts["file_bytes"]


def test_each_member_has_files_of_its_own(faces, tmp_path):
    places = {"log": tmp_path / "log.csv", "checkpoint": tmp_path / "run.ckpt"}
    model = Ensemble(tiny(**places), members=2, random_state=0)
    train = faces.part("train")
    model.fit(train.X, train.y)
    for number in (1, 2):
        with (tmp_path / f"log-{number}.csv").open() as stream:
            assert len(list(csv.DictReader(stream))) == 2
    assert not places["log"].exists()
    again = Ensemble(tiny(**places), members=2, random_state=0).fit(train.X, train.y)
    assert np.array_equal(again.predict_proba(train.X), model.predict_proba(train.X))


def test_votes_reach_the_members(faces):
    model = make_model(f"2*{TINY[:-1]}, targets=probability)", image_shape=(24, 24))
    plain = make_model(f"2*{TINY}", image_shape=(24, 24))
    for one in (model, plain):
        fit(one, faces.part("train"))
    assert not np.allclose(model.predict_proba(faces.X), plain.predict_proba(faces.X))


def test_weights_of_rows_reach_the_members(faces):
    train, heavy = faces.part("train"), np.where(faces.part("train").y == 4, 50.0, 1.0)
    weighted = Ensemble(DecisionTreeClassifier(max_depth=2), members=2)
    X = train.X
    plain = Ensemble(weighted.estimator, members=2).fit(X, train.y)
    weighted.fit(X, train.y, heavy)
    heavier = [one.predict_proba(X)[:, 4].mean() for one in (plain, weighted)]
    assert heavier[1] > 2 * heavier[0]


def test_it_is_trained_watched_and_told_of_like_one(faces, tmp_path):
    patient = f"2*{TINY[:-1]}, patience=1)"
    model, card = train(patient, faces, watch={"log": tmp_path / "log.csv"})
    assert len(list(tmp_path.glob("log-*.csv"))) == 2
    assert all(one.log is None for one in model.estimators_)
    best = ", ".join(str(one.best_epoch_) for one in model.estimators_)
    assert card["selected_on"] == f"validation part: epoch {best}"
    save_model(model, tmp_path / "two.fer", card=card)
    again = load_model(tmp_path / "two.fer")
    assert np.array_equal(again.predict_proba(faces.X), model.predict_proba(faces.X))


def test_what_chose_something_inside_is_told(faces):
    decides = Thresholds(DecisionTreeClassifier(max_depth=3), random_state=0)
    model = fit(
        Ensemble(decides, members=2, random_state=0),
        faces.part("train"),
        faces.part("val"),
    )
    assert selected_on(model, True) == "validation part: thresholds"


@pytest.mark.parametrize(
    ("parameters", "members"),
    [
        ({"members": 5, "estimator__flips": True}, "5"),
        ({"members": 2, "estimator__members": 3}, "6"),
        ({"members": 2, "estimator__estimators": ["a", "b", "c"]}, "6"),
        ({"members": "many"}, "1"),
    ],
)
def test_reports_tell_how_many_there_are(parameters, members):
    told = {"model": "5*cnn", "parameters": parameters}
    assert protocol_of(told)["members"] == members


def test_what_balancing_makes_of_a_member_s_rows_is_shown(faces):
    train = faces.part("train")
    several = rebalance(make_model("2*hog+linear-svm"), "random_over")
    one = rebalance(make_model("hog+linear-svm"), "random_over")
    made, expected = (preview(m, train.X, train.y) for m in (several, one))
    assert made.report.rows == expected.report.rows


def test_what_a_member_sees_is_drawn(faces, tmp_path):
    drawn = draw_features(make_model("2*hog+svm"), faces, tmp_path / "seen.png")
    assert [path.name for path in drawn] == ["seen.png"]


def test_thirty_of_four_steps_fit_into_a_file(faces, tmp_path):
    machine = LinearSVM(C=1e-4, random_state=0)
    several = make_pipeline(Pixels(), StandardScaler(), machine)
    model = Ensemble(several, members=30, random_state=0)
    fit(model, faces.take(slice(None, None, 3)))
    save_model(model, tmp_path / "thirty.fer")
    again = load_model(tmp_path / "thirty.fer")
    assert np.array_equal(again.predict(faces.X), model.predict(faces.X))


def test_a_parameter_that_names_no_file_is_left_alone():
    class Logs(DecisionTreeClassifier):
        def __init__(self, log=False, random_state=None):
            super().__init__(random_state=random_state)
            self.log = log

    model = Ensemble(Logs(), members=2).fit([[0.0], [1.0]], [0, 1])
    assert model.estimators_[0].log is False


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Ensemble(GaussianNB()), "GaussianNB has no random_state"),
        (Ensemble(LinearSVC()), "LinearSVC has no predict_proba"),
        (Ensemble(DecisionTreeClassifier(), members=0), "members=0"),
        (Ensemble(DecisionTreeClassifier(), members=2.5), "members=2.5"),
        (Ensemble(DecisionTreeClassifier(), members=True), "members=True"),
        (Ensemble(DecisionTreeClassifier(), members=101), "members=101"),
    ],
)
def test_what_cannot_be_averaged_says_why(model, said):
    with pytest.raises(DataError, match=said):
        model.fit([[0.0], [1.0]], [0, 1])


def test_weights_that_a_member_cannot_take_are_refused():
    class Unweighted(LogisticRegression):
        def fit(self, X, y):
            return super().fit(X, y)

    with pytest.raises(DataError, match="takes no sample_weight"):
        Ensemble(Unweighted()).fit([[0.0], [1.0]], [0, 1], [1, 2])


@pytest.mark.parametrize("name", ["x*cnn", "*cnn", "2*", "2*nonsense", "2.5*cnn"])
def test_names_that_mean_nothing_are_refused(name):
    with pytest.raises(UnknownName):
        make_model(name)


@pytest.mark.parametrize("name", ["0*cnn", "101*cnn", "2*3*cnn", "2 * 3 * cnn"])
def test_too_many_too_few_and_ensembles_of_ensembles_are_refused(name):
    with pytest.raises(DataError, match=r"an ensemble of .*cnn; ask for 1 to 100"):
        make_model(name)

"""Work that trials share: the same outcomes and the same costs as without."""

import threading
import time
import warnings
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from fercompare import HOG, LBP, BackboneFeatures, load_dataset, run_benchmark
from fercompare.deep.backbones import make_backbone
from fercompare.errors import DataError
from fercompare.evaluation import shelf
from fercompare.evaluation.fitting import run_trial
from fercompare.evaluation.parts import divide
from fercompare.evaluation.protocol import protocol_for
from fercompare.evaluation.reach import open_in_reach, put_in_reach
from fercompare.evaluation.shared import learns_nothing
from fercompare.evaluation.trials import Trial
from fercompare.features import FisherVectors, Pixels
from fercompare.saving.sizes import saved_bytes
from fercompare.tensors import pack_arrays

CELLS = {"orientations": 4, "pixels_per_cell": (8, 8)}
TINY = "shufflenet_v2_x0_5"
SLOWNESS = 0.003
STRATEGIES = [
    *("none", "sqrt_weight", "augment", "smote", "smote@pixels", "smote_enn@pca"),
    "thresholds",
]
PIXELS = np.zeros((50, 48 * 48), dtype=np.uint8)
NOTED = []


class Notes(ClassifierMixin, BaseEstimator):
    """Notes the rows that it learns from."""

    def fit(self, X, y):
        NOTED.append(np.array(X))
        self.guess_ = DummyClassifier().fit(X, y)
        self.classes_ = self.guess_.classes_
        return self

    def predict(self, X):
        NOTED.append(np.array(X))
        return self.guess_.predict(X)


class Centred(TransformerMixin, BaseEstimator):
    """Learns where the middle of the rows is."""

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        return X - self.mean_


class MeanFirst(HOG):
    """A HOG that learns from the rows, which its class does not tell."""

    def _learn(self, stack):
        self.mean_ = stack.mean(axis=0)

    def _extract(self, stack):
        return super()._extract(stack - self.mean_)


@pytest.fixture(scope="module")
def faces():
    return load_dataset("synthetic", n=140, image_shape=(24, 24))


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Let what is shared lie in a folder that a test can look into."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(shelf.tempfile, "tempdir", str(folder))
    NOTED.clear()
    return folder


@pytest.fixture
def computed(monkeypatch):
    """Return the rows that HOG computes, in the order of its calls; it is slow."""
    rows, transform = [], HOG.transform

    def slow(self, X):
        rows.append(len(X))
        time.sleep(SLOWNESS * len(X))
        return transform(self, X)

    monkeypatch.setattr(HOG, "transform", slow)
    return rows


def bayes(*features):
    return make_pipeline(*features, StandardScaler(), GaussianNB())


def both_ways(data, models, strategies, store, seeds=1, **options):
    """Yield the outcomes of a bench, and of benches of one trial, which share not."""
    shared = run_benchmark(
        {"d": data}, models, strategies, seeds, store=store / "shared", **options
    )
    for outcome in shared:
        _, model, strategy, seed, *_ = outcome.trial.names
        alone = run_benchmark(
            {"d": data},
            {model: models[model]},
            [strategy],
            [seed],
            store=store / f"alone-{outcome.trial.name}",
            **options,
        )
        (found,) = (o for o in alone if o.trial.key == outcome.trial.key)
        yield outcome, found


def with_other_test_rows(data):
    of_the_test = (data.split == "test")[:, np.newaxis]
    return replace(data, X=np.where(of_the_test, 255 - data.X, data.X))


def check_same(one, other):
    assert one.status == other.status == "done", one.reason
    assert one.trial == other.trial
    assert np.array_equal(one.y_pred, other.y_pred)
    assert np.array_equal(one.proba, other.proba)
    assert np.array_equal(one.rows, other.rows)
    for name in ("file_bytes", "parameters", "balancing", "selected_on"):
        ahead, behind = one.facts[name], other.facts[name]
        if name == "balancing" and ahead:
            ahead, behind = ahead["rows"], behind["rows"]
        assert ahead == behind


def test_every_strategy_and_place_is_the_same_bit_for_bit(faces, tmp_path):
    models = {"bayes": bayes(make_union(HOG(**CELLS), LBP(grid=(2, 2)), Pixels()))}
    for shared, alone in both_ways(faces, models, STRATEGIES, tmp_path):
        check_same(shared, alone)
        assert shared.facts["features_shared"]
        assert not alone.facts["features_shared"]
        assert alone.facts["features_seconds"] is None


@pytest.mark.parametrize("options", [{"quick": True}, {"parts": "train::val"}])
def test_parts_and_quick_are_the_same(faces, tmp_path, options):
    models = {"bayes": bayes(HOG(**CELLS))}
    strategies = ["none", "thresholds"]
    for shared, alone in both_ways(faces, models, strategies, tmp_path, **options):
        check_same(shared, alone)
        assert shared.facts["features_shared"]


def test_folds_are_the_same(faces, tmp_path):
    models, folds = {"bayes": bayes(HOG(**CELLS))}, {"cv": 2, "parts": "train+val"}
    outcomes = run_benchmark({"d": faces}, models, ["none"], 2, store=tmp_path, **folds)
    assert len(outcomes) == 4
    for outcome in outcomes:
        seed, fold = outcome.trial.seed, outcome.trial.fold
        parts = divide(faces, protocol_for(faces, **folds), seed, fold)
        model = bayes(HOG(**CELLS)).fit(parts.training.X, parts.training.y)
        assert np.array_equal(outcome.y_pred, model.predict(parts.reporting.X))
        assert outcome.facts["features_shared"]


def test_relabelled_sets_in_one_bench_do_not_meet(faces, tmp_path):
    datasets = {"seven": faces, "three": faces.relabel("valence3")}
    datasets["back"] = faces.take(np.arange(len(faces))[::-1])
    models = {"bayes": bayes(HOG(**CELLS)), "finer": bayes(HOG(orientations=8))}
    outcomes = run_benchmark(datasets, models, ["none"], 1, store=tmp_path)
    for outcome in outcomes:
        data, model = datasets[outcome.trial.dataset], models[outcome.trial.model]
        train, test = data.part("train"), data.part("test")
        model.fit(train.X, train.y)
        assert np.array_equal(outcome.y_pred, model.predict(test.X))
        assert outcome.facts["features_shared"]


def test_what_might_learn_from_rows_never_sees_those_of_the_test(faces, tmp_path):
    def centred(X):
        return X - X.mean(axis=0)

    models = {
        "fits": make_pipeline(Centred(), Notes()),
        "needs no fit": make_pipeline(FunctionTransformer(centred), Notes()),
        "subclass": make_pipeline(MeanFirst(**CELLS), Notes()),
    }
    train = faces.part("train")
    marked = with_other_test_rows(faces)
    for data in (faces, marked):
        NOTED.clear()
        outcomes = run_benchmark(
            {"d": data}, models, ["none"], 2, store=tmp_path / str(data is marked)
        )
        assert not any(outcome.facts["features_shared"] for outcome in outcomes)
        learned = [rows for rows in NOTED if len(rows) == len(train)]
        assert len(learned) == 6
        for rows, model in zip(learned[::2], models.values()):
            expected = model[:-1].fit_transform(train.X)
            assert np.array_equal(rows, expected)


def test_a_shared_row_says_nothing_of_other_rows(faces, tmp_path):
    marked = with_other_test_rows(faces)
    models = {"notes": make_pipeline(HOG(**CELLS), Notes())}
    learned = []
    for name, data in (("as it is", faces), ("marked", marked)):
        NOTED.clear()
        run_benchmark({"d": data}, models, ["none"], 2, store=tmp_path / name)
        learned.append(NOTED[0])
    assert np.array_equal(*learned)
    assert np.array_equal(learned[0], HOG(**CELLS).fit_transform(faces.part("train").X))


def test_each_feature_is_computed_once_and_nothing_is_left(
    faces, tmp_path, scratch, computed
):
    models = {"a": bayes(HOG(**CELLS)), "b": make_pipeline(HOG(**CELLS), Notes())}
    run_benchmark({"d": faces}, models, ["none", "random_over"], 3, store=tmp_path)
    assert len(faces) <= sum(computed) < len(faces) + 20
    assert not list(scratch.iterdir())


def test_processes_share_what_one_of_them_computed(faces, tmp_path, scratch):
    models = {"a": bayes(HOG(**CELLS)), "b": make_pipeline(HOG(**CELLS), GaussianNB())}
    outcomes = run_benchmark(
        {"d": faces}, models, ["none", "random_over"], 1, store=tmp_path, n_jobs=2
    )
    assert [outcome.status for outcome in outcomes] == ["done"] * 4
    assert all(outcome.facts["features_shared"] for outcome in outcomes)
    without = [o for o in outcomes if o.trial.strategy == "none"]
    assert len({outcome.facts["features_seconds"] for outcome in without}) == 1
    assert not list(scratch.iterdir())


def test_costs_are_those_of_the_model_by_itself(faces, tmp_path, computed):
    models = {"a": bayes(HOG(**CELLS))}
    for outcome in run_benchmark({"d": faces}, models, ["none"], 3, store=tmp_path):
        facts, n_train = outcome.facts, len(faces.part("train"))
        assert facts["fit_seconds"] > facts["features_seconds"]
        assert facts["features_seconds"] > SLOWNESS * n_train
        assert facts["trial_seconds"] < facts["fit_seconds"]
        assert facts["predict_seconds"] > SLOWNESS * len(outcome.rows)
        assert facts["warmup_seconds"] > SLOWNESS * 8
        n, seconds = len(outcome.rows), facts["predict_seconds"]
        assert facts["images_per_second"] == pytest.approx(n / seconds)
        assert facts["peak_memory_mb"] is None or facts["peak_memory_mb"] > 50


def test_the_model_of_a_trial_ends_as_it_would_have(faces, tmp_path):
    parts, trial = divide(faces), Trial("d", "bayes", "none", 0)
    model, plain = bayes(HOG(**CELLS)), bayes(HOG(**CELLS))
    outcome = run_trial(trial, parts, model, shelf=tmp_path / "shelf")
    assert outcome.facts["features_shared"]
    assert [type(step) for _, step in model.steps] == [HOG, StandardScaler, GaussianNB]
    assert np.array_equal(model.predict(parts.reporting.X), outcome.y_pred)
    run_trial(trial, parts, plain)
    assert saved_bytes(model) == saved_bytes(plain)


def test_where_the_shelf_is_not_in_reach_nothing_is_shared(faces, tmp_path):
    far, model = tmp_path / "of another" / "machine", bayes(HOG(**CELLS))
    trial = Trial("d", "bayes", "none", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = run_trial(trial, divide(faces), model, shelf=far)
    assert not outcome.facts["features_shared"]
    assert not far.exists()


def test_tables_stay_tables(faces, tmp_path):
    models = {
        "table": make_pipeline(HOG(**CELLS).set_output(transform="pandas"), Notes()),
        "rows": make_pipeline(HOG(**CELLS), Notes()),
    }
    for shared, alone in both_ways(faces, models, ["none"], tmp_path):
        assert shared.status == alone.status == "done"
        assert np.array_equal(shared.y_pred, alone.y_pred)


def test_without_room_each_trial_computes_its_own(
    faces, tmp_path, scratch, monkeypatch, computed
):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shelf.shutil, "disk_usage", lambda folder: usage(1000))
    models = {"a": bayes(HOG(**CELLS))}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        outcomes = run_benchmark({"d": faces}, models, ["none"], 2, store=tmp_path)
    (said,) = (str(w.message) for w in told if "not shared" in str(w.message))
    assert "MB of features" in said
    assert "TMPDIR" in said
    assert [outcome.status for outcome in outcomes] == ["done"] * 2
    assert not any(outcome.facts["features_shared"] for outcome in outcomes)
    assert sum(computed) > 2 * len(faces.part("train"))
    assert not list(scratch.iterdir())


def test_without_a_folder_each_trial_computes_its_own(faces, tmp_path, monkeypatch):
    monkeypatch.setattr(shelf.tempfile, "tempdir", str(tmp_path / "nowhere"))
    models = {"a": bayes(HOG(**CELLS))}
    with pytest.warns(UserWarning, match="each trial computes its own"):
        outcomes = run_benchmark({"d": faces}, models, ["none"], 2, store=tmp_path)
    assert [outcome.status for outcome in outcomes] == ["done"] * 2


def test_what_cannot_be_computed_is_the_trials_failure(faces, tmp_path):
    models = {"bad": bayes(HOG(block_norm="L3")), "good": bayes(HOG(**CELLS))}
    outcomes = run_benchmark({"d": faces}, models, ["none"], 2, store=tmp_path)
    assert [o.status for o in outcomes] == ["failed", "failed", "done", "done"]
    assert "L3" in outcomes[0].reason


def test_ctrl_c_leaves_nothing_behind(faces, tmp_path, scratch, monkeypatch):
    def stop(self, X, y):
        assert list(scratch.rglob("*.npy"))
        raise KeyboardInterrupt

    monkeypatch.setattr(Notes, "fit", stop)
    models = {"stops": make_pipeline(HOG(**CELLS), Notes())}
    with pytest.raises(KeyboardInterrupt):
        run_benchmark({"d": faces}, models, ["none"], 2, store=tmp_path)
    assert not list(scratch.iterdir())


def test_who_comes_second_waits_for_the_first(faces, tmp_path, computed):
    found = []

    def ask():
        found.append(shelf.on_shelf(tmp_path / "shelf", HOG(**CELLS), faces.X))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len({shelved.seconds_a_row for shelved in found}) == 1
    assert found[0].seconds_a_row > SLOWNESS
    assert sum(computed) == len(faces) + 1


def test_backbones_with_fixed_weights_are_shared(tmp_path):
    faces = load_dataset("synthetic", n=60, image_shape=(24, 24))
    state = make_backbone(TINY, 32).layers.state_dict()
    path = tmp_path / "weights.safetensors"
    arrays = {name: tensor.numpy() for name, tensor in state.items()}
    path.write_bytes(pack_arrays(arrays))
    backbone = BackboneFeatures(TINY, weights=str(path), size=32)
    models = {"notes": make_pipeline(backbone, Notes())}
    outcomes = run_benchmark({"d": faces}, models, ["none"], 2, store=tmp_path / "s")
    assert [o.status for o in outcomes] == ["done"] * 2, outcomes[0].reason
    assert all(outcome.facts["features_shared"] for outcome in outcomes)
    expected = backbone.fit_transform(faces.part("train").X)
    assert np.abs(NOTED[0] - expected).max() < 1e-5 * np.abs(expected).max()


def test_only_what_depends_on_the_row_alone_is_shared():
    fixed = {"weights": "imagenet", "normalization": "unit"}
    assert all(map(learns_nothing, (HOG(), LBP(), Pixels(), BackboneFeatures(**fixed))))
    learning = [
        *(FisherVectors(), MeanFirst(), StandardScaler(), FunctionTransformer()),
        BackboneFeatures(weights=None),
        BackboneFeatures(normalization="dataset"),
        BackboneFeatures(cache=True),
    ]
    assert not any(map(learns_nothing, learning))


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            lambda path: (path / "pixels.npy").unlink(),
            "FileNotFoundError: .*pixels.npy",
        ),
        (lambda path: (path / "facts.json").write_text("{"), "JSONDecodeError: "),
        (lambda path: np.save(path / "pixels.npy", PIXELS), "whose fingerprint is "),
    ],
)
def test_data_that_changed_on_their_way_to_a_process_say_how(tmp_path, damage, found):
    path = put_in_reach({"d": load_dataset("synthetic", n=50)}, tmp_path)["d"]
    damage(path)
    with pytest.raises(DataError, match=rf"written there.*{found}.*run the same again"):
        open_in_reach(path)

"""The search: the test part is not looked at, names are the truth, nothing is lost."""

import io
import json
import os
import pickle
import re
import sqlite3
import subprocess
import sys
import tomllib
from dataclasses import replace

import numpy as np
import optuna
import pandas as pd
import pytest
import searching
from hypothesis import given, settings
from hypothesis import strategies as st
from searching import BORDER, MARK, SPACE, Cut, Log, marked_rows, search

from fercompare import load_dataset, make_model, run_benchmark
from fercompare.deep.classifier import CNNClassifier
from fercompare.errors import DataError, UnknownName
from fercompare.evaluation.choosing import score_of
from fercompare.evaluation.ranges import Range, parse_range
from fercompare.evaluation.search import search_model
from fercompare.evaluation.searched import SearchFile
from fercompare.evaluation.spaces import SPACES, make_space
from fercompare.evaluation.workers import Died
from fercompare.naming import parse_name, split_names

WORK_FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130
TOLD = ["number", "status", "score", "model", "strategy", "reason"]
N_SHARED = 8
TINY = ("--option", "n=140", "--size", "24", "--quiet")


@pytest.fixture(scope="module")
def faces():
    return load_dataset("synthetic", n=200, image_shape=(24, 24))


def told(found):
    """Return the trials, but for the seconds."""
    return found.trials[TOLD].to_dict("records")


def poisoned(dataset):
    """Return the set with other images and labels in its test part."""
    X, y = dataset.X.copy(), dataset.y.copy()
    test = dataset.split == "test"
    X[test], y[test] = 255 - X[test], 0
    return replace(dataset, X=X, y=y)


@pytest.mark.parametrize("how", [{}, {"cv": 3}, {"hold_out": 0.5}])
def test_no_row_of_the_test_part_is_shown(tmp_path, how):
    seen = Log()
    model, data = Cut(seen=seen), marked_rows()
    asked = {"space": SPACE, **how}
    found = search_model(model, data, 1, store=tmp_path / "a.sqlite", **asked)
    assert {verb for verb, _ in seen} == {"fit", "predict"}
    for verb, rows in seen:
        assert MARK["test"] not in rows[:, 1]
        assert verb == "predict" or how or set(rows[:, 1]) == {MARK["train"]}
    again = search_model(model, poisoned(data), 1, store=tmp_path / "b.sqlite", **asked)
    assert told(again) == told(found)
    model = replace(data, y=np.where(data.split == "val", 0, data.y))
    other = search_model(Cut(), model, 1, store=tmp_path / "c.sqlite", **asked)
    assert (told(other) == told(found)) == bool(how)


@pytest.mark.parametrize("how", [{"cv": 3}, {"hold_out": 0.5}])
def test_a_subject_is_on_one_side(tmp_path, how):
    seen = Log()
    store = tmp_path / "search.sqlite"
    search_model(Cut(seen=seen), marked_rows(), 1, space=SPACE, store=store, **how)
    sides = {"fit": [], "predict": []}
    for verb, rows in seen:
        if len(rows) > 8:  # not the warm-up
            sides[verb].append(set(rows[:, 2]))
    assert len(sides["fit"]) == how.get("cv", 1)
    for learned, asked in zip(sides["fit"], sides["predict"], strict=True):
        assert learned and asked and not learned & asked


def test_poison_in_the_test_part_changes_nothing_of_a_network(faces, tmp_path):
    name = "cnn-small(epochs=2, patience=1, width=4, blocks=2, convolutions=1)"
    asked = {"n_trials": 2, "strategies": "random_over@pixels"}
    found, again = (
        search_model(name, data, store=tmp_path / f"{k}.sqlite", **asked)
        for k, data in enumerate((faces, poisoned(faces)))
    )
    assert told(again) == told(found)
    assert re.fullmatch(
        r"validation part: the settings, of \d trials; and epoch \d", found.selected_on
    )


@pytest.mark.parametrize(
    ("model", "strategy"),
    [("hog+linear-svm", "none"), ("cnn-small(epochs=1, width=4)", "random_over")],
)
def test_the_name_is_the_model(faces, tmp_path, model, strategy):
    found = search_model(
        model,
        faces,
        2,
        strategies=strategy,
        metric="log_loss",
        store=tmp_path / "s.sqlite",
    )
    done = found.trials[found.trials["status"] == "done"]
    assert found.score == done["score"].min()
    names = done["model"].tolist()
    outcomes = run_benchmark(
        {"faces": faces}, names, [strategy], 1, parts="train::val", store=tmp_path
    )
    scores = [score_of([outcome], "log_loss") for outcome in outcomes]
    assert scores == done["score"].tolist()
    assert names[0] == model
    assert found.model in names


def test_the_folds_are_those_of_the_bench(faces, tmp_path):
    asked = {"cv": 2, "seed": 3}
    store = tmp_path / "s.sqlite"
    found = search_model(
        "pixels+linear-svm", faces, 2, quick=True, store=store, **asked
    )
    data = search_rows(faces)
    outcomes = run_benchmark(
        {"synthetic": data},
        [found.model],
        ["none"],
        [3],
        cv=2,
        parts="train",
        quick=True,
        store=tmp_path,
    )
    assert found.score == pytest.approx(score_of(outcomes, "f1_macro"), abs=1e-12)
    assert found.scored_on == "2 folds of the training part"


def search_rows(dataset):
    """Return the rows without a test part; `few_rows` draws part by part."""
    return dataset.take(dataset.split != "test")


def test_a_search_that_goes_on_is_the_search_in_one_piece(tmp_path):
    whole = search("", 12, store=tmp_path / "whole.sqlite")
    for n in (9, 12):
        parted = search("", n, store=tmp_path / "parted.sqlite")
        assert len(parted.trials) == n
    assert told(parted) == told(whole)
    assert parted[:4] == whole[:4]
    assert whole.trials["model"].nunique() > 10
    assert abs(whole.parameters["cut"] - BORDER) < 10
    other = search("", 2, store=tmp_path / "parted.sqlite", seed=1)
    assert told(other)[1] != told(whole)[1]


def test_another_search_has_its_own_trials_in_the_file(tmp_path):
    first = search(tmp_path, 2)
    with pytest.warns(UserWarning, match=r"differs in metric \(f1_macro stored, acc"):
        other = search(tmp_path, 2, metric="accuracy")
    assert len(other.trials) == 2
    with pytest.warns(UserWarning, match="range of cut"):
        search(tmp_path, 2, space={"cut": "0.0..50.0"})
    assert told(search(tmp_path, 2)) == told(first)


def test_the_best_is_no_worse_than_the_model_as_named(tmp_path):
    found = search(tmp_path, 3)
    assert found.trials["model"][0] == "Cut"
    assert found.score == found.trials["score"].max() >= found.trials["score"][0]
    assert search(tmp_path, 1, seed=9).parameters == {}


def test_a_trial_that_fails_is_told_and_the_rest_goes_on(tmp_path):
    store = tmp_path / "s.sqlite"
    found = search_model(Cut(broken=95.0), marked_rows(), 5, space=SPACE, store=store)
    assert set(found.trials["status"]) == {"done"}
    found = search_model(Cut(10, broken=50), marked_rows(), 5, space=SPACE, store=store)
    failed = found.trials[found.trials["status"] == "failed"]
    assert 0 < len(failed) < 5
    assert set(failed["reason"]) == {"RuntimeError: out of luck"}
    none = search_model(Cut(broken=-1), marked_rows(), 2, space=SPACE, store=store)
    assert none.model is None
    assert none.score != none.score


def test_a_choice_that_was_made_before_is_not_trained_again(tmp_path):
    seen = Log()
    asked = {"space": {"cut": [30.0, 40.0]}, "store": tmp_path / "s.sqlite"}
    found = search_model(Cut(seen=seen), marked_rows(), 5, **asked)
    assert len(found.trials) == 5
    assert sum(verb == "fit" for verb, _ in seen) == 3


NETWORK = {
    "blocks": 1,
    "width": 4,
    "dense": (),
    "dropout": 0.0,
    "epochs": 4,
    "batch_size": 32,
    "device": "cpu",
    "image_shape": (4, 4),
}


@pytest.fixture
def plain_rows():
    """Bright and dark images, which a network tells apart at once."""
    rng = np.random.default_rng(0)
    y = np.arange(240) % 3 // 2
    X = rng.integers(0, 90, (240, 16), dtype=np.uint8) + 120 * y[:, None]
    split = np.resize(["train", "train", "val", "test", "train"], 240)
    return searching.Dataset(
        "plain", X.astype(np.uint8), y, ("dark", "bright"), (4, 4), split=split
    )


@pytest.mark.parametrize(
    ("strategy", "n_trials"), [("random_over@pixels", 6), ("thresholds", 8)]
)
def test_networks_that_fall_behind_are_pruned(plain_rows, tmp_path, strategy, n_trials):
    asked = {
        "model": CNNClassifier(**NETWORK, learning_rate=0.02),
        "dataset": plain_rows,
        "n_trials": n_trials,
        "space": {"learning_rate": "1e-9..0.05:log"},
        "strategies": strategy,
        "store": tmp_path / "s.sqlite",
    }
    found = search_model(**asked)
    pruned = found.trials[found.trials["status"] == "pruned"]
    assert len(pruned)
    assert pruned["reason"].str.fullmatch("after [23] of 4 epochs").all()
    assert (pruned["score"] < found.score).all()
    assert found.model not in set(pruned["model"])


def test_folds_are_pruned_too(tmp_path):
    found = search(tmp_path, 7, cv=3)
    pruned = found.trials[found.trials["status"] == "pruned"]
    assert len(pruned)
    assert pruned["reason"].str.fullmatch("after [12] of 3 folds").all()
    assert found.score > pruned["score"].max()
    whole = search("", 7, cv=3, prune=False, store=tmp_path / "whole.sqlite")
    assert set(whole.trials["status"]) == {"done"}
    assert whole.score == found.score


def test_a_network_tells_of_its_epochs_and_can_be_stopped(plain_rows):
    rows = plain_rows.part("train")
    told = []
    model = CNNClassifier(**NETWORK, progress=lambda history: told.append([*history]))
    model.fit(rows.X, rows.y)
    assert [len(history) for history in told] == [1, 2, 3, 4]
    assert told[-1] == model.history_

    def stop(history):
        raise StopIteration(history[-1]["epoch"])

    with pytest.raises(StopIteration, match="1"):
        model.set_params(progress=stop).fit(rows.X, rows.y)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_loses_the_running_trial_only_and_it_is_run_again(tmp_path):
    whole = search("", N_SHARED, store=tmp_path / "whole.sqlite")
    command = [sys.executable, searching.__file__, str(tmp_path), str(N_SHARED)]
    done = subprocess.run(command, capture_output=True)
    ended = json.loads(done.stdout)
    assert ended["statuses"] == [-9, 0, 0], done.stderr
    assert 0 < len(ended["left"]) < N_SHARED
    assert set(ended["left"]) == {"done"}
    assert told(search(tmp_path, N_SHARED, seconds=0.02)) == told(whole)
    assert not list(tmp_path.glob("*.claim"))


def leave_running(store, number):
    """Begin a trial as a process does that is killed right then."""
    storage = f"sqlite:///{store}"
    (name,) = optuna.get_all_study_names(storage)
    trial = optuna.load_study(study_name=name, storage=storage).ask()
    trial.set_user_attr("number", number)
    asked = {"model": "Cut(cut=2.0)", "strategy": "none", "parameters": {"cut": 2.0}}
    trial.set_user_attr("asked", asked)


def test_a_trial_that_ends_its_process_twice_is_a_failure(tmp_path):
    store = tmp_path / "s.sqlite"
    search("", 1, store=store)
    for _ in range(2):
        leave_running(store, 1)
        found = search("", 1, store=store, n_jobs=2)
    assert found.trials["status"].tolist() == ["done", "failed"]
    assert found.trials["cut"].tolist()[1] == 2.0
    assert found.trials["reason"][1].startswith("its process ended in the midst")


def test_a_parallel_search_goes_on_where_it_was_cut_short(tmp_path, monkeypatch):
    store = tmp_path / "s.sqlite"
    search("", 1, store=store)

    def cut_short(function, tasks, n_jobs):
        leave_running(store, 1)
        raise KeyboardInterrupt
        yield

    def run_here(function, tasks, n_jobs):
        leave_running(store, 1)
        yield None, Died("killed", "")
        for task in tasks:
            yield task, function(pickle.loads(pickle.dumps(task)))

    module = "fercompare.evaluation.search.run_in_processes"
    monkeypatch.setattr(module, cut_short)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            search("", 2, store=store, n_jobs=2)
    monkeypatch.setattr(module, run_here)
    leave_running(store, 2)
    found = search("", 4, store=store, n_jobs=2)
    assert found.trials["status"].tolist() == ["done", "failed", "done", "done"]
    assert found.trials["cut"][1] == 2.0
    whole = search("", 4, store=tmp_path / "whole.sqlite")
    assert told(found)[2:] == told(whole)[2:]


def test_the_number_of_a_trial_that_was_lost_is_given_out_again(tmp_path):
    begun = []

    def begin(number, trial):
        begun.append(number)
        return {}

    with SearchFile(tmp_path / "s.sqlite", ["x"], {"seed": 0}) as file:
        with (
            file.next_trial(3, begin),
            file.next_trial(3, begin) as second,
        ):
            file.tell(second, optuna.trial.TrialState.COMPLETE, 0.5)
        for _ in range(2):
            with file.next_trial(3, begin) as trial:
                file.tell(trial, optuna.trial.TrialState.COMPLETE, 0.1 * begun[-1])
        with file.next_trial(3, begin) as trial:
            assert trial is None
        assert [trial.value for trial in file.trials()] == [0.0, 0.5, 0.2]
    assert begun == [0, 1, 0, 2]


def test_ctrl_c_loses_nothing(tmp_path, call, monkeypatch):
    whole = search("", 4, store=tmp_path / "whole.sqlite")
    fit = Cut.fit

    def interrupted(self, X, y):
        if self.cut == whole.trials["cut"][2]:
            raise KeyboardInterrupt
        return fit(self, X, y)

    for _ in range(2):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Cut, "fit", interrupted)
            search("", 4, store=tmp_path / "s.sqlite")
    assert told(search("", 4, store=tmp_path / "s.sqlite")) == told(whole)
    module = "fercompare.evaluation.search.run_next"
    monkeypatch.setattr(module, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    done = call("search", "pixels+linear-svm", *TINY, status=INTERRUPTED)
    assert "the same command goes on" in done.stderr


def test_the_command_prints_the_best_and_a_suite_that_reports_on_it(call, tmp_path):
    words = ("search", "hog+linear-svm", *TINY, "--trials", "3")
    done = call(*words, "--balance", "none,class_weight", "--out", "best.toml")
    assert "hog+linear-svm (as named)" in done.stdout
    best = json.loads(call(*words, "--balance", "none,class_weight", "--json").stdout)
    assert len(best["trials"]) == 3
    assert best["selected_on"] == "validation part: the settings, of 3 trials"
    assert f"--models '{best['model']}'" in done.stderr.replace('"', "'")
    suite = tomllib.loads((tmp_path / "best.toml").read_text())
    assert suite == {
        "dataset": "synthetic",
        "size": "24",
        "option": {"n": 140},
        "models": [best["model"]],
        "balance": [best["strategy"]],
        "seeds": 2,
    }
    ranked = call("bench", "--suite", "best.toml", "--csv", "--store", "out").stdout
    assert best["model"].partition("(")[0] in ranked


def test_the_command_searches_what_it_is_told(call, tmp_path):
    shown = call("search", "hog(signed=True)+linear-svm", "--show-space").stdout
    assert set(tomllib.loads(shown)) == {"hog", "linear-svm"}
    assert "signed" not in tomllib.loads(shown)["hog"]
    (tmp_path / "space.toml").write_text('[hog]\norientations = [8, "9"]\n')
    words = ("--quick", *TINY, "--trials", "4", "--csv", "--store", "x #?.sqlite")
    told = call("search", "hog+rf", "--set", "n_estimators=3", *words).stdout
    assert "rf(n_estimators=3" in told
    lines = ("--search", "orientations=1..2", "--search", "hog.orientations=5..6")
    told = call("search", "hog+linear-svm", *lines[2:], *words).stdout
    names = set(pd.read_csv(io.StringIO(told))["model"])
    assert names <= {"hog+linear-svm"} | {
        f"hog(orientations={n})+linear-svm" for n in (5, 6)
    }
    assert (tmp_path / "x #?.sqlite").is_file()
    refused = call("search", "hog+linear-svm", *lines[:2], *words, status=WRONG_USE)
    assert "unknown option to search of 'linear-svm'" in refused.stderr


def test_a_time_limit_begins_no_trial(call):
    words = ("search", "hog+linear-svm", *TINY, "--time-limit", "0")
    done = call(*words, status=WORK_FAILED)
    assert "none of 0 trials came to a score" in done.stderr


@pytest.mark.parametrize(
    ("model", "how", "error", "says"),
    [
        ("hog+svn", {}, UnknownName, "hog\\+svm"),
        ("dummy", {}, DataError, "no option that is searched"),
        ("5*cnn(width=4)", {}, DataError, "search 'cnn\\(width=4\\)', then average"),
        ("hog+svm", {"space": {"svm.kernl": ["rbf"]}}, UnknownName, "mean 'kernel'"),
        ("hog+svm", {"space": {"lbp.R": "1..2"}}, UnknownName, "word of the model"),
        ("hog+svm(C=1)", {"space": {"C": "1..2"}}, DataError, "says what it is"),
        ("hog+svm", {"space": {"C": "2..1"}}, DataError, "the range '2..1'"),
        ("hog+svm", {"space": {"C": "0..1:log"}}, DataError, "begin above 0"),
        ("hog+svm", {"metric": "f1"}, UnknownName, "metric"),
        ("hog+svm", {"strategies": ["none", "smoot"]}, UnknownName, "smote"),
        ("hog+svm", {"strategies": "focal"}, DataError, "does not go with hog\\+svm"),
        ("hog+svm", {"cv": 3, "hold_out": 0.5}, DataError, "not both"),
        ("hog+svm", {"hold_out": 1.5}, DataError, "hold_out=1.5"),
        ("hog+svm", {"n_jobs": 0}, DataError, "n_jobs=0"),
    ],
)
def test_what_cannot_be_searched_is_said(faces, tmp_path, model, how, error, says):
    with pytest.raises(error, match=says):
        search_model(model, faces, 1, store=tmp_path / "s.sqlite", **how)
    assert not list(tmp_path.iterdir())


def test_a_set_without_parts_is_refused(faces, tmp_path):
    with pytest.raises(DataError, match="no training part"):
        search_model("hog+svm", replace(faces, split=None), store=tmp_path / "s")


def test_a_set_without_validation_part_is_scored_on_folds(tmp_path):
    data = marked_rows()
    data = data.take(data.split != "val")
    found = search_model(Cut(), data, 2, space=SPACE, store=tmp_path / "s.sqlite")
    assert found.scored_on == "5 folds of the training part"
    assert (
        found.selected_on == "5 folds of the training part: the settings, of 2 trials"
    )


def test_other_files_are_left_alone(tmp_path):
    text = tmp_path / "text.sqlite"
    text.write_text("nothing of the kind\n" * 100)
    with pytest.raises(DataError, match=r"text.sqlite: cannot be used: file is not a"):
        search("", 1, store=text)
    assert text.read_text().startswith("nothing of the kind\n")
    with sqlite3.connect(tmp_path / "other.sqlite") as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    before = (tmp_path / "other.sqlite").read_bytes()
    with pytest.raises(DataError, match="SQLite file of something else, of 'recipes'"):
        search("", 1, store=tmp_path / "other.sqlite")
    assert (tmp_path / "other.sqlite").read_bytes() == before
    with pytest.raises(DataError, match="cannot be used"):
        search("", 1, store=tmp_path)


class Dice:
    """Draws as Optuna's trials do."""

    def __init__(self, seed):
        self._rng = np.random.default_rng(seed)

    def suggest_int(self, name, low, high, *, step, log):
        return int(self._rng.integers(low, high + 1))

    def suggest_float(self, name, low, high, *, step, log):
        if step is not None:
            return float(low + step * self._rng.integers((high - low) / step))
        return float(self._rng.uniform(low, high))

    def suggest_categorical(self, name, choices):
        return choices[self._rng.integers(len(choices))]


@pytest.mark.parametrize("word", SPACES)
def test_every_ready_made_space_draws_models_that_can_be_named(word):
    features = word in ("hog", "lbp", "fisher")
    alone = word.startswith(("cnn", "transfer"))
    model = f"{word}+linear-svm" if features else word if alone else f"hog+{word}"
    space = make_space(model, make_model(model))
    assert any(line.word == word for line in space.lines)
    for seed in range(10):
        drawn = space.draw(Dice(seed))
        name = space.name(drawn)
        make_model(name)
        for text in split_names(name, "+"):
            own, options = parse_name(text)
            assert options == drawn[own]


def test_a_rate_suits_its_optimizer():
    for optimizer, least in (("muon", 0.03), ("adam", 1e-4), ("sgd", 3e-3)):
        model = f"cnn(optimizer={optimizer})"
        space = make_space(model, make_model(model))
        rates = [space.draw(Dice(seed))["cnn"]["learning_rate"] for seed in range(20)]
        assert least <= min(rates) < max(rates) <= least * 100


@settings(max_examples=50, deadline=None)
@given(st.floats(1e-6, 1e6), st.floats(1.001, 1e6), st.booleans(), st.integers(0, 99))
def test_drawn_numbers_are_short_and_within_the_range(low, factor, is_log, seed):
    written = f"{low!r}..{low * factor!r}{':log' if is_log else ''}"
    found = parse_range(written)
    value = found.draw(Dice(seed), "x")
    assert found.low <= value <= found.high
    assert value in (found.low, found.high) or value == float(f"{value:.3g}")
    assert parse_range(str(found)) == found


def test_whole_numbers_are_fractions_where_the_option_is_one():
    assert parse_range("1..9", like=2.0) == Range(1.0, 9.0)
    assert isinstance(parse_range("1..9", like=2).low, int)
    values = {parse_range("0.0..0.5:0.05").draw(Dice(k), "x") for k in range(9)}
    assert all(len(str(value)) < 13 for value in values)

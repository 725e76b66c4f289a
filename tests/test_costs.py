"""What trials cost, and what is told of that before and while they run."""

import functools
import importlib.util
import io
import time
import warnings
from contextlib import redirect_stderr
from pathlib import Path

import numpy as np
import pytest
import small_bench
from sklearn.dummy import DummyClassifier

from fercompare import load_dataset, run_benchmark, save_model
from fercompare.cli.progress import Progress, in_words
from fercompare.errors import DataError
from fercompare.evaluation import memory
from fercompare.evaluation.costs import size_of
from fercompare.evaluation.pace import Estimate, Pace
from fercompare.evaluation.trained import train
from fercompare.evaluation.trials import DONE, FAILED, Outcome, Trial
from fercompare.saving.sizes import saved_bytes
from fercompare.terminal import live_line

HAS_CODECARBON = importlib.util.find_spec("codecarbon") is not None


@pytest.fixture
def data():
    return small_bench.small_data()


@pytest.fixture(scope="module")
def faces():
    return load_dataset("synthetic", n=140, image_shape=(24, 24))


class Cold(DummyClassifier):
    """Loads something when it is first asked."""

    def fit(self, X, y):
        self.loaded_ = False
        return super().fit(X, y)

    def predict(self, X):
        if not self.loaded_:
            time.sleep(0.3)
        self.loaded_ = True
        return super().predict(X)


def test_what_loads_at_the_first_prediction_is_not_in_its_seconds(data, tmp_path):
    (cold,) = run_benchmark({"d": data}, {"m": Cold()}, ["none"], 1, store=tmp_path)
    facts = cold.facts
    assert facts["warmup_seconds"] > 0.3 > 3 * facts["predict_seconds"]
    n = len(cold.rows)
    assert facts["images_per_second"] == pytest.approx(n / facts["predict_seconds"])


def test_a_file_is_as_large_as_was_told(faces, tmp_path):
    for name in ("hog+svm", "pixels+rf(n_estimators=3)"):
        model, card = train(name, faces)
        save_model(model, tmp_path / "m.fer", card=card)
        size = (tmp_path / "m.fer").stat().st_size
        assert abs(saved_bytes(model) - size) < 8_000 < size


def test_models_tell_their_size(faces):
    svm, _ = train("hog+svm", faces)
    told = size_of(svm)
    assert told["support_vectors"] == svm.steps[-1][1].n_support_.sum()
    assert told["parameters"] is None
    assert told["file_bytes"] > 8 * told["support_vectors"]
    assert size_of(Cold().fit([[0.0], [1.0]], [0, 1]))["file_bytes"] is None


@pytest.mark.skipif(not HAS_CODECARBON, reason="codecarbon is not installed")
def test_energy_is_measured_where_it_is_asked_for(data, tmp_path):
    arguments = ({"d": data}, {"m": DummyClassifier()}, ["none"])
    (one,) = run_benchmark(*arguments, 1, store=tmp_path, energy=True)
    _, two = run_benchmark(*arguments, 2, store=tmp_path)
    assert one.facts["energy_kwh"] > 0
    assert two.facts["energy_kwh"] is None


def test_energy_without_its_package_is_one_error(data, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"fercompare\[energy\]"):
        run_benchmark({"d": data}, ["dummy"], ["none"], 1, store=tmp_path, energy=True)


def test_a_grid_that_does_not_fit_runs_narrower(data, monkeypatch):
    monkeypatch.setattr(memory, "free_megabytes", lambda: 1000.0)
    with pytest.warns(UserWarning, match=r"8 trials .* 200 MB .* 4 will run"):
        assert memory.jobs_that_fit(8, Estimate(1.0, 200.0, 0), [data]) == 4
    with pytest.warns(UserWarning, match="1 will run"):
        assert memory.jobs_that_fit(2, Estimate(1.0, 5000.0, 0), [data]) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert memory.jobs_that_fit(4, Estimate(1.0, 200.0, 0), [data]) == 4
        assert memory.jobs_that_fit(1, Estimate(1.0, 5000.0, 0), [data]) == 1
        monkeypatch.setattr(memory, "free_megabytes", lambda: None)
        assert memory.jobs_that_fit(64, Estimate(1.0, 5000.0, 0), [data]) == 64


def test_trials_like_none_before_are_taken_for_as_large_as_their_data(
    data, monkeypatch
):
    monkeypatch.setattr(memory, "free_megabytes", lambda: 3 * memory.PROCESS_MB)
    unknown = Estimate(0.0, np.nan, 5)
    with pytest.warns(UserWarning, match="will run"):
        assert memory.jobs_that_fit(4, unknown, [data]) == 2


def test_a_bench_starts_no_more_processes_than_fit(data, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "free_megabytes", lambda: 10.0)
    begun = Recorder()
    with pytest.warns(UserWarning, match="1 will run"):
        bench = functools.partial(run_benchmark, store=tmp_path, n_jobs=2)
        bench({"d": data}, ["dummy"], ["none"], 2, progress=begun)
    assert begun.told == [(2, 0, 1)]


class Recorder:
    """Notes how a study began."""

    def __init__(self):
        self.told = []

    def begin(self, left, listing, n_jobs):
        self.told.append((len(left), len(listing), n_jobs))

    def __call__(self, done, n_trials, outcome):
        assert n_trials == 2


def test_free_memory_is_what_a_container_leaves(tmp_path, monkeypatch):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9 kB\nMemAvailable:    8000000 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", meminfo)
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    assert memory.free_megabytes() == 8000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_megabytes() == 8000
    (tmp_path / "memory.max").write_text("3000000000\n")
    (tmp_path / "memory.current").write_text("2500000000\n")
    (tmp_path / "memory.stat").write_text("anon 5\nfile 500000000\n")
    assert memory.free_megabytes() == 1000
    monkeypatch.setattr(memory, "MEMINFO", Path("/nowhere"))
    (tmp_path / "memory.max").unlink()
    assert memory.free_megabytes() is None


def trial(seed, model="svm"):
    return Trial("d", model, "none", seed, {"data": "5f2c"})


def ended(seed, seconds=60.0, status=DONE):
    facts = {"trial_seconds": seconds, "peak_memory_mb": 100.0, "fit_seconds": 1.0}
    return Outcome(trial(seed), status, facts=facts)


def test_pace_is_the_median_of_trials_alike():
    pace = Pace([ended(0, 10.0), ended(1, 20.0), ended(2, 90.0), ended(3, 1.0, FAILED)])
    told = pace.estimate([trial(5), trial(6), trial(7, "other")])
    assert (told.seconds, told.megabytes, told.n_unlike) == (40.0, 100.0, 1)


def test_the_line_tells_how_far_it_is(capsys):
    progress = Progress(quiet=False)
    assert "0 trials to go" in progress.line()
    progress.begin([trial(k) for k in range(10)], {"k": ended(77)}, n_jobs=2)
    told = "10 trials to go, 2 of them running, 0 s so far, about 5 min left"
    assert progress.line() == told
    progress(3, 12, ended(0))
    progress(4, 12, ended(1, status=FAILED))
    assert "8 trials to go, 2 of them running, 1 failed" in progress.line()
    assert "about 4 min left" in progress.line()
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "2 of 12 trials are stored"
    assert told[1] == "3/12 svm, none, seed 0: done, fit in 1.0 s"


def test_nothing_is_told_of_a_pace_that_nobody_knows():
    progress = Progress(quiet=False)
    progress.begin([trial(0)], {}, n_jobs=1)
    assert "left" not in progress.line()


def test_quiet_is_quiet(capsys):
    progress = Progress(quiet=True)
    progress.begin([trial(0)], {}, n_jobs=1)
    progress(1, 1, ended(0))
    assert capsys.readouterr() == ("", "")


def test_a_live_line_is_for_terminals_alone():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        with redirect_stderr(stream), live_line(lambda: "3 trials to go"):
            pass
        assert ("3 trials to go" in stream.getvalue()) == shown


def test_durations_are_said_in_words():
    told = [in_words(s) for s in (0.2, 59, 99, 101, 3600, 5999, 86_400)]
    assert told == [
        "0 s",
        "59 s",
        "99 s",
        "2 min",
        "60 min",
        "1 h 40 min",
        "24 h 0 min",
    ]

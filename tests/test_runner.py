"""Trials in processes, limits, retries, and what a bench says of itself."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import small_bench
from sklearn.dummy import DummyClassifier

from fercompare import load_dataset, load_results, run_benchmark
from fercompare.errors import keep_interrupts
from fercompare.evaluation import tasks
from fercompare.evaluation.claims import SECONDS_TO_SIGN, holder
from fercompare.evaluation.costs import PeakMemory
from fercompare.evaluation.pace import Pace
from fercompare.evaluation.provenance import n_cores
from fercompare.evaluation.study import plan_study
from fercompare.evaluation.workers import Died, limited_threads, run_in_processes

INTERRUPTED, TERMINATED = 130, 143
BENCH = (
    *("bench", "--option", "n=300", "--store", "out"),
    *("--models", "dummy", "--balance", "none,random_over"),
)


@pytest.fixture
def data():
    return small_bench.small_data()


def test_processes_and_order_change_no_outcome(tmp_path):
    faces = {"faces": load_dataset("synthetic", n=300)}
    models = ["hog+linear-svm", "lbp+rf(n_estimators=20)"]
    strategies = ["none", "random_over"]
    folds = {"cv": 2, "parts": "val+test"}
    one = run_benchmark(faces, models, strategies, 1, store=tmp_path / "one", **folds)
    back = (faces, models[::-1], strategies[::-1], 1)
    two = run_benchmark(*back, store=tmp_path / "two", n_jobs=2, **folds)
    assert [outcome.status for outcome in two] == ["done"] * 8
    for ahead in one:
        (behind,) = (o for o in two if o.trial == ahead.trial)
        assert np.array_equal(ahead.rows, behind.rows)
        assert np.array_equal(ahead.y_pred, behind.y_pred)
        assert np.allclose(ahead.proba, behind.proba, atol=1e-6)
    shares = [count for o in two for count in o.facts["threads"].values()]
    assert 2 * max(shares) <= max(2, n_cores())
    assert all(outcome.facts["peak_memory_mb"] > 50 for outcome in two)


def test_networks_say_the_same_in_any_order_and_number_of_processes(tmp_path):
    faces = {"faces": load_dataset("synthetic", n=100, image_shape=(24, 24))}
    models = ["cnn-small(epochs=1)", "cnn-small(epochs=2)", "cnn3(width=4,epochs=1)"]
    two = run_benchmark(faces, models, ["none"], 2, store=tmp_path / "2", n_jobs=2)
    with limited_threads(max(1, n_cores() // 2)):
        back = (faces, models[::-1], ["none"], 2)
        one = run_benchmark(*back, store=tmp_path / "1")
    assert [outcome.status for outcome in one] == ["done"] * 6
    for here in one:
        (there,) = (o for o in two if o.trial == here.trial)
        assert np.array_equal(here.proba, there.proba)
    assert len({outcome.proba.tobytes() for outcome in one}) == 6


def test_a_process_that_dies_is_a_failure_and_no_other_suffers(tmp_path, data):
    unsendable = small_bench.Guess(str(tmp_path / "log"))
    unsendable.seconds = Unsendable()
    models = {
        "killed": small_bench.Killed(),
        "unsendable": unsendable,
        "dummy": DummyClassifier(),
    }
    store = tmp_path / "out"
    outcomes = run_benchmark({"m": data}, models, ["none"], 1, store=store, n_jobs=2)
    assert [outcome.status for outcome in outcomes] == ["failed", "failed", "done"]
    assert "SIGKILL" in outcomes[0].reason
    assert "memory" in outcomes[0].reason
    assert "cannot be sent" in outcomes[1].reason
    assert not list(store.glob("*.claim"))


class Unsendable:
    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        raise TypeError("stays here")


def test_tasks_share_out_the_cores_and_report_deaths():
    (one,) = run_in_processes(small_bench.most_threads, [0], n_jobs=n_cores())
    assert one == (0, 1)
    (died,) = (r for _, r in run_in_processes(os._exit, [3], n_jobs=1))
    assert isinstance(died, Died)


def test_a_model_that_wants_to_end_the_program_has_failed(tmp_path, data):
    class Quitter(DummyClassifier):
        def fit(self, X, y):
            sys.exit("enough")

    models = {"quitter": Quitter(), "dummy": DummyClassifier()}
    outcomes = run_benchmark({"m": data}, models, ["none"], 1, store=tmp_path)
    assert [outcome.status for outcome in outcomes] == ["failed", "done"]
    assert outcomes[0].reason == "SystemExit: enough"


def test_failures_run_again_when_asked(tmp_path, data):
    log = str(tmp_path / "log")

    def bench(**options):
        models = {"unlucky": small_bench.Failure(log, until=2)}
        (outcome,) = run_benchmark(
            {"m": data}, models, ["none"], 1, store=tmp_path / "out", **options
        )
        return outcome.status, len(small_bench.lines(log))

    assert bench() == ("failed", 1)
    assert bench() == ("failed", 1)
    assert bench(retry_failed=True) == ("done", 2)
    assert bench(retry_failed=True) == ("done", 2)
    assert len(load_results(tmp_path / "out")) == 1


def test_limits_leave_the_rest_for_the_next_time(tmp_path, data):
    def bench(**options):
        return len(
            small_bench.small_bench(
                data, tmp_path / "out", tmp_path / "log", 4, **options
            )
        )

    assert bench(time_limit=0) == 0
    assert bench(limit=1) == 1
    assert bench(limit=2) == 3
    assert bench() == 4
    assert len(small_bench.lines(tmp_path / "log")) == 4


def test_no_trial_starts_after_the_time_limit(tmp_path, data):
    outcomes = small_bench.small_bench(
        data, tmp_path / "out", tmp_path / "log", 20, seconds=0.1, time_limit=0.3
    )
    assert 1 <= len(outcomes) < 10


def test_estimates_come_from_trials_alike(tmp_path, data):
    study = plan_study({"m": data}, ["dummy"], ["none", "class_weight"], 3)
    assert Pace().estimate(study.trials).n_unlike == 6
    outcomes = run_benchmark({"m": data}, ["dummy"], ["none"], 1, store=tmp_path)
    expected = Pace(outcomes).estimate(study.trials)
    assert expected.n_unlike == 0
    assert expected.seconds == pytest.approx(6 * outcomes[0].facts["trial_seconds"])
    assert expected.megabytes == outcomes[0].facts["peak_memory_mb"]


def test_the_peak_of_memory_is_that_of_the_block():
    with PeakMemory() as large:
        np.ones(20_000_000)
    with PeakMemory() as small:
        np.ones(1)
    if small.megabytes is None:
        pytest.skip("the system tells the peak of the whole process only")
    assert large.megabytes - small.megabytes > 100


def test_plan_limits_and_collect_on_the_command_line(call):
    first = call(*BENCH, "--limit", "3", "--quiet")
    assert "3 trials done" in first.stderr
    assert "1 not run" in first.stderr
    planned = call(*BENCH, "--dry-run").stdout
    assert "4 trials: 3 stored, 1 to run; about" in planned
    assert "random_over" in planned
    collected = call(*BENCH, "--collect", "--csv")
    assert "random_over" in collected.stdout
    assert "1 not run" in collected.stderr
    last = call(*BENCH, "--retry-failed", "--time-limit", "600")
    assert "3 of 4 trials are stored" in last.stderr
    assert "4 trials done, 0 skipped, 0 failed;" in last.stderr


class ClosesBadly(DummyClassifier):
    """Makes another error of Ctrl-C, as a zip archive does that was being written."""

    def fit(self, X, y, sample_weight=None):
        try:
            raise KeyboardInterrupt
        finally:
            raise ValueError("half written")


def test_ctrl_c_in_disguise_is_no_failure(tmp_path, data, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        run_benchmark({"m": data}, {"m": ClosesBadly()}, ["none"], 1, store=tmp_path)
    assert not load_results(tmp_path)
    monkeypatch.setattr(
        np, "savez_compressed", lambda file, **_: ClosesBadly().fit(0, 0)
    )
    with pytest.raises(KeyboardInterrupt):
        run_benchmark({"m": data}, ["dummy"], ["none"], 1, store=tmp_path)
    assert not load_results(tmp_path)


def test_what_was_cut_short_keeps_no_rows_in_memory(tmp_path, data, monkeypatch):
    def interrupted(self, X, y):
        assert tasks.parts_of.cache_info().currsize
        raise KeyboardInterrupt

    monkeypatch.setattr(small_bench.Guess, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small_bench.small_bench(data, tmp_path, tmp_path / "log")
    assert not tasks.parts_of.cache_info().currsize


def test_sigterm_ends_the_work_as_ctrl_c_does(call, monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    for name in ("runner.run_benchmark", "search.search_model"):
        monkeypatch.setattr(f"fercompare.evaluation.{name}", _terminated)
    for words in (BENCH, ("search", "pixels+linear-svm", "--option", "n=120")):
        done = call(*words, status=TERMINATED)
        assert "the same command goes on from there" in done.stderr
    assert signal.getsignal(signal.SIGTERM) is before


@keep_interrupts()
def _terminated(*_, **__):
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        raise ValueError("half written")


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-m", "fercompare.cli.main", *BENCH, "--seeds", "500"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:  # tests that run in the background ignore Ctrl-C, and so would the bench
        bench = subprocess.Popen(command, cwd=tmp_path, **pipes)
    finally:
        signal.signal(signal.SIGINT, before)
    while not list(tmp_path.glob("out/*.json")):
        assert bench.poll() is None
        time.sleep(0.01)
    bench.send_signal(signal.SIGINT)
    _, errors = bench.communicate()
    assert bench.returncode == INTERRUPTED, errors
    assert "the same command goes on" in errors
    assert "Traceback" not in errors
    stored = load_results(tmp_path / "out")
    assert f"stopped; {len(stored)} of 1000 trials" in errors
    time.sleep(SECONDS_TO_SIGN)  # it may have struck before a claim was signed
    for left in tmp_path.glob("out/*.claim"):
        key = left.name.rsplit(".", 2)[0]
        assert holder(tmp_path / "out", key) is None

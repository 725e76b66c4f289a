"""Trials on a Dask cluster: three workers in processes, some of which are killed."""

import json
import os
import signal
import sys
import threading
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import small_bench

from fercompare import load_dataset, load_results, run_benchmark
from fercompare.errors import DataError, UnknownName
from fercompare.evaluation import backends, crew
from fercompare.evaluation.provenance import n_cores
from fercompare.evaluation.workers import limited_threads

distributed = pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.xdist_group("the cluster"),  # tests end workers of each other's
]

WRONG_USE = 2


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    from small_cluster import Machines

    started = Machines(tmp_path_factory.mktemp("machines"))
    for options in ("", "", "--nthreads 2"):
        started.start_worker(options)
    started.start_other_version()
    started.have(3)
    yield started
    started.end()


@pytest.fixture
def data():
    return small_bench.small_data()


def bench(data, models, store, machines, **options):
    words = {"backend": "dask", "scheduler": machines.address} | options
    return run_benchmark({"m": data}, models, ["none"], 1, store=store, **words)


def in_background(function):
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "dask"}, "without a scheduler"),
        ({"scheduler": "tcp://127.0.0.1:1"}, "a scheduler with backend='processes'"),
        ({"backend": "dask", "scheduler": "x", "n_jobs": 2}, "n_jobs=2 with backend"),
        ({"backend": "dask", "scheduler": "nonsense://"}, "no scheduler answers at"),
    ],
)
def test_options_that_do_not_go_together_are_said(data, tmp_path, options, message):
    with pytest.raises(DataError, match=message):
        run_benchmark({"m": data}, ["dummy"], ["none"], 1, store=tmp_path, **options)
    with pytest.raises(UnknownName, match="did you mean 'dask'"):
        run_benchmark({"m": data}, ["dummy"], ["none"], 1, backend="desk")


def test_a_missing_package_is_said_with_its_remedy(data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DataError, match=r'pip install "fercompare\[dask\]"'):
        bench(data, ["dummy"], tmp_path, Nowhere)


def test_the_fast_solver_has_the_worker_s_threads_too():
    daal4py = pytest.importorskip("daal4py")
    daal4py.daalinit(2)
    found = []

    def look():
        with limited_threads(1):
            found.append((daal4py.num_threads(), small_bench.most_threads(None)))
        found.append(daal4py.num_threads())

    in_background(look).join()
    assert found == [(1, 1), 2]


class Nowhere:
    address = "tcp://127.0.0.1:1"


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="needs /proc")
def test_a_store_that_workers_cannot_see_is_said_before_a_trial_runs(
    data, tmp_path, monkeypatch, machines
):
    monkeypatch.chdir(tmp_path)
    models = {"mine": small_bench.Guess(str(tmp_path / "log"))}
    with (
        distributed.Client(machines.address, set_as_default=False) as client,
        pytest.raises(
            DataError, match=r"cannot use it, tcp://.*No such file"
        ) as caught,
        pytest.warns(UserWarning, match="it has fercompare 0.0.9"),
    ):
        bench(data, models, "/proc/self/cwd/out", machines, scheduler=client)
    assert str(caught.value.file) == "/proc/self/cwd/out"
    assert not small_bench.lines(tmp_path / "log")
    assert os.listdir(tmp_path / "out") == []


def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(
    data, tmp_path, machines
):
    machines.have(3)
    store, log = tmp_path / "out", tmp_path / "log"
    models = {f"guess-{k}": small_bench.Guess(str(log), 0.05, k) for k in range(8)}
    models["long"] = small_bench.Guess(str(log), 1.5, 99)
    expected = run_benchmark({"m": data}, models, ["none"], 1, store=tmp_path / "one")
    log.unlink()

    def kill():
        while "99" not in small_bench.lines(log):
            time.sleep(0.01)
        (claim,) = store.glob("m-long-*.claim")
        os.kill(json.loads(claim.read_text())["pid"], signal.SIGKILL)

    in_background(kill)
    told = []
    with pytest.warns(UserWarning, match="0.0.9, and here is") as warned:
        found = bench(
            data, models, store, machines, progress=lambda *news: told.append(news)
        )
    assert len(warned) == 1
    assert [(n, n_trials) for n, n_trials, _ in told] == [(k, 9) for k in range(1, 10)]
    for ahead, behind in zip(expected, found, strict=True):
        assert ahead.trial == behind.trial
        assert np.array_equal(ahead.y_pred, behind.y_pred)
        assert np.array_equal(ahead.proba, behind.proba)
    runs = Counter(small_bench.lines(log))
    assert runs.pop("99") == 2
    assert set(runs.values()) == {1}
    assert len(load_results(store)) == 9
    assert {p.suffix for p in store.iterdir()} == {".json", ".npz"}, os.listdir(store)
    threads = {max(outcome.facts["threads"].values()) for outcome in found}
    assert threads <= {1, min(2, n_cores())}


def test_workers_share_features_with_those_of_as_many_threads(tmp_path, machines):
    machines.have(2)
    faces, seen = load_dataset("synthetic", n=120, image_shape=(16, 16)), set()

    def look(n_done, n_trials, outcome):
        seen.update(tmp_path.glob(".data-*/shelves/*/*.npy"))

    outcomes = run_benchmark(
        {"faces": faces},
        ["hog(cells_per_block=(1,1))+linear-svm"],
        ["none", "random_over"],
        4,
        store=tmp_path,
        backend="dask",
        scheduler=machines.address,
        progress=look,
    )
    assert all(outcome.facts["features_shared"] for outcome in outcomes)
    n_threads = {max(outcome.facts["threads"].values()) for outcome in outcomes}
    assert len(seen) >= len(n_threads)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".npz"}


def test_no_more_workers_of_a_machine_are_used_than_its_memory_holds_trials(
    data, tmp_path, machines, monkeypatch
):
    machines.have(2)
    monkeypatch.setattr(backends, "megabytes_needed", lambda *_: 1e7)
    with pytest.warns(UserWarning, match=r": 2 trials at a time.*: 1 will run"):
        (outcome,) = bench(data, ["dummy"], tmp_path, machines)
    assert outcome.status == "done"


def test_the_command_runs_on_the_cluster_too(call, tmp_path, machines):
    machines.have(2)
    words = ("bench", "--option", "n=120", "--models", "dummy", "--balance", "none")
    where = ("--backend", "dask", "--scheduler", machines.address)
    told = call(*words, *where, "--store", "out", "--write-suite", "s.toml").stderr
    assert "2 trials done, 0 skipped, 0 failed" in told
    assert "scheduler" not in (tmp_path / "s.toml").read_text()
    assert "goes with --backend dask" in call(*words, *where[2:], status=WRONG_USE)[2]
    assert "say where" in call(*words, *where[:2], status=WRONG_USE)[2]


def test_a_trial_that_kills_its_workers_is_given_up_and_the_rest_is_done(
    data, tmp_path, machines, monkeypatch
):
    monkeypatch.setattr(crew, "SECONDS_ALONE", 0.1)
    machines.have(2)  # which the trial ends, so that it waits for a third
    log = str(tmp_path / "log")
    models = {"killed": small_bench.Killed()}
    models |= {f"guess-{k}": small_bench.Guess(log, 0.1, k) for k in range(4)}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")

        def start_when_waited_for():
            while not any("waiting for a worker" in str(w.message) for w in told):
                time.sleep(0.05)
            machines.start_worker()

        in_background(start_when_waited_for)
        outcomes = bench(data, models, tmp_path / "out", machines)
    assert [outcome.status for outcome in outcomes] == ["failed"] + ["done"] * 4
    assert "3 workers ended while they ran it" in outcomes[0].reason
    assert sorted(small_bench.lines(log)) == list("0123")
    assert any("dask worker tcp://" in str(warned.message) for warned in told)


def test_a_worker_of_another_version_is_refused(data, tmp_path, machines):
    machines.have(0)
    with (
        pytest.raises(DataError, match=r"no worker can .*0\.0\.9, and here is"),
        pytest.warns(UserWarning, match="is not used"),
    ):
        bench(data, ["dummy"], tmp_path, machines)
    assert os.listdir(tmp_path) == []


def test_a_scheduler_that_vanishes_is_one_clear_error_and_what_is_done_stays(
    data, tmp_path, machines
):
    machines.have(1)
    store, log = tmp_path / "out", str(tmp_path / "log")
    models = {"quick": small_bench.Guess(log), "slow": small_bench.Guess(log, 60.0, 1)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert bench(data, models, store, machines, time_limit=0) == []
        assert len(bench(data, models, store, machines, limit=1)) == 1
        threading.Timer(0.5, os.kill, (machines.scheduler, signal.SIGKILL)).start()
        with pytest.raises(DataError, match=r"scheduler is gone.*goes on from there"):
            bench(data, models, store, machines)
    assert [outcome.trial.model for outcome in load_results(store)] == ["quick"]
    assert small_bench.lines(log).count("0") == 1

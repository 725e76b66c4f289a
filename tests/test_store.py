"""The store: nothing lost, nothing half there, nothing passed off as something else."""

import errno
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import small_bench
from sklearn.dummy import DummyClassifier

from fercompare import load_results, run_benchmark
from fercompare.errors import DataError
from fercompare.evaluation.claims import claim, holder
from fercompare.evaluation.specification import specify
from fercompare.evaluation.store import Store
from fercompare.evaluation.trials import DONE, Outcome, Trial

SCRIPT = small_bench.__file__


@pytest.fixture
def data():
    return small_bench.small_data()


def outcome(seed=0, n=5, **meaning):
    trial = Trial("faces", "svm", "none", seed, {"data": "5f2c", **meaning})
    label = np.arange(n) % 2
    return Outcome(
        trial,
        DONE,
        classes=("a", "b"),
        rows=np.arange(n),
        y_true=label,
        y_pred=label,
        leak_free=label == 0,
        facts={"fit_seconds": 0.5},
    )


def start(*words):
    return subprocess.Popen(
        [sys.executable, SCRIPT, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def test_two_hundred_kills_lose_nothing_and_double_nothing(tmp_path):
    process = start("kill", tmp_path)
    printed, errors = process.communicate()
    assert process.returncode == 0, errors
    told = json.loads(printed)
    assert told["wrong"] == []
    assert told["kills"] == 200
    assert told["points"] > 70


def test_benches_on_one_store_share_the_work(tmp_path):
    store, log = tmp_path / "store", tmp_path / "log"
    benches = [start("run", store, log) for _ in range(2)]
    errors = [bench.communicate()[1] for bench in benches]
    assert [bench.returncode for bench in benches] == [0, 0], errors
    assert Counter(small_bench.lines(log)) == {str(k): 1 for k in range(30)}
    assert len(load_results(store)) == 30
    assert not list(store.glob("*.claim"))


def test_a_bench_that_dies_leaves_its_trial_to_the_others(tmp_path):
    store, log = tmp_path / "store", tmp_path / "log"
    dying, other = (start("run", store, log) for _ in range(2))
    while len(small_bench.lines(log)) < 5:
        assert dying.poll() is None
        time.sleep(0.005)
    dying.kill()
    assert other.wait() == 0, other.communicate()[1]
    dying.wait()
    runs = Counter(small_bench.lines(log))
    assert len(runs) == len(load_results(store)) == 30
    assert sum(runs.values()) <= 31


def test_a_claim_is_held_by_one_and_taken_over_from_the_dead(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with claim(tmp_path, "key") as mine:
        assert mine
        written = json.loads((tmp_path / "key.0.claim").read_text())
    (tmp_path / "key.0.claim").write_text(
        json.dumps(written | {"pid": process.pid, "started": None})
    )
    other_process_of_that_number = claim(tmp_path, "key")
    with other_process_of_that_number as mine:
        assert mine == Path("/proc/self/stat").exists()
    process.communicate(b"\n")
    (tmp_path / "key.0.claim").write_text(json.dumps(written | {"pid": process.pid}))
    with claim(tmp_path, "key") as mine, claim(tmp_path, "key") as again:
        assert (mine, again) == (True, False)
        assert str(os.getpid()) in holder(tmp_path, "key")
    assert not list(tmp_path.glob("*.claim"))


def test_a_claim_of_another_machine_stands(tmp_path):
    text = json.dumps({"host": "elsewhere", "pid": 1, "started": 7})
    (tmp_path / "key.0.claim").write_text(text)
    with claim(tmp_path, "key") as mine:
        assert not mine
    assert "process 1 on elsewhere" in holder(tmp_path, "key")


def test_a_claim_that_nobody_signed_is_taken_after_a_while(tmp_path):
    path = tmp_path / "key.0.claim"
    path.touch()
    with claim(tmp_path, "key") as mine:
        assert not mine
    os.utime(path, (time.time() - 60,) * 2)
    with claim(tmp_path, "key") as mine:
        assert mine


def test_listing_many_outcomes_opens_none_of_their_arrays(tmp_path, data):
    (first,) = small_bench.small_bench(data, tmp_path, tmp_path / "log", n_models=1)
    store, n = Store(tmp_path), 300
    kept = {field.name: getattr(first, field.name) for field in fields(Outcome)}
    for k in range(1, n):
        store.save(Outcome(**kept | {"trial": replace(first.trial, seed=k)}))
    for path in tmp_path.glob("*.npz"):
        path.write_bytes(bytes(path.stat().st_size))
    models = {"guess-0": small_bench.Guess(str(tmp_path / "log"))}
    outcomes = run_benchmark({"noise": data}, models, ["none"], n, store=tmp_path)
    assert [outcome.trial.seed for outcome in outcomes] == list(range(n))
    assert len(small_bench.lines(tmp_path / "log")) == 1
    assert len(store.missing([replace(first.trial, seed=n)])) == 1


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
def test_what_the_system_refuses_is_one_error_and_harms_nothing(
    tmp_path, monkeypatch, data, error, call
):
    small_bench.small_bench(data, tmp_path, tmp_path / "log", n_models=1)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def refuse(*arguments, **options):
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, refuse)
        with pytest.raises(DataError, match=os.strerror(error)) as caught:
            if call == "write":
                small_bench.small_bench(data, tmp_path, tmp_path / "log")
            else:
                Store(tmp_path).save(outcome())
    assert caught.value.file == tmp_path
    assert "intact" in str(caught.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert len(small_bench.small_bench(data, tmp_path, tmp_path / "log")) == 2


def test_a_folder_that_cannot_be_made_is_said(tmp_path, data):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="Not a directory"):
        small_bench.small_bench(data, tmp_path / "file" / "store", tmp_path / "log")


@pytest.mark.parametrize("ending", [".json", ".npz"])
@pytest.mark.parametrize("place", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_any_byte_that_changed_is_noticed_and_nothing_is_deleted(
    tmp_path, ending, place
):
    store = Store(tmp_path)
    store.save(outcome(0))
    store.save(outcome(1))
    victim = tmp_path / f"{outcome(0).trial.key}{ending}"
    content = bytearray(victim.read_bytes())
    content[int(place * len(content))] ^= 1
    victim.write_bytes(content)
    with pytest.warns(UserWarning, match="is damaged.*set aside.*not run"):
        (sound,) = load_results(tmp_path)
    assert sound.trial == outcome(1).trial
    assert len(list(tmp_path.iterdir())) == 4
    assert (tmp_path / f"{victim.name}.damaged-0").read_bytes() == content
    store.save(outcome(0))
    assert len(load_results(tmp_path)) == 2


def test_damage_found_when_arrays_are_asked_for_is_one_error(tmp_path):
    store = Store(tmp_path)
    store.save(outcome())
    found = store.find(outcome().trial.key)
    packed = found.path.with_suffix(".npz")
    packed.write_bytes(packed.read_bytes()[::-1])
    with pytest.raises(DataError, match="set aside"):
        found.y_pred  # noqa: B018
    assert store.missing([outcome().trial]) == [outcome().trial]


def test_an_outcome_under_the_name_of_another_is_not_believed(tmp_path):
    store, asked = Store(tmp_path), outcome(code="2").trial
    store.save(outcome(code="1"))
    for ending in (".json", ".npz"):
        written = tmp_path / f"{outcome(code='1').trial.key}{ending}"
        written.rename(tmp_path / f"{asked.key}{ending}")
    with pytest.warns(UserWarning, match="is damaged"):
        assert store.missing([asked]) == [asked]


def test_files_of_others_are_left_alone(tmp_path):
    for name in ("notes.json", "table.csv", ".writing-x"):
        (tmp_path / name).write_text("mine")
    assert Store(tmp_path).load() == []
    assert len(list(tmp_path.iterdir())) == 3
    os.utime(tmp_path / ".writing-x", (time.time() - 7200,) * 2)
    assert Store(tmp_path).load() == []
    assert not (tmp_path / ".writing-x").exists()


def test_arrays_come_back_as_they_were_and_cannot_be_changed(tmp_path):
    Store(tmp_path).save(outcome())
    (read,) = load_results(tmp_path)
    for name in ("rows", "y_true", "y_pred", "leak_free"):
        assert np.array_equal(getattr(read, name), getattr(outcome(), name))
        assert getattr(read, name).dtype == getattr(outcome(), name).dtype
    assert read.proba is None
    with pytest.raises(ValueError, match="read-only"):
        read.y_pred[0] = 1


def test_what_differs_from_a_stored_trial_of_the_same_name_is_said(tmp_path, data):
    def bench(rows, **parameters):
        models = {"mine": DummyClassifier(**parameters)}
        return run_benchmark({"m": rows}, models, ["none"], 2, store=tmp_path)

    bench(data)
    with pytest.warns(UserWarning, match="strategy .prior stored, uniform asked") as w:
        (uniform, _) = bench(data, strategy="uniform")
    assert len(w) == 1
    assert "2 in the store under this name" in str(w[0].message)
    assert uniform.trial.specification["parameters"]["strategy"] == "uniform"
    with pytest.warns(UserWarning, match="differ in data"):
        bench(data.take(np.arange(50)))
    assert len(load_results(tmp_path)) == 6


def test_a_specification_is_the_same_in_every_process(data):
    parameters = {
        "function": np.mean,
        "object": object(),
        "array": np.arange(10_000),
        "estimator": DummyClassifier(),
        "number": np.float64(0.5),
        "random_state": 3,
        "other__random_state": 4,
    }
    meant = specify(data, "svm", DummyClassifier(), parameters, state=3)
    assert "0x" not in json.dumps(meant)
    assert meant["parameters"]["number"] == 0.5
    assert meant["parameters"]["random_state"] == "from the seed"
    assert meant["parameters"]["other__random_state"] == 4
    changed = np.arange(10_000)
    changed[5_000] = 0
    other = specify(data, "svm", "none", parameters | {"array": changed}, state=3)
    assert other["parameters"]["array"] != meant["parameters"]["array"]

"""Claims to trials across machines: signs of life, and what is not one any more."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import small_bench
from sklearn.dummy import DummyClassifier

from fercompare import load_results, run_benchmark
from fercompare.evaluation import heart, reach
from fercompare.evaluation.claims import claim, holder, is_mine
from fercompare.evaluation.reach import scratch_folder, shared_folder, use

ELSEWHERE = {"host": "elsewhere", "pid": 1, "started": 7, "beat": 5.0}
BEATS_AND_SLEEPS = """
import sys, time
from fercompare.evaluation import heart
heart.SECONDS_BETWEEN_BEATS = 0.02
heart.HEART.start(sys.argv[1])
print(flush=True)
time.sleep(60)
"""


def test_a_claim_that_another_machine_touches_stands_and_else_is_taken(tmp_path):
    path = tmp_path / "key.0.claim"
    path.write_text(json.dumps(ELSEWHERE))
    os.utime(path, (time.time() - 15,) * 2)
    with claim(tmp_path, "key") as mine:
        assert not mine
    assert "process 1 on elsewhere" in holder(tmp_path, "key")
    os.utime(path, (time.time() - 25,) * 2)
    assert holder(tmp_path, "key") is None
    with claim(tmp_path, "key") as mine:
        assert mine
    assert not os.listdir(tmp_path)


def test_the_same_name_of_a_machine_in_another_container_is_another_machine(tmp_path):
    with claim(tmp_path, "key"):
        told = json.loads((tmp_path / "key.0.claim").read_text())
    nobody = told | {"home": "another boot", "pid": 2**22 + 1}
    (tmp_path / "key.0.claim").write_text(json.dumps(nobody))
    assert holder(tmp_path, "key") is not None
    (tmp_path / "key.0.claim").write_text(json.dumps(nobody | {"home": told["home"]}))
    assert holder(tmp_path, "key") is None


class TakenOver(DummyClassifier):
    """While it is fitted, another machine takes the trial over."""

    def __init__(self, store=None):
        super().__init__()
        self.store = store

    def fit(self, X, y):
        (path,) = self.store.glob("*.0.claim")
        key = path.name.removesuffix(".0.claim")
        assert is_mine(self.store, key)
        (self.store / f"{key}.1.claim").write_text(json.dumps(ELSEWHERE))
        assert not is_mine(self.store, key)
        return super().fit(X, y)


def test_who_lost_a_claim_writes_nothing_and_leaves_the_other_s(tmp_path):
    models = {"slow": TakenOver(tmp_path)}
    asked = {"m": small_bench.small_data()}, models, ["none"], 1
    with pytest.warns(UserWarning, match="the first by process 1 on elsewhere"):
        assert run_benchmark(*asked, store=tmp_path, time_limit=0.5) == []
    assert load_results(tmp_path) == []
    assert sorted(p.suffixes[-2] for p in tmp_path.iterdir()) == [".0", ".1"]


def test_files_are_touched_for_as_long_as_the_process_lives(tmp_path):
    path = tmp_path / "file"
    path.touch()
    command = [sys.executable, "-c", BEATS_AND_SLEEPS, path]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    process.stdout.readline()
    assert is_touched(path)
    process.send_signal(signal.SIGSTOP)  # as a solver does that holds Python's lock
    assert is_touched(path)
    process.kill()
    process.communicate()
    time.sleep(0.1)
    assert not is_touched(path, seconds=0.2)


def test_a_file_is_touched_until_its_claim_is_given_back(tmp_path, monkeypatch):
    monkeypatch.setattr(heart, "SECONDS_BETWEEN_BEATS", 0.02)
    beating = heart.Heart()
    first, second = tmp_path / "first", tmp_path / "second"
    for path in (first, second):
        path.touch()
        beating.start(path)
    assert is_touched(first) and is_touched(second)
    beating.stop(first)
    time.sleep(0.1)
    assert not is_touched(first, seconds=0.2)
    second.unlink()
    assert beating.beat() == 0.02


def test_a_file_of_any_name_is_touched(tmp_path, monkeypatch):
    monkeypatch.setattr(heart, "SECONDS_BETWEEN_BEATS", 0.02)
    path = tmp_path / os.fsdecode(b"line\nand \xff")
    path.touch()
    beating = heart.Heart()
    beating.start(path)
    assert is_touched(path)
    path.unlink()
    assert beating.beat() == 0.02


def is_touched(path, seconds=5.0):
    """Whether a file that is set back to 1970 is touched within some seconds."""
    os.utime(path, (0, 0))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.stat().st_mtime > 0:
            return True
        time.sleep(0.01)
    return False


def test_a_shared_folder_stays_as_long_as_somebody_uses_it(tmp_path):
    with shared_folder(tmp_path) as first:
        (first / "pixels").touch()
    assert os.listdir(tmp_path) == []
    told = pytest.warns(UserWarning, match="running still")
    with told, shared_folder(tmp_path) as left:
        in_use = use(left, "a trial")
        in_use.__enter__()
    assert left.is_dir()
    in_use.__exit__(None, None, None)
    with shared_folder(tmp_path) as other:
        assert other.is_dir()
    assert os.listdir(tmp_path) == []


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(reach.tempfile, "tempdir", str(tmp_path))
    with scratch_folder() as living:
        claim_of_living = tmp_path / f"{living.name}.0.claim"
        told = json.loads(claim_of_living.read_text())
        dead, unmade = (living.with_name(living.name[:-12] + c * 12) for c in "ab")
        dead.mkdir()
        (dead / "pixels").touch()
        for left in (dead, unmade):
            signed = json.dumps(told | {"pid": 2**22 + 1})
            (tmp_path / f"{left.name}.0.claim").write_text(signed)
        (tmp_path / "fercompare-of-somebody").mkdir()
        with scratch_folder():
            assert not dead.exists()
            assert living.exists()
            assert len(list(tmp_path.glob("*.claim"))) == 2
    assert os.listdir(tmp_path) == ["fercompare-of-somebody"]

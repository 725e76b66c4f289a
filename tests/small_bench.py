"""A bench of models that take no time, to be killed, shared and resumed.

    python tests/small_bench.py run STORE LOG        runs it, beside others perhaps
    python tests/small_bench.py kill FOLDER          kills it 200 times and resumes

The second prints what was lost, doubled, or came out otherwise than uninterrupted.
"""

import gc
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.dummy import DummyClassifier
from threadpoolctl import threadpool_info

from fercompare import load_results, run_benchmark
from fercompare.datasets.base import Dataset
from fercompare.evaluation import claims, costs, fitting, runner
from fercompare.evaluation.store import Store

N_MODELS = 2
N_KILLS = 200
CALLS = ("open", "write", "fsync", "replace", "unlink", "close", "mkdir")
"""What a bench asks of the file system, all of it through ``os``."""
UNPATCHED = {name: getattr(os, name) for name in CALLS}


class Guess(DummyClassifier):
    """Guesses, and leaves a line in a file each time it is fitted."""

    def __init__(self, log=None, seconds=0.0, random_state=0):
        super().__init__(strategy="stratified", random_state=random_state)
        self.log, self.seconds = log, seconds

    def fit(self, X, y):
        append(self.log, self.random_state)
        time.sleep(self.seconds)
        return super().fit(X, y)


class Failure(Guess):
    """Has no luck, as long as its file is short."""

    def __init__(self, log=None, until=10**9, random_state=0):
        super().__init__(log, random_state=random_state)
        self.until = until

    def fit(self, X, y):
        super().fit(X, y)
        if len(lines(self.log)) < self.until:
            raise RuntimeError("out of luck")
        return self


class Killed(DummyClassifier):
    """Ends its process as a machine short of memory does."""

    def fit(self, X, y):
        os.kill(os.getpid(), signal.SIGKILL)


def append(path, line):
    """Add a line to a file, whole or not at all."""
    handle = UNPATCHED["open"](path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    UNPATCHED["write"](handle, f"{line}\n".encode())
    UNPATCHED["close"](handle)


def lines(path):
    """Return the lines of a file that may not be there."""
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def most_threads(task):
    """Return how many threads the library with the most of them would start."""
    return max(pool["num_threads"] for pool in threadpool_info())


def small_data():
    """Return 60 rows of noise in two parts."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (60, 16), dtype=np.uint8)
    split = np.resize(["train", "test"], 60)
    return Dataset("noise", X, rng.integers(0, 2, 60), ("a", "b"), (4, 4), split=split)


def small_bench(data, store, log, n_models=N_MODELS, seconds=0.0, **options):
    """Run ``n_models`` models that guess differently."""
    models = {f"guess-{k}": Guess(str(log), seconds, k) for k in range(n_models)}
    return run_benchmark({"noise": data}, models, ["none"], 1, store=store, **options)


def die_at(point):
    """Let this process be killed before or after its ``point``-th call, or midway."""
    passed = 0

    def step():
        nonlocal passed
        passed += 1
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def dangerous(call_system):
        def call(*arguments, **options):
            step()
            result = call_system(*arguments, **options)
            step()
            return result

        return call

    def fdopen(handle, mode):
        return HalfWriter(handle, mode, step)

    for name in CALLS:
        setattr(os, name, dangerous(getattr(os, name)))
    os.fdopen = fdopen


class NoHeart:
    """Stands in for what touches files."""

    def beat(self):
        return None

    def start(self, path):
        return None

    stop = start


class HalfWriter:
    """A file whose content is written in two parts."""

    def __init__(self, handle, mode, step):
        self.stream, self.step = open(handle, mode, buffering=0), step  # noqa: SIM115

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stream.close()

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, content):
        half = len(content) // 2
        self.stream.write(content[:half])
        self.step()
        self.stream.write(content[half:])


def in_child(function):
    """Call a function in a child; return whether it came to its end."""
    child = os.fork()
    if child == 0:
        function()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return status == 0


def kill_and_resume(data, folder, expected, point):
    """Return what is wrong after a bench was killed at a point and run again."""
    store, log, told = folder / "store", folder / "log", folder / "told"

    def run():
        die_at(point)
        small_bench(
            data, store, log, progress=lambda n, of, o: append(told, o.trial.key)
        )

    ended = in_child(run)
    finished, begun = lines(told), Counter(lines(log))
    wrong = []
    if lost := set(finished) - set(Store(store).listing()):
        wrong.append(f"lost {lost}")
    outcomes = small_bench(data, store, log)
    if scores_of(outcomes) != expected or scores_of(load_results(store)) != expected:
        wrong.append("other outcomes than without a kill")
    fits = Counter(lines(log))
    for name in finished:
        if fits[name.split("-")[2]] != 1:
            wrong.append(f"{name} was run again")
    if sum(fits.values()) > N_MODELS + 1 or len(fits) != N_MODELS:
        wrong.append(f"fits {dict(fits)} after {dict(begun)}")
    names = os.listdir(store)
    if [name for name in names if "damaged" in name or name.endswith("claim")]:
        wrong.append(f"litter {names}")
    return [f"point {point}: {text}" for text in wrong], ended


def scores_of(outcomes):
    """Return all that a score could depend on, by trial."""
    return [(o.trial.names, o.y_pred.tolist(), o.proba.tolist()) for o in outcomes]


def main_kill(folder):
    """Kill a bench at every point in turn, then at random ones, and resume it."""
    claims.SECONDS_TO_SIGN = runner.SECONDS_BETWEEN_LOOKS = 0.01
    # The system keeps what a killed process wrote, synced or not.
    os.fsync = lambda handle: None
    claims.HEART = NoHeart()  # 300 more processes would show nothing
    costs.CLEAR = folder
    fitting.threads = dict
    gc.freeze()
    data = small_data()
    expected = scores_of(small_bench(data, folder / "whole", folder / "log"))
    tempfile.tempdir = tempfile.mkdtemp(dir=folder)
    rng, wrong, n_points, n_kills = random.Random(0), [], None, 0
    while n_kills < N_KILLS:
        point = n_kills + 1 if n_points is None else rng.randint(1, n_points)
        run = Path(tempfile.mkdtemp(dir=folder))
        found, ended = kill_and_resume(data, run, expected, point)
        wrong += found
        shutil.rmtree(run)
        if ended:
            n_points = point - 1
        n_kills += not ended
    print(json.dumps({"wrong": wrong, "points": n_points, "kills": n_kills}))


if __name__ == "__main__":
    if sys.argv[1] == "kill":
        main_kill(Path(sys.argv[2]))
    else:
        small_bench(small_data(), sys.argv[2], sys.argv[3], n_models=30, seconds=0.02)

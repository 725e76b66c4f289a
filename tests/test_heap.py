"""What a training leaves of the processor's memory, and what it costs to get it."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fercompare import heap
from fercompare.balancing.memory import WatchedMemory
from fercompare.deep.classifier import CNNClassifier
from fercompare.evaluation.costs import PeakMemory

HUGE = Path("/sys/kernel/mm/transparent_hugepage/enabled")
PAGES = """
import json
import numpy as np
from resource import RUSAGE_SELF, getpagesize, getrusage
from fercompare.heap import reused_memory


def faults():
    before = getrusage(RUSAGE_SELF).ru_minflt
    for _ in range(20):
        np.ones(5_000_000)
    return getrusage(RUSAGE_SELF).ru_minflt - before


def held():
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * getpagesize()


told = {"before": faults(), "held before": held()}
with reused_memory():
    faults()
    told["within"] = faults()
    told["held within"] = held()
told["held after"], told["after"] = held(), faults()
try:
    with reused_memory():
        raise ZeroDivisionError
except ZeroDivisionError:
    told["after an error"] = faults()
print(json.dumps(told))
"""
"""Says how many pages the system gives for what is asked for again and again."""

if platform.libc_ver()[0] != "glibc":
    pytest.skip("glibc alone is told to keep memory", allow_module_level=True)


def told(**environment):
    """Return what `PAGES` says in a process of its own."""
    if HUGE.exists() and "[always]" in HUGE.read_text():
        pytest.skip("pages of 2 MB are too few to be counted")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(heap.SET_BY_USERS)}
    done = subprocess.run(
        [sys.executable, "-c", PAGES],
        env=kept | environment | {"NUMPY_MADVISE_HUGEPAGE": "0"},
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_within_blocks_are_given_once_and_handed_back_at_the_end():
    found = told()
    often = min(found[when] for when in ("before", "after", "after an error"))
    assert often > 10 * max(found["within"], 500)
    assert found["held within"] > found["held before"] + 30e6
    assert found["held after"] < found["held before"] + 20e6


def test_what_the_environment_says_is_left_alone():
    found = told(MALLOC_ARENA_MAX="4")
    assert found["within"] > 50_000


class Glibc:
    """Takes a size from which on blocks are the system's up to a limit."""

    def __init__(self, limit):
        self.limit, self.told = limit, []

    def mallopt(self, option, value):
        if option == heap.MMAP_THRESHOLD and value > self.limit:
            return 0
        self.told.append((option, value))
        return 1


def test_an_old_glibc_is_never_told_half_of_it():
    large, kept = heap.WHILE_TRAINING
    libraries = {limit: Glibc(limit) for limit in (2**30, 2**25, 0)}
    for library in libraries.values():
        heap._keep(library, heap.WHILE_TRAINING)
    trim = (heap.TRIM_THRESHOLD, kept)
    assert libraries[2**30].told == [(heap.MMAP_THRESHOLD, large), trim]
    assert libraries[2**25].told == [(heap.MMAP_THRESHOLD, 2**25), trim]
    assert libraries[0].told == []


@pytest.mark.parametrize("watch", [PeakMemory, WatchedMemory])
def test_what_was_kept_before_is_in_no_measurement(watch):
    with heap.reused_memory():
        blocks = [np.ones(5_000_000) for _ in range(5)]
        last = np.ones(1000)
        del blocks
    for _ in range(2):
        with watch() as large:
            np.ones(20_000_000)
        with watch() as small:
            np.ones(1)
        if small.megabytes is None:
            pytest.skip("the system tells the peak of the whole process only")
        assert large.megabytes - small.megabytes > 100
    assert last.all()


def test_what_is_learned_is_the_same(monkeypatch):
    X = np.random.default_rng(0).integers(0, 255, (64, 256), dtype=np.uint8)
    y = np.arange(64) % 2

    def learned():
        model = CNNClassifier(blocks=2, width=4, epochs=2, random_state=0)
        return model.fit(X, y).predict_proba(X)

    kept = learned()
    monkeypatch.setattr(heap, "_library", lambda: None)
    assert np.array_equal(kept, learned())

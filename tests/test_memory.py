"""What a training leaves of the processor's memory, and what it costs to get it."""

import os
import platform
from pathlib import Path

import numpy as np
import pytest
import torch

from fercompare.deep import memory
from fercompare.deep.classifier import CNNClassifier
from fercompare.deep.memory import reused_memory

resource = pytest.importorskip("resource")
CPU = torch.device("cpu")
MEGABYTES_40 = 10 * 2**20
ROUNDS = 20

HUGE = Path("/sys/kernel/mm/transparent_hugepage/enabled")

if platform.libc_ver()[0] != "glibc":
    pytest.skip("glibc alone is told to keep memory", allow_module_level=True)
if HUGE.exists() and "[always]" in HUGE.read_text():
    pytest.skip("pages of 2 MB are too few to be counted", allow_module_level=True)


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in list(os.environ):
        if name.startswith(memory.SET_BY_USERS):
            monkeypatch.delenv(name)


def faults(what):
    """Return how often the system had to give this process a page."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    what()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def take_and_free():
    for _ in range(ROUNDS):
        torch.ones(MEGABYTES_40)


def held():
    """Return the bytes of memory that this process holds now."""
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize()


def test_within_large_blocks_are_given_once():
    with reused_memory(CPU):
        take_and_free()
        within = faults(take_and_free)
    assert faults(take_and_free) > 10 * max(within, 500)


def test_what_is_free_is_handed_back_at_the_end():
    before = held()
    with reused_memory(CPU):
        torch.ones(5 * MEGABYTES_40)
        assert held() > before + 150e6
    assert held() < before + 80e6


def test_an_error_within_ends_it_too():
    with pytest.raises(ZeroDivisionError), reused_memory(CPU):
        raise ZeroDivisionError
    assert faults(take_and_free) > 5000


def test_the_memory_of_a_card_is_none_of_its_business():
    with reused_memory(torch.device("cuda")):
        assert faults(take_and_free) > 5000


def test_what_the_environment_says_is_left_alone(monkeypatch):
    monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
    with reused_memory(CPU):
        assert faults(take_and_free) > 5000


class Glibc:
    """Takes a size from which on blocks are the system's up to a limit."""

    def __init__(self, limit):
        self.limit, self.told = limit, []

    def mallopt(self, option, value):
        if option == memory.MMAP_THRESHOLD and value > self.limit:
            return 0
        self.told.append((option, value))
        return 1


def test_an_old_glibc_is_never_told_half_of_it():
    large, kept = memory.WHILE_TRAINING
    told = {limit: Glibc(limit) for limit in (2**30, 2**25, 0)}
    for library in told.values():
        memory._keep(library, memory.WHILE_TRAINING)
    trim = (memory.TRIM_THRESHOLD, kept)
    assert told[2**30].told == [(memory.MMAP_THRESHOLD, large), trim]
    assert told[2**25].told == [(memory.MMAP_THRESHOLD, 2**25), trim]
    assert told[0].told == []


def test_what_is_learned_is_the_same(monkeypatch):
    X = np.random.default_rng(0).integers(0, 255, (64, 256), dtype=np.uint8)
    y = np.arange(64) % 2

    def learned():
        model = CNNClassifier(blocks=2, width=4, epochs=2, random_state=0)
        return model.fit(X, y).predict_proba(X)

    kept = learned()
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert np.array_equal(kept, learned())

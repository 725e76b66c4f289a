"""Turns on graphics cards, with cards that a test makes up: none is touched."""

import os
import signal
import tempfile
import time

import numpy as np
import pytest
import small_bench
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fercompare import load_results, run_benchmark
from fercompare.deep import devices
from fercompare.evaluation.turns import cards_taken, own_card

SECONDS = 0.2


class Trainer(DummyClassifier):
    """Writes down when it trained, and on which device."""

    def __init__(self, log=None, number=0, device="auto"):
        super().__init__()
        self.log, self.number, self.device = log, number, device

    def fit(self, X, y):
        began = time.monotonic()
        time.sleep(SECONDS)
        line = f"{began} {time.monotonic()} {self.device}"
        small_bench.append(self.log, line)
        return super().fit(X, y)


@pytest.fixture
def with_cards(tmp_path, monkeypatch):
    """Return a function that has this process, and its forks, see so many cards."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def have(n_cards):
        cards = {f"cuda:{k}": f"GPU-{k}" for k in range(n_cards)}
        monkeypatch.setattr(devices, "cards", lambda: cards)

    return have


def test_a_card_is_one_model_s_at_a_time_and_the_next_one_waits(with_cards):
    with_cards(2)
    with own_card(Trainer()) as first, own_card(Trainer(device="cuda")) as second:
        assert [first.device, second.device] == ["cuda:0", "cuda:1"]
        assert cards_taken()
        with own_card(Trainer()) as third, own_card(Trainer(device="cpu")) as other:
            assert third is None
            assert other.device == "cpu"
        with own_card(Trainer(device="cuda:1")) as named:
            assert named is None
    assert not cards_taken()
    with own_card(Trainer(device="cuda:1")) as named, own_card(Trainer()) as any_card:
        assert (named.device, any_card.device) == ("cuda:1", "cuda:0")
    pipeline = make_pipeline(StandardScaler(), Trainer())
    with own_card(pipeline) as inside:
        assert inside.steps[-1][1].device == "cuda:0"


def test_without_cards_nothing_waits_and_nothing_changes(with_cards):
    with_cards(0)
    with own_card(Trainer()) as first, own_card(Trainer(device="cuda:5")) as second:
        assert (first.device, second.device) == ("auto", "cuda:5")
    assert not cards_taken()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("n_cards", [1, 2])
def test_benches_at_once_take_turns_and_others_go_on(tmp_path, with_cards, n_cards):
    with_cards(n_cards)
    store, log = tmp_path / "out", tmp_path / "log"
    models = {f"trainer-{k}": Trainer(str(log), k) for k in range(4)}
    models["dummy"] = DummyClassifier()
    asked = {"m": small_bench.small_data()}, models, ["none"], 1
    children = []
    for _ in range(2):
        children.append(os.fork())
        if children[-1] == 0:
            try:
                run_benchmark(*asked, store=store)
            finally:
                os._exit(0)
    for child in children:
        os.waitpid(child, 0)
    outcomes = load_results(store)
    assert [outcome.status for outcome in outcomes] == ["done"] * 5
    spans = np.array([line.split()[:2] for line in small_bench.lines(log)], float)
    used = {line.split()[2] for line in small_bench.lines(log)}
    assert len(spans) == 4
    assert used == {f"cuda:{k}" for k in range(n_cards)}
    began, ended = spans[spans[:, 0].argsort()].T
    assert (began[1:] >= ended[:-1]).all() == (n_cards == 1)
    trained = [o for o in outcomes if o.trial.model != "dummy"]
    assert all(o.facts["fit_seconds"] < 3 * SECONDS for o in trained)
    meant = [o.trial.specification["parameters"]["device"] for o in trained]
    assert meant == ["auto"] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_that_dies_gives_its_card_back(with_cards):
    with_cards(1)

    def die():
        with own_card(Trainer()):
            os.kill(os.getpid(), signal.SIGKILL)

    assert not small_bench.in_child(die)
    with own_card(Trainer()) as model:
        assert model.device == "cuda:0"

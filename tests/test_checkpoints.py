"""Trainings that are killed and gone on with end as if nothing had happened."""

import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import zipfile

import killed_training
import numpy as np
import pytest
import torch
from killed_training import EVERYTHING, trained, weights_of
from safetensors import numpy as safetensors
from saved_models import LABELS, OTHERS, ROWS, cnn, transfer
from sklearn.base import clone

from fercompare.containers.archive import ARRAYS, MANIFEST, pack
from fercompare.containers.seal import seal, unseal
from fercompare.deep.checkpoints import Checkpoint
from fercompare.errors import DataError

CLOCKS = ("seconds", "images_per_second")


class Killed(Exception):
    """What stands for a kill where there is no time for a process."""


@pytest.fixture(autouse=True)
def _one_thread():
    """Add numbers up in the same order in every process."""
    n = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n)


@pytest.fixture
def kill_after(monkeypatch):
    """Return a function that stops trainings once they have saved an epoch."""
    save = Checkpoint.save

    def arm(epoch):
        def save_and_stop(checkpoint, run):
            save(checkpoint, run)
            if run.epoch == epoch:
                raise Killed

        monkeypatch.setattr(Checkpoint, "save", save_and_stop)

    yield arm
    monkeypatch.setattr(Checkpoint, "save", save)


@pytest.fixture
def half_done(tmp_path, kill_after):
    """Return a model whose training was stopped after its first epoch."""
    model = cnn(epochs=3, checkpoint=tmp_path / "run.ckpt")
    kill_after(1)
    with pytest.raises(Killed):
        model.fit(ROWS, LABELS)
    kill_after(None)
    return model


def told(model):
    """Return the history without what clocks say."""
    return [
        {name: value for name, value in row.items() if name not in CLOCKS}
        for row in model.history_
    ]


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "rmsprop", "muon"])
@pytest.mark.parametrize("options", [{}, EVERYTHING], ids=["plain", "everything"])
def test_a_stopped_training_goes_on(tmp_path, kill_after, optimizer, options):
    whole = cnn(epochs=4, optimizer=optimizer, residual=True, **options)
    parts = clone(whole).set_params(checkpoint=tmp_path / "run.ckpt")
    whole.fit(ROWS, LABELS)
    for epoch in (0, 1, 3):
        kill_after(epoch)
        with pytest.raises(Killed):
            clone(parts).fit(ROWS, LABELS)
    kill_after(None)
    parts.fit(ROWS, LABELS)
    assert weights_of(parts) == weights_of(whole)
    assert told(parts) == told(whole)
    assert parts.best_epoch_ == whole.best_epoch_
    assert np.array_equal(parts.predict_proba(OTHERS), whole.predict_proba(OTHERS))
    assert [path.name for path in tmp_path.iterdir()] == ["run.ckpt"]


@pytest.mark.parametrize("mode", ["frozen", "features"])
def test_a_backbone_goes_on(tmp_path, kill_after, mode):
    whole = transfer("shufflenet_v2_x0_5", mode=mode, epochs=2)
    parts = clone(whole).set_params(checkpoint=tmp_path / "run.ckpt")
    whole.fit(ROWS[::4], LABELS[::4])
    kill_after(1)
    with pytest.raises(Killed):
        parts.fit(ROWS[::4], LABELS[::4])
    kill_after(None)
    assert weights_of(parts.fit(ROWS[::4], LABELS[::4])) == weights_of(whole)


@pytest.mark.skipif(sys.platform != "linux", reason="forks with torch at hand")
def test_a_killed_process_goes_on(tmp_path):
    path = tmp_path / "run.ckpt"
    for _ in range(3):
        process = multiprocessing.get_context("fork").Process(
            target=trained, args=[path], daemon=True
        )
        seen, deadline = _identity(path), time.monotonic() + 120
        process.start()
        while _identity(path) == seen and process.is_alive():
            assert time.monotonic() < deadline
            time.sleep(0.001)
        time.sleep(0.01)  # so that it is in the middle of the next epoch
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    command = [sys.executable, killed_training.__file__, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == weights_of(trained())


def _identity(path):
    return path.stat().st_ino if path.exists() else None


def test_a_finished_training_is_there_at_once(half_done, monkeypatch):
    model = half_done.fit(ROWS, LABELS)

    def train_on(*_):
        raise AssertionError("nothing is left to train")

    monkeypatch.setattr("fercompare.deep.training._epoch", train_on)
    assert weights_of(clone(model).fit(ROWS, LABELS)) == weights_of(model)


def test_a_file_that_cannot_be_written_is_told_before_training(tmp_path, monkeypatch):
    tmp_path.joinpath("file").write_text("no folder")

    def train(*_):
        raise AssertionError("too late")

    monkeypatch.setattr("fercompare.deep.training._epoch", train)
    with pytest.raises(DataError, match=r"cannot be read or written.*check the folder"):
        cnn(checkpoint=tmp_path / "file" / "run.ckpt").fit(ROWS, LABELS)


def test_an_error_while_writing_leaves_the_last_epoch(half_done, monkeypatch):
    before = half_done.checkpoint.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DataError, match="No space left"):
            half_done.fit(ROWS, LABELS)
    assert half_done.checkpoint.read_bytes() == before
    whole = clone(half_done).set_params(checkpoint=None).fit(ROWS, LABELS)
    assert weights_of(half_done.fit(ROWS, LABELS)) == weights_of(whole)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epochs": 9}, "epochs=3, not 9"),
        ({"random_state": 7}, "random_state=0, not 7"),
        ({"learning_rate": 0.5, "width": 8}, "learning_rate=0.001, not 0.5; width=4"),
        ({"augmentation": "standard"}, "augmentation=None, not 'standard'"),
        ({"patience": 2, "validation_fraction": 0.2}, "patience=None, not 2"),
    ],
)
def test_a_checkpoint_of_other_parameters(half_done, change, said):
    with pytest.raises(DataError, match=f"another training: .*{said}.*; delete it"):
        half_done.set_params(**change).fit(ROWS, LABELS)


def test_a_checkpoint_of_other_data(half_done):
    for rows, labels in ((ROWS[::-1], LABELS), (ROWS, LABELS[::-1])):
        with pytest.raises(DataError, match="other training rows; delete it"):
            half_done.fit(rows, labels)
    with pytest.raises(DataError, match="other validation rows; delete it"):
        half_done.fit(ROWS, LABELS, validation=(ROWS, LABELS))
    with pytest.raises(DataError, match="other training rows"):
        half_done.fit(ROWS, LABELS, sample_weight=np.ones(len(ROWS)))
    with pytest.raises(DataError, match="other classes"):
        half_done.fit(ROWS, LABELS + 1)


def test_a_seed_that_is_drawn_cannot_be_gone_on_with(tmp_path):
    with pytest.raises(DataError, match=r"random_state=None.*whole number"):
        cnn(checkpoint=tmp_path / "run.ckpt", random_state=None).fit(ROWS, LABELS)
    assert not list(tmp_path.iterdir())


def test_what_is_only_shown_or_predicted_with_may_change(half_done, tmp_path):
    log = tmp_path / "log.csv"
    half_done.set_params(log=log, flips=True).fit(ROWS, LABELS)
    assert len(log.read_text().splitlines()) == 1 + 3


@pytest.mark.parametrize("length", [0, 10, 0.5, -1])
def test_a_checkpoint_cut_short(half_done, length):
    content = half_done.checkpoint.read_bytes()
    end = int(length * len(content)) if 0 < length < 1 else length
    _refused(half_done, content[:end])


@pytest.mark.parametrize("place", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_a_checkpoint_with_a_flipped_bit(half_done, place):
    content = bytearray(half_done.checkpoint.read_bytes())
    content[int(place * len(content))] ^= 4
    _refused(half_done, content)


def test_a_checkpoint_that_is_another_file(half_done, tmp_path):
    with zipfile.ZipFile(half_done.checkpoint) as file:
        manifest, arrays = file.read(MANIFEST), file.read(ARRAYS)
    model = manifest.replace(b"fercompare checkpoint", b"fercompare model", 1)
    said = _refused(half_done, b"".join(pack(model, arrays)))
    assert "does not begin as that of a checkpoint" in said
    half_done.checkpoint.unlink()
    half_done.checkpoint.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="is a link"):
        half_done.fit(ROWS, LABELS)


def _nan(array):
    array = array.copy()
    array.flat[0] = np.nan
    return array


def _array(name, change):
    return lambda facts, arrays: arrays.update({name: change(arrays[name])})


FILTERS, MEMORY = "network.features.0.weight", "optimizer0.0.exp_avg"
TAMPERED = {
    "a shape": _array(FILTERS, lambda a: a[:1]),
    "a type": _array(FILTERS, lambda a: a.astype(np.float64)),
    "no number": _array(FILTERS, _nan),
    "an array missing": lambda facts, arrays: arrays.pop(FILTERS),
    "an array more": lambda facts, arrays: arrays.update({"other.a": np.ones(1)}),
    "no network": lambda facts, arrays: [
        arrays.pop(name) for name in list(arrays) if name.startswith("network")
    ],
    "a memory of another shape": _array(MEMORY, lambda a: a[:1]),
    "half a memory": lambda facts, arrays: arrays.pop(MEMORY),
    "a memory of nothing": lambda facts, arrays: arrays.update(
        {"optimizer0.999.exp_avg": np.ones(1)}
    ),
    "a best epoch": lambda facts, arrays: facts.update(best_epoch=1),
    "a best epoch beyond": lambda facts, arrays: facts.update(best_epoch=9),
    "steps below 0": lambda facts, arrays: facts.update(n_steps=-1),
    "a history of text": lambda facts, arrays: facts.update(history="epoch"),
    "a history of a line": _array("history.values", lambda a: a[0]),
    "a fact more": lambda facts, arrays: facts.update(code="import os"),
    "nothing asked": lambda facts, arrays: facts.update(asked=None),
}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED)
def test_a_checkpoint_that_was_tampered_with_and_sealed_again(half_done, change):
    with zipfile.ZipFile(half_done.checkpoint) as file:
        facts = unseal("checkpoint", 1, file.read(MANIFEST))
        arrays = safetensors.load(file.read(ARRAYS))
    change(facts, arrays)
    packed = safetensors.save(arrays)
    facts["arrays"] = hashlib.sha256(packed).hexdigest()
    content = b"".join(pack(seal("checkpoint", 1, facts), packed))
    assert "no sound checkpoint" not in _refused(half_done, content)


def _refused(model, content):
    model.checkpoint.write_bytes(content)
    with pytest.raises(DataError, match=r"run\.ckpt: .*; delete it") as caught:
        model.fit(ROWS, LABELS)
    assert model.checkpoint.read_bytes() == content, "it may be wanted yet"
    return str(caught.value)

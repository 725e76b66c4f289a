"""What a training shows: log, TensorBoard, bar, pictures; and what memory it takes."""

import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from sklearn.metrics import f1_score, roc_auc_score
from torch import nn

from fercompare import load_dataset, load_model, read_card, terminal
from fercompare.cli.models import train
from fercompare.deep.augment import Augmentation, draw_variants
from fercompare.deep.classifier import CNNClassifier, TorchClassifier
from fercompare.deep.watching import COLUMNS, Log, TensorBoard
from fercompare.errors import DataError
from fercompare.evaluation.fitting import run_trial
from fercompare.evaluation.parts import divide
from fercompare.evaluation.trials import Trial
from fercompare.report.training_plots import draw_augmentation, draw_history

QUICK = {
    "blocks": 1,
    "width": 4,
    "dense": (),
    "epochs": 3,
    "batch_size": 64,
    "learning_rate": 0.01,
    "device": "cpu",
    "random_state": 0,
}
HISTORY = [
    {
        "epoch": k,
        "loss": 3 - k / 4,
        "accuracy": k / 4,
        "val_loss": abs(3 - k),
        "rate": 1,
    }
    for k in (1, 2, 3, 4)
]


@pytest.fixture
def rows(faces):
    return faces(40, (12, 12)).reshape(40, -1), np.arange(40) % 3


def epochs_in(path):
    return pd.read_csv(path)["epoch"].tolist()


def test_the_log_holds_the_history(rows, tmp_path):
    X, y = rows
    path = tmp_path / "log.csv"
    model = CNNClassifier(**QUICK, log=path).fit(X, y, validation=(X[:9], y[:9]))
    found = pd.read_csv(path)
    assert tuple(found.columns) == COLUMNS
    assert set(COLUMNS) == set(model.history_[0])
    np.testing.assert_allclose(found, pd.DataFrame(model.history_)[[*COLUMNS]], 1e-5)
    CNNClassifier(**QUICK, log=path).fit(X, y)
    found = pd.read_csv(path)
    assert found["val_loss"].isna().all()
    assert found["epoch"].tolist() == [1, 2, 3]


def test_a_row_is_there_as_soon_as_its_epoch_is_over(rows, tmp_path):
    path, seen = tmp_path / "log.csv", []

    def look(images, generator):
        seen.append(epochs_in(path))
        return images

    CNNClassifier(**QUICK, log=path, augmentation=look).fit(*rows)
    assert seen == [[], [1], [1, 2]]


def test_a_run_that_goes_on_doubles_no_row(rows, tmp_path, monkeypatch):
    path = tmp_path / "log.csv"
    watched = {"log": path, "checkpoint": tmp_path / "checkpoint"}
    write = Log.write

    def stop_in_the_second_epoch(log, row):
        write(log, row)
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Log, "write", stop_in_the_second_epoch)
        with pytest.raises(KeyboardInterrupt):
            CNNClassifier(**QUICK, **watched).fit(*rows)
    assert epochs_in(path) == [1, 2]
    first = pd.read_csv(path)["seconds"][0]
    CNNClassifier(**QUICK, **watched).fit(*rows)
    assert epochs_in(path) == [1, 2, 3]
    assert pd.read_csv(path)["seconds"][0] == first


def test_what_cannot_be_written_is_said_before_the_training(rows, tmp_path):
    shown = []

    def look(images, generator):
        shown.append(len(images))
        return images

    other = tmp_path / "data.csv"
    other.write_text("emotion,pixels\n")
    for path, message in (
        (tmp_path / "nowhere" / "log.csv", "make its folder"),
        (tmp_path, "cannot be written to"),
        (other, "no log of a training"),
    ):
        with pytest.raises(DataError, match=message):
            CNNClassifier(**QUICK, log=path, augmentation=look).fit(*rows)
    with pytest.raises(DataError, match="cannot be written to"):
        CNNClassifier(**QUICK, tensorboard=other, augmentation=look).fit(*rows)
    assert not shown
    assert other.read_text() == "emotion,pixels\n"


def test_tensorboard_gets_the_curves_and_a_run_may_go_on(rows, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = tmp_path / "board"
    X, y = rows
    model = CNNClassifier(**QUICK, tensorboard=folder)
    model.fit(X, y, validation=(X[:9], y[:9]))
    again = TensorBoard(folder, n_done=2)
    again.write({"epoch": 3, "loss": 0.5})
    again.close()
    events = EventAccumulator(str(folder)).Reload()
    assert {"loss/training", "loss/validation", "rate"} <= set(events.Tags()["scalars"])
    losses = events.Scalars("loss/training")
    assert [event.step for event in losses] == [1, 2, 3]
    expected = [*(row["loss"] for row in model.history_[:2]), 0.5]
    np.testing.assert_allclose([event.value for event in losses], expected, 1e-6)


def test_without_tensorboard_the_error_names_the_extra(rows, tmp_path, monkeypatch):
    for name in [n for n in sys.modules if n.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(DataError, match=r"fercompare\[tensorboard\]"):
        CNNClassifier(**QUICK, tensorboard=tmp_path / "board").fit(*rows)


class Screen(io.StringIO):
    """Stands for a terminal."""

    def isatty(self):
        return True


def test_a_person_sees_the_epochs_pass(rows, monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE_SECONDS", -1)
    monkeypatch.setattr(terminal, "SECONDS_BETWEEN_LOOKS", 0)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TERM", "xterm")
    for stream, is_shown in ((Screen(), True), (io.StringIO(), False)):
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", stream)
            CNNClassifier(**{**QUICK, "batch_size": 20}, progress=True).fit(*rows)
        shown = stream.getvalue()
        assert ("training" in shown and "epoch 2 of 3, loss" in shown) == is_shown
        assert is_shown or not shown


def test_watching_changes_nothing(rows, tmp_path):
    watched = {"log": tmp_path / "log.csv", "progress": True}
    quiet = CNNClassifier(**QUICK).fit(*rows)
    loud = CNNClassifier(**QUICK, **watched).fit(*rows)
    assert np.array_equal(quiet.predict_proba(rows[0]), loud.predict_proba(rows[0]))


def test_scores_of_the_training_rows_are_those_of_the_epoch(rows):
    X, y = rows
    network = nn.Sequential(nn.Flatten(), nn.Linear(144, 3))
    once = {"epochs": 1, "batch_size": 64, "device": "cpu", "precision": "float32"}
    model = TorchClassifier(network, **once, normalization="unit", random_state=0)
    model.fit(X, y)
    with torch.no_grad():
        proba = network(torch.tensor(X) / 255).softmax(1).numpy()
    row, guess = model.history_[0], proba.argmax(1)
    assert row["accuracy"] == pytest.approx((guess == y).mean())
    assert row["f1_macro"] == pytest.approx(f1_score(y, guess, average="macro"))
    assert row["auroc"] == pytest.approx(roc_auc_score(y, proba, multi_class="ovr"))


def test_a_history_is_drawn_from_wherever_it_stands(tmp_path):
    log = tmp_path / "log.csv"
    Log(log, HISTORY)
    columns = {name: [row[name] for row in HISTORY] for name in HISTORY[0]}
    drawn = [
        draw_history(history, tmp_path / f"{k}.svg")[0].read_bytes()
        for k, history in enumerate((HISTORY, columns, log))
    ]
    assert len(set(drawn)) == 1
    other = draw_history(HISTORY, tmp_path / "best.svg", best_epoch=4)[0]
    assert other.read_bytes() != drawn[0]


@pytest.mark.parametrize(("form", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_ending_says_the_format(tmp_path, form, start):
    drawn = draw_history(HISTORY[:2], str(tmp_path / f"few.{form}"))
    assert drawn[0].read_bytes().startswith(start)


def test_an_epoch_is_marked_only_where_one_was_kept(tmp_path):
    own = draw_history(HISTORY, tmp_path / "own.svg")[0]
    third = draw_history(HISTORY, tmp_path / "third.svg", best_epoch=3)[0]
    assert own.read_bytes() != third.read_bytes()


def test_what_is_no_history_is_said(tmp_path):
    (tmp_path / "other.csv").write_text("emotion,pixels\n1,2\n")
    (tmp_path / "empty.csv").write_text("")
    for history in ([], [{"epoch": 1}], tmp_path / "other.csv"):
        with pytest.raises(DataError, match="without epochs and losses"):
            draw_history(history, tmp_path / "curves.png")
    for name in ("empty.csv", "absent.csv"):
        with pytest.raises(DataError, match=f"{name}: cannot be read"):
            draw_history(tmp_path / name, tmp_path / "curves.png")
    with pytest.raises(DataError, match="end it in"):
        draw_history(HISTORY, tmp_path / "curves")
    assert not list(tmp_path.glob("curves*"))


def test_a_sheet_of_augmented_faces(tmp_path):
    faces = load_dataset("synthetic", n=100, image_shape=(24, 24))
    first, again, other = (
        draw_augmentation(kind, faces, tmp_path / f"{k}.png", n_variants=2)[0]
        for k, kind in enumerate(["standard", Augmentation(), Augmentation(1.0)])
    )
    assert first.read_bytes() == again.read_bytes()
    assert first.read_bytes() != other.read_bytes()
    with pytest.raises(DataError, match="'wild'"):
        draw_augmentation("wild", faces, tmp_path / "x.png")


def test_variants_keep_shape_and_colour(faces):
    X = np.full((3, 12 * 10 * 3), 100, np.uint8)
    X[:, ::3] = 250
    none = Augmentation(0.0)
    same = draw_variants(none, X, (12, 10, 3), 4)
    assert same.shape == (3, 4, 12, 10, 3)
    assert np.array_equal(same, np.repeat(X.reshape(3, 1, 12, 10, 3), 4, axis=1))


def test_erased_is_a_rectangle_of_at_most_that_share():
    only = {"mirror": False, "rotation": 0, "translation": 0, "scale": 0}
    erase = Augmentation(1.0, **only, brightness=0, contrast=0, erasing=0.2)
    X = np.zeros((60, 48 * 48), np.uint8)
    for image in draw_variants(erase, X, (48, 48), 1)[:, 0]:
        height, width = (image.any(axis=k).sum() for k in (1, 0))
        assert max(height, width) <= 48 * (0.2 * np.e) ** 0.5 + 1
        assert height * width <= 0.2 * 48 * 48 + height + width
        assert (image > 0).sum() >= 0.9 * height * width


def test_the_benchmark_keeps_the_curve():
    faces = load_dataset("synthetic", n=100, image_shape=(24, 24))
    model = CNNClassifier(**QUICK)
    outcome = run_trial(Trial("synthetic", "cnn", "none", 0), divide(faces), model)
    curve = json.loads(json.dumps(outcome.facts["training_curve"]))
    assert curve["epoch"] == [1, 2, 3]
    assert curve["loss"] == [row["loss"] for row in model.history_]
    assert len(curve["val_auroc"]) == 3


def run(*words):
    return CliRunner().invoke(train, list(map(str, words)))


def test_the_command_shows_what_is_asked_for(tmp_path):
    out, log, curves = (tmp_path / name for name in ("a.fer", "log.csv", "curves.svg"))
    few = ("--dataset", "synthetic", "--option", "n=60", "--size", "24")
    done = run("cnn", *few, "--out", out, "--log", log, "--curves", curves)
    assert done.stdout.split() == [str(out), str(curves)], done.output
    assert epochs_in(log)[0] == 1
    assert curves.stat().st_size > 1000
    assert load_model(out).log is None


def test_the_command_goes_on_from_a_checkpoint(tmp_path):
    few = ("--dataset", "synthetic", "--option", "n=60", "--size", "24")
    network = "cnn-small(epochs=2)"
    for name in ("first", "again"):
        out, log = tmp_path / f"{name}.fer", tmp_path / f"{name}.csv"
        kept = ("--checkpoint", tmp_path / "run.ckpt", "--log", log)
        done = run(network, *few, "--out", out, *kept)
        assert done.exit_code == 0, done.output
    first, again = (tmp_path / f"{name}.fer" for name in ("first", "again"))
    assert tmp_path.joinpath("first.csv").read_bytes() == log.read_bytes(), (
        "seconds too"
    )
    assert read_card(again).model == read_card(first).model == network
    assert load_model(again).checkpoint is None
    other = run("cnn-small(epochs=3)", *few, "--out", out, *kept)
    assert "epochs=2, not 3" in str(other.exception)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hog+svm", "--log", "log.csv"], "hog+svm has no epochs"),
        (["cnn", "--log", "nowhere/log.csv"], "another place for --log"),
        (["hog+svm", "--checkpoint", "run.ckpt"], "hog+svm has no epochs"),
        (["cnn", "--checkpoint", "nowhere/c"], "another place for --checkpoint"),
        (["cnn", "--curves", "curves.gif"], "end it in .png, .svg or .pdf"),
    ],
)
def test_the_command_says_what_cannot_be_shown(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    assert message in str(run(*words, "--out", "x.fer").exception)
    assert not list(tmp_path.iterdir())


MEMORY = """
from pathlib import Path

import numpy as np
from torch import nn

from fercompare.deep.classifier import TorchClassifier

def flat(in_channels, image_shape, n_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(2304, n_classes))

def status(field):
    text = Path("/proc/self/status").read_text()
    return int(text.split(field + ":")[1].split()[0]) / 1024

def held():
    return status("VmRSS")

def peak():
    return status("VmHWM")

def fit(n, epochs):
    options = {"batch_size": 512, "random_state": 0, "device": "cpu"}
    return TorchClassifier(flat, epochs=epochs, **options).fit(X[:n], y[:n])

X = np.zeros((40_000, 2304), np.uint8)
X[:, ::2] = np.arange(40_000)[:, None] % 251
y = np.arange(40_000) % 2
fit(1000, 1).predict(X[:1000])
before = held()
fit(40_000, 1)
once = peak()
model = fit(40_000, 3)
thrice = peak()
model.predict_proba(X)
print(X.nbytes / 2**20, once - before, thrice - once, peak() - thrice)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's own counters")
def test_rows_stay_bytes_and_no_epoch_adds_to_the_memory():
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    pixels, once, more_epochs, predicting = map(float, done.stdout.split())
    assert once < 2 * pixels  # floats would be four times the pixels
    assert more_epochs < pixels
    assert predicting < pixels

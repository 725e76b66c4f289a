"""Networks as ONNX: what onnxruntime computes is what the model predicts."""

import json
import os
import sys

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from saved_models import LABELS, OTHERS, ROWS, TINY, cnn, fitted
from torch import nn

from fercompare import save_model
from fercompare.cli.main import cli
from fercompare.deep.classifier import TorchClassifier
from fercompare.deep.export import TOLERANCE, export_onnx
from fercompare.deep.transfer import TransferClassifier
from fercompare.errors import DataError

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
NETWORKS = (
    *("cnn", "residual", "plain", "colour", "network of a user", "cnn after smote"),
    *("frozen", "described", "finetuned"),
)


def asked(path, rows, n_pixels=ROWS.shape[1]):
    """Return what onnxruntime computes, and the metadata of the file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    assert (entry.name, entry.type, entry.shape[1]) == (
        *("rows", "tensor(float)"),
        n_pixels,
    )
    found = session.run(["probabilities"], {"rows": rows.astype(np.float32)})[0]
    return found, session.get_modelmeta().custom_metadata_map


@pytest.mark.parametrize("name", NETWORKS)
def test_probabilities_are_the_same(tmp_path, name):
    model, path = fitted(name), tmp_path / "m.onnx"
    expected = model.predict_proba(OTHERS)
    export_onnx(model, path)
    for rows in (OTHERS, OTHERS[:1]):
        found, facts = asked(path, rows)
        assert np.abs(found - expected[: len(rows)]).max() < TOLERANCE
    assert json.loads(facts["classes"]) == [0, 1, 2]
    assert np.array_equal(model.predict_proba(OTHERS), expected), "it is left alone"
    assert {p.name for p in tmp_path.iterdir()} - {"cache"} == {"m.onnx"}


def test_classes_with_names_and_colour(tmp_path):
    names = np.array(["angry", "happy", "sad"])[LABELS]
    model = cnn(image_shape=(6, 8, 3), flips=True, epochs=1).fit(ROWS, names)
    export_onnx(model, tmp_path / "m.onnx")
    found, facts = asked(tmp_path / "m.onnx", OTHERS)
    assert np.abs(found - model.predict_proba(OTHERS)).max() < TOLERANCE
    assert json.loads(facts["classes"]) == ["angry", "happy", "sad"]
    assert json.loads(facts["image_shape"]) == [6, 8, 3]


def test_a_backbone_that_sees_smaller_images(tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, (12, 40 * 56), dtype=np.uint8)
    model = TransferClassifier(
        "shufflenet_v2_x0_5",
        **TINY | {"epochs": 1},
        weights=None,
        mode="frozen",
        size=32,
        image_shape=(40, 56),
    ).fit(rows, np.arange(12) % 3)
    export_onnx(model, tmp_path / "m.onnx")
    found, _ = asked(tmp_path / "m.onnx", rows, rows.shape[1])
    assert np.abs(found - model.predict_proba(rows)).max() < TOLERANCE


def test_a_network_that_predicts_in_bfloat16_is_written_as_it_is_in_float32(tmp_path):
    model = cnn(epochs=1, precision="bfloat16").fit(ROWS, LABELS)
    export_onnx(model, tmp_path / "m.onnx")
    found, _ = asked(tmp_path / "m.onnx", OTHERS)
    model.precision = "float32"
    assert np.abs(found - model.predict_proba(OTHERS)).max() < TOLERANCE


@pytest.mark.parametrize("name", ["forest", "hog+svm", "backbone", "cnn in a pipeline"])
def test_what_is_no_network_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="is no network; export a CNN"):
        export_onnx(fitted(name), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


class Moody(nn.Module):
    """A network whose trace is not what it computes: it looks at its input."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(144, 3)

    def forward(self, images):
        """Return scores, of which the batch decides the sign."""
        scores = self.head(images.flatten(1))
        return scores if len(images) == 3 else -scores


class Unknown(nn.Module):
    """A network with a layer that no exporter knows."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(144, 3)

    def forward(self, images):
        """Return scores."""
        return torch.linalg.pinv(self.head(images.flatten(1))).T


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (Moody(), "onnxruntime finds probabilities .* apart; nothing was written"),
        (Unknown(), "cannot be written as ONNX"),
    ],
)
def test_a_file_that_would_be_wrong_is_not_written(tmp_path, network, said):
    model = TorchClassifier(network, **TINY).fit(ROWS, LABELS)
    tmp_path.joinpath("m.onnx").write_bytes(b"what was here before")
    with pytest.raises(DataError, match=said):
        export_onnx(model, tmp_path / "m.onnx")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"what was here before"]


def test_a_full_disk_and_a_missing_package(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DataError, match="No space left"):
            export_onnx(fitted("cnn"), tmp_path / "m.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(DataError, match=r"pip install 'fercompare\[onnx\]'"):
        export_onnx(fitted("cnn"), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_the_command(tmp_path, call):
    file, out = tmp_path / "cnn.fer", tmp_path / "cnn.onnx"
    save_model(fitted("cnn"), file)
    done = CliRunner().invoke(cli, ["export", str(file), str(out)])
    assert done.output == f"{out}\n"
    found, _ = asked(out, OTHERS)
    assert np.abs(found - fitted("cnn").predict_proba(OTHERS)).max() < TOLERANCE
    save_model(fitted("forest"), tmp_path / "forest.fer")
    said = call("export", "forest.fer", "forest.onnx", status=1).stderr
    assert "RandomForestClassifier is no network" in said
    assert not tmp_path.joinpath("forest.onnx").exists()

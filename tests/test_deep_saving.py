"""Networks in files: what is special about them, besides what holds for all models."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from saved_models import (
    CARD,
    LABELS,
    OTHERS,
    ROWS,
    TINY,
    Small,
    cnn,
    fitted,
    members,
    same,
)
from torch import nn

from fercompare.deep.classifier import TorchClassifier
from fercompare.deep.devices import find_device, find_precision
from fercompare.saving import (
    REGISTRY,
    ModelFileError,
    ModelFileWarning,
    load_model,
    save_model,
)

DEEP = ("cnn", "residual", "plain", "patient", "colour", "network of a user")
WITHOUT_TORCH = """
import sys
from fercompare.saving import load_model, read_card
load_model(sys.argv[1])
read_card(sys.argv[2])
assert "torch" not in sys.modules
"""


def a_network(in_channels, image_shape, n_classes):
    """Return a network that needs no registered estimator, and cannot be saved."""
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image_shape), n_classes))


def test_models_without_networks_load_without_torch(saved):
    files = saved("hog+svm"), saved("cnn")
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH, *files], check=True)


@pytest.mark.parametrize("name", DEEP)
def test_a_network_keeps_its_history_and_is_fitted_again(saved, name):
    model, loaded = fitted(name), load_model(saved(name))
    assert loaded.history_ == model.history_
    assert isinstance(loaded.history_[0]["epoch"], int)
    assert loaded.best_epoch_ == model.best_epoch_
    assert loaded.normalization_ == model.normalization_
    assert same(loaded.fit(ROWS, LABELS), model)


def test_loading_draws_nothing_from_the_generators_of_the_process(saved):
    path = saved("cnn")
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    load_model(path)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


def test_rows_of_floats_and_classes_with_names(tmp_path):
    rows, names = ROWS / 255, np.array(["angry", "happy", "sad"])[LABELS]
    model = cnn().fit(rows[LABELS < 2], names[LABELS < 2])
    save_model(model, tmp_path / "m.fer", card=CARD)
    assert same(load_model(tmp_path / "m.fer"), model, rows)


def test_a_score_that_is_not_known_stays_so(tmp_path):
    model = cnn().fit(ROWS, LABELS, validation=(ROWS[:5], LABELS[:5]))
    assert math.isnan(model.history_[0]["val_auroc"]), "one class has no such score"
    save_model(model, tmp_path / "m.fer")
    loaded = load_model(tmp_path / "m.fer")
    assert math.isnan(loaded.history_[0]["val_auroc"])
    assert loaded.history_[0]["val_loss"] == model.history_[0]["val_loss"]


def test_the_path_of_weights_is_kept_as_text(tmp_path):
    model = fitted("frozen")
    try:
        model.weights = tmp_path / "weights.pth"  # which loading does not look for
        save_model(model, tmp_path / "m.fer")
        loaded = load_model(tmp_path / "m.fer")
    finally:
        model.weights = None
    assert loaded.weights == str(tmp_path / "weights.pth")
    assert same(loaded, model)


def test_places_of_this_machine_are_not_in_the_file(tmp_path):
    places = {"log": tmp_path / "log.csv", "checkpoint": tmp_path / "run.ckpt"}
    save_model(cnn(**places).fit(ROWS, LABELS), tmp_path / "m.fer")
    assert bytes(tmp_path) not in tmp_path.joinpath("m.fer").read_bytes()
    loaded = load_model(tmp_path / "m.fer")
    assert (loaded.log, loaded.checkpoint) == (None, None)


def test_a_machine_chooses_its_own_device_and_precision(tmp_path):
    model = cnn(precision="auto").fit(ROWS, LABELS)
    model.precision_ = "bfloat16"  # as a GPU would have chosen
    save_model(model, tmp_path / "m.fer")
    loaded = load_model(tmp_path / "m.fer")
    here = find_precision("auto", find_device("auto"), loaded.network_)
    assert loaded.precision_ == here
    model.device = "cuda:63"
    with pytest.warns(ModelFileWarning, match=r"'cuda:63' cannot be used.*'auto'"):
        save_model(model, tmp_path / "m.fer")
    assert "cuda:63" in str(members(tmp_path / "m.fer")[0])
    with pytest.warns(ModelFileWarning, match="device='auto'"):
        loaded = load_model(tmp_path / "m.fer")
    assert loaded.predict(OTHERS).shape == (len(OTHERS),)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (a_network, "step 'network' is of the type function.*registered estimators"),
        (a_network(1, (12, 12), 3), "step 'network' is of the type Sequential"),
        (Small(), r"step 'network' is a Small, which is not registered.*REGISTRY\["),
    ],
)
def test_a_network_that_no_file_can_name(tmp_path, monkeypatch, network, said):
    monkeypatch.delitem(REGISTRY, "small")
    model = TorchClassifier(network, **TINY).fit(ROWS, LABELS)
    with pytest.raises(ModelFileError, match=said):
        save_model(model, tmp_path / "m.fer")
    assert not list(tmp_path.iterdir())


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    model = cnn().fit(ROWS, LABELS)
    with torch.no_grad():
        model.network_.head.bias[0] = torch.nan
    with pytest.raises(ModelFileError, match=r"'head\.bias'.* not finite|not finite"):
        save_model(model, tmp_path / "m.fer")
    assert not list(tmp_path.iterdir())

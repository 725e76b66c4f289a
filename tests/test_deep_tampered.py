"""Files of networks that were tampered with and sealed again: each is refused.

A file may ask for any network, so what it asks for has to be bounded before memory is
taken for it; each refusal here is timed.
"""

import os
import subprocess
import sys

import numpy as np
import pytest
from saved_models import fitted, members, refused, same, sealed

from fercompare.saving import load_model


def set_parameter(**values):
    """Return a change of parameters of a model that is no pipeline."""
    return lambda body, arrays: body["model"]["parameters"].update(values)


def set_state(**values):
    """Return a change of what a model learned."""
    return lambda body, arrays: body["model"]["fitted"].update(values)


def weights_of(body):
    """Return the pairs of name and array of a network."""
    return body["model"]["fitted"]["weights"]["dict"]


def changed_weight(name, change):
    """Return a change of one array of a network."""

    def change_it(body, arrays):
        key = dict(weights_of(body))[name]["array"]
        arrays[key] = np.ascontiguousarray(change(arrays[key]))

    return change_it


def changed_state(names, change):
    """Return a change of arrays that a model learned."""

    def change_it(body, arrays):
        for name in names.split():
            key = body["model"]["fitted"][name]["array"]
            arrays[key] = np.ascontiguousarray(change(arrays[key]))

    return change_it


def _without_a_weight(body, arrays):
    arrays.pop(weights_of(body).pop()[1]["array"])


def _with_a_weight(body, arrays):
    arrays["1000.weights"] = np.zeros(3, np.float32)
    weights_of(body).append(["features.1000.weight", {"array": "1000.weights"}])


def _another_name(body, arrays):
    weights_of(body)[0][0] = "features.0.wait"


def _a_weight_twice(body, arrays):
    weights_of(body).append(weights_of(body)[0])


def _not_a_number(weights):
    weights = weights.copy()
    weights.flat[-1] = np.nan
    return weights


FILTERS = "features.0.weight"
CNN = {
    "a width of millions": set_parameter(width=2**40, most_width=2**40),
    "the most width": set_parameter(width=2**16, most_width=2**16),
    "a width of true": set_parameter(width=True),
    "blocks by the million": set_parameter(blocks=10**6),
    "the most blocks": set_parameter(blocks=16, convolutions=16),
    "blocks below 0": set_parameter(blocks=-1),
    "half a block": set_parameter(blocks=1.5),
    "convolutions by the billion": set_parameter(convolutions=10**9),
    "dense layers of billions": set_parameter(dense=[10**9]),
    "dense layers by the thousand": set_parameter(dense=[8] * 1000),
    "dense layers of lists": set_parameter(dense=[[8]]),
    "no dense layers": set_parameter(dense=[]),
    "dense a number": set_parameter(dense=8),
    "dropout of everything": set_parameter(dropout=1.0),
    "another architecture": set_parameter(residual=True),
    "without batch norm": set_parameter(batch_norm=False),
    "another normalization": set_state(pixel_kind="magic"),
    "a scale of 0": changed_state("pixel_scales", np.zeros_like),
    "an array that is not there": set_state(pixel_scales={"array": "none"}),
    "a device by any name": set_parameter(device="meta"),
    "a device of a list": set_parameter(device=["cpu"]),
    "a precision": set_parameter(precision="float8"),
    "flips a text": set_parameter(flips="yes"),
    "epochs below 0": set_parameter(epochs=-1),
    "a checkpoint": set_parameter(checkpoint="anywhere.ckpt"),
    "a log": set_parameter(log="anywhere.csv"),
    "a loss of another kind": set_parameter(
        loss={"model": {"class": "focal", "parameters": {"path": "x"}, "fitted": {}}}
    ),
    "an augmentation of everything": set_parameter(
        augmentation={
            "model": {"class": "augmentation", "parameters": {"scale": 1}, "fitted": {}}
        }
    ),
    "colour": set_parameter(image_shape=[4, 12, 3]),
    "images of another size": set_state(n_features_in_=400),
    "images of a gigabyte": set_state(n_features_in_=2**24),
    "weights of text": set_state(weights="x"),
    "no weights": set_state(weights={"dict": []}),
    "a weight of a number": lambda body, arrays: (
        arrays.pop(weights_of(body)[0][1]["array"]),
        weights_of(body)[0].__setitem__(1, 7),
    ),
    "a weight missing": _without_a_weight,
    "a weight more": _with_a_weight,
    "a weight by another name": _another_name,
    "a weight twice": _a_weight_twice,
    "a weight of another shape": changed_weight(FILTERS, lambda w: w[:, :, :2]),
    "a weight with sides swapped": changed_weight("head.weight", np.transpose),
    "a weight of 64 bits": changed_weight(FILTERS, lambda w: w.astype(np.float64)),
    "a weight of whole numbers": changed_weight(FILTERS, lambda w: w.astype(np.int32)),
    "a buffer of truths": changed_weight("features.1.running_var", lambda w: w > 0),
    "a weight that is no number": changed_weight(FILTERS, _not_a_number),
    "variances below 0": changed_weight("features.1.running_var", lambda w: w - 99),
    "two classes": set_state(classes_={"texts": ["a", "b"], "dtype": "U"}),
    "a history of text": set_state(history_names="epoch"),
    "a history without names": set_state(history_names=[]),
    "a history of lists": lambda body, arrays: body["model"]["fitted"][
        "history_names"
    ].__setitem__(0, ["epoch"]),
    "a history with a name twice": lambda body, arrays: body["model"]["fitted"][
        "history_names"
    ].__setitem__(0, "epoch"),
    "a history of no truths": changed_state("history_known", lambda k: k.astype(int)),
    "a history without end": changed_state(
        "history_values history_known",
        lambda table: np.zeros((100_001, table.shape[1]), table.dtype),
    ),
    "a history of other sizes": changed_state("history_known", lambda k: k[:-1]),
    "an epoch beyond": set_state(best_epoch_=99),
    "an epoch of 0": set_state(best_epoch_=0),
}
OTHER_NETWORKS = {
    "network of a user": {
        "a width that its check refuses": lambda body, arrays: body["model"][
            "parameters"
        ]["network"]["model"]["parameters"].update(width=10**9),
        "another width": lambda body, arrays: body["model"]["parameters"]["network"][
            "model"
        ]["parameters"].update(width=6),
        "a text for a network": set_parameter(network="os.system"),
        "an estimator that makes none": set_parameter(
            network={"model": {"class": "focal", "parameters": {}, "fitted": {}}}
        ),
    },
    "frozen": {
        "another backbone": set_parameter(backbone="squeezenet1_0"),
        "an unknown backbone": set_parameter(backbone="os.system"),
        "a size of thousands": set_parameter(size=2**20),
        "blocks that are not there": set_parameter(mode="finetune", unfreeze=10**6),
        "a head of billions": set_parameter(head=[10**9]),
        "five channels": changed_state(
            "pixel_means pixel_scales", lambda _: np.ones(5)
        ),
    },
}
ALL_NETWORKS = [
    *(("cnn", name, change) for name, change in CNN.items()),
    *(
        (model, name, change)
        for model, changes in OTHER_NETWORKS.items()
        for name, change in changes.items()
    ),
]


@pytest.mark.parametrize("model", ["cnn", *OTHER_NETWORKS])
def test_a_sealed_network_is_a_sound_one(saved, tmp_path, model):
    path = tmp_path / "m.fer"
    path.write_bytes(sealed(*members(saved(model))))
    assert same(load_model(path), fitted(model))


@pytest.mark.parametrize(
    ("model", "change"),
    [(model, change) for model, _, change in ALL_NETWORKS],
    ids=[f"{model}: {name}" for model, name, _ in ALL_NETWORKS],
)
def test_a_network_that_is_none(saved, tmp_path, model, change):
    body, arrays = members(saved(model))
    change(body, arrays)
    said = refused(tmp_path / "m.fer", sealed(body, arrays))
    assert "unsound" not in said, "an error nobody thought of"
    assert "no sound model" not in said


LIMITED = """
import resource, sys
from pathlib import Path
import fercompare.saving.networks
from fercompare.saving import ModelFileError, load_model
now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 300 * 2**20,) * 2)
for path in sys.argv[1:]:
    try:
        load_model(path)
    except ModelFileError as error:
        assert "memory" not in str(error), error
        continue
    sys.exit(f"{path} was not refused")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits as on Linux")
def test_hostile_networks_cost_no_memory(saved, tmp_path):
    paths = []
    hostile = (
        *("the most width", "the most blocks", "dense layers of billions"),
        *("images of a gigabyte", "a history without end", "a weight missing"),
    )
    for name in hostile:
        body, arrays = members(saved("cnn"))
        CNN[name](body, arrays)
        paths.append(tmp_path / f"{name}.fer")
        paths[-1].write_bytes(sealed(body, arrays))
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *map(str, paths)],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-2000:]

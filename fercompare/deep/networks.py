"""The networks, from images to class scores: features, then a head."""

from numbers import Integral, Real

import torch
from torch import nn
from torch.nn import functional

from fercompare.deep.convolutions import Filters
from fercompare.errors import DataError


class Network(nn.Module):
    """Features, then a head; the features are what the last dense layer sees.

    The head computes in float32 whatever the features did: in bfloat16 the scores of
    many images would be the same number.
    """

    def __init__(self, features, head):
        super().__init__()
        self.features = features
        self.head = head

    def forward(self, images):
        """Return class scores ``(n, k)`` of images ``(n, channels, h, w)``."""
        features = self.features(images)
        if features.dtype != torch.bfloat16:
            return self.head(features)
        with torch.autocast(features.device.type, enabled=False):
            return self.head(features.float())


def block_network(
    in_channels,
    image_shape,
    n_classes,
    *,
    blocks=5,
    width=64,
    most_width=512,
    convolutions=2,
    batch_norm=True,
    dense=(256,),
    dropout=0.25,
):
    """Return the plain network of the textbooks and of the reference studies.

    Each block is ``convolutions`` times 3 x 3 filters, batch norm and ReLU, then half
    the side and dropout; the width doubles from block to block up to ``most_width``.
    What is left of the picture goes through the ``dense`` layers.

    Parameters
    ----------
    in_channels : int
    image_shape : tuple of int
        ``(h, w)``; a side of 1 is not halved any more.
    n_classes : int
    blocks, width, most_width, convolutions : int
    batch_norm : bool
    dense : tuple of int
        Widths of the layers before the last.
    dropout : float
        After each block; twice that, at most half, after each dense layer.
    """
    _check_sizes(blocks, width, most_width, convolutions)
    check_dense("dense", dense, dropout)
    layers, channels = [], in_channels
    height, breadth = image_shape[:2]
    for block in range(blocks):
        wide = min(width * 2**block, most_width)
        for _ in range(convolutions):
            layers += _convolution(channels, wide, batch_norm)
            channels = wide
        layers += [nn.MaxPool2d(2, ceil_mode=True), nn.Dropout(dropout)]
        height, breadth = -(-height // 2), -(-breadth // 2)
    layers.append(nn.Flatten())
    n = channels * height * breadth
    for wide in dense:
        layers.append(nn.Linear(n, wide, bias=not batch_norm))
        layers += [nn.BatchNorm1d(wide)] if batch_norm else []
        layers += [nn.ReLU(inplace=True), nn.Dropout(min(2 * dropout, 0.5))]
        n = wide
    return Network(nn.Sequential(*layers), nn.Linear(n, n_classes))


def check_dense(name, widths, dropout):
    """Raise where the widths of dense layers, or their dropout, make no sense."""
    if not (isinstance(widths, list | tuple) and all(map(_is_size, widths))):
        raise DataError(
            f"{name}={widths!r}",
            remedy="pass a tuple of whole numbers from 1, as in (256,), or ()",
        )
    if not (isinstance(dropout, Real) and 0 <= dropout < 1):
        raise DataError(
            f"dropout={dropout!r}", remedy="choose a number from 0, below 1"
        )


def _check_sizes(*sizes):
    for name, size in zip(("blocks", "width", "most_width", "convolutions"), sizes):
        if not _is_size(size):
            raise DataError(f"{name}={size!r}", remedy="choose a whole number from 1")


def _is_size(value):
    return isinstance(value, Integral) and value >= 1


def _convolution(n_in, n_out, batch_norm):
    filters = Filters(n_in, n_out, bias=not batch_norm)
    norm = [nn.BatchNorm2d(n_out)] if batch_norm else []
    return [filters, *norm, nn.ReLU(inplace=True)]


def residual_network(
    in_channels,
    image_shape,
    n_classes,
    *,
    blocks=3,
    width=32,
    most_width=512,
    convolutions=2,
    dense=(),
    dropout=0.0,
):
    """Return our own: a coarse first look, then stages of residual filters.

    The first filters are 5 x 5 and look at every second pixel, since a network on
    48 x 48 pixels otherwise does most of its work in its first two layers. Each block
    halves the side after its first convolution, and adds what the others find to it.

    Parameters
    ----------
    in_channels : int
    image_shape : tuple of int
    n_classes : int
    blocks, width, most_width, convolutions : int
        The width doubles from block to block; the first look has that of the first.
    dense : tuple of int
        Widths of the layers before the last.
    dropout : float
        Before each dense layer and the last.
    """
    _check_sizes(blocks, width, most_width, convolutions)
    check_dense("dense", dense, dropout)
    first = nn.Conv2d(in_channels, width, 5, stride=2, padding=2, bias=False)
    layers = [first, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    n = width
    for block in range(blocks):
        wide = min(width * 2**block, most_width)
        layers.append(Stage(n, wide, convolutions))
        n = wide
    layers.append(MeanPool())
    for wide in dense:
        layers += [nn.Dropout(dropout), nn.Linear(n, wide, bias=False)]
        layers += [nn.BatchNorm1d(wide), nn.ReLU(inplace=True)]
        n = wide
    layers.append(nn.Dropout(dropout))
    return Network(nn.Sequential(*layers), nn.Linear(n, n_classes))


class Stage(nn.Module):
    """Filters at half the side, then filters that add to what is there."""

    def __init__(self, n_in, n_out, depth):
        super().__init__()
        self.first = Filters(n_in, n_out)
        self.norm = nn.BatchNorm2d(n_out)
        self.more = nn.ModuleList(
            nn.Sequential(Filters(n_out, n_out), nn.BatchNorm2d(n_out))
            for _ in range(depth - 1)
        )

    def forward(self, images):
        """Return ``(n, n_out, h / 2, w / 2)``."""
        images = functional.max_pool2d(self.first(images), 2, ceil_mode=True)
        images = functional.relu(self.norm(images), inplace=True)
        for layer in self.more:
            images = functional.relu(layer(images) + images, inplace=True)
        return images


class MeanPool(nn.Module):
    """The mean over the picture; unlike torch's adaptive pool repeatable on a GPU."""

    def forward(self, images):
        """Return ``(n, channels)``."""
        return images.mean(dim=(2, 3))

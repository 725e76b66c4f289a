"""Rows of pixels as tensors: on the device once, as bytes, made floats by the batch."""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from fercompare.errors import DataError
from fercompare.images import as_stack

NORMALIZATIONS = ("dataset", "image", "unit")
LEAST_SPREAD = 1e-3
"""Of a flat image, so that dividing by it leaves it flat."""
ROWS_PER_CHUNK = 512


def as_images(X, image_shape, device):
    """Return rows as a tensor ``(n, channels, h, w)`` on a device.

    It is uint8 where the rows are, float32 otherwise. On the CPU it shares the memory
    of the rows, which nothing here writes to.
    """
    stack = as_stack(np.ascontiguousarray(X), image_shape)
    images = as_tensor(stack)
    images = images if images.dtype == torch.uint8 else images.float()
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
    return images.to(device)


def as_tensor(array):
    """Return a tensor that shares the memory of an array, which nothing may write to.

    Examples
    --------
    >>> as_tensor(np.broadcast_to(np.float32(1), 2))
    tensor([1., 1.])
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(array)


@dataclass(frozen=True)
class Normalization:
    """Pixels to what a network sees: ``dataset``, ``image`` or ``unit``.

    Parameters
    ----------
    kind : str
        ``dataset`` subtracts the training pixels' mean and divides by their standard
        deviation, ``image`` each image's own, ``unit`` divides by 255.
    mean, scale : tuple of float, one a channel
        What was learned; 0 and 1 where nothing was.

    Examples
    --------
    >>> faces = torch.tensor([[[[0, 255]]]], dtype=torch.uint8)
    >>> Normalization.learn(faces, "dataset")(faces)
    tensor([[[[-1.,  1.]]]])
    """

    kind: str
    mean: tuple
    scale: tuple

    @classmethod
    def learn(cls, images, kind):
        """Return the normalization of a kind for training images."""
        if kind not in NORMALIZATIONS:
            raise DataError(
                f"normalization={kind!r}",
                remedy=f"choose one of {', '.join(NORMALIZATIONS)}",
            )
        n_channels = images.shape[1]
        if kind != "dataset":
            scale = 255.0 if kind == "unit" else 1.0
            return cls(kind, (0.0,) * n_channels, (scale,) * n_channels)
        total, squares = 0.0, 0.0
        for chunk in images.split(ROWS_PER_CHUNK):
            chunk = chunk.cpu().double()
            total = total + chunk.sum((0, 2, 3))
            squares = squares + chunk.square().sum((0, 2, 3))
        n = images.numel() // n_channels
        mean = total / n
        scale = (squares / n - mean.square()).clamp(min=0).sqrt()
        scale[scale == 0] = 1.0
        return cls(kind, tuple(mean.tolist()), tuple(scale.tolist()))

    def __call__(self, images):
        """Return images ``(n, channels, h, w)`` as float32."""
        images = images.float()
        if self.kind == "image":
            spread, mean = torch.std_mean(
                images, dim=(1, 2, 3), correction=0, keepdim=True
            )
            return (images - mean) / spread.clamp(min=LEAST_SPREAD)
        mean, scale = (
            torch.tensor(v, dtype=torch.float32, device=images.device)[:, None, None]
            for v in (self.mean, self.scale)
        )
        return (images - mean) / scale


AS_THEY_ARE = Normalization("dataset", (0.0,), (1.0,))
"""For features, which are no pixels."""


def resized(images, size):
    """Return images of a size; what shrinks is averaged, as Pillow does it.

    Examples
    --------
    >>> resized(torch.tensor([[[[0.0, 2.0], [4.0, 6.0]]]]), (1, 1))
    tensor([[[[3.]]]])
    """
    here = [int(side) for side in images.shape[2:]]
    shrinks = any(a > b for a, b in zip(here, size))
    if shrinks and torch.onnx.is_in_onnx_export():  # ONNX knows no such resizing
        down, across = (_means(a, b, images) for a, b in zip(here, size))
        return down @ images @ across.T
    return functional.interpolate(images, size, mode="bilinear", antialias=shrinks)


def _means(n_in, n_out, like):
    """Return the weights of ``n_in`` pixels in each of ``n_out``, a row each."""
    wide = max(n_in / n_out, 1)
    middle = (np.arange(n_out)[:, None] + 0.5) * n_in / n_out
    apart = np.abs(np.arange(n_in) + 0.5 - middle) / wide
    weights = np.maximum(1 - apart, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    return torch.tensor(weights, dtype=like.dtype, device=like.device)

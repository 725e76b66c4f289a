"""Faces drawn anew in every epoch, a batch at a time, on the device."""

import math
from numbers import Real

import torch
from sklearn.base import BaseEstimator
from torch.nn import functional

from fercompare.deep.inputs import as_images
from fercompare.errors import DataError

WHITE = 255.0


class Augmentation(BaseEstimator):
    """Changes that leave an expression what it is.

    Each change happens to each image with the same probability, by an amount that is
    drawn evenly. Mirroring, turning, moving and scaling are one resampling of the
    picture; what comes in from outside repeats its edge.

    Parameters
    ----------
    probability : float, default=0.5
        That an image undergoes a change, for each change by itself.
    mirror : bool, default=True
    rotation : float, default=10.0
        Most degrees, either way.
    translation : float, default=0.1
        Most share of the side, in all four directions.
    scale : float, default=0.1
        Most share of the side that is cropped away; the rest fills the picture.
    brightness : float, default=0.05
        Most share of white that is added or taken.
    contrast : float, default=0.05
        Most share by which differences from the mean grow or shrink.
    erasing : float, default=0.1
        Most share of the area that a rectangle of noise covers.

    Examples
    --------
    >>> faces = torch.rand(2, 1, 48, 48)
    >>> Augmentation()(faces, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 1, 48, 48])
    """

    def __init__(
        self,
        probability=0.5,
        *,
        mirror=True,
        rotation=10.0,
        translation=0.1,
        scale=0.1,
        brightness=0.05,
        contrast=0.05,
        erasing=0.1,
    ):
        self.probability = probability
        self.mirror = mirror
        self.rotation = rotation
        self.translation = translation
        self.scale = scale
        self.brightness = brightness
        self.contrast = contrast
        self.erasing = erasing

    def check(self):
        """Raise where a parameter makes no sense."""
        for name, value in self.get_params().items():
            most = 180 if name == "rotation" else 1
            if not (isinstance(value, Real) and 0 <= value <= most):
                raise DataError(
                    f"{name}={value!r} of the augmentation",
                    remedy=f"choose a number from 0 to {most}",
                )
        if self.scale == 1:
            raise DataError("scale=1 crops everything away")

    def __call__(self, images, generator):
        """Return changed copies of images.

        Parameters
        ----------
        images : float tensor of shape (n, channels, h, w)
            From 0 to 1.
        generator : torch.Generator
            On the same device.
        """
        amounts = _Amounts(len(images), self.probability, generator, images.device)
        images = self._moved(images, amounts)
        images = self._lit(images, amounts)
        return self._erased(images, amounts) if self.erasing else images

    def _moved(self, images, amounts):
        if not (self.mirror or self.rotation or self.translation or self.scale):
            return images
        angle = amounts.either_way(math.radians(self.rotation))
        size = 1 - amounts.up_to(self.scale)
        # Shifts are in half sides, and never so far that a crop would have sufficed.
        across = amounts.either_way(2 * self.translation)
        down = amounts.either_way(2 * self.translation)
        sign = 1 - 2 * amounts.happens() if self.mirror else torch.ones_like(angle)
        aspect = images.shape[2] / images.shape[3]
        cos, sin = angle.cos() * size, angle.sin() * size
        rows = torch.stack(
            [cos * sign, -sin * aspect, across, sin / aspect * sign, cos, down], dim=1
        )
        grid = functional.affine_grid(
            rows.view(-1, 2, 3), list(images.shape), align_corners=False
        )
        return functional.grid_sample(
            images, grid, padding_mode="border", align_corners=False
        )

    def _lit(self, images, amounts):
        if not (self.brightness or self.contrast):
            return images
        gain = 1 + amounts.either_way(self.contrast)[:, None, None, None]
        shift = amounts.either_way(self.brightness)[:, None, None, None]
        mean = images.mean(dim=(1, 2, 3), keepdim=True)
        return ((images - mean) * gain + mean + shift).clamp_(0, 1)

    def _erased(self, images, amounts):
        height, width = images.shape[2:]
        area = amounts.up_to(self.erasing)
        slender = torch.exp(amounts.between(-1, 1))
        rows = amounts.stretch(height, (area * slender).sqrt())
        columns = amounts.stretch(width, (area / slender).sqrt())
        inside = rows[:, :, None] & columns[:, None]
        noise = torch.rand(
            images.shape, generator=amounts.generator, device=images.device
        )
        return torch.where(inside[:, None], noise, images)


def find_augmentation(augmentation):
    """Return what changes the images of a batch, or None.

    Parameters
    ----------
    augmentation : None, "standard" or callable
        A callable is called as an `Augmentation` is.
    """
    if augmentation == "standard":
        augmentation = Augmentation()
    if isinstance(augmentation, str):
        raise DataError(
            f"augmentation={augmentation!r}",
            remedy="choose 'standard', None or an Augmentation",
        )
    if hasattr(augmentation, "check"):
        augmentation.check()
    return augmentation


def draw_variants(augmentation, X, image_shape, n_variants, *, seed=0):
    """Return images as a training may see them.

    Parameters
    ----------
    augmentation : "standard" or callable
    X : uint8 array of shape (n, h*w) or (n, h*w*3)
    image_shape : tuple of int
    n_variants : int
        Of each image.
    seed : int, default=0

    Returns
    -------
    uint8 array of shape (n, n_variants, h, w) or (n, n_variants, h, w, 3)

    Examples
    --------
    >>> import numpy as np
    >>> draw_variants("standard", np.zeros((5, 144), np.uint8), (12, 12), 3).shape
    (5, 3, 12, 12)
    """
    images = as_images(X, image_shape, "cpu").repeat_interleave(n_variants, dim=0)
    generator = torch.Generator().manual_seed(seed)
    changed = find_augmentation(augmentation)(images.float() / WHITE, generator)
    changed = (changed * WHITE).round().byte().permute(0, 2, 3, 1).numpy()
    return changed.reshape(len(X), n_variants, *image_shape)


class _Amounts:
    """Draws an amount for each image; 0 for those that a change passes by."""

    def __init__(self, n, probability, generator, device):
        self.n, self.probability = n, probability
        self.generator, self.device = generator, device

    def between(self, least, most):
        drawn = torch.rand(self.n, generator=self.generator, device=self.device)
        return least + drawn * (most - least)

    def happens(self):
        return (self.between(0, 1) < self.probability).float()

    def up_to(self, most):
        return self.between(0, most) * self.happens()

    def stretch(self, side, share):
        """Return which places of a side lie within a stretch of it, ``(n, side)``."""
        share = share.clamp(max=1)
        start = self.between(0, 1) * (1 - share) * side
        place = torch.arange(side, device=self.device) + 0.5
        return (place >= start[:, None]) & (place < (start + share * side)[:, None])

    def either_way(self, most):
        return self.between(-most, most) * self.happens()

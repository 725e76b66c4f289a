"""Rare classes filled up with copies of their images, each a little different."""

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from scipy import ndimage
from scipy.sparse import issparse
from sklearn.utils import check_random_state

from fercompare.balancing.reporting import Reporting
from fercompare.balancing.targets import OVER, targets
from fercompare.errors import DataError
from fercompare.images import as_rows, as_stack

WHITE = 255.0
LIMITS = {
    "rotation": 180,
    "translation": 1,
    "scale": 0.99,
    "brightness": 1,
    "contrast": 1,
}
"""The most that a parameter may be; 0 is the least."""


class ImageCopies(Reporting, BaseOverSampler):
    """Adds mirrored, turned, moved, scaled, brighter and darker copies of rare images.

    Every image of a class is the parent of as many copies as any other, or of one
    more. Each copy undergoes all changes, by amounts that are drawn evenly; half of
    the copies are mirrored. Mirroring, turning, moving and scaling are one resampling
    of the picture, bilinear; what comes in from outside repeats its edge.

    Parameters
    ----------
    sampling_strategy : "auto", float or dict of {label: int}, default="auto"
        ``auto`` fills every class up to the largest, a float up to that share of it;
        or the number of rows that each class named is to end with.
    image_shape : tuple of int, optional
        Shape of the images behind the rows; square if not given.
    mirror : bool, default=True
    rotation : float, default=10.0
        Most degrees, either way.
    translation : float, default=0.1
        Most share of the side, in all four directions.
    scale : float, default=0.1
        Most share of the side that is cropped away; the rest fills the picture.
    brightness : float, default=0.1
        Most share of white that is added or taken.
    contrast : float, default=0.1
        Most share by which differences from the mean grow or shrink.
    random_state : int, default=None

    Attributes
    ----------
    sampling_strategy_ : dict of {label: int}
        How many copies of each class.
    parent_indices_ : int array of shape (n_after,)
        The row of ``X`` that each row which came out is, or was made of. Those that
        went in come first, so row ``k`` is made where ``k >= n_before``.
    report_ : BalancingReport

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> faces = load_dataset("synthetic", n=100).part("train")
    >>> X, y = ImageCopies(random_state=0).fit_resample(faces.X, faces.y)
    >>> X.dtype, len(set(np.bincount(y)))
    (dtype('uint8'), 1)
    """

    _sampling_type = "bypass"

    def __init__(
        self,
        *,
        sampling_strategy="auto",
        image_shape=None,
        mirror=True,
        rotation=10.0,
        translation=0.1,
        scale=0.1,
        brightness=0.1,
        contrast=0.1,
        random_state=None,
    ):
        super().__init__(sampling_strategy=sampling_strategy)
        self.image_shape = image_shape
        self.mirror = mirror
        self.rotation = rotation
        self.translation = translation
        self.scale = scale
        self.brightness = brightness
        self.contrast = contrast
        self.random_state = random_state

    def _fit_resample(self, X, y):
        for name, most in LIMITS.items():
            if not 0 <= getattr(self, name) <= most:
                raise DataError(
                    f"{name}={getattr(self, name)!r} of the copies",
                    remedy=f"choose a number from 0 to {most}",
                )
        if issparse(X):
            dense, *found = self._fit_resample(X.toarray(), y)
            return type(X)(dense), *found
        self.sampling_strategy_ = targets(self.sampling_strategy, y, OVER)
        random = check_random_state(self.random_state)
        parents = [
            _taken_in_turn(np.flatnonzero(y == label), n, random)
            for label, n in self.sampling_strategy_.items()
        ]
        parents = np.concatenate([*parents, []]).astype(np.intp)
        self.parent_indices_ = np.concatenate([np.arange(len(X)), parents])
        rows = np.empty((len(X) + len(parents), X.shape[1]), X.dtype)
        rows[: len(X)] = X
        images, made = as_stack(X, self.image_shape), rows[len(X) :]
        changes = self._draw(len(parents), images.shape[1:3], random)
        for k, (parent, change) in enumerate(zip(parents, changes)):
            made[k] = as_rows(_changed(images[parent], *change)[np.newaxis])[0]
        origins = np.where(np.arange(len(rows)) < len(X), self.parent_indices_, -1)
        return rows, y[self.parent_indices_], origins

    def _draw(self, n, sides, random):
        """Return ``n`` times a matrix, an offset, a gain and a share of white.

        Matrix and offset say where in the parent a pixel of the copy comes from.
        """
        angle = np.radians(random.uniform(-self.rotation, self.rotation, n))
        size = 1 - random.uniform(0, self.scale, n)
        moved = random.uniform(-self.translation, self.translation, (n, 2)) * sides
        sign = np.where(random.uniform(size=n) < 0.5 * self.mirror, -1, 1)
        gain = 1 + random.uniform(-self.contrast, self.contrast, n)
        light = random.uniform(-self.brightness, self.brightness, n)
        cos, sin = np.cos(angle) * size, np.sin(angle) * size
        matrices = np.stack([cos, -sin * sign, sin, cos * sign], axis=1)
        matrices = matrices.reshape(-1, 2, 2)
        middle = (np.array(sides) - 1) / 2
        return zip(matrices, middle - matrices @ middle + moved, gain, light)


def _taken_in_turn(rows, n, random):
    """Return ``n`` of some rows, each as often as any other or once more."""
    rounds = [random.permutation(rows) for _ in range(-(-n // len(rows)))]
    return np.concatenate([*rounds, rows])[:n]


def _changed(image, matrix, offset, gain, light):
    picture = image.astype(np.float32)
    if image.ndim == 3:
        matrix = np.block([[matrix, np.zeros((2, 1))], [np.zeros((1, 2)), 1]])
        offset = np.append(offset, 0)
    picture = ndimage.affine_transform(
        picture, matrix, offset, order=1, mode="nearest", prefilter=False
    )
    mean = picture.mean()
    picture = (picture - mean) * gain + mean + light * WHITE
    if image.dtype.kind in "iu":
        picture = np.rint(picture).clip(0, WHITE)
    return picture.astype(image.dtype)

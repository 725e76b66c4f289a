"""The plainest feature: the pixels themselves."""

import numpy as np

from fercompare.features.base import ImageTransformer


class Pixels(ImageTransformer):
    """Image rows as float32, by default each image at mean 0 and deviation 1.

    The standardised row does not change with brightness and contrast, nor with the
    scale of the pixels (0 to 255 or 0 to 1). A blank image gives zeros.

    Parameters
    ----------
    standardize : bool, default=True
        Take from every image its own mean and divide by its own standard deviation.
    image_shape : tuple, default=None
        ``(h, w)`` or ``(h, w, 3)``; rows of another length are refused.
    n_jobs : int, default=None
        Threads, as in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> Pixels().fit_transform(np.array([[0, 0, 10, 10]], np.uint8))
    array([[-1., -1.,  1.,  1.]], dtype=float32)
    """

    def __init__(self, *, standardize=True, image_shape=None, n_jobs=None):
        self.standardize = standardize
        self.image_shape = image_shape
        self.n_jobs = n_jobs

    def _extract(self, stack):
        rows = stack.reshape(len(stack), -1).astype(np.float64)
        if self.standardize:
            blank = rows.min(axis=1) == rows.max(axis=1)
            rows -= rows.mean(axis=1, keepdims=True)
            rows[blank] = 0
            deviation = rows.std(axis=1, keepdims=True)
            rows /= np.where(deviation > 0, deviation, 1)
        return rows

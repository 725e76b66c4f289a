"""Rows and stacks of images: the only place where one becomes the other.

Everywhere else an image is a row of uint8: ``h*w`` numbers when grey,
``h*w*3`` when in colour, row-major.
"""

import math

import numpy as np

from fercompare.errors import DataError

LUMA = (299, 587, 114)
"""Thousandths of red, green and blue in a grey value (ITU-R BT.601)."""


def as_stack(X, image_shape=None):
    """Return rows ``(n, h*w)`` as images ``(n, h, w)``, without copying.

    ``image_shape=None`` means square images, or a single line of pixels where the
    number of columns is not a square.

    Examples
    --------
    >>> import numpy as np
    >>> as_stack(np.zeros((5, 2304), np.uint8)).shape
    (5, 48, 48)
    >>> as_stack(np.zeros((5, 12), np.uint8), (2, 2, 3)).shape
    (5, 2, 2, 3)
    """
    return X.reshape(len(X), *resolve_shape(X.shape[1], image_shape))


def as_rows(stack):
    """Return images ``(n, h, w[, 3])`` as rows, without copying where possible."""
    return stack.reshape(len(stack), -1)


def resolve_shape(n_columns, image_shape=None):
    """Return the image shape of rows with ``n_columns`` numbers."""
    if image_shape is None:
        side = math.isqrt(n_columns)
        return (side, side) if side * side == n_columns else (1, n_columns)
    image_shape = tuple(int(side) for side in image_shape)
    if len(image_shape) not in (2, 3) or math.prod(image_shape) != n_columns:
        raise DataError(
            f"rows of {n_columns} numbers are not images of shape {image_shape}",
            remedy="pass the image_shape that the rows were made with",
        )
    return image_shape


def to_grey(stack):
    """Return colour images ``(…, 3)`` in grey: 0.299 R + 0.587 G + 0.114 B, rounded.

    Whole-number arithmetic, so that every machine gets the same bytes.

    Examples
    --------
    >>> import numpy as np
    >>> int(to_grey(np.array([[[[255, 0, 0]]]], np.uint8))[0, 0, 0])
    76
    """
    red, green, blue = (stack[..., k].astype(np.uint32) for k in range(3))
    weighted = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    return ((weighted + 500) // 1000).astype(np.uint8)

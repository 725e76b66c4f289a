"""How alike two images are, whatever light, compression or crop did to them.

Images are compared at 48 × 48 points by their *detail*: what lies between a Gaussian
blur of 0.7 points and one of 2. Brightness, contrast and slow shadows are gone from
it, and so is the grain of a JPEG, while what tells two faces apart is there. The
*similarity* of two images is the cosine of their details over the points that overlap
when one is shifted by up to 3 points in each direction, at the best such shift.

Comparing all pairs that way would take hours. Coarse thumbnails of 10 × 10 points,
one of each image against five shifted ones of each other image, pick the pairs that
are worth it.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import scipy.fft
from threadpoolctl import threadpool_limits

from fercompare.images import as_stack, to_grey
from fercompare.seeds import seed_for
from fercompare.terminal import track

SIDE = 48
SHIFT = 3
LAGS = np.arange(-SHIFT, SHIFT + 1)
PADDED = scipy.fft.next_fast_len(SIDE + SHIFT, real=True)
DETAIL_WIDTHS = (0.7, 2.0)
COARSE_WIDTHS = (2.5, 5.0)
COARSE_POINTS = np.arange(1.9, SIDE, 4.8)
COARSE_SHIFTS = ((0, 0), (-1.75, -1.75), (-1.75, 1.75), (1.75, -1.75), (1.75, 1.75))
FAINTEST = 0.3
"""Grey levels of detail, as root mean square, below which there is only rounding."""
SMALLEST_OVERLAP = 0.5
"""Share of an image's detail that an overlap is counted with at least."""
SAME_PHOTOGRAPH = (0.7, 0.98)
"""Bounds of what `same_photograph` answers."""
FEWEST_TO_JUDGE = 50
PAIRS_TO_JUDGE = 5_000
TILE = 512
PAIRS_AT_ONCE = 256
PIXELS_AT_ONCE = 2**22
THREADS = 2


class Views(NamedTuple):
    """What is compared of ``n`` images; all zero where an image shows nothing.

    Attributes
    ----------
    detail : ndarray of shape (n, 48, 48), float32
        Of unit length.
    thumbnails : ndarray of shape (5, n, 100), float32
        Of unit length; of the image as it is, and shifted along both diagonals.
    """

    detail: np.ndarray
    thumbnails: np.ndarray


def view(X, image_shape=None):
    """Return the `Views` of images of any shape, grey or in colour.

    Examples
    --------
    >>> import numpy as np
    >>> view(np.zeros((2, 12), np.uint8), (2, 2, 3)).detail.shape
    (2, 48, 48)
    """
    n_coarse = len(COARSE_POINTS) ** 2
    views = Views(
        np.empty((len(X), SIDE, SIDE), np.float32),
        np.empty((len(COARSE_SHIFTS), len(X), n_coarse), np.float32),
    )
    size = max(1, PIXELS_AT_ONCE // X.shape[1])
    points = np.arange(SIDE)

    def look(start):
        here = slice(start, start + size)
        stack = as_stack(X[here], image_shape)
        images = (to_grey(stack) if stack.ndim == 4 else stack).astype(np.float32)
        detail = _unit(_band(images, points, points, DETAIL_WIDTHS))
        views.detail[here] = detail.reshape(-1, SIDE, SIDE)
        for k, (y, x) in enumerate(COARSE_SHIFTS):
            at = COARSE_POINTS + y, COARSE_POINTS + x
            views.thumbnails[k, here] = _unit(_band(images, *at, COARSE_WIDTHS))

    _in_threads(look, range(0, len(X), size), "looking at images")
    return views


def same_photograph(views):
    """Return the similarity from which on two images are one photograph.

    That is 0.7, and more where the images of a set are alike to begin with, as drawn
    faces or posed ones before one camera are: four times (in Fisher's z) what one in
    ten pairs of an image and another's mirror image reaches by chance.

    Examples
    --------
    >>> import numpy as np
    >>> from fercompare.datasets.synthetic import load_synthetic
    >>> noise = np.random.default_rng(0).integers(0, 256, (60, 2304), np.uint8)
    >>> same_photograph(view(noise)), same_photograph(view(load_synthetic(200).X)) > 0.9
    (0.7, True)
    """
    lowest, highest = SAME_PHOTOGRAPH
    n = len(views.detail)
    if n < FEWEST_TO_JUDGE:
        return lowest
    rng = np.random.default_rng(seed_for("same photograph"))
    first = rng.integers(0, n, PAIRS_TO_JUDGE)
    second = (first + rng.integers(1, n, PAIRS_TO_JUDGE)) % n
    pairs = np.stack([first, second], axis=1)
    by_chance = float(np.quantile(_similarity(views.detail, pairs, True), 0.9))
    rare = np.tanh(4 * np.arctanh(min(by_chance, 0.99)))
    return float(np.clip(rare, lowest, highest))


def similar_pairs(views, threshold, *, mirrored=False):
    """Return the pairs of images at least as similar as ``threshold``.

    Parameters
    ----------
    views : Views
    threshold : float
    mirrored : bool, default=False
        Compare each image with the mirror images of the others.

    Returns
    -------
    pairs : ndarray of shape (m, 2), int64
        The smaller index first, in order.
    similarity : ndarray of shape (m,), float32

    Examples
    --------
    >>> import numpy as np
    >>> faces = np.random.default_rng(0).integers(0, 256, (4, 2304), np.uint8)
    >>> faces[3] = faces[1] // 4 + 100
    >>> similar_pairs(view(faces), 0.7)[0]
    array([[1, 3]])
    """
    coarse = 0.5 + 0.36 * threshold
    pairs = _candidates(views, coarse, mirrored)
    similarity = _similarity(views.detail, pairs, mirrored)
    enough = similarity >= threshold
    return pairs[enough], similarity[enough]


def _candidates(views, threshold, mirrored):
    """Return the pairs whose thumbnails are more alike than ``threshold``."""
    thumbnails = views.thumbnails
    shifted = _mirror_thumbnails(thumbnails) if mirrored else thumbnails
    n = thumbnails.shape[1]

    def compare(top):
        rows = thumbnails[0, top : top + TILE]
        found = []
        for left in range(top, n, TILE):
            columns = shifted[:, left : left + TILE]
            alike = rows @ columns[0].T
            for others in columns[1:]:
                np.maximum(alike, rows @ others.T, out=alike)
            pairs = np.argwhere(alike > threshold) + np.array([top, left])
            found.append(pairs[pairs[:, 0] < pairs[:, 1]])
        return np.concatenate(found)

    found = _in_threads(compare, range(0, n, TILE), "comparing thumbnails")
    pairs = np.concatenate([np.empty((0, 2), np.int64), *found])
    return pairs[np.lexsort(pairs.T[::-1])]


def _similarity(detail, pairs, mirrored):
    """Return the cosine of each pair's details at the best shift."""
    used, where = np.unique(pairs, return_inverse=True)
    first, second = where.reshape(-1, 2).T
    detail = detail[used]
    other = detail[:, :, ::-1] if mirrored else detail
    spectra = _spectra(detail)
    other_spectra = _spectra(other).conj() if mirrored else spectra.conj()
    inside = _inside(detail)
    other_inside = _inside(other)[:, ::-1, ::-1]
    similarity = np.empty(len(pairs), np.float32)

    def compare(start):
        here = slice(start, start + PAIRS_AT_ONCE)
        i, j = first[here], second[here]
        product = spectra[i] * other_spectra[j]
        dot = scipy.fft.irfft2(product, (PADDED, PADDED), overwrite_x=True)
        cosine = dot[:, LAGS][:, :, LAGS] / np.sqrt(inside[i] * other_inside[j])
        similarity[here] = cosine.max(axis=(1, 2))

    _in_threads(compare, range(0, len(pairs), PAIRS_AT_ONCE), "comparing details")
    return np.minimum(similarity, 1)


def _in_threads(work, items, what):
    """Return what ``work`` returns for each item, in order.

    BLAS is held to one thread in each of ours: its own threads wait for one another
    at every step, which on a busy machine made the search ten times as slow.
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(THREADS) as pool:
        return list(track(pool.map(work, items), what, total=len(items)))


def _spectra(detail):
    return scipy.fft.rfft2(detail, (PADDED, PADDED))


def _inside(detail):
    """Return the share of squared detail that stays in the frame at each shift."""
    point = np.arange(SIDE) - LAGS[:, None]
    stays = ((point >= 0) & (point < SIDE)).astype(np.float32)
    return np.maximum(stays @ np.square(detail) @ stays.T, SMALLEST_OVERLAP)


def _mirror_thumbnails(thumbnails):
    """Mirror what was shifted, over shifts that are their own mirror images."""
    side = len(COARSE_POINTS)
    stack = thumbnails.reshape(*thumbnails.shape[:2], side, side)[..., ::-1]
    return stack.reshape(thumbnails.shape)


def _band(images, rows, columns, widths):
    """Return, at ``rows`` × ``columns``, what one blur leaves and the other takes."""
    narrow, wide = (
        _blur(rows, images.shape[1], width)
        @ images
        @ _blur(columns, images.shape[2], width).T
        for width in widths
    )
    return narrow - wide


def _blur(points, n_pixels, width):
    """Return the weights (points, pixels) of a Gaussian blur of a line of pixels."""
    pixels = (np.arange(n_pixels) + 0.5) * SIDE / n_pixels - 0.5
    weights = np.exp(-0.5 * np.square((points[:, None] - pixels) / width))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _unit(maps):
    """Return maps as vectors of unit length, or of zeros where there is nothing."""
    vectors = maps.reshape(len(maps), -1)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    visible = length > FAINTEST * np.sqrt(vectors.shape[1])
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=visible)

"""Image features, once their parameters are known to ask for what a computer has.

Those that learn nothing but the shape of an image are fitted anew, on one blank image.
"""

import numpy as np

from fercompare.containers.refusal import Refused
from fercompare.features.descriptors import CELLS
from fercompare.images import resolve_shape
from fercompare.saving.checks import MOST_FEATURES, check_above_zero

MOST_PIXELS = 2**22
MOST_SCALES = 16
MOST_WORK = 2**24
"""Pixels of an image, times how often each is looked at."""
FEATURES = {"n_features_in_": "size n"}
"""The lines of a feature's state."""
WORDS = {
    "n_features_in_": "size n",
    "_n_features_out": "size features",
    "mean_": "real d",
    "components_": "real d c",
    "place_scale_": "number",
    "word_shares_": "real w",
    "word_means_": "real w e",
    "word_variances_": "real w e",
}
"""The lines of the state of `FisherVectors`."""


def build_hog(hog, state):
    """Fit a `HOG` on a blank image of the right size."""
    height, width = _sides(hog, state)
    several = np.ndim(hog.pixels_per_cell) > 1
    scales = hog.pixels_per_cell if several else [hog.pixels_per_cell]
    features = 0
    for down, across in _few(scales):
        rows = max(height // _positive(down), 1)
        columns = max(width // _positive(across), 1)
        block = [_positive(side) for side in hog.cells_per_block]
        of_block = min(block[0], rows) * min(block[1], columns)
        features += rows * columns * of_block * _positive(hog.orientations)
    _fit_blank(hog, state, features, 4 * len(scales))


def build_lbp(lbp, state):
    """Fit an `LBP` on a blank image of the right size."""
    sides = _sides(lbp, state)
    cells = np.prod([min(_positive(n), side) for n, side in zip(lbp.grid, sides)])
    neighbours = _few(np.atleast_1d(lbp.P).tolist())
    n_circles = max(len(neighbours), len(_few(np.atleast_1d(lbp.R).tolist())))
    n_bins = {"var": 15}
    most = 0
    for P in neighbours:
        P = min(_positive(P), 32)
        n_bins |= {"uniform": P + 2, "nri_uniform": P * (P - 1) + 3}
        most = max(most, n_bins.get(lbp.method, 2**P))
    _fit_blank(lbp, state, int(cells) * most * n_circles, max(neighbours) * n_circles)


def build_pixels(pixels, state):
    """Fit `Pixels` on a blank image of the right size."""
    _sides(pixels, state)
    _fit_blank(pixels, state, state["n_features_in_"], 1)


def build_fisher(fisher, state):
    """Give `FisherVectors` its words."""
    cell, stride = _positive(fisher.cell), _positive(fisher.stride)
    sides = [max(side, CELLS * cell) for side in _sides(fisher, state)]
    numbers = CELLS**2 * _positive(fisher.orientations)
    per_patch = numbers + len(state["word_shares_"])
    work = np.prod([side // stride + 1 for side in sides], dtype=object) * per_patch
    if cell % stride or max(work, np.prod(sides, dtype=object)) > MOST_WORK:
        raise Refused(f"has patches of cells of {cell} pixels, {stride} apart")
    n_words, n_columns = state["word_means_"].shape
    expected = {"mean_": (numbers,), "components_": (numbers, n_columns - 2)}
    for name, shape in expected.items():
        if state[name].shape != shape:
            raise Refused(f"{name} is {state[name].shape} where {shape} belongs")
    if state["_n_features_out"] != 2 * n_words * n_columns:
        raise Refused(f"gives {state['_n_features_out']} features of {n_words} words")
    for name in ("word_shares_", "word_variances_"):
        check_above_zero(f"the least of {name}", state[name].min())
    vars(fisher).update(state)
    fisher.image_shape_ = resolve_shape(state["n_features_in_"], fisher.image_shape)


def _sides(transformer, state):
    n_pixels = state["n_features_in_"]
    if n_pixels > MOST_PIXELS:
        raise Refused(f"takes images of {n_pixels:,} numbers; {MOST_PIXELS:,} is most")
    shape = resolve_shape(n_pixels, transformer.image_shape)
    return [_positive(side) for side in shape[:2]]


def _few(values):
    if not 1 <= len(values) <= MOST_SCALES:
        raise Refused(f"has {len(values)} scales; {MOST_SCALES} is the most")
    return values


def _positive(size):
    if type(size) is not int or not 1 <= size <= MOST_PIXELS:
        raise Refused(f"has a size of {ascii(size)[:40]}")
    return size


def _fit_blank(transformer, state, n_features, n_looks):
    if n_looks * state["n_features_in_"] > MOST_WORK:
        raise Refused(f"looks {n_looks} times at {state['n_features_in_']:,} pixels")
    if n_features > MOST_FEATURES:
        raise Refused(f"gives up to {n_features:,} features; {MOST_FEATURES:,} is most")
    transformer.fit(np.zeros((1, state["n_features_in_"]), np.uint8))

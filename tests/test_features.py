"""HOG, LBP and Pixels: scikit-image's numbers, scikit-learn's contract."""

import pickle
import platform
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import feature as skimage_feature
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from fercompare.errors import DataError, UnknownName
from fercompare.features import HOG, LBP, Pixels, base
from fercompare.features.hog import hog, oriented_cells
from fercompare.features.lbp import local_binary_codes
from fercompare.images import to_grey

FUSES = platform.machine() not in ("x86_64", "AMD64")
"""Compilers for other processors fuse multiply and add, so scikit-image rounds anew."""
BLOCK_NORMS = ("L1", "L1-sqrt", "L2", "L2-Hys")
METHODS = ("default", "ror", "uniform", "nri_uniform", "var")
GREY = (20, 14)
COLOUR = (20, 14, 3)


def draw_image(seed, shape, contrast=255, dtype="uint8"):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, contrast + 1, shape) + rng.integers(0, 256 - contrast)
    if dtype == "uint8":
        return image.astype(np.uint8)
    return (image / 255).astype(dtype) if dtype.startswith("f") else image


images = st.builds(
    draw_image,
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    contrast=st.sampled_from([1, 2, 10, 100, 255]),
    dtype=st.sampled_from(["uint8", "float32", "float64", "int64"]),
)


def codes_of_skimage(image, P, R, method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return skimage_feature.local_binary_pattern(image, P, R, method)


def rows_of(n, shape=(48, 48), seed=0):
    return draw_image(seed, (n, *shape)).reshape(n, -1)


@st.composite
def hog_cases(draw):
    cells = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    blocks = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    more = draw(st.tuples(st.integers(0, 20), st.integers(0, 20)))
    shape = tuple(c * b + m for c, b, m in zip(cells, blocks, more))
    if in_colour := draw(st.booleans()):
        shape += (3,)
    image = draw_image(
        draw(st.integers(0, 2**32 - 1)),
        shape,
        draw(st.sampled_from([1, 2, 10, 255])),
        draw(st.sampled_from(["uint8", "float32", "float64"])),
    )
    options = {
        "orientations": draw(st.integers(1, 20)),
        "pixels_per_cell": cells,
        "cells_per_block": blocks,
        "block_norm": draw(st.sampled_from(BLOCK_NORMS)),
        "transform_sqrt": draw(st.booleans()),
    }
    return image, in_colour, options


@settings(max_examples=200, deadline=None)
@given(hog_cases())
def test_hog_has_the_numbers_of_scikit_image(case):
    image, in_colour, options = case
    channel_axis = -1 if in_colour else None
    expected = skimage_feature.hog(image, channel_axis=channel_axis, **options)
    row = image.reshape(1, -1)
    found = HOG(image_shape=image.shape, **options).fit_transform(row)
    np.testing.assert_allclose(found[0], expected, rtol=0, atol=1e-5)


def test_hog_keeps_a_vote_that_scikit_image_drops():
    image = np.zeros((3, 3))
    image[0, 1], image[1, 2] = 1e-17, 1  # the angle, -6e-16, is 180 once 180 is added
    options = {"pixels_per_cell": (3, 3), "cells_per_block": (1, 1), "block_norm": "L1"}
    assert skimage_feature.hog(image, **options).sum() == 0
    np.testing.assert_allclose(hog(image[np.newaxis], **options).sum(), 1, atol=1e-3)


def votes_one_by_one(image, orientations, cell, signed):
    """Bilinear votes as Dalal and Triggs describe them, pixel by pixel."""
    period = 2 * np.pi if signed else np.pi
    rows, columns = image.shape[0] // cell, image.shape[1] // cell
    cells = np.zeros((rows, columns, orientations))
    for r in range(image.shape[0]):
        for c in range(image.shape[1]):
            down = image[r + 1, c] - image[r - 1, c] if 0 < r < len(image) - 1 else 0
            last = image.shape[1] - 1
            across = image[r, c + 1] - image[r, c - 1] if 0 < c < last else 0
            turn = np.arctan2(down, across) % period / period * orientations
            for i, j, k in np.ndindex(cells.shape):
                away = abs(turn - (k + 0.5))
                away = min(away, orientations - away)
                shares = (
                    1 - abs((r + 0.5) / cell - (i + 0.5)),
                    1 - abs((c + 0.5) / cell - (j + 0.5)),
                    1 - away,
                )
                share = np.prod(np.maximum(shares, 0))
                cells[i, j, k] += share * np.hypot(down, across) / cell**2
    return cells


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("shape", [(10, 10), (11, 13)])
def test_bilinear_votes_are_shared_by_distance(signed, shape):
    image = draw_image(3, shape).astype(float)
    found = oriented_cells(
        image[np.newaxis].astype(np.uint8),
        orientations=6,
        pixels_per_cell=(5, 5),
        signed=signed,
        bilinear=True,
    )
    np.testing.assert_allclose(found[0], votes_one_by_one(image, 6, 5, signed))


def test_signed_directions_turn_around_in_the_negative_and_unsigned_do_not():
    rows = rows_of(3)
    unsigned, signed = HOG(), HOG(signed=True, orientations=18)
    plain, negative = (unsigned.fit_transform(r) for r in (rows, 255 - rows))
    # a gradient along an axis lies between two bins, and half a turn rounds alike
    np.testing.assert_allclose(plain, negative, atol=1e-6)
    plain, negative = (
        signed.fit_transform(r).reshape(3, -1, 18) for r in (rows, 255 - rows)
    )
    np.testing.assert_allclose(plain, np.roll(negative, 9, axis=2), atol=1e-6)
    assert not np.allclose(plain, negative, atol=0.01)


def test_several_scales_are_the_single_ones_side_by_side():
    rows = rows_of(4)
    both = HOG(pixels_per_cell=[(6, 6), (8, 12)]).fit_transform(rows)
    apart = [HOG(pixels_per_cell=c).fit_transform(rows) for c in ((6, 6), (8, 12))]
    np.testing.assert_array_equal(both, np.hstack(apart))
    both = LBP(P=8, R=(1, 2)).fit_transform(rows)
    np.testing.assert_array_equal(
        both, np.hstack([LBP(R=R).fit_transform(rows) for R in (1, 2)])
    )


@settings(max_examples=300, deadline=None)
@given(
    image=images,
    P=st.integers(1, 24),
    R=st.one_of(st.sampled_from([1, 1.5, 2, 3]), st.floats(0.01, 6)),
    method=st.sampled_from(METHODS),
)
def test_lbp_has_the_codes_of_scikit_image(image, P, R, method):
    expected = codes_of_skimage(image, P, R, method)
    found = local_binary_codes(image[np.newaxis], P, R, method)[0]
    if FUSES:
        near = np.isclose(found, expected, rtol=1e-6, equal_nan=True)
        assert near.mean() > 0.5
    else:
        np.testing.assert_array_equal(found, expected)


def exact_codes(image):
    """Codes for P=8 and R=1 with a diagonal at exactly 0.70711, in whole numbers."""
    height, width = image.shape
    framed = np.pad(image.astype(int), 1)

    def shifted(row, column):
        return framed[1 + row : 1 + row + height, 1 + column : 1 + column + width]

    circle = [(0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1)]
    codes = np.zeros(image.shape, int)
    tied = np.zeros(image.shape, bool)
    for k, (row, column) in enumerate(circle):
        difference = shifted(row, column) - image.astype(int)
        if row and column:
            sides = shifted(row, 0) + shifted(0, column) - 2 * image.astype(int)
            difference = 70711 * difference + 29289 * sides
            tied |= difference == 0
        codes |= (difference >= 0) << k
    return codes, tied


@pytest.mark.parametrize("contrast", [1, 5, 50, 255])
def test_lbp_differs_from_exact_arithmetic_only_where_that_gives_a_tie(contrast):
    stack = draw_image(contrast, (30, 24, 24), contrast)
    for image, codes in zip(stack, local_binary_codes(stack)):
        exact, tied = exact_codes(image)
        np.testing.assert_array_equal(codes[~tied], exact[~tied])


def test_lbp_breaks_this_tie_by_rounding_as_scikit_image_does():
    image = np.array([[1, 2, 1], [1, 1, 0], [1, 1, 1]], np.uint8)
    exact, tied = exact_codes(image)
    assert tied[1, 1] and exact[1, 1] == 0b01111110
    assert local_binary_codes(image[np.newaxis])[0, 1, 1] == 0b01111100


def test_bytes_and_floats_of_the_same_pixels_give_the_same_features():
    for shape, rows in ((GREY, rows_of(5, GREY)), (COLOUR, rows_of(5, COLOUR))):
        for feature in (HOG(image_shape=shape), Pixels(image_shape=shape)):
            of_bytes, of_floats = map(feature.fit_transform, (rows, rows.astype(float)))
            np.testing.assert_allclose(of_bytes, of_floats, atol=1e-6)
    rows = rows_of(5)
    for method in METHODS:
        feature = LBP(method=method, P=(8, 12), R=(1, 1.7))
        of_bytes, of_floats = map(feature.fit_transform, (rows, rows.astype(float)))
        np.testing.assert_array_equal(of_bytes, of_floats)


@pytest.mark.parametrize(
    ("method", "n_bins"),
    [("default", 256), ("ror", 36), ("uniform", 10), ("nri_uniform", 59), ("var", 15)],
)
@pytest.mark.parametrize("grid", [(1, 1), (3, 2), (20, 14)])
def test_lbp_counts_codes_by_cell(method, n_bins, grid):
    rows = rows_of(2, GREY)
    found = LBP(method=method, grid=grid, image_shape=GREY).fit_transform(rows)
    found = found.reshape(2, *grid, n_bins)
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-6)
    codes = local_binary_codes(rows.reshape(2, *GREY), method=method)[0]
    edges = [0, *2.0 ** np.arange(15)]
    for i, row_codes in enumerate(np.array_split(codes, grid[0])):
        for j, cell in enumerate(np.array_split(row_codes, grid[1], axis=1)):
            if method == "var":
                expected = np.histogram(np.nan_to_num(cell), edges)[0]
            else:
                expected = np.unique(cell, return_counts=True)[1]
            counts = np.round(found[0, i, j] * cell.size)
            kept = counts if method == "var" else counts[counts > 0]
            np.testing.assert_array_equal(kept, expected)


def test_lbp_bins_follow_the_order_of_the_codes():
    rows = rows_of(1, GREY)
    for method, n_bins in (("uniform", 26), ("nri_uniform", 24 * 23 + 3)):
        feature = LBP(P=24, R=3, method=method, grid=(1, 1), image_shape=GREY)
        codes = codes_of_skimage(rows.reshape(GREY), 24, 3, method)
        expected = np.bincount(codes.astype(int).ravel(), minlength=n_bins) / codes.size
        np.testing.assert_allclose(feature.fit_transform(rows)[0], expected, rtol=1e-6)


def test_lbp_of_colour_is_that_of_grey_and_sqrt_is_the_root():
    rows = rows_of(3, COLOUR)
    grey = to_grey(rows.reshape(3, *COLOUR)).reshape(3, -1)
    in_colour = LBP(image_shape=COLOUR).fit_transform(rows)
    of_grey = LBP(image_shape=GREY).fit_transform(grey)
    np.testing.assert_array_equal(in_colour, of_grey)
    np.testing.assert_allclose(
        LBP(image_shape=GREY, sqrt=True).fit_transform(grey), np.sqrt(of_grey)
    )


@pytest.mark.parametrize(
    "feature",
    [
        HOG(),
        HOG(bilinear=True, signed=True),
        HOG(pixels_per_cell=[(6, 6), (9, 4)], block_norm="L1-sqrt"),
        LBP(),
        LBP(P=(8, 16), R=(1, 2.5), method="nri_uniform", sqrt=True),
        LBP(method="var"),
        Pixels(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2), (3, 5), (48, 48)])
def test_blank_and_tiny_images_have_finite_features(feature, shape):
    feature = clone(feature).set_params(image_shape=shape)
    for value in (0, 255):
        rows = np.full((2, shape[0] * shape[1]), value, np.uint8)
        found = feature.fit_transform(rows)
        assert found.shape[1] >= 1 and np.isfinite(found).all()
        assert found.dtype == np.float32
        if isinstance(feature, HOG):
            assert not found.any()


def test_a_line_of_pixels_has_features_that_see_it():
    line = np.tile([0, 0, 9, 9, 9], (1, 4)).astype(np.uint8)
    assert HOG().fit_transform(line).any()
    assert len(np.unique(LBP().fit_transform(line))) > 1


@pytest.mark.parametrize("feature", [HOG(), LBP(), Pixels()], ids=repr)
def test_threads_and_chunks_change_nothing(feature):
    n = 2 * base.PIXELS_PER_CHUNK // GREY[0] // GREY[1] + 7
    rows = rows_of(n, GREY)
    feature.set_params(image_shape=GREY)
    whole = feature.fit_transform(rows)
    threaded = clone(feature).set_params(n_jobs=2).fit_transform(rows)
    np.testing.assert_array_equal(threaded, whole)
    some = [0, 5, n // 2, n - 1]
    np.testing.assert_allclose(feature.transform(rows[some]), whole[some], atol=1e-7)


@pytest.mark.parametrize("feature", [HOG(), LBP()], ids=repr)
def test_memory_beyond_the_output_does_not_grow_with_the_images(feature, monkeypatch):
    monkeypatch.setattr(base, "LARGEST_ARRAY", 1)

    def extra(n):
        rows = np.zeros((n, 2304), np.uint8)
        feature.fit(rows)
        tracemalloc.start()
        size = feature.transform(rows).nbytes
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - size

    chunk = base.PIXELS_PER_CHUNK // 2304
    assert extra(8 * chunk) < 1.1 * extra(2 * chunk)


@pytest.mark.parametrize("feature", [HOG(), LBP(), Pixels()], ids=repr)
def test_features_live_in_scikit_learn(feature):
    rows, y = rows_of(12, GREY), np.arange(12) % 2
    feature.set_params(image_shape=GREY)
    plain = feature.fit_transform(rows)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(feature)).transform(rows), plain
    )
    table = clone(feature).set_output(transform="pandas").fit_transform(rows)
    assert isinstance(table, pd.DataFrame)
    assert table.columns[1] == f"{type(feature).__name__.lower()}1"
    np.testing.assert_array_equal(table, plain)
    steps = make_pipeline(clone(feature), LogisticRegression(max_iter=20, C=0.01))
    name = steps.steps[0][0]
    search = GridSearchCV(steps, {f"{name}__n_jobs": [None, 2]}, cv=2).fit(rows, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_pixels_ignore_brightness_and_contrast():
    rows = rows_of(4, GREY) // 2
    found = Pixels().fit_transform(rows)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(found.std(axis=1), 1, atol=1e-6)
    brighter = Pixels().fit_transform(rows / 255 * 1.9 + 0.01)
    np.testing.assert_allclose(found, brighter, atol=1e-5)
    np.testing.assert_array_equal(Pixels(standardize=False).fit_transform(rows), rows)


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (HOG(image_shape=(4, 4)), "images of shape"),
        (HOG(block_norm="L2-hys"), "did you mean 'L2-Hys'"),
        (HOG(orientations=0), "orientations=0"),
        (HOG(pixels_per_cell=(6, 0)), "pixels_per_cell"),
        (HOG(cells_per_block=(0, 2)), "cells_per_block"),
        (LBP(method="unifrom"), "did you mean 'uniform'"),
        (LBP(P=0), "0 neighbours"),
        (LBP(P=32), "32 neighbours"),
        (LBP(R=0), "radius of 0"),
        (LBP(P=20, method="default"), "choose 'uniform'"),
        (LBP(grid=(0, 3)), "grid="),
        (LBP(P=(8, 8), R=(1, 2, 3)), "as many"),
    ],
    ids=str,
)
def test_wrong_parameters_are_named(feature, message):
    with pytest.raises((DataError, UnknownName), match=message):
        feature.fit(rows_of(2))


def test_square_roots_of_negative_pixels_are_refused():
    with pytest.raises(DataError, match="transform_sqrt on pixels down to -1"):
        HOG(transform_sqrt=True).fit(np.full((1, 16), -1.0))


def test_hog_draws_a_stick_along_the_edge():
    upright = np.repeat([[0] * 8 + [200] * 8], 16, axis=0).astype(np.uint8)
    drawer = HOG(pixels_per_cell=(16, 16), orientations=8, bilinear=True)
    for image, lies in ((upright, False), (upright.T, True)):
        picture = drawer.draw(image.ravel(), size=21)
        assert picture.shape == (21, 21) and picture.dtype == np.uint8
        assert picture.max() == 255
        across, down = picture[10].sum(), picture[:, 10].sum()
        assert (across > 2 * down) if lies else (down > 2 * across)
    assert not drawer.draw(np.zeros(256)).any()


def test_lbp_draws_its_codes():
    row = rows_of(1)[0]
    picture = LBP().draw(row)
    codes = local_binary_codes(row.reshape(1, 48, 48), method="uniform")[0]
    assert picture.shape == (48, 48) and picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, codes * 255 // 9)

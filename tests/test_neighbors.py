"""Nearest neighbours: exactly those of brute force, and never the row itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.estimator_checks import parametrize_with_checks

from fercompare.balancing.neighbors import ExactNeighbors, own_first
from fercompare.errors import DataError


def brute(X, k):
    return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(X)


def true_distances(X, queries):
    apart = X.astype(np.float64)[None] - queries.astype(np.float64)[:, None]
    return np.sqrt((apart**2).sum(axis=2))


@parametrize_with_checks([ExactNeighbors(2)])
def test_scikit_learn_has_no_complaint(estimator, check):
    check(estimator)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shift", [0, 1000])
def test_order_is_that_of_brute_force(dtype, shift):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(700, 60)) + shift).astype(dtype)
    distances, indices = brute(X, 9).kneighbors(X[100:400])
    found = ExactNeighbors(9).fit(X).kneighbors(X[100:400])
    assert np.array_equal(found[1], indices)
    np.testing.assert_allclose(found[0], distances, rtol=1e-6, atol=1e-3)
    alone = ExactNeighbors(9).fit(X).kneighbors(return_distance=False)
    assert np.array_equal(alone, brute(X, 9).kneighbors(return_distance=False))


def test_pixels_are_compared_as_whole_numbers():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (250, 60), dtype=np.uint8)
    truth = true_distances(X, X)
    found = ExactNeighbors(9).fit(X).kneighbors(X, return_distance=False)
    assert np.array_equal(found, np.argsort(truth, axis=1, kind="stable")[:, :9])


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        np.int16,
        st.tuples(st.integers(2, 40), st.integers(1, 4)),
        elements=st.integers(-9, 9),
    ),
    st.integers(1, 12),
    st.sampled_from([1.0, 1e-20, 3e37]),
)
def test_any_rows_with_any_ties(whole, k, unit):
    X = whole * unit
    k = min(k, len(X))
    distances, indices = ExactNeighbors(k).fit(X).kneighbors(X)
    truth = true_distances(X, X)
    np.testing.assert_allclose(distances, np.sort(truth, axis=1)[:, :k], rtol=1e-9)
    np.testing.assert_allclose(
        np.take_along_axis(truth, indices, axis=1), distances, rtol=1e-9
    )
    assert np.array_equal(indices[:, 0], np.arange(len(X)))
    assert all(len(set(row)) == k for row in indices.tolist())
    expected, _ = brute(X, k).kneighbors(X)
    np.testing.assert_allclose(distances / unit, expected / unit, atol=1e-6)


def test_the_lower_index_comes_first_where_distances_are_equal():
    X = np.tile(np.array([[0.0], [1.0]]), (50, 1))
    found = ExactNeighbors(4).fit(X).kneighbors([[0.1]], return_distance=False)
    assert found.tolist() == [[0, 2, 4, 6]]


def test_rows_that_float32_cannot_tell_apart():
    rng = np.random.default_rng(0)
    X = 1 + rng.normal(size=(300, 30)) * 1e-9
    X[0] += 100
    expected = np.argsort(true_distances(X, X), axis=1, kind="stable")[:, :6]
    found = ExactNeighbors(6).fit(X).kneighbors(X, return_distance=False)
    assert np.array_equal(found, expected)


def test_a_row_is_left_out_by_its_index_among_its_copies():
    X = np.repeat(np.arange(3.0)[:, None], 4, axis=0)
    search = ExactNeighbors(3).fit(X)
    found = search.kneighbors(X, return_distance=False)
    assert np.array_equal(found[:, 0], np.arange(12))
    without = search.kneighbors(return_distance=False)
    assert not (without == np.arange(12)[:, None]).any()
    assert (np.sort(without // 4, axis=1) == (np.arange(12) // 4)[:, None]).all()


def test_own_first_keeps_the_order_of_the_others():
    indices = np.array([[4, 0, 2], [0, 3, 1], [7, 8, 9]])
    assert own_first(indices, np.array([4, 1, 5])).tolist() == [
        [4, 0, 2],
        [1, 0, 3],
        [5, 7, 8],
    ]


@pytest.mark.parametrize("mode", ["connectivity", "distance"])
def test_the_graph_is_scikit_learns(mode):
    X = np.random.default_rng(0).normal(size=(30, 5))
    found = ExactNeighbors(4).fit(X).kneighbors_graph(X, mode=mode)
    expected = brute(X, 4).kneighbors_graph(X, mode=mode)
    np.testing.assert_allclose(found.toarray(), expected.toarray(), atol=1e-6)


def test_what_cannot_be_found_is_said():
    search = ExactNeighbors(4).fit(np.zeros((3, 2)))
    with pytest.raises(DataError, match="4 neighbours asked for among 3 rows"):
        search.kneighbors(np.zeros((1, 2)))
    with pytest.raises(DataError, match="n_neighbors=0"):
        clone(search).set_params(n_neighbors=0).fit(np.zeros((3, 2)))
    with pytest.raises(DataError, match="mode='both'"):
        search.kneighbors_graph(mode="both")

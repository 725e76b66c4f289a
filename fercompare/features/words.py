"""Visual words: a mixture of Gaussians that describes descriptors."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning

ROUNDS = 12
NARROWEST = 0.01
"""Least variance of a word, as a share of that of all descriptors."""


class Words(NamedTuple):
    """Mixture of Gaussians with diagonal covariances.

    Attributes
    ----------
    shares : float32 array of shape (n_words,)
    means, variances : float32 array of shape (n_words, n_columns)
    """

    shares: np.ndarray
    means: np.ndarray
    variances: np.ndarray


def learn_words(rows, n_words, random_state):
    """Return `Words` that fit rows: clusters, then rounds of expectation maximisation.

    Parameters
    ----------
    rows : float32 array of shape (n, n_columns)
    n_words : int
        At most as many as rows.
    random_state : int, RandomState or None

    Examples
    --------
    >>> rows = np.array([[0], [0.1], [5], [5.1], [5.2]], np.float32)
    >>> learn_words(rows, 2, random_state=0).means.round(1).ravel()
    array([5.1, 0. ], dtype=float32)
    """
    clusters = MiniBatchKMeans(
        n_words, batch_size=4096, max_iter=20, n_init=1, random_state=random_state
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        means = clusters.fit(rows).cluster_centers_.astype(np.float32)
    spread = rows.var(axis=0)
    narrowest = NARROWEST * spread + 1e-6
    variances = np.tile(np.maximum(spread / 2, narrowest), (n_words, 1))
    words = Words(np.full(n_words, 1 / n_words, np.float32), means, variances)
    squares = rows * rows
    for _ in range(ROUNDS):
        belonging = memberships(rows, words)
        counts = belonging.sum(axis=0)[:, np.newaxis] + 1e-3
        means = belonging.T @ rows / counts
        variances = np.maximum(belonging.T @ squares / counts - means**2, narrowest)
        words = Words(counts[:, 0] / counts.sum(), means, variances)
    return words


def memberships(rows, words):
    """Return the probability of each word for each row, ``(n, n_words)``."""
    shares, means, variances = words
    constant = np.log(shares) - 0.5 * (np.log(variances) + means**2 / variances).sum(1)
    found = rows @ (means / variances).T
    found -= (rows * rows) @ (0.5 / variances).T
    found += constant
    found -= found.max(axis=1, keepdims=True)
    np.exp(found, out=found)
    found /= found.sum(axis=1, keepdims=True)
    return found

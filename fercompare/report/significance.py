"""Tests of whether models differ: of pairs on the same images, and over data sets."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from fercompare.errors import DataError

ALPHA = 0.05
N_LETTERS = 26
FEW = 25
"""Fewer images on which just one model is right than that, and the test is exact."""


def holm(p):
    """Return p-values corrected for their number after Holm; nan stays nan.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, dtype=float)
    corrected = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * factors))
    return corrected


def mcnemar(n_only_a, n_only_b):
    """Return the p-value of McNemar's test: are two fits right equally often?

    Exact below `FEW` images on which just one of them is right, else by chi² with the
    correction for continuity.

    Parameters
    ----------
    n_only_a, n_only_b : int, or ndarray of int
        Images on which only the one, only the other is right.

    Examples
    --------
    >>> round(float(mcnemar(9, 1)), 4), round(float(mcnemar(60, 30)), 4)
    (0.0215, 0.0022)
    """
    n = np.add(n_only_a, n_only_b)
    exact = np.minimum(1, 2 * stats.binom.cdf(np.minimum(n_only_a, n_only_b), n, 0.5))
    distance = np.maximum(np.abs(np.subtract(n_only_a, n_only_b)) - 1, 0)
    approximate = stats.chi2.sf(distance**2 / np.maximum(n, 1), df=1)
    return np.where(n < FEW, exact, approximate)


class McNemar(NamedTuple):
    """Counts, as means over the pairs of seeds, and one p-value for all of them."""

    n_only_a: float
    n_only_b: float
    p: float


def mcnemar_of_seeds(right_a, right_b):
    """Return McNemar's test of two models that were each fitted with several seeds.

    Counting every seed's answer as an image of its own would make many images out of
    few. Each fit of one is compared with each fit of the other instead, and of the m
    p-values the k-th smallest, k half of m rounded up, is taken m / k times: a p-value
    whatever the dependence among them (Rüger, 1978). With one seed each it is plain
    McNemar. It speaks of these fits; other seeds may fare otherwise, which the test of
    the difference of a metric takes into account.

    Parameters
    ----------
    right_a, right_b : ndarray of shape (n_seeds, n_images), bool

    Examples
    --------
    >>> right = np.array([[True] * 9 + [False]]), np.array([[False] * 9 + [True]])
    >>> n_only_a, n_only_b, p = mcnemar_of_seeds(*right)
    >>> n_only_a, n_only_b, round(p, 4)
    (9.0, 1.0, 0.0215)
    """
    a, b = np.asarray(right_a, dtype=float), np.asarray(right_b, dtype=float)
    only_a = (a @ (1 - b).T).ravel()
    only_b = ((1 - a) @ b.T).ravel()
    found = np.sort(mcnemar(only_a, only_b))
    half = -(-len(found) // 2)
    p = min(1.0, float(found[half - 1]) * len(found) / half)
    return McNemar(float(only_a.mean()), float(only_b.mean()), p)


def alike(p):
    """Return the largest sets of things that no test tells apart.

    Parameters
    ----------
    p : ndarray of shape (n, n)
        Of every pair, corrected for their number; nan tells nothing apart.

    Returns
    -------
    list of tuple of int
        Ascending, by their first members.

    Examples
    --------
    >>> p = np.array([[1, 0.5, 0.01], [0.5, 1, 0.6], [0.01, 0.6, 1]])
    >>> alike(p)
    [(0, 1), (1, 2)]
    """
    n = len(p)
    sets = {frozenset(range(n))}
    for i, j in combinations(range(n), 2):
        if not p[i, j] < ALPHA:
            continue
        split = {one for one in sets if i in one and j in one}
        parts = {one - {k} for one in split for k in (i, j)}
        sets -= split
        sets |= {one for one in parts if not any(one < other for other in sets | parts)}
    return sorted(tuple(sorted(one)) for one in sets)


def letters(p):
    """Return a text for each of n things: those with a letter in common are alike.

    Parameters
    ----------
    p : ndarray of shape (n, n)
        See `alike`.

    Examples
    --------
    >>> letters(np.array([[1, 0.5, 0.01], [0.5, 1, 0.6], [0.01, 0.6, 1]]))
    ['a', 'ab', 'b']
    """
    return letters_of(alike(p), len(p))


def letters_of(sets, n):
    """Return a text for each of n things, a letter for each set that it is in.

    Examples
    --------
    >>> letters_of([(0, 1), (1, 2)], 3)
    ['a', 'ab', 'b']
    """
    marks = [[] for _ in range(n)]
    for number, members in enumerate(sets):
        for k in members:
            marks[k].append(_letter(number))
    between = " " if len(sets) > N_LETTERS else ""
    return [between.join(mark) for mark in marks]


class CriticalDifference(NamedTuple):
    """Average ranks over data sets or folds, and who is alike.

    Attributes
    ----------
    names : list of str
        Best first.
    ranks : ndarray of shape (n_names,)
        Average ranks; 1 is best.
    n_blocks : int
        Data sets, or folds.
    friedman : float
        The statistic, corrected for ties; nan with fewer than three names.
    friedman_p : float
    nemenyi : float
        Difference of average ranks above which Nemenyi's test tells two apart.
    pairs : DataFrame
        ``a``, ``b``, ``p`` of Wilcoxon's signed-rank test, and ``p_holm``.
    alike : list of tuple of int
        Places in ``names`` of those that Wilcoxon-Holm does not tell apart: one set
        of all where Friedman's test finds no difference.
    over, caution : str
        What the blocks are, and how they depend on each other, if they do.
    """

    names: list
    ranks: np.ndarray
    n_blocks: int
    friedman: float
    friedman_p: float
    nemenyi: float
    pairs: pd.DataFrame
    alike: list
    over: str = ""
    caution: str = ""

    def as_table(self):
        """Return name, average rank and the letters of those that are alike."""
        marks = letters_of(self.alike, len(self.names))
        columns = {"name": self.names, "average_rank": self.ranks, "alike": marks}
        return pd.DataFrame(columns)

    @property
    def claim(self):
        """What may be claimed, in a sentence."""
        if self.friedman_p >= ALPHA or len(self.alike) == 1:
            told = "no two are told apart"
        else:
            n_apart = int((self.pairs["p_holm"] < ALPHA).sum())
            told = f"{n_apart} of {len(self.pairs)} pairs are told apart"
        test = (
            "" if np.isnan(self.friedman_p) else f", Friedman's p {self.friedman_p:.2g}"
        )
        return (
            f"Over {self.over}, {self.names[0]} has the best average rank, "
            f"{self.ranks[0]:.2f}, and {told} by Wilcoxon's test with Holm's "
            f"correction at {ALPHA:.0%}{test}{'; but ' if self.caution else ''}"
            f"{self.caution}."
        )


def critical_difference(table, higher_is_better=True, over="", caution=""):
    """Return what a critical-difference diagram shows (Demšar, 2006).

    Parameters
    ----------
    table : DataFrame
        A line a data set or fold, a column a name; see
        `fercompare.report.blocks.blocks`.
    higher_is_better : bool, default=True
    over, caution : str, optional
        Of `fercompare.report.blocks.described`.

    Returns
    -------
    CriticalDifference

    Examples
    --------
    >>> table = pd.DataFrame({"svm": [0.6, 0.7, 0.8], "cnn": [0.7, 0.9, 0.9]})
    >>> found = critical_difference(table)
    >>> found.names, found.ranks.tolist(), found.alike
    (['cnn', 'svm'], [1.0, 2.0], [(0, 1)])
    """
    n_blocks, n_names = table.shape
    if n_blocks < 2 or n_names < 2:
        raise DataError(
            f"{n_names} names on {n_blocks} data sets or folds: too few to compare",
            remedy="run at least two of each; five data sets say something",
        )
    values = table.to_numpy(dtype=float) * (1 if higher_is_better else -1)
    average = stats.rankdata(-values, axis=1).mean(axis=0)
    order = np.argsort(average, kind="stable")
    values, average = values[:, order], average[order]
    names = [str(table.columns[k]) for k in order]
    statistic = p = np.nan
    if n_names > 2:
        statistic, p = stats.friedmanchisquare(*values.T)
        p = 1.0 if np.isnan(p) else p
    places = list(combinations(range(n_names), 2))
    found = [_wilcoxon(values[:, i] - values[:, j]) for i, j in places]
    corrected = holm(found)
    matrix = np.ones((n_names, n_names))
    for (i, j), one in zip(places, corrected):
        matrix[i, j] = one
    pairs = pd.DataFrame(
        [
            (names[i], names[j], one, both)
            for (i, j), one, both in zip(places, found, corrected)
        ],
        columns=["a", "b", "p", "p_holm"],
    )
    q = stats.studentized_range.ppf(1 - ALPHA, n_names, np.inf) / np.sqrt(2)
    return CriticalDifference(
        names,
        average,
        n_blocks,
        float(statistic),
        float(p),
        float(q * np.sqrt(n_names * (n_names + 1) / (6 * n_blocks))),
        pairs,
        [tuple(range(n_names))] if p >= ALPHA else alike(matrix),
        over or f"{n_blocks} blocks",
        caution,
    )


def _wilcoxon(differences):
    if not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences).pvalue)


def _letter(number):
    """Return a, b … z, aa, ab … of a number from 0."""
    text = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, N_LETTERS)
        text = chr(ord("a") + letter) + text
    return text

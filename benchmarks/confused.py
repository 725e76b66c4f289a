"""Pairs of classes that are taken for each other, and whether another model does less.

Read from stored predictions, as everything in `reference` is.
"""

from typing import NamedTuple

import numpy as np
from reference import cells_of, table

from fercompare.report.figures import COLOURS, MARKS, open_axes, sheet
from fercompare.report.resampling import Estimate, image_weights, pairwise
from fercompare.report.significance import ALPHA, holm


class Change(NamedTuple):
    """How much more often a model takes two classes for each other than another does.

    ``difference`` is of shares of the images of both classes, with its interval of
    95 %; ``p_holm`` is corrected for the number of changes found together.
    """

    model: str
    pair: tuple
    difference: float
    low: float
    high: float
    p: float
    p_holm: float = np.nan

    @property
    def verdict(self):
        """What may be said of it, in a word."""
        if not self.p_holm < ALPHA:
            return "not told apart"
        return "less" if self.difference < 0 else "more"


def changes(seen, reference, classes, pairs):
    """Return the `Change` of every pair by every model against one, after Holm.

    Images of the two classes are drawn again, the same for both models, and seeds
    count as in `fercompare.report.resampling`.

    Parameters
    ----------
    seen : dict of str to list of Predictions
        Of each model, one a seed, on the same images.
    reference : str
        The model that the others are compared with.
    classes : tuple of str
    pairs : sequence of (str, str)

    Returns
    -------
    list of Change
        None where the reference was not run.
    """
    found = []
    for pair in pairs if reference in seen else ():
        codes = [classes.index(name) for name in pair]
        estimates = {
            model: _estimate(of_model, *codes) for model, of_model in seen.items()
        }
        for model in (name for name in seen if name != reference):
            both = pairwise([estimates[model], estimates[reference]])
            told = (both.value, both.low, both.high, both.p)
            found.append(Change(model, pair, *(float(one[0, 1]) for one in told)))
    corrected = holm([one.p for one in found])
    return [one._replace(p_holm=float(p)) for one, p in zip(found, corrected)]


def shares(of_model, classes, truth, called):
    """Return, for each seed, which share of one class was called another, ``(n,)``."""
    truth, called = classes.index(truth), classes.index(called)
    return np.array(
        [np.mean(one.y_pred[one.y_true == truth] == called) for one in of_model]
    )


def share_table(seen, classes, pairs):
    """Return the lines of Markdown of those shares, both ways, mean ± deviation."""
    rows = []
    for way in both_ways(pairs):
        cells = [spread(shares(of_model, classes, *way)) for of_model in seen.values()]
        rows.append([" called ".join(way), *cells])
    return table(["", *seen], rows)


def change_table(found):
    """Return the lines of Markdown of changes."""
    lines = [
        "| | pair | difference | 95 % interval | p (Holm) | confuses them |",
        "| --- | --- | ---: | --- | ---: | --- |",
    ]
    for one in found:
        cells = one.model, "–".join(one.pair), *cells_of(one), one.verdict
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def draw_shares(seen, classes, pairs):
    """Return a figure of those shares: a mark for the mean, a dot for each seed."""
    ways = both_ways(pairs)
    figure, (axes,) = sheet(["share called another class"], 8.5, 4.2)
    for place, (model, of_model) in enumerate(seen.items()):
        found = [shares(of_model, classes, *way) for way in ways]
        heights = np.arange(len(ways)) + (place - (len(seen) - 1) / 2) * 0.14
        look = {"color": COLOURS[place], "linestyle": ""}
        for height, values in zip(heights, found):
            axes.plot(
                values, np.full(len(values), height), marker=".", alpha=0.5, **look
            )
        means = [values.mean() for values in found]
        axes.plot(means, heights, marker=MARKS[place], label=model, **look)
    axes.set_yticks(range(len(ways)), [f"{a} called {b}" for a, b in ways])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    open_axes(axes, grid="x")
    figure.legend(loc="outside lower center", ncols=len(seen), frameon=False)
    return figure


def both_ways(pairs):
    """Return pairs, each followed by itself turned round.

    Examples
    --------
    >>> both_ways([("sad", "angry")])
    [('sad', 'angry'), ('angry', 'sad')]
    """
    return [way for one, other in pairs for way in ((one, other), (other, one))]


def spread(values):
    """Return the mean of values over seeds and, of several, their deviation.

    Examples
    --------
    >>> spread(np.array([0.5, 0.7])), spread(np.array([0.5]))
    ('0.600 ± 0.141', '0.500')
    """
    mean = f"{np.mean(values):.3f}"
    return mean if len(values) < 2 else f"{mean} ± {np.std(values, ddof=1):.3f}"


def _estimate(of_model, one, other):
    """Return the `Estimate` of the share of two classes that is called the other."""
    truth = of_model[0].y_true
    of_pair = np.isin(truth, (one, other))
    wrong = np.where(truth == one, other, one)
    taken = np.array(
        [(seen.y_pred == wrong)[of_pair] for seen in of_model], dtype=float
    )
    n_images = taken.shape[1]
    resampled = taken.mean(axis=0) @ image_weights(n_images) / n_images
    return Estimate(taken.mean(axis=1), resampled, n_images, (0.0, 1.0))

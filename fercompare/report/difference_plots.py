"""The picture of average ranks over data sets, after Demšar, 2006."""

import numpy as np

from fercompare.report.figures import new_figure, shown

AXIS, BAR_STEP, NAME_STEP = 0.0, 0.28, 0.5


def critical_differences(found):
    """Draw average ranks on a line, and bars over those that are not told apart.

    Parameters
    ----------
    found : CriticalDifference
        Of `fercompare.report.significance.critical_difference`.

    Returns
    -------
    figure : Figure

    Examples
    --------
    >>> import pandas as pd
    >>> from fercompare.report.significance import critical_difference
    >>> table = pd.DataFrame({"svm": [0.6, 0.7, 0.8], "cnn": [0.7, 0.9, 0.9]})
    >>> figure = critical_differences(critical_difference(table))
    >>> [text.get_text() for text in figure.axes[0].texts][-2:]
    ['cnn  1.00', '2.00  svm']
    """
    bars = [members for members in found.alike if len(members) > 1]
    n = len(found.names)
    half = (n + 1) // 2
    first_name = AXIS - BAR_STEP * (len(bars) + 1) - NAME_STEP / 2
    bottom = first_name - NAME_STEP * (half - 1) - 0.6
    figure = new_figure(8.5, 1.0 + 0.5 * (AXIS - bottom))
    axes = figure.subplots()
    low, high = 1, max(2, int(np.ceil(found.ranks.max())))
    _draw_axis(axes, low, high)
    for place, (name, rank) in enumerate(zip(found.names, found.ranks)):
        left = place < half
        line = place if left else n - 1 - place
        height = first_name - NAME_STEP * line
        end = low - 0.04 * (high - low) if left else high + 0.04 * (high - low)
        axes.plot([rank, rank, end], [AXIS, height, height], color="black", lw=0.8)
        told = f"{shown(name)}  {rank:.2f}" if left else f"{rank:.2f}  {shown(name)}"
        room = (-4, 0) if left else (4, 0)
        axes.annotate(
            told,
            (end, height),
            xytext=room,
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=9,
        )
    _draw_bars(axes, [found.ranks[list(members)] for members in bars], high - low)
    axes.set_ylim(bottom, AXIS + 0.9)
    p = found.friedman_p
    friedman = "" if np.isnan(p) else f" (Friedman p {p:.3g})"
    told = f"average rank over {found.over}{friedman}"
    told += "; a bar joins those not told apart"
    told += f"\n{found.caution}" if found.caution else ""
    figure.suptitle(told, x=0.01, ha="left", fontsize=9)
    return figure


def _draw_axis(axes, low, high):
    axes.set_axis_off()
    axes.plot([low, high], [AXIS, AXIS], color="black", lw=1)
    for rank in range(low, high + 1):
        axes.plot([rank, rank], [AXIS, AXIS + 0.12], color="black", lw=1)
        axes.annotate(
            str(rank),
            (rank, AXIS + 0.12),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )


def _draw_bars(axes, ranks_of_bars, width):
    over = 0.012 * width
    for number, ranks in enumerate(ranks_of_bars, start=1):
        reach = [ranks.min() - over, ranks.max() + over]
        axes.plot(reach, [AXIS - BAR_STEP * number] * 2, color="black", lw=4)

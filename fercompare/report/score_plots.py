"""Pictures of scores: every strategy with every model, and what a score costs."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import NullFormatter

from fercompare.report.figures import (
    COLOURS,
    MARKS,
    draw_cells,
    new_figure,
    open_axes,
    shown,
    signed,
)
from fercompare.report.runs import find_metric

REFERENCE = "none"
"""The strategy that the others are compared with."""
MOST_IN_LEGEND = 20
LABEL_ROOM = (0.05, 0.04)
"""Share of the axes' width and height that a label takes."""
BLUES = LinearSegmentedColormap.from_list(
    "light blues", colormaps["Blues"](np.linspace(0.0, 0.65, 64))
)


def heat_map(table, metric="f1_macro"):
    """Draw a metric of every strategy with every model, and the delta against none.

    Parameters
    ----------
    table : DataFrame
        `fercompare.report.leaderboard.rank` of one data set.
    metric : str, default="f1_macro"
        A column of it. The darker a cell, the better; the best strategy of each
        model is bold.

    Returns
    -------
    figure : Figure or None
        None where nothing has a value of the metric.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"model": ["svm", "svm"], "strategy": ["none", "smote"],
    ...                       "seeds": [1, 1], "f1_macro": [0.50, 0.53]})
    >>> [text.get_text() for text in heat_map(table).axes[0].texts]
    ['0.500', '0.530\\n+0.030']
    """
    if table[metric].isna().all():
        return None
    sign = _sign(metric)
    means = means_by_name(table, metric, sign)
    values = means.to_numpy()
    deltas = values - values[:1] if means.index[0] == REFERENCE else values * np.nan
    deltas[means.index == REFERENCE] = np.nan
    texts = [
        [_cell(value, delta) for value, delta in zip(*line)]
        for line in zip(values, deltas)
    ]
    best = np.nanmax(np.where(np.isnan(values), -np.inf, sign * values), axis=0)
    bold = {(r, c) for r, c in zip(*np.nonzero(sign * values == best))}
    if turned := len(means.columns) > len(means):
        values, texts = values.T, [list(line) for line in zip(*texts)]
        bold = {(c, r) for r, c in bold}
    down, across = means.axes[::-1] if turned else means.axes
    figure = new_figure(max(4.6, 2.6 + 0.66 * len(across)), 1.9 + 0.36 * len(down))
    axes = figure.subplots()
    limits = sorted((sign * np.nanmin(sign * values), sign * np.nanmax(sign * values)))
    cmap = BLUES if sign > 0 else BLUES.reversed()
    draw_cells(axes, values, texts, cmap=cmap, limits=limits, bold=bold)
    _name_lines(axes, down, across)
    fewest, most = table["seeds"].min(), table["seeds"].max()
    of_seeds = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    over = f"mean over {of_seeds} seeds" if most > 1 else "one seed"
    told = f"{metric}, {over}"
    if np.isfinite(deltas).any():
        told += f"\nand below it the difference from {REFERENCE!r}"
    figure.suptitle(told, x=0.01, ha="left", fontsize=10)
    return figure


def cost_and_score(table, metric="f1_macro"):
    """Draw a metric against the seconds of fitting, and who is not beaten in both.

    Parameters
    ----------
    table : DataFrame
        `fercompare.report.leaderboard.rank` of one data set.
    metric : str, default="f1_macro"

    Returns
    -------
    figure : Figure or None
        None where nothing has a value of the metric.
    """
    sign = _sign(metric)
    means = table.dropna(subset=["fit_seconds", metric])
    if means.empty:
        return None
    models = list(dict.fromkeys(means["model"]))
    few = len(models) <= MOST_IN_LEGEND
    front = pareto_front(means["fit_seconds"], sign * means[metric])
    n_named = len(front) + 1 + few * len(models)
    figure = new_figure(9.5, max(5.2, 0.8 + 0.18 * n_named))
    axes = figure.subplots()
    for k, model in enumerate(models):
        of_model = means[means["model"] == model]
        axes.plot(
            of_model["fit_seconds"],
            of_model[metric],
            linestyle="",
            marker=MARKS[k % len(MARKS)] if few else ".",
            color=COLOURS[k % len(COLOURS)] if few else "#7f7f7f",
            alpha=0.85,
            markersize=6,
            label=shown(model) if few else "",
        )
    _draw_front(axes, means.iloc[front], metric, sign)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("seconds of fitting, balancing included")
    axes.set_ylabel(metric if sign > 0 else f"{metric} (lower is better)")
    open_axes(axes, "both")
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        fontsize=8,
        ncols=1,
    )
    return figure


def pareto_front(costs, gains):
    """Return which points no other one equals or beats in both, cheapest first.

    Parameters
    ----------
    costs, gains : array-like of shape (n,)

    Examples
    --------
    >>> pareto_front([1, 2, 3, 9], [0.4, 0.6, 0.5, 0.7]).tolist()
    [0, 1, 3]
    """
    costs, gains = np.asarray(costs), np.asarray(gains)
    order = np.lexsort((-gains, costs))
    best = np.maximum.accumulate(np.concatenate([[-np.inf], gains[order][:-1]]))
    return order[gains[order] > best]


def means_by_name(table, metric, sign=1):
    """Return strategies down and models across: the reference, then best first."""
    means = table.pivot(index="strategy", columns="model", values=metric)
    down = (sign * means).mean(axis=1).sort_values(ascending=False, kind="stable").index
    down = sorted(down, key=lambda strategy: strategy != REFERENCE)
    across = (sign * means).max(axis=0).sort_values(ascending=False, kind="stable")
    return means.loc[down, across.index]


def _sign(metric):
    return 1 if find_metric(metric)[0].higher_is_better else -1


def _cell(value, delta):
    if not np.isfinite(value):
        return "–"
    return f"{value:.3f}" + (f"\n{signed(delta)}" if np.isfinite(delta) else "")


def _name_lines(axes, down, across):
    axes.set_yticks(range(len(down)), [shown(name) for name in down], fontsize=9)
    axes.set_xticks(range(len(across)), [shown(name) for name in across], fontsize=9)
    axes.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False)
    long = max(map(len, across)) > 8
    for label in axes.get_xticklabels():
        label.set(rotation=40 if long else 0, ha="left" if long else "center")
        label.set_rotation_mode("anchor")


def _draw_front(axes, front, metric, sign):
    """Draw the line of the front and number its points; the legend names them."""
    axes.plot(
        front["fit_seconds"],
        front[metric],
        color="black",
        linewidth=1.2,
        drawstyle="steps-post",
        zorder=1,
        label="not beaten in both:",
    )
    axes.set_xscale("log")
    points = front[["fit_seconds", metric]].to_numpy()
    places = axes.transAxes.inverted().transform(axes.transData.transform(points))
    for numbers in _neighbours(places):
        axes.annotate(
            "–".join(str(k + 1) for k in dict.fromkeys((numbers[0], numbers[-1]))),
            points[numbers[0]],
            xytext=(-6, 5 * sign),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8,
            weight="bold",
        )
    for k, (model, strategy) in enumerate(zip(front["model"], front["strategy"])):
        named = f"{k + 1}  {shown(model)}, {shown(strategy)}"
        axes.plot([], [], linestyle="", label=named)


def _neighbours(places):
    """Return the indices of points, together where they are too near for two labels."""
    groups = [[0]]
    for k in range(1, len(places)):
        near = np.all(np.abs(places[k] - places[groups[-1][0]]) < LABEL_ROOM)
        if near:
            groups[-1].append(k)
        else:
            groups.append([k])
    return groups

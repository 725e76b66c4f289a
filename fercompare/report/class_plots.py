"""Pictures of classes: who is taken for whom, what balancing gave and took."""

import numpy as np
from matplotlib import colormaps

from fercompare.metrics import confusion, f1_per_class
from fercompare.report.figures import (
    COLOURS,
    draw_cells,
    open_axes,
    sheet,
    shown,
    signed,
)
from fercompare.report.score_plots import BLUES, REFERENCE

GAINS = colormaps["PuOr"]
"""Brown lost, violet gained; both are as dark as they are far from nothing."""
LEAST_SCALE = 0.05
"""A difference so large has the full colour, where none is larger."""
SHORT_CLASS = 9


def count_confusions(seen):
    """Return how often each class was taken for each, over the seeds.

    Parameters
    ----------
    seen : list of Predictions
        One a seed.

    Returns
    -------
    ndarray of shape (n_classes, n_classes), float
        The truth down, the prediction across.
    """
    return sum(confusion(one.y_true, one.y_pred, one.n_classes) for one in seen)


def confusions(groups, classes):
    """Draw a confusion matrix for each model: shares of the truth, and counts below.

    Parameters
    ----------
    groups : dict of str to list of Predictions
        Title to what one model and strategy said, one a seed. Counts are means over
        the seeds.
    classes : sequence of str

    Returns
    -------
    figure : Figure
    """
    side = 1.3 + 0.52 * len(classes)
    figure, drawn = sheet(list(groups), side, side)
    for axes, seen in zip(drawn, groups.values()):
        counts = count_confusions(seen)
        shares = share_of_truth(counts)
        texts = [
            [_share_and_count(*cell, len(seen)) for cell in zip(*line)]
            for line in zip(shares, counts)
        ]
        draw_cells(axes, shares, texts, cmap=BLUES, limits=(0, 1), size=6.5)
        _name_classes(axes, classes)
        axes.set_yticks(range(len(classes)), _short(classes), fontsize=8)
        axes.set_ylabel("truth", fontsize=8)
        axes.set_xlabel("prediction", fontsize=8)
    return figure


def share_of_truth(counts):
    """Return each line of a confusion matrix as shares, nan where a class has no rows.

    Examples
    --------
    >>> share_of_truth(np.array([[3, 1], [0, 0]]))
    array([[0.75, 0.25],
           [ nan,  nan]])
    """
    totals = counts.sum(axis=1, keepdims=True)
    empty = np.full(counts.shape, np.nan)
    return np.divide(counts, totals, out=empty, where=totals > 0)


def class_deltas(predictions, classes):
    """Draw, for each model, how each strategy changed the F1 of each class.

    Parameters
    ----------
    predictions : dict of (model, strategy) to list of Predictions
        One a seed. Models without the strategy ``none`` are left out.
    classes : sequence of str

    Returns
    -------
    figure : Figure or None
        None where there is nothing to compare with.
    """
    deltas = {}
    for (model, strategy), seen in predictions.items():
        if strategy != REFERENCE and (model, REFERENCE) in predictions:
            delta = _mean_f1(seen) - _mean_f1(predictions[model, REFERENCE])
            deltas.setdefault(model, {})[strategy] = delta
    if not deltas:
        return None
    n_lines = max(map(len, deltas.values()))
    figure, drawn = sheet(list(deltas), 2.0 + 0.5 * len(classes), 1.1 + 0.24 * n_lines)
    most = max(
        LEAST_SCALE, *(np.nanmax(np.abs([*of.values()])) for of in deltas.values())
    )
    for axes, of_model in zip(drawn, deltas.values()):
        values = np.array(list(of_model.values()))
        texts = [[_delta(value) for value in line] for line in values]
        draw_cells(axes, values, texts, cmap=GAINS, limits=(-most, most))
        _name_classes(axes, classes)
        names = [shown(strategy) for strategy in of_model]
        axes.set_yticks(range(len(names)), names, fontsize=8)
    told = f"F1 of each class: difference from {REFERENCE!r}"
    figure.suptitle(told, x=0.01, ha="left", fontsize=11)
    return figure


def class_counts(outcomes):
    """Draw how many training rows of each class each strategy left, made and lost.

    Parameters
    ----------
    outcomes : list of Outcome
        Done, of one data set. What was resampled stands in ``facts["balancing"]``;
        of each strategy the first such trial is drawn, for a sampler that cleans
        leaves other rows behind other features.

    Returns
    -------
    figure : Figure or None
        None where nothing was resampled.
    """
    reports = {}
    for outcome in outcomes:
        if report := outcome.facts.get("balancing"):
            trial = outcome.trial
            reports.setdefault(trial.strategy, (trial.model, report["rows"]))
    if not reports:
        return None
    figure, drawn = sheet(list(reports), 3.9, 2.7, sharey=True)
    for axes, (strategy, (model, rows)) in zip(drawn, reports.items()):
        axes.set_title(f"{shown(strategy)}, in {shown(model)}", loc="left", fontsize=10)
        _draw_counts(axes, rows)
    drawn[0].set_ylabel("training rows", fontsize=9)
    handles, labels = drawn[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper left", ncols=3, frameon=False, fontsize=9
    )
    return figure


def _mean_f1(seen):
    scores = [f1_per_class(one.y_true, one.y_pred, one.n_classes) for one in seen]
    return np.mean(scores, axis=0)


def _delta(value):
    return signed(value, 2) if np.isfinite(value) else "–"


def _draw_counts(axes, rows):
    before, after, real = (
        np.array([counts[which] for counts in rows.values()])
        for which in ("before", "after", "real")
    )
    places = np.arange(len(rows))
    made = after - real
    bars = {"width": 0.38, "edgecolor": "black", "linewidth": 0.6}
    axes.bar(places - 0.2, before, color="#c8c8c8", label="before", **bars)
    axes.bar(places + 0.2, real, color=COLOURS[0], label="after: real rows", **bars)
    axes.bar(
        places + 0.2,
        made,
        bottom=real,
        color="#ffffff",
        hatch="////",
        label="after: copies and made rows",
        **bars,
    )
    _name_classes(axes, list(rows))
    axes.tick_params(axis="y", labelsize=8, labelleft=True)
    open_axes(axes)


def _share_and_count(share, count, n_seeds):
    if not np.isfinite(share):
        return "–"
    mean = count / n_seeds
    return f"{share:.2f}\n{mean:,.0f}" if mean >= 10 else f"{share:.2f}\n{mean:.3g}"


def _name_classes(axes, classes):
    names = _short(classes)
    axes.set_xticks(range(len(names)), names, fontsize=8)
    if len(names) > 3:
        for label in axes.get_xticklabels():
            label.set(rotation=40, ha="right")
            label.set_rotation_mode("anchor")


def _short(classes):
    return [
        shown(name if len(name) <= SHORT_CLASS else f"{name[: SHORT_CLASS - 1]}…")
        for name in map(str, classes)
    ]

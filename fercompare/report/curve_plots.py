"""Pictures of trainings side by side: how the scores of networks rose."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from fercompare.report.figures import COLOURS, open_axes, sheet

CURVES = {
    "accuracy": ("accuracy, training", COLOURS[4], "--"),
    "val_accuracy": ("accuracy, validation", COLOURS[0], "-"),
    "val_f1_macro": ("macro-F1, validation", COLOURS[1], "-."),
}
"""Column of a training's curve to its label, colour and line."""


def learning_curves(groups):
    """Draw the scores of each epoch for each group of outcomes.

    Parameters
    ----------
    groups : dict of str to list of Outcome
        Title to the outcomes of one model and strategy, one a seed. Thin lines are the
        seeds, the thick one is their mean as far as all of them got. Outcomes without
        a ``training_curve`` are left out.

    Returns
    -------
    figure : Figure or None
        None where nothing was trained in epochs.
    """
    curves = {title: training_curves(group) for title, group in groups.items()}
    curves = {title: of_seeds for title, of_seeds in curves.items() if of_seeds}
    if not curves:
        return None
    figure, drawn = sheet(list(curves), 3.9, 3.0)
    for axes, of_seeds in zip(drawn, curves.values()):
        for column, (label, colour, line) in CURVES.items():
            rows = [curve[column] for curve in of_seeds if column in curve]
            _draw_seeds(axes, rows, label, color=colour, linestyle=line)
        axes.set_xlabel("epoch", fontsize=9)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.tick_params(labelsize=8)
        open_axes(axes)
    named = {}
    for axes in drawn:
        named |= dict(zip(*reversed(axes.get_legend_handles_labels())))
    figure.legend(
        named.values(),
        named.keys(),
        loc="outside upper left",
        ncols=3,
        frameon=False,
        fontsize=9,
        handlelength=3,
    )
    return figure


def training_curves(outcomes):
    """Return the curves of those outcomes that were trained in epochs.

    Examples
    --------
    >>> from fercompare.evaluation.trials import DONE, Outcome, Trial
    >>> trial = Trial("fer2013", "cnn", "none", 0)
    >>> facts = {"training_curve": {"epoch": [1.0, 2.0], "accuracy": [0.3, 0.4]}}
    >>> training_curves([Outcome(trial, DONE, facts=facts), Outcome(trial, DONE)])
    [{'epoch': [1.0, 2.0], 'accuracy': [0.3, 0.4]}]
    """
    found = [outcome.facts.get("training_curve") for outcome in outcomes]
    return [curve for curve in found if curve]


def _draw_seeds(axes, rows, label, **style):
    if not rows:
        return
    shortest = min(map(len, rows))
    mean = np.mean([row[:shortest] for row in rows], axis=0)
    epochs = np.arange(1, max(map(len, rows)) + 1)
    mark = "o" if shortest == 1 else ""
    thick = {"marker": mark, "linewidth": 1.8, "label": label}
    axes.plot(epochs[:shortest], mean, **thick, **style)
    for row in rows if len(rows) > 1 else ():
        axes.plot(epochs[: len(row)], row, linewidth=0.6, alpha=0.6, **style)

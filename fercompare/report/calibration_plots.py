"""Pictures of probabilities: whether what a model says holds."""

import numpy as np

from fercompare.metrics import calibration
from fercompare.report.figures import COLOURS, open_axes, sheet
from fercompare.report.runs import value


def reliability(groups):
    """Draw accuracy against confidence for each model.

    Bars are shares of the images, the dashed line is what a model that knows what it
    knows would be on. The calibration error is the mean over the seeds.

    Parameters
    ----------
    groups : dict of str to list of Predictions
        Title to what one model and strategy said, one a seed. Those without
        probabilities are left out.

    Returns
    -------
    figure : Figure or None
        None where no group has probabilities.
    """
    bins = {
        title: reliability_of(seen)
        for title, seen in groups.items()
        if all(one.proba is not None for one in seen)
    }
    if not bins:
        return None
    figure, drawn = sheet(list(bins), 3.3, 3.3)
    for axes, (rows, confidence, accuracy, error) in zip(drawn, bins.values()):
        edges = np.linspace(0, 1, len(rows) + 1)
        axes.bar(
            edges[:-1],
            rows / rows.sum(),
            width=np.diff(edges),
            align="edge",
            color="#bbbbbb",
            edgecolor="white",
            label="share of the images",
        )
        axes.plot([0, 1], [0, 1], color="black", linestyle="--", linewidth=0.8)
        full = rows > 0
        axes.plot(
            confidence[full],
            accuracy[full],
            color=COLOURS[0],
            linewidth=1,
            label="accuracy",
        )
        sizes = 4 + 120 * rows[full] / rows.sum()
        axes.scatter(confidence[full], accuracy[full], sizes, color=COLOURS[0])
        axes.text(0.03, 0.95, f"ECE {error:.3f}", va="top", fontsize=9)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        axes.set_xlabel("confidence", fontsize=9)
        axes.tick_params(labelsize=8)
        open_axes(axes)
    handles, labels = drawn[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper left", ncols=2, frameon=False, fontsize=9
    )
    return figure


def reliability_of(seen):
    """Return the rows, confidence and accuracy of each bin, and the mean error.

    Parameters
    ----------
    seen : list of Predictions
        With probabilities, one a seed.

    Returns
    -------
    rows : ndarray of shape (n_bins,)
        Summed over the seeds.
    confidence, accuracy : ndarray of shape (n_bins,)
        Means over all rows of a bin, nan where it is empty.
    error : float
        The expected calibration error, the mean over the seeds.
    """
    rows, *parts = calibration(
        np.concatenate([one.y_true for one in seen]),
        np.concatenate([one.proba for one in seen]),
    )
    errors = [value("expected_calibration_error", one) for one in seen]
    return rows, *parts, float(np.mean(errors))

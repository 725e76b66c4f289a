"""The catalogue of pictures, and the folder that they are written to."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fercompare.report.blocks import blocks, described
from fercompare.report.calibration_plots import reliability
from fercompare.report.class_plots import class_counts, class_deltas, confusions
from fercompare.report.curve_plots import learning_curves
from fercompare.report.difference_plots import critical_differences
from fercompare.report.figures import check_formats, save_figure
from fercompare.report.runs import find_metric
from fercompare.report.score_plots import cost_and_score, heat_map
from fercompare.report.significance import critical_difference

MOST_COMPARED = 24
"""So many names have room beside a line of ranks."""


@dataclass(frozen=True)
class Picture:
    """A picture of a `Ground`.

    Attributes
    ----------
    draw : callable
        Takes a Ground and returns a Figure, or None where there is nothing to draw.
    caption : str
        What is seen, and what to look for.
    in_page : bool
        Whether the report shows it; the others are there as tables of each model.
    """

    draw: Callable
    caption: str
    in_page: bool = True


PICTURES = {
    "heat-map": Picture(
        lambda ground: heat_map(ground.ranked, ground.by),
        "Every strategy with every model. The darker, the better; the best of each "
        "model is bold.",
    ),
    "cost": Picture(
        lambda ground: cost_and_score(ground.ranked, ground.by),
        "Score against seconds of fitting. Those on the line are beaten by no other in "
        "both.",
    ),
    "class-deltas": Picture(
        lambda ground: class_deltas(ground.predictions, ground.classes),
        "What each strategy gave to and took from the F1 of each class: violet gained, "
        "brown lost.",
    ),
    "class-counts": Picture(
        lambda ground: class_counts(ground.outcomes),
        "Training rows of each class before and after balancing. Hatched rows are "
        "copies or were made.",
    ),
    "confusion": Picture(
        lambda ground: confusions(ground.best(ground.predictions), ground.classes),
        "Who is taken for whom, each model with its best strategy.",
        in_page=False,
    ),
    "reliability": Picture(
        lambda ground: reliability(ground.best(ground.predictions)),
        "Whether probabilities hold, each model with its best strategy.",
        in_page=False,
    ),
    "curves": Picture(
        lambda ground: learning_curves(ground.best(ground.fits)),
        "How the networks learned, each with its best strategy.",
        in_page=False,
    ),
}


def ranks_of(found):
    """Return the picture of ranks over data sets, or over folds, where there are two.

    Parameters
    ----------
    found : list of Ground

    Returns
    -------
    figure : Figure or None
    """
    outcomes = [outcome for ground in found for outcome in ground.outcomes]
    over = "dataset" if len(found) > 1 else "fold"
    if over == "fold" and all(outcome.trial.fold is None for outcome in outcomes):
        return None
    by = found[0].by
    table = blocks(outcomes, by, over=over)
    n_blocks, n_names = table.shape
    if n_blocks < 2 or not 1 < n_names <= MOST_COMPARED:
        return None
    better = find_metric(by)[0].higher_is_better
    told = described(table, over)
    return critical_differences(critical_difference(table, better, *told))


def draw_pictures(found, folder, formats=("png", "svg")):
    """Write every picture that there is something to draw for.

    Parameters
    ----------
    found : list of Ground
        Of `fercompare.report.grounds.grounds`.
    folder : path
    formats : sequence of {"png", "svg", "pdf"}, default=("png", "svg")

    Yields
    ------
    path : Path
    """
    check_formats(formats)
    for ground in found:
        for name, picture in PICTURES.items():
            if (figure := picture.draw(ground)) is not None:
                stem = Path(folder, f"{file_name(ground, found)}-{name}")
                yield from save_figure(figure, stem, formats)
    if (figure := ranks_of(found)) is not None:
        yield from save_figure(figure, Path(folder, "critical-difference"), formats)


def file_name(ground, among):
    """Return what the files of a Ground begin with, another for each among some."""
    alike = [one for one in among if one.dataset == ground.dataset]
    names = [ground.dataset]
    if len(alike) > 1:
        names += [ground.data, ground.part, ground.images]
    return re.sub(r"[^\w+.@-]", "_", "-".join(names))

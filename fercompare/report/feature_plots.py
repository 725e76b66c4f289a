"""Pictures of what a model's features see in a face."""

import numpy as np
from matplotlib.figure import Figure

from fercompare.balancing.wrappers import Wrapper
from fercompare.errors import DataError
from fercompare.report.figures import save_figure, stem_and_format


def draw_features(model, dataset, path):
    """Write a picture: a face of each class, and below it what each feature sees.

    Parameters
    ----------
    model : estimator
        Fitted or not. Drawn are its steps that have a method ``draw``, such as HOG and
        LBP.
    dataset : Dataset
        The first image of each class is shown.
    path : Path
        The ending says the format: png, svg or pdf.

    Returns
    -------
    paths : list of Path
    """
    stem, form = stem_and_format(path)
    features = [step for step in _steps(model) if hasattr(step, "draw")]
    if not features:
        raise DataError(
            "none of the model's steps can be drawn",
            remedy="choose one with hog or lbp, or a network with augmentation",
        )
    shown = [np.flatnonzero(dataset.y == k)[:1] for k in range(len(dataset.classes))]
    columns = {c: int(rows[0]) for c, rows in zip(dataset.classes, shown) if len(rows)}
    figure = Figure(figsize=(1.3 * len(columns), 1.3 * len(features) + 1.6))
    figure.subplots_adjust(0.07, 0.01, 0.99, 0.93, wspace=0.05, hspace=0.05)
    grid = figure.subplots(len(features) + 1, len(columns), squeeze=False)
    for line, (name, row) in zip(grid.T, columns.items()):
        line[0].set_title(name, fontsize=10)
        line[0].imshow(dataset.images[row], cmap="gray", vmin=0, vmax=255)
        for axes, feature in zip(line[1:], features):
            axes.imshow(feature.draw(dataset.X[row]), cmap="gray", vmin=0, vmax=255)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
    for axes, feature in zip(grid[1:, 0], features):
        axes.set_ylabel(type(feature).__name__, fontsize=10)
    return save_figure(figure, stem, [form])


def _steps(model):
    """Yield the steps of a pipeline, and those inside a union of features.

    The pipeline may be a member of an ensemble, or be wrapped.
    """
    while isinstance(model, Wrapper):
        model = model.inside[0]
    for _, step in getattr(model, "steps", ()):
        joined = getattr(step, "transformer_list", [("", step)])
        yield from (part for _, part in joined)

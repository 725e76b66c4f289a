"""Pictures of a training: its curves, and the faces that it was shown."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fercompare.deep.augment import draw_variants
from fercompare.errors import DataError
from fercompare.report.figures import save_figure, stem_and_format

TRAINING, VALIDATION, OTHER = "#7a4f01", "#0b3c5d", "#3a8fb7"
PANELS = {
    "loss": {
        "loss": ("training", TRAINING, "--", "."),
        "val_loss": ("validation", VALIDATION, "-", "o"),
    },
    "scores": {
        "accuracy": ("accuracy, training", TRAINING, "--", "."),
        "val_accuracy": ("accuracy, validation", VALIDATION, "-", "o"),
        "val_f1_macro": ("macro-F1, validation", OTHER, "-.", "s"),
    },
    "learning rate": {"rate": ("at the end of an epoch", OTHER, "-", "o")},
}
"""Axis to the columns drawn on it, each with its label, colour, line and mark."""
FEW_EPOCHS = 40
"""So many are marked one by one."""


def draw_history(history, path, *, best_epoch=None):
    """Write a picture of the learning curves: losses, scores and the rate.

    Parameters
    ----------
    history : list of dict, dict of list, or path
        A fitted network's ``history_``, the ``training_curve`` of an outcome's facts,
        or the CSV that a training logged.
    path : path
        The ending says the format: png, svg or pdf.
    best_epoch : int, optional
        Marked, counted from 1: the one whose weights were kept.

    Returns
    -------
    paths : list of Path

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "curves.png")
    ...     [p.name for p in draw_history({"epoch": [1, 2], "loss": [2, 1]}, path)]
    ['curves.png']
    """
    stem, form = stem_and_format(Path(path))
    table = _read(history)
    panels = {
        what: columns for what, columns in PANELS.items() if {*columns} & {*table}
    }
    figure = Figure(figsize=(11, 4.3), layout="constrained")
    drawn = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (what, columns) in zip(drawn, panels.items()):
        _draw_panel(axes, table, columns)
        axes.set_title(what, loc="left", fontsize=11)
        if best_epoch is not None:
            told = f"epoch that was kept, {best_epoch}"
            axes.axvline(best_epoch, color="0.4", linestyle=":", label=told)
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(0, -0.17),
            frameon=False,
            fontsize=8,
            handlelength=3,
        )
    return save_figure(figure, stem, [form])


def draw_augmentation(augmentation, faces, path, *, n_variants=9, seed=0):
    """Write a picture: a face of each class, and beside it what a training may see.

    Parameters
    ----------
    augmentation : "standard", Augmentation or callable
    faces : Dataset
        The first image of each class is shown.
    path : path
        The ending says the format: png, svg or pdf.
    n_variants : int, default=9
    seed : int, default=0

    Returns
    -------
    paths : list of Path

    Examples
    --------
    >>> import tempfile
    >>> from fercompare import load_dataset
    >>> faces = load_dataset("synthetic", n=140)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "sheet.png")
    ...     [p.name for p in draw_augmentation("standard", faces, path, n_variants=1)]
    ['sheet.png']
    """
    stem, form = stem_and_format(Path(path))
    first = [np.flatnonzero(faces.y == k)[:1] for k in range(len(faces.classes))]
    shown = faces.take(np.concatenate(first))
    variants = draw_variants(
        augmentation, shown.X, shown.image_shape, n_variants, seed=seed
    )
    figure = Figure(figsize=(1.1 + 0.85 * (n_variants + 1), 0.4 + 0.85 * len(shown)))
    figure.subplots_adjust(0.1, 0.01, 0.99, 0.93, wspace=0.05, hspace=0.05)
    grid = figure.subplots(
        len(shown),
        n_variants + 2,
        squeeze=False,
        width_ratios=[1, 0.15, *[1] * n_variants],
    )
    for line, label, face, changed in zip(grid, shown.y, shown.images, variants):
        _draw_line(line, shown.classes[label], face, changed)
    grid[0][0].set_title("the face", fontsize=10)
    grid[0][2].set_title("and what the network is shown", fontsize=10, loc="left")
    return save_figure(figure, stem, [form])


def _draw_line(line, name, face, variants):
    line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for axes, image in zip([line[0], *line[2:]], [face, *variants]):
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    for axes in line:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)


def _read(history):
    """Return a history as a table, whatever it came as."""
    if not isinstance(history, str | os.PathLike):
        table = pd.DataFrame(history)
    else:
        try:
            table = pd.read_csv(history)
        except (OSError, ValueError) as error:
            raise DataError(f"cannot be read: {error}", file=history) from error
    if not (len(table) and {"epoch", "loss"} <= set(table)):
        raise DataError(
            "a history without epochs and losses",
            remedy="pass a fitted network's history_, or the log of a training",
        )
    return table.apply(pd.to_numeric, errors="coerce").dropna(axis=1, how="all")


def _draw_panel(axes, table, columns):
    for column, (label, color, line, mark) in columns.items():
        if column in table:
            axes.plot(
                table["epoch"],
                table[column],
                color=color,
                linestyle=line,
                marker=mark if len(table) <= FEW_EPOCHS else "",
                markersize=3.5,
                label=label,
            )
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.9")

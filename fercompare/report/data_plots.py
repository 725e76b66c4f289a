"""Pictures of a data set: class shares, samples, mean faces."""

import numpy as np
from matplotlib.figure import Figure

from fercompare.report.figures import save_figure
from fercompare.seeds import seed_for

SHADES = {"train": "#0b3c5d", "val": "#d9a441", "test": "#7fb7be", "all": "#0b3c5d"}
HATCHES = {"train": "", "val": "//", "test": "..", "all": ""}


def draw_dataset(dataset, folder, formats=("png", "svg"), *, seed=0):
    """Write the three pictures of a Dataset and return their paths."""
    drawn = {
        "classes": class_shares(dataset),
        "samples": sample_sheet(dataset, seed=seed),
        "mean-faces": mean_faces(dataset),
    }
    return [
        path
        for what, figure in drawn.items()
        for path in save_figure(figure, folder / f"{dataset.name}-{what}", formats)
    ]


def class_shares(dataset):
    """Draw how many rows of each class each part has."""
    counts = dataset.class_counts()
    parts = [part for part in counts if part != "all"] or ["all"]
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(dataset.classes))
    width = 0.8 / len(parts)
    for k, part in enumerate(parts):
        numbers = list(counts[part].values())
        bars = axes.bar(
            places + (k - (len(parts) - 1) / 2) * width,
            numbers,
            width,
            label=f"{part}, {sum(numbers):,}",
            color=SHADES[part],
            hatch=HATCHES[part],
            edgecolor="white",
        )
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=7, padding=2)
    axes.set_xticks(places, dataset.classes)
    axes.set_ylabel("images")
    axes.set_title(f"{dataset.name}: images of each class", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


def sample_sheet(dataset, n_columns=10, *, seed=0):
    """Draw ``n_columns`` images of each class, drawn at random."""
    rng = np.random.default_rng(seed_for("sample sheet", seed))
    lines = []
    for k, name in enumerate(dataset.classes):
        rows = np.flatnonzero(dataset.y == k)
        chosen = rng.permutation(rows)[:n_columns]
        lines.append((f"{name}\n{len(rows):,}", dataset.images[np.sort(chosen)]))
    return image_sheet(lines, n_columns, f"{dataset.name}: samples")


def mean_faces(dataset):
    """Draw the mean of all images of each class."""
    means = {}
    for k, name in enumerate(dataset.classes):
        images = dataset.images[dataset.y == k]
        mean = [images.mean(axis=0)] if len(images) else []
        means[name] = [face.round().astype(np.uint8) for face in mean]
    return _strip(means, f"{dataset.name}: mean face of each class")


def image_sheet(lines, n_columns, title):
    """Draw lines of images, each a pair of what stands before it and of the images."""
    figure = Figure(figsize=(1 + 0.8 * n_columns, 0.4 + 0.8 * len(lines)))
    figure.subplots_adjust(left=0.12, right=0.99, top=0.93, bottom=0.01)
    figure.subplots_adjust(wspace=0.04, hspace=0.06)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    grid = figure.subplots(len(lines), n_columns, squeeze=False)
    for line, (name, images) in zip(grid, lines):
        line[0].text(
            -0.12,
            0.5,
            name,
            transform=line[0].transAxes,
            ha="right",
            va="center",
            size=8,
        )
        for axes, image in zip(line, images):
            axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        for axes in line:
            axes.set_axis_off()
    return figure


def _strip(faces, title):
    figure = Figure(figsize=(1.4 * len(faces), 1.9), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    for axes, (name, images) in zip(
        figure.subplots(1, len(faces), squeeze=False)[0], faces.items()
    ):
        for image in images:
            axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        axes.set_title(name, fontsize=9)
        axes.set_axis_off()
    return figure

"""A sheet of images that were made for rare classes, under those they come from."""

import numpy as np

from fercompare.errors import DataError
from fercompare.images import as_stack
from fercompare.report.data_plots import image_sheet
from fercompare.report.figures import save_figure, stem_and_format
from fercompare.seeds import seed_for

N_COLUMNS = 10


def draw_made_images(made, training, path):
    """Write a picture: of each class some made images, and above each its parent.

    Parameters
    ----------
    made : Preview
        See `fercompare.balancing.preview`.
    training : Dataset
        The rows that were resampled.
    path : Path
        The ending says the format: png, svg or pdf.

    Returns
    -------
    paths : list of Path
    """
    stem, form = stem_and_format(path)
    if made.rows is None or not made.is_made.any():
        raise DataError(
            "no image was made",
            remedy="choose augment, or a strategy that mixes at the pixels, as "
            "smote@pixels",
        )
    rng = np.random.default_rng(seed_for("made images"))
    lines = []
    for k, name in enumerate(training.classes):
        rows = np.flatnonzero((made.y == k) & made.is_made)
        if len(rows):
            rows = np.sort(rng.permutation(rows)[:N_COLUMNS])
            lines += [
                (f"{name}\nreal", training.images[made.parents[rows]]),
                ("made", as_stack(made.rows[rows], training.image_shape)),
            ]
    title = f"{training.name}: images made by {made.report.step}, each under its parent"
    return save_figure(image_sheet(lines, N_COLUMNS, title), stem, [form])

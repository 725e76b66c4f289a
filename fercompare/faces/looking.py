"""Where in the picture a model looked, whatever the model is."""

import numpy as np
from sklearn.preprocessing import StandardScaler

from fercompare.balancing.wrappers import Wrapper
from fercompare.classifiers.calibration import two_columns
from fercompare.errors import DataError
from fercompare.features.cells import cells_of
from fercompare.features.pixels import Pixels
from fercompare.images import resolve_shape

ACTIVATIONS, CELLS, PATCHES = "activations", "cells", "patches"
WAYS = {
    ACTIVATIONS: "Class-activation map: what each field of the network's last map adds "
    "to the score of the answer against all others. A field is as coarse as it looks.",
    CELLS: "Cells of the feature: how far the score of the answer falls, or rises, "
    "when what a cell says becomes what it says on average.",
    PATCHES: "Covered patches: how far the score of the answer falls, or rises, when a "
    "patch of the picture is painted in the picture's mean.",
}
"""How it is found out where a model looked, see `way_of`."""
PATCHES_A_SIDE = 8
PATCH_SHARE = 4
"""Patches are a quarter as high and wide as the picture, and overlap."""


def looked_at(model, rows, image_shape=None, classes=None):
    """Return what each place of the pictures adds to the score of a class.

    Positive speaks for the class and negative against it, in units of the score that
    ``decision_function`` gives (of two classes half their difference; probabilities
    where there is no such method). How it is found out, `way_of` tells:

    ``activations``
        Networks: a class-activation map, as coarse as the network's last map, of the
        score less the mean of all classes' scores. Where nothing but a dense layer
        follows that map or its mean, the mean of ours is this score less its bias; see
        `fercompare.deep.attention.class_activations`.
    ``cells``
        HOG, LBP or both, standardised: the score less the score with the columns of
        one cell at their mean over the training rows. For a linear machine the mean of
        the map is the score less its bias. The map of an RBF machine does not add up.
    ``patches``
        All others: the score less the score with a patch painted over, averaged over
        the 64 overlapping patches.

    A map says what the model made use of, not what is so in the face.

    Parameters
    ----------
    model : estimator
        Fitted, a classifier of image rows.
    rows : array-like of shape (n, h*w) or (n, h*w*3)
    image_shape : tuple of int, optional
        ``(h, w)`` or ``(h, w, 3)``; square and grey if not given.
    classes : label or array-like of shape (n,), optional
        Of the model's ``classes_``; what it predicts if not given.

    Returns
    -------
    maps : float64 array of shape (n, h, w)

    Examples
    --------
    >>> from fercompare import load_dataset, make_model
    >>> faces = load_dataset("synthetic", n=100).part("train")
    >>> model = make_model("hog+linear-svm").fit(faces.X, faces.y)
    >>> maps = looked_at(model, faces.X[:2])
    >>> maps.shape, way_of(model, faces.X[0])
    ((2, 48, 48), 'cells')
    >>> of_class = [list(model.classes_).index(y) for y in model.predict(faces.X[:2])]
    >>> scores = model.decision_function(faces.X[:2])[[0, 1], of_class]
    >>> bias = model[-1].intercept_[of_class]
    >>> bool(np.allclose(maps.mean(axis=(1, 2)), scores - bias))
    True
    """
    rows = _checked(rows)
    shape = resolve_shape(rows.shape[1], image_shape)
    if not len(rows):
        return np.zeros((0, *shape[:2]))
    places = _places(model, rows, classes)
    return _look(model, rows, shape, places)[1]


def way_of(model, row, image_shape=None):
    """Return the key in `WAYS` of how `looked_at` finds out where a model looks.

    Parameters
    ----------
    model : estimator
        Fitted.
    row : array-like of shape (h*w,) or (h*w*3,)
        Any picture.
    image_shape : tuple of int, optional
    """
    row = _checked(np.asarray(row)[np.newaxis])
    shape = resolve_shape(row.shape[1], image_shape)
    return _look(model, row, shape, np.zeros(1, np.intp))[0]


def _checked(rows):
    rows = np.asarray(rows)
    if rows.ndim != 2:
        raise DataError(
            f"pictures of shape {rows.shape}",
            remedy="pass them as rows, (n, h*w) or (n, h*w*3)",
        )
    return rows


def _places(model, rows, classes):
    """Return the place in ``classes_`` of the class that each row is looked at for."""
    known = np.asarray(model.classes_)
    wanted = model.predict(rows) if classes is None else np.asarray(classes)
    wanted = np.broadcast_to(wanted, len(rows))
    unknown = ~np.isin(wanted, known)
    if unknown.any():
        raise DataError(
            f"the model does not know the class {wanted[unknown][0]}",
            remedy=f"choose from {', '.join(map(str, known))}",
        )
    return np.searchsorted(known, wanted)


def _look(model, rows, shape, places):
    """Return the key of the way that serves a model, and the maps."""
    steps, classifier = _opened(model)
    if hasattr(classifier, "network_") and all(isinstance(s, Pixels) for s in steps):
        from fercompare.deep.attention import class_activations

        for step in steps:
            rows = step.transform(rows)
        coarse = class_activations(classifier, rows, places)
        if coarse is not None:
            return ACTIVATIONS, spread(coarse, shape[:2])
    if len(steps) > 1 and getattr(steps[1], "mean_", None) is not None:
        cells = cells_of(steps[0]) if isinstance(steps[1], StandardScaler) else None
        if cells is not None:
            features = steps[0].transform(rows)
            changes = _without_cells(steps[1:], classifier, features, cells, places)
            return CELLS, _over_pixels(changes, cells)
    return PATCHES, _without_patches(model, rows, shape, places)


def _opened(model):
    """Return what transforms the rows of a model in turn, and what classifies them."""
    steps = []
    while True:
        if hasattr(model, "steps"):
            *before, (_, model) = model.steps
            steps += [step for _, step in before if hasattr(step, "transform")]
        elif isinstance(model, Wrapper) and len(model.inside) == 1:
            model = model.estimator_
        else:
            return steps, model


def _scores(classifier, rows):
    """Return the score of each class, ``(n, k)``."""
    if hasattr(classifier, "decision_function"):
        return two_columns(classifier.decision_function(rows))
    if hasattr(classifier, "predict_proba"):
        return classifier.predict_proba(rows)
    predicted = classifier.predict(rows)[:, np.newaxis]
    return (predicted == classifier.classes_).astype(float)


def _without_cells(steps, classifier, features, cells, places):
    """Return what each cell adds to the score of each row, ``(n, n_cells)``."""
    n_cells = len(cells.pixels)
    in_cell = cells.columns == np.arange(n_cells)[:, np.newaxis]
    found = np.empty((len(features), n_cells))
    for k, (feature, place) in enumerate(zip(features, places)):
        changed = np.where(in_cell, steps[0].mean_, feature.astype(np.float64))
        changed = np.vstack([feature, changed])
        for step in steps:
            changed = step.transform(changed)
        scores = _scores(classifier, changed)[:, place]
        found[k] = scores[0] - scores[1:]
    return found


def _over_pixels(changes, cells):
    """Return maps whose mean is the sum of what the cells add."""
    n_pixels = cells.pixels.sum(axis=(1, 2))
    density = changes * cells.pixels[0].size / n_pixels
    return np.einsum("nc,chw->nhw", density, cells.pixels)


def _without_patches(model, rows, shape, places):
    height, width = shape[:2]
    patches = _patches(height, width)
    found = np.empty((len(rows), height, width))
    for k, (row, place) in enumerate(zip(rows, places)):
        image = row.reshape(shape)
        paint = image.mean(axis=(0, 1))
        paint = np.rint(paint).astype(row.dtype) if row.dtype == np.uint8 else paint
        seen = patches.reshape(*patches.shape, *[1] * (len(shape) - 2))
        covered = np.where(seen, paint, image).reshape(len(patches), -1)
        covered = np.vstack([row, covered.astype(row.dtype)])
        scores = _scores(model, covered)[:, place]
        found[k] = np.tensordot(scores[0] - scores[1:], patches, axes=1)
    return found / patches.sum(axis=0)


def _patches(height, width):
    """Return the patches that are covered in turn, bool ``(n_patches, h, w)``."""
    by_row, by_column = (_strips(length) for length in (height, width))
    patches = by_row[:, np.newaxis, :, np.newaxis] & by_column[:, np.newaxis]
    return patches.reshape(-1, height, width)


def _strips(length):
    side = -(-length // PATCH_SHARE)
    starts = np.unique(np.rint(np.linspace(0, length - side, PATCHES_A_SIDE)))
    along = np.arange(length)
    return (along >= starts[:, np.newaxis]) & (along < starts[:, np.newaxis] + side)


def spread(coarse, shape):
    """Return coarse maps in the size of the pictures, their means what they were.

    Parameters
    ----------
    coarse : array of shape (n, rows, columns)
    shape : (h, w)

    Examples
    --------
    >>> spread(np.array([[[1.0, 3.0]]]), (1, 3))
    array([[[1., 2., 3.]]])
    """
    down, across = map(_shares, shape, coarse.shape[1:])
    return down @ coarse @ across.T


def _shares(n_pixels, n_fields):
    """Return the share of each field in each pixel, ``(n_pixels, n_fields)``."""
    pixels = np.arange(n_pixels)[:, np.newaxis] * n_fields
    fields = np.arange(n_fields) * n_pixels
    ends = np.minimum(pixels + n_fields, fields + n_pixels)
    return np.clip(ends - np.maximum(pixels, fields), 0, None) / n_fields

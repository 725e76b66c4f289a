"""One model in use: trained on a training part, scored on a part, asked about files."""

import numpy as np
import pandas as pd

from fercompare.datasets.copies import leak_free
from fercompare.decoding import ImageReader
from fercompare.errors import DataError
from fercompare.evaluation.runner import (
    class_probabilities,
    make_estimator,
    training_rows,
)
from fercompare.evaluation.trials import DONE, Outcome, Trial


def train(model, dataset, *, strategy="none", seed=0):
    """Fit a model on the training part of a data set.

    The benchmark's model of the same names and seed is the same model.

    Parameters
    ----------
    model, strategy : str
        From `list_models` and `list_strategies`.
    dataset : Dataset
    seed : int, default=0

    Returns
    -------
    fitted : estimator
    card : dict
        What `save_model` wants to know of it.

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> faces = load_dataset("synthetic", n=300)
    >>> fitted, card = train("hog+linear-svm", faces)
    >>> card["model"], sum(card["counts"].values())
    ('hog+linear-svm', 210)
    """
    rows = training_rows(dataset)
    fitted = make_estimator(dataset, model, strategy, seed).fit(rows.X, rows.y)
    counts = np.bincount(rows.y, minlength=len(dataset.classes)).tolist()
    return fitted, {
        "model": model,
        "strategy": strategy,
        "data": dataset.name,
        "fingerprint": dataset.fingerprint,
        "classes": dataset.classes,
        "image_shape": dataset.image_shape,
        "counts": dict(zip(dataset.classes, counts)),
    }


def evaluate(model, card, dataset, part="test"):
    """Return the `Outcome` of a fitted model on a part of a data set.

    Parameters
    ----------
    model : estimator
        Fitted; its classes are places in those of the card.
    card : Card
    dataset : Dataset
        Of the card's classes and image shape, in any order of the classes.
    part : {"train", "val", "test", "all"}, default="test"

    Returns
    -------
    Outcome
    """
    _check_same("classes", set(card.classes), set(dataset.classes), "--labels")
    _check_same("images of", card.image_shape, dataset.image_shape, "--size")
    rows = dataset if part == "all" else dataset.part(part)
    rows = rows.take(rows.labelled)
    places = np.array([dataset.classes.index(name) for name in card.classes])
    proba = class_probabilities(model, rows.X, len(card.classes))
    if part == "all":
        without_copies = np.ones(len(rows), dtype=bool)
    else:
        without_copies = leak_free(dataset, part)[dataset.part(part).labelled]
    return Outcome(
        Trial(dataset.name, card.model, card.strategy, seed=0),
        DONE,
        classes=dataset.classes,
        rows=rows.rows,
        y_true=rows.y,
        y_pred=places[model.predict(rows.X)],
        proba=None if proba is None else proba[:, np.argsort(places)],
        leak_free=without_copies,
    )


def predict_images(model, card, paths):
    """Return what a fitted model sees in image files.

    Parameters
    ----------
    model : estimator
        Fitted; its classes are places in those of the card.
    card : Card
    paths : list of path
        Image files; a face should fill each.

    Returns
    -------
    table : DataFrame
        One row a readable file: ``file``, ``predicted``, then the probability of each
        class where the model has them.
    unreadable : list of DataError
    """
    height, width, *channels = card.image_shape
    reader = ImageReader((height, width), color=bool(channels), on_error="skip")
    X, readable = reader.read_many(paths)
    files = [str(path) for path, is_read in zip(paths, readable) if is_read]
    table = pd.DataFrame({"file": files, "predicted": ""})
    if files:
        table["predicted"] = np.array(card.classes)[model.predict(X)]
        proba = class_probabilities(model, X, len(card.classes))
        if proba is not None:
            table[list(card.classes)] = proba
    return table, reader.skipped


def _check_same(what, of_model, of_data, option):
    if of_model != of_data:
        raise DataError(
            f"the model knows {what} {_listed(of_model)}, the data have "
            f"{_listed(of_data)}",
            remedy=f"load the data as the model's were, see {option}",
        )


def _listed(things):
    return ", ".join(sorted(map(str, things))) if isinstance(things, set) else things

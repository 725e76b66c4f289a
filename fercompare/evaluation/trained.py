"""One model in use: trained on a training part, scored on a part, asked about files."""

import os
import warnings
from contextlib import contextmanager

import numpy as np
import pandas as pd

from fercompare.balancing.decisions import VALIDATION
from fercompare.balancing.wrappers import innermost, learners
from fercompare.datasets.copies import leak_free
from fercompare.decoding import ImageReader
from fercompare.errors import DataError
from fercompare.evaluation.fitting import fit, make_estimator, selected_on
from fercompare.evaluation.parts import training_rows, validation_rows
from fercompare.evaluation.trials import DONE, Outcome, Trial


def train(model, dataset, *, strategy="none", seed=0, watch=None):
    """Fit a model on the training part of a data set.

    The benchmark's model of the same names and seed is the same model.

    Parameters
    ----------
    model, strategy : str
        From `list_models` and `list_strategies`.
    dataset : Dataset
    seed : int, default=0
    watch : dict, optional
        A network's parameters ``log``, ``tensorboard``, ``progress`` and ``checkpoint``
        while it is trained; other models have no use for it.

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
    validation = validation_rows(dataset)
    counts = np.bincount(rows.y, minlength=len(dataset.classes)).tolist()
    estimator = make_estimator(dataset, model, strategy, seed)
    try:
        with _watched(estimator, watch or {}):
            fitted = fit(estimator, rows, validation)
    except DataError:
        raise
    except ValueError as error:
        raise DataError(
            f"{model} with {strategy} cannot learn from {len(rows)} images, of the "
            f"rarest class {min(n for n in counts if n)}: {error}"
        ) from error
    return fitted, {
        "model": model,
        "strategy": strategy,
        "data": dataset.name,
        "fingerprint": dataset.fingerprint,
        "classes": dataset.classes,
        "image_shape": dataset.image_shape,
        "counts": dict(zip(dataset.classes, counts)),
        "selected_on": selected_on(fitted, validation is not None),
    }


def evaluate(model, card, dataset, part="test"):
    """Return the `Outcome` of a fitted model on a part of a data set.

    Parameters
    ----------
    model : estimator
        Fitted; its classes are those of the card, or places in them.
    card : Card
    dataset : Dataset
        Of the card's classes and image shape, in any order of the classes.
    part : {"train", "val", "test", "all"}, default="test"

    Returns
    -------
    Outcome
        ``leak_free`` is False too for rows that the model learned from, or that chose
        something of it.

    Warns
    -----
    LeakWarning
        Where the data may hold rows that the model learned from.
    """
    _check_card(card)
    _check_same("classes", set(card.classes), set(dataset.classes), "--labels")
    _check_same("images of", card.image_shape, dataset.image_shape, "--size")
    chosen = dataset.labelled.copy()
    if part != "all":
        dataset.part(part)  # raises where there is none
        chosen &= dataset.split == part
    rows = dataset.take(chosen)
    names = _names_of(model, card)
    places = np.array([dataset.classes.index(name) for name in names])
    proba = None
    if hasattr(model, "predict_proba"):
        proba = np.zeros((len(rows), len(dataset.classes)), dtype=np.float32)
        proba[:, places] = model.predict_proba(rows.X)
    return Outcome(
        Trial(dataset.name, card.model, card.strategy, seed=0),
        DONE,
        classes=dataset.classes,
        rows=rows.rows,
        y_true=rows.y,
        y_pred=places[np.searchsorted(model.classes_, model.predict(rows.X))],
        proba=proba,
        leak_free=_unseen(card, dataset, part)[chosen],
    )


def predict_images(model, card, paths):
    """Return what a fitted model sees in image files.

    Parameters
    ----------
    model : estimator
        Fitted; its classes are those of the card, or places in them.
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
    _check_card(card)
    height, width, *channels = card.image_shape
    reader = ImageReader((height, width), color=bool(channels), on_error="skip")
    X, readable = reader.read_many(paths)
    files = [_text(path) for path, is_read in zip(paths, readable) if is_read]
    table = pd.DataFrame({"file": files, "predicted": ""})
    if files:
        names = _names_of(model, card)
        found = np.searchsorted(model.classes_, model.predict(X))
        table["predicted"] = np.array(names)[found]
        if hasattr(model, "predict_proba"):
            table[names] = model.predict_proba(X).astype(np.float32)
    return table, reader.skipped


@contextmanager
def _watched(estimator, watch):
    """Set the final step's parameters inside, and put back what they were."""
    classifier = innermost(estimator)
    own = classifier.get_params(deep=False)
    before = {name: own[name] for name in watch if name in own}
    classifier.set_params(**{name: watch[name] for name in before})
    try:
        yield
    finally:
        for one in (classifier, *learners(estimator)):  # wrappers fit clones
            one.set_params(**before)


class LeakWarning(UserWarning):
    """What is scored may have been learned from."""


def _unseen(card, dataset, part):
    """Return for every row of the data set whether it may count as unseen."""
    unseen = np.ones(len(dataset), dtype=bool)
    if dataset.split is None or card.fingerprint != dataset.fingerprint:
        if card.data == dataset.name:
            warnings.warn(
                f"the model learned from other rows of {card.data}, or by another "
                "split: what is scored here may be what it learned from",
                LeakWarning,
                stacklevel=3,
            )
        learned = np.zeros(len(dataset), dtype=bool)
    else:
        learned = dataset.split == "train"
        if VALIDATION in card.selected_on:
            learned |= dataset.split == "val"
    for name in dataset.part_sizes() if part == "all" else [part]:
        unseen[dataset.split == name] = leak_free(dataset, name)
    return unseen & ~learned


def _check_card(card):
    for field in ("classes", "image_shape"):
        if not getattr(card, field):
            raise DataError(
                f"the model's card does not say its {field}",
                remedy="save it with card={'classes': …, 'image_shape': …}",
            )


def _names_of(model, card):
    """Return the name of each of a model's classes."""
    if np.asarray(model.classes_).dtype.kind in "iuf":
        return [card.classes[int(place)] for place in model.classes_]
    return [str(name) for name in model.classes_]


def _text(path):
    """Return a path as text that every encoding can write."""
    return os.fsencode(path).decode(errors="replace")


def _check_same(what, of_model, of_data, option):
    if of_model != of_data:
        raise DataError(
            f"the model knows {what} {_listed(of_model)}, the data have "
            f"{_listed(of_data)}",
            remedy=f"load the data as the model's were, see {option}",
        )


def _listed(things):
    return ", ".join(sorted(map(str, things))) if isinstance(things, set) else things

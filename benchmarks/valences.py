"""Emotions as positive, negative or neutral: few images of each, one ground for all."""

from dataclasses import replace

import numpy as np
from reference import changed

from fercompare.errors import DataError
from fercompare.evaluation.trials import DONE
from fercompare.labels import EMOTIONS, LABEL_MAPS

VALENCE = "valence3"
VALENCE_OF = {name: LABEL_MAPS[VALENCE][name] for name in EMOTIONS}
SIX = {name: valence and name for name, valence in VALENCE_OF.items()}
"""The emotions that the three classes are made of."""
PLAIN, ALIGNED, OF_SIX = "fer2013", "fer2013 aligned", "fer2013 of six emotions"
MARKS = {PLAIN: "", ALIGNED: ", aligned", OF_SIX: ", of six emotions"}
"""What stands behind a model's name where all are compared."""


def few(n_images, n_classes):
    """Return the strategy that draws so many images, as many of each class.

    Examples
    --------
    >>> few(600, 3)
    'random_under(target={0: 200, 1: 200, 2: 200})@pixels'
    """
    target = dict.fromkeys(range(n_classes), n_images // n_classes)
    return f"random_under(target={target})@pixels"


def on_one_ground(outcomes):
    """Return what was done as outcomes of three classes on the same images.

    Models of aligned faces and of six emotions say so in their names. That rows and
    labels are the same is looked at, and raises `DataError` where they are not: what
    differs between the data sets is only how a model was shown them.
    """
    done = [outcome for outcome in outcomes if outcome.status == DONE]
    first = next((one for one in done if one.trial.dataset == PLAIN), None)
    return [] if first is None else [_moved(one, first) for one in done]


def _moved(outcome, first):
    """Return an outcome as one of the data set and the classes of another."""
    new = VALENCE_OF | {name: name for name in first.classes}
    index = np.array([first.classes.index(new[name]) for name in outcome.classes])
    y_true, trial = index[outcome.y_true], outcome.trial
    same = np.array_equal(outcome.rows, first.rows)
    if not same or not np.array_equal(y_true, first.y_true):
        raise DataError(
            f"{trial.name} was not scored on the images of {first.trial.name}",
            remedy="run both on the same files of FER2013",
        )
    model = f"{trial.model}{MARKS[trial.dataset]}"
    return changed(
        outcome,
        trial=replace(trial, dataset=first.trial.dataset, model=model),
        classes=first.classes,
        y_true=y_true,
        y_pred=index[outcome.y_pred],
        proba=None,
        facts=outcome.facts | {"data": first.facts["data"]},
    )

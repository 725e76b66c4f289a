"""A run: what one seed of one model and strategy predicted, its folds joined."""

import hashlib
from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

import numpy as np

from fercompare.errors import DataError, look_up
from fercompare.evaluation.specification import differences
from fercompare.evaluation.trials import DONE
from fercompare.metrics import METRICS

LEAK_FREE = "_leak_free"
"""Behind a metric's name: on the images without a copy in another part."""
DIGITS = 12
"""Of a fingerprint, which is enough to tell data sets apart."""


class Predictions(NamedTuple):
    """What was said of the images, in the order of their rows."""

    rows: np.ndarray
    y_true: np.ndarray
    y_pred: np.ndarray
    leak_free: np.ndarray
    folds: np.ndarray
    proba: np.ndarray | None
    n_classes: int

    def take(self, mask):
        """Return those of some images."""
        proba = None if self.proba is None else self.proba[mask]
        columns = (column[mask] for column in self[:5])
        return Predictions(*columns, proba, self.n_classes)


class Run:
    """The outcomes of one seed: one, or one for each fold.

    Parameters
    ----------
    outcomes : list of Outcome
        Done, and alike but for the fold.
    """

    def __init__(self, outcomes):
        self.outcomes = list(outcomes)
        first = self.outcomes[0]
        self.trial, self.classes, self.facts = first.trial, first.classes, first.facts

    @property
    def names(self):
        """Data set, its fingerprint, the part reported on, model and strategy."""
        trial = self.trial
        return (*ground(self.outcomes[0]), trial.model, trial.strategy)

    def mean_fact(self, name):
        """Return the mean of a fact over the folds, nan where one lacks it."""
        found = [outcome.facts.get(name) for outcome in self.outcomes]
        return np.nan if None in found else float(np.mean(found))

    @cached_property
    def images(self):
        """A digest of which images were predicted."""
        rows = np.sort(np.concatenate([outcome.rows for outcome in self.outcomes]))
        return hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()[:DIGITS]

    def predictions(self):
        """Return the `Predictions` of all folds."""
        *columns, probas = zip(*map(_arrays, self.outcomes))
        rows, *others = map(np.concatenate, columns)
        order = np.argsort(rows, kind="stable")
        if (np.diff(rows[order]) == 0).any():
            raise DataError(
                f"{self.trial.model} with {self.trial.strategy} on "
                f"{self.trial.dataset}, seed {self.trial.seed}: an image was predicted "
                "in two folds",
                remedy="keep folds that were cut differently in stores of their own",
            )
        missing = any(proba is None for proba in probas)
        proba = None if missing else np.concatenate(probas)[order]
        taken = (column[order] for column in (rows, *others))
        return Predictions(*taken, proba, len(self.classes))


def runs(outcomes):
    """Return the `Run` of every seed among outcomes, those not done left out.

    Outcomes that bear the same name but were run with different settings raise
    `DataError`: they must not be averaged as if they were seeds.
    """
    found, meant = defaultdict(dict), {}
    for outcome in outcomes:
        if outcome.status != DONE:
            continue
        trial, fold = outcome.trial, outcome.trial.fold
        name = (*ground(outcome), trial.model, trial.strategy)
        first = meant.setdefault(name, trial)
        folds = found[*name, trial.seed]
        if fold in folds or _differ(first, trial):
            raise DataError(
                f"{trial.model} with {trial.strategy} on {trial.dataset}, seed "
                f"{trial.seed}, is here with different settings or by different code",
                remedy="keep such outcomes in stores of their own",
            )
        folds[fold] = outcome
    return [Run(folds.values()) for folds in found.values()]


def ground(outcome):
    """Return what scores must share to be compared: data, fingerprint and part."""
    trial, facts = outcome.trial, outcome.facts
    part = facts.get("reported_on", "test")
    if trial.specification.get("quick"):
        part = f"{part}, a quick try"
    return trial.dataset, facts["data"]["fingerprint"][:DIGITS], part


def find_metric(name):
    """Return the `Metric` of a name and whether only unleaked images count.

    Examples
    --------
    >>> metric, leak_free = find_metric("accuracy_leak_free")
    >>> metric.higher_is_better, leak_free
    (True, True)
    """
    plain = name.removesuffix(LEAK_FREE)
    return look_up(plain, METRICS, "metric"), plain != name


def value(name, seen, weights=None):
    """Return a metric of `Predictions`, nan where it has no meaning.

    Parameters
    ----------
    name : str
        A metric's name, maybe with ``_leak_free`` behind it.
    seen : Predictions
    weights : ndarray of shape (n, m), optional
        Of the images, see `fercompare.report.resampling.image_weights`.

    Returns
    -------
    float, or ndarray of shape (m,)
    """
    metric, leak_free = find_metric(name)
    if leak_free and not seen.leak_free.all():
        weights = None if weights is None else weights[seen.leak_free]
        seen = seen.take(seen.leak_free)
    if not len(seen.rows) or (metric.needs_proba and seen.proba is None):
        return np.nan if weights is None else np.full(weights.shape[1], np.nan)
    if not metric.orders_rows:
        return _of(metric, seen, weights)
    found = []
    for fold in np.unique(seen.folds):
        here = seen.folds == fold
        found.append(
            _of(metric, seen.take(here), None if weights is None else weights[here])
        )
    return np.mean(found, axis=0)


def _of(metric, seen, weights):
    return metric.function(
        seen.y_true, seen.y_pred, seen.proba, seen.n_classes, weights
    )


def _differ(one, other):
    return any(
        not field.partition(" (")[0].endswith("random_state")
        for field in differences(one.specification, other.specification)
    )


def _arrays(outcome):
    fold = -1 if outcome.trial.fold is None else outcome.trial.fold
    folds = np.full(len(outcome.rows), fold)
    rows, y_true, y_pred = outcome.rows, outcome.y_true, outcome.y_pred
    return rows, y_true, y_pred, outcome.leak_free, folds, outcome.proba

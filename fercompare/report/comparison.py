"""Two models on the same images: what differs, by how much, and what may be claimed."""

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from fercompare.errors import DataError, look_up
from fercompare.report.leaderboard import not_comparable
from fercompare.report.resampling import estimate, pairwise
from fercompare.report.runs import find_metric, runs
from fercompare.report.significance import ALPHA, holm, mcnemar_of_seeds

PLAIN = "none"
"""The strategy that is meant where none is named."""


@dataclass(frozen=True)
class Comparison:
    """How two models fared on the same images.

    Attributes
    ----------
    dataset, a, b, metric : str
        The models with their strategies, as ``model:strategy``.
    n_images, seeds_a, seeds_b : int
    value_a, value_b : float
        Means over the seeds.
    difference, low, high : float
        Of a minus b, with its interval of 95 %: see `fercompare.report.resampling`.
    p : float
        That of a difference at least so large if there were none.
    p_holm : float
        The same corrected for the number of comparisons made together.
    only_a_right, only_b_right : float
        Images on which only the one was right: means over pairs of seeds.
    mcnemar_p : float
        See `fercompare.report.significance.mcnemar_of_seeds`. Of accuracy, whatever
        the metric.
    note : str
        Which of the two was chosen on the very images, if one was.
    """

    dataset: str
    a: str
    b: str
    metric: str
    n_images: int
    seeds_a: int
    seeds_b: int
    value_a: float
    value_b: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    only_a_right: float
    only_b_right: float
    mcnemar_p: float
    note: str = ""

    @property
    def differs(self):
        """Whether the data tell the two apart, at 5 % after Holm's correction."""
        return self.p_holm < ALPHA

    @property
    def claim(self):
        """What may be claimed, in a sentence."""
        both = f"{self.a} and {self.b}"
        where = f"On the {self.n_images:,} images of {self.dataset}, "
        values = f"{self.value_a:.4f} against {self.value_b:.4f}"
        if not self.n_images:
            told = f"No image of {self.dataset} is counted by {self.metric}: nothing "
            told += f"may be claimed of {both}"
        elif np.isnan(self.difference):
            told = f"{where}{self.metric} is not known of both {both}"
        elif np.isnan(self.p_holm):
            told = (
                f"{where}{self.metric} of {both} is {values}, the same on any images "
                "drawn again, so that it has no interval; image by image, McNemar's p "
                f"of accuracy is {self.mcnemar_p:.2g}"
            )
        else:
            told = (
                f"{where}{self.a} {self._verdict} {self.b} by {self.metric}: "
                f"{values}, a difference of {_signed(self.difference)} (95 % interval "
                f"{_signed(self.low)} to {_signed(self.high)}, p = {self.p_holm:.2g} "
                f"after Holm); {self._scope}"
            )
        return f"{told}{'; but ' if self.note else ''}{self.note}."

    @property
    def _verdict(self):
        if not self.differs:
            return "cannot be told from"
        higher_is_better = find_metric(self.metric)[0].higher_is_better
        better = (self.difference > 0) == higher_is_better
        return "is better than" if better else "is worse than"

    @property
    def _scope(self):
        if min(self.seeds_a, self.seeds_b) > 1:
            seeds = f"{self.seeds_a} and {self.seeds_b}"
            return f"images and seeds ({seeds}) are both counted"
        single = "each" if self.seeds_a == self.seeds_b else "one of them"
        return (
            f"with a single seed of {single}, this is about the fits at hand, and "
            "other seeds may turn it"
        )


def compare(outcomes_a, outcomes_b, metric="f1_macro"):
    """Return the `Comparison` of two models on the same images.

    Parameters
    ----------
    outcomes_a, outcomes_b : list of Outcome
        Every seed (and fold) of one model with one strategy, on one data set.
    metric : str, default="f1_macro"
        From `fercompare.metrics.METRICS`; with ``_leak_free`` behind it on the images
        that have no copy in another part.

    Returns
    -------
    Comparison

    Examples
    --------
    >>> from fercompare.evaluation.trials import DONE, Outcome, Trial
    >>> def outcome(model, right):
    ...     labels = np.arange(40) % 2
    ...     return Outcome(Trial("faces", model, "none", 0), DONE, classes=("a", "b"),
    ...                    rows=np.arange(40), y_true=labels,
    ...                    y_pred=np.where(np.arange(40) < right, labels, 1 - labels),
    ...                    leak_free=labels == labels,
    ...                    facts={"data": {"fingerprint": "5f2c"}})
    >>> found = compare([outcome("cnn", 30)], [outcome("svm", 10)], "accuracy")
    >>> round(found.difference, 2), found.only_a_right, found.differs
    (0.5, 20.0, True)
    """
    one, other = _model(outcomes_a), _model(outcomes_b)
    return _compared([one, other], metric)[0]


def compare_all(outcomes, metric="f1_macro", names=None):
    """Return the `Comparison` of every two models, Holm-corrected within a data set.

    Parameters
    ----------
    outcomes : list of Outcome
        Of any data sets; pairs are formed within each, of those on the same images.
    metric : str, default="f1_macro"
    names : list of str, optional
        Those to compare, as ``model`` or ``model:strategy``. All if not given.

    Returns
    -------
    list of Comparison
    """
    models = _by_ground(outcomes)
    if names is not None:
        models = _named(models, names)
    found = []
    for together in models.values():
        if len(together) > 1:
            found += _compared(list(together.values()), metric)
    if not found:
        raise DataError(
            "no two of these were run on the same images",
            remedy="the rows of two stores agree where the data set and its split do",
        )
    return found


def label(trial):
    """Return ``model:strategy``, as a model is named in comparisons.

    Examples
    --------
    >>> from fercompare.evaluation.trials import Trial
    >>> label(Trial("fer2013", "hog+svm", "smote", 0))
    'hog+svm:smote'
    """
    return f"{trial.model}:{trial.strategy}"


def as_table(comparisons):
    """Return comparisons as a DataFrame, a line each, with what may be claimed."""
    return pd.DataFrame([{**vars(one), "claim": one.claim} for one in comparisons])


def _model(outcomes):
    found = runs(outcomes)
    if len({run.names for run in found}) != 1:
        told = ", ".join(sorted({label(run.trial) for run in found})) or "none"
        raise DataError(
            f"one model on one data set is compared with another, and here is {told}"
        )
    return found


def _by_ground(outcomes):
    """Return {data set, part and images: {name: runs}}, what may be compared."""
    models = defaultdict(lambda: defaultdict(list))
    for run in runs(outcomes):
        models[*run.names[:3], run.images][label(run.trial)].append(run)
    return models


def _named(models, names):
    """Return what is among ``names`` only; a plain model stands for its ``none``."""
    known = {name: None for together in models.values() for name in together}
    wanted = [full_name(name) for name in names]
    for name in wanted:
        look_up(name, known, "model and strategy")
    return {
        ground: {name: together[name] for name in wanted if name in together}
        for ground, together in models.items()
    }


def full_name(name):
    """Return ``model:strategy`` of a name; a plain model is meant with none.

    Examples
    --------
    >>> full_name("hog+svm"), full_name("cnn:smote@embedding")
    ('hog+svm:none', 'cnn:smote@embedding')
    """
    return name if ":" in name else f"{name}:{PLAIN}"


def _compared(models, metric):
    """Return the `Comparison` of every two of some models, each a list of runs."""
    _check_images(models)
    leak_free = find_metric(metric)[1]
    estimates, right, kept = [], [], True
    for model in models:
        seen = [run.predictions() for run in model]
        estimates.append(estimate(seen, metric))
        right.append(np.array([one.y_true == one.y_pred for one in seen]))
        if leak_free:
            kept = kept & np.all([one.leak_free for one in seen], axis=0)
    if leak_free:
        right = [of_model[:, kept] for of_model in right]
    spread = pairwise(estimates)
    found = []
    for i, j in combinations(range(len(models)), 2):
        counted = mcnemar_of_seeds(right[i], right[j])
        trial_a, trial_b = models[i][0].trial, models[j][0].trial
        one = Comparison(
            dataset=trial_a.dataset,
            a=label(trial_a),
            b=label(trial_b),
            metric=metric,
            n_images=right[i].shape[1],
            seeds_a=len(models[i]),
            seeds_b=len(models[j]),
            value_a=estimates[i].mean,
            value_b=estimates[j].mean,
            difference=float(spread.value[i, j]),
            low=float(spread.low[i, j]),
            high=float(spread.high[i, j]),
            p=float(spread.p[i, j]),
            p_holm=float(spread.p[i, j]),
            only_a_right=float(counted.n_only_a),
            only_b_right=float(counted.n_only_b),
            mcnemar_p=counted.p,
            note="; ".join(filter(None, map(_note, (models[i], models[j])))),
        )
        found.append(one)
    corrected = holm([one.p for one in found])
    return [replace(one, p_holm=float(p)) for one, p in zip(found, corrected)]


def _signed(number):
    """Return a number with its sign, which is + where it rounds to nothing."""
    return f"{round(number, 4) + 0.0:+.4f}"


def _note(model):
    for outcome in (outcome for run in model for outcome in run.outcomes):
        if why := not_comparable(outcome.facts):
            return f"{label(outcome.trial)} was {why}"
    return ""


def _check_images(models):
    first = models[0][0]
    for run in (run for model in models for run in model):
        if run.names[:3] != first.names[:3] or run.images != first.images:
            raise DataError(
                f"{label(run.trial)} on {run.trial.dataset} and {label(first.trial)} "
                f"on {first.trial.dataset} were not scored on the same images",
                remedy="compare outcomes of one data set, read and split alike",
            )

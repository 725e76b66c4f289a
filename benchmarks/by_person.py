"""Scores whose uncertainty is about persons: who is on which row, and drawn again.

Pictures of one person are not independent, so that drawing single images again makes
intervals too narrow. Here persons are drawn again, each with all of their pictures.
Outcomes do not know persons; notes of their data set carry them there, as numbers.
"""

from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fercompare.evaluation.trials import DONE
from fercompare.report.resampling import Estimate, image_weights, pairwise
from fercompare.report.runs import runs, value
from fercompare.report.significance import ALPHA, holm


class Difference(NamedTuple):
    """One less another, with its interval of 95 % and its p-value after Holm."""

    a: str
    b: str
    difference: float
    low: float
    high: float
    p_holm: float

    @property
    def differs(self):
        """Whether the data tell the two apart."""
        return self.p_holm < ALPHA


def note_persons(dataset):
    """Return the set with notes that say who is on each of its rows, by numbers.

    Parameters
    ----------
    dataset : Dataset
        With ``groups`` and the column ``source``, as the compiled set has them.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from fercompare import load_dataset
    >>> faces = load_dataset("synthetic", n=50)
    >>> faces = replace(faces, columns={"source": np.array(["drawn"] * 50)})
    >>> facts = {"data": {"notes": note_persons(faces).notes}}
    >>> outcome = SimpleNamespace(facts=facts)
    >>> len(persons_of(outcome)), sources_of(outcome)[:2].tolist()
    (50, ['drawn', 'drawn'])
    """
    _, persons = np.unique(dataset.groups, return_inverse=True)
    sources = dataset.columns["source"].tolist()
    sizes = [f"{name} {sources.count(name)}" for name in dict.fromkeys(sources)]
    told = {"persons": " ".join(map(str, persons)), "rows of": ", ".join(sizes)}
    return replace(dataset, notes=dataset.notes | told)


def persons_of(outcome):
    """Return the number of the person on each row of an outcome's data set."""
    return np.array(outcome.facts["data"]["notes"]["persons"].split(), dtype=int)


def sources_of(outcome):
    """Return the name of the set that each row of an outcome's data set is from."""
    sizes = outcome.facts["data"]["notes"]["rows of"].split(", ")
    names, counts = zip(*(size.rsplit(" ", 1) for size in sizes))
    return np.repeat(names, np.array(counts, dtype=int))


def whole_seeds(outcomes):
    """Return the outcomes of the seeds that every model has in all of its folds."""
    found = defaultdict(lambda: defaultdict(list))
    for outcome in outcomes:
        trial = outcome.trial
        if outcome.status == DONE:
            found[trial.dataset, trial.model][trial.seed].append(outcome)
    whole = {
        names: {
            seed: folds
            for seed, folds in of_model.items()
            if len(folds) == folds[0].trial.specification["cv"]
        }
        for names, of_model in found.items()
    }
    whole = [of_model for of_model in whole.values() if of_model]
    shared = set.intersection(*map(set, whole)) if whole else ()
    return [
        outcome
        for of_model in whole
        for seed in sorted(shared)
        for outcome in of_model[seed]
    ]


def by_model(outcomes, dataset):
    """Return the outcomes of each model on a data set, as it is called in them."""
    found = defaultdict(list)
    for outcome in outcomes:
        if outcome.trial.dataset == dataset:
            found[outcome.trial.model].append(outcome)
    return dict(found)


def score(outcomes, metric="f1_macro", source=None):
    """Return the `Estimate` of one model's outcomes, persons drawn again.

    Parameters
    ----------
    outcomes : list of Outcome
        Its seeds and folds.
    metric : str
    source : str, optional
        On the rows that are from this set alone.
    """
    seen = [run.predictions() for run in runs(outcomes)]
    persons = persons_of(outcomes[0])[seen[0].rows]
    if source is not None:
        here = sources_of(outcomes[0])[seen[0].rows] == source
        persons, seen = persons[here], [one.take(here) for one in seen]
    who, number = np.unique(persons, return_inverse=True)
    weights = image_weights(len(who))[number]
    return Estimate(
        np.array([value(metric, one) for one in seen]),
        np.mean([value(metric, one, weights) for one in seen], axis=0),
        len(who),
        (0, 1),
    )


def mean_of(estimates):
    """Return the `Estimate` of the mean of several with the same seeds and persons."""
    values = np.mean([one.values for one in estimates], axis=0)
    resampled = np.mean([one.resampled for one in estimates], axis=0)
    return estimates[0]._replace(values=values, resampled=resampled)


def differences(pairs):
    """Return the `Difference` of each pair, p corrected after Holm for all of them.

    Parameters
    ----------
    pairs : dict of (str, str) to (Estimate, Estimate)
        What the two are called, and the two, of the same persons.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 0.01, 1000)
    >>> high = Estimate(np.array([0.7, 0.71]), 0.7 + noise, 99, (0, 1))
    >>> low = Estimate(np.array([0.5, 0.51]), 0.5 + noise, 99, (0, 1))
    >>> (found,) = differences({("high", "low"): (high, low)})
    >>> round(found.difference, 3), found.differs
    (0.2, True)
    """
    found = []
    for (a, b), both in pairs.items():
        spread = pairwise(both)
        cells = (grid[0, 1] for grid in (spread.value, spread.low, spread.high))
        found.append(Difference(a, b, *map(float, cells), float(spread.p[0, 1])))
    corrected = holm([one.p_holm for one in found])
    return [one._replace(p_holm=float(p)) for one, p in zip(found, corrected)]

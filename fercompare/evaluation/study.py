"""A study: every trial that was asked for, what of it is stored, what is left."""

import itertools
import re
import warnings
from collections import defaultdict
from contextlib import suppress
from typing import NamedTuple

from sklearn.dummy import DummyClassifier

from fercompare.balancing.strategies import DoesNotApply, rebalance
from fercompare.datasets.catalogue import DATASETS
from fercompare.datasets.loading import load_dataset
from fercompare.errors import DataError, look_up
from fercompare.evaluation.fitting import make_estimator
from fercompare.evaluation.protocol import protocol_for
from fercompare.evaluation.quick import FOLDS, SEEDS, few_rows, short
from fercompare.evaluation.specification import differences, specify
from fercompare.evaluation.trials import FAILED, Trial
from fercompare.models import make_model
from fercompare.naming import canonical
from fercompare.seeds import seed_for

FOLD = re.compile(r"-fold\d+$")


class Study(NamedTuple):
    """What the names stand for, and the trials of every combination.

    ``protocols`` says by the name of a data set how its rows are shared out.
    """

    datasets: dict
    models: dict
    strategies: dict
    protocols: dict
    trials: list


def plan_study(
    datasets, models, strategies, seeds, *, cv=None, group=None, parts=None, quick=False
):
    """Return the `Study` of every combination; nothing is fitted.

    Parameters
    ----------
    datasets, models, strategies : list of str, or dict of name to object
    seeds : int or iterable of int
    cv, group, parts : optional
        See `fercompare.evaluation.protocol.protocol_for`; or a dict of data set to
        what holds for it.
    quick : bool, default=False
        See `fercompare.evaluation.quick`.

    Returns
    -------
    Study

    Examples
    --------
    >>> faces = {"few": load_dataset("synthetic", n=300)}
    >>> study = plan_study(faces, ["dummy"], ["none", "smote"], seeds=3)
    >>> len(study.trials), sorted(study.trials[0].specification)
    (6, ['code', 'data', 'model', 'parameters', 'strategy'])
    """
    datasets = _named(datasets)
    models, strategies = _named(models, "+"), _named(strategies, "@")
    check_names(datasets.values(), models.values(), strategies.values())
    seeds = _seeds(seeds)
    datasets = {name: _dataset(data) for name, data in datasets.items()}
    if quick:
        datasets = {name: few_rows(data) for name, data in datasets.items()}
        seeds, cv = seeds[:SEEDS], _at_most(FOLDS, cv)
    protocols = {
        name: protocol_for(
            data, parts=_of(parts, name), cv=_of(cv, name), group=_of(group, name)
        )
        for name, data in datasets.items()
    }
    trials = []
    for names in itertools.product(datasets, models, strategies):
        dataset, model, strategy = names
        meant = _meaning(
            (datasets[dataset], models[model], strategies[strategy]),
            (model, strategy),
            protocols[dataset],
            quick,
        )
        numbers = itertools.product(seeds, protocols[dataset].folds)
        trials += [Trial(*names, seed, meant, fold) for seed, fold in numbers]
    return Study(datasets, models, strategies, protocols, trials)


def check_names(datasets, models, strategies):
    """Raise where a name or an option of one means nothing, before data are loaded.

    Parameters
    ----------
    datasets, models, strategies : iterable
        What is no name is let pass.

    Examples
    --------
    >>> check_names(["fer2013"], ["hog+svm(C=2)"], ["smoot"])
    Traceback (most recent call last):
        ...
    fercompare.errors.UnknownName: unknown strategy 'smoot'; did you mean 'smote'?
    """
    for name in filter(_is_name, datasets):
        look_up(name, DATASETS, "data set")
    for name in filter(_is_name, models):
        make_model(name)
    for name in filter(_is_name, strategies):
        with suppress(DoesNotApply):
            rebalance(DummyClassifier(), name)


def collect(study, listing):
    """Return key to outcome of those trials of a study that a listing holds."""
    keys = (trial.key for trial in study.trials)
    return {key: listing[key] for key in keys if key in listing}


def left_to_run(study, outcomes, retry_failed=False):
    """Return the trials that have no outcome, or none but a failure to be retried."""
    return [
        trial
        for trial in study.trials
        if (outcome := outcomes.get(trial.key)) is None
        or (retry_failed and outcome.status == FAILED)
    ]


def warn_of_others(trials, listing):
    """Say where the store holds a trial of the same name that was another one.

    Parameters
    ----------
    trials : list of Trial
        Those that the store does not hold.
    listing : dict of key to StoredOutcome
    """
    wanted = {_without_fold(trial.name) for trial in trials}
    stored = defaultdict(list)
    for key, outcome in listing.items():
        if _without_fold(key.rpartition("-")[0]) in wanted:
            stored[outcome.trial.names[:4]].append(outcome.trial)
    told = defaultdict(set)
    for trial in trials:
        for other in stored[trial.names[:4]]:
            if other.fold == trial.fold or None in (other.fold, trial.fold):
                fields = differences(other.specification, trial.specification)
                told[trial.names[:3], tuple(fields)].add(other.key)
    for (names, fields), others in told.items():
        warnings.warn(
            f"{', '.join(names)}: {len(others)} in the store under this name differ in "
            f"{'; '.join(fields)}; they stay there and are not used",
            stacklevel=4,
        )


def _meaning(objects, names, protocol, quick):
    """Return the specification that the trials of all seeds and folds share."""
    dataset, model, strategy = objects
    any_seed = 0
    try:
        estimator = make_estimator(dataset, model, strategy, any_seed, names)
        parameters = (short(estimator) if quick else estimator).get_params()
    except DoesNotApply:
        parameters = {}
    meant = specify(dataset, model, strategy, parameters, seed_for(*names, any_seed))
    return meant | protocol.specification | ({"quick": True} if quick else {})


def _named(things, separator=None):
    """Return name to thing; names that mean the same are one."""
    if isinstance(things, dict):
        return things
    names = [things] if isinstance(things, str) else list(things)
    if separator is not None:
        names = [
            canonical(name, separator) if isinstance(name, str) else name
            for name in names
        ]
    return {name: name for name in names}


def _is_name(thing):
    return isinstance(thing, str)


def _seeds(seeds):
    numbers = tuple(dict.fromkeys(range(seeds) if isinstance(seeds, int) else seeds))
    if not numbers or min(numbers) < 0:
        raise DataError(
            f"seeds={seeds!r} asks for no trial",
            remedy="give how many seeds, 1 or more, or which, from 0",
        )
    return numbers


def _of(value, name):
    """Return what holds for one data set."""
    return value.get(name) if isinstance(value, dict) else value


def _at_most(most, cv):
    if isinstance(cv, dict):
        return {name: _at_most(most, n) for name, n in cv.items()}
    return cv and min(cv, most)


def _without_fold(name):
    return FOLD.sub("", name)


def _dataset(data):
    return load_dataset(data) if isinstance(data, str) else data

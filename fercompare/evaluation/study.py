"""A study: every trial that was asked for, what of it is stored, what is left."""

import itertools
import warnings
from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np

from fercompare.balancing.strategies import DoesNotApply
from fercompare.datasets.loading import load_dataset
from fercompare.evaluation.fitting import make_estimator
from fercompare.evaluation.specification import differences, specify
from fercompare.evaluation.trials import DONE, FAILED, Trial
from fercompare.seeds import seed_for


class Study(NamedTuple):
    """What the names stand for, and the trials of every combination."""

    datasets: dict
    models: dict
    strategies: dict
    trials: list


def plan_study(datasets, models, strategies, seeds):
    """Return the `Study` of every combination; nothing is fitted.

    Parameters
    ----------
    datasets, models, strategies : list of str, or dict of name to object
    seeds : int or iterable of int

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
    datasets = {name: _dataset(d) for name, d in _named(datasets).items()}
    models, strategies = _named(models), _named(strategies)
    seeds = range(seeds) if isinstance(seeds, int) else tuple(seeds)
    trials = []
    for names in itertools.product(datasets, models, strategies):
        dataset, model, strategy = names
        meant = _meaning(
            datasets[dataset], models[model], strategies[strategy], (model, strategy)
        )
        trials += [Trial(*names, seed, meant) for seed in seeds]
    return Study(datasets, models, strategies, trials)


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
    wanted = {trial.name for trial in trials}
    stored = defaultdict(list)
    for key, outcome in listing.items():
        if key.rpartition("-")[0] in wanted:
            stored[outcome.trial.names].append(outcome.trial)
    told = Counter(
        (trial.names[:3], tuple(differences(other.specification, trial.specification)))
        for trial in trials
        for other in stored[trial.names]
    )
    for (names, fields), n in told.items():
        warnings.warn(
            f"{', '.join(names)}: {n} in the store under this name differ in "
            f"{'; '.join(fields)}; they stay there and are not used",
            stacklevel=4,
        )


class Estimate(NamedTuple):
    """What the rest of a study will take, by what like trials took.

    ``n_unlike`` trials have nothing like them in the store and are not counted in;
    ``megabytes`` is the most that one trial held, nan where that is not known.
    """

    seconds: float
    megabytes: float
    n_unlike: int


def estimate(trials, listing):
    """Return the `Estimate` of ``trials`` from the outcomes in a store.

    Alike are trials of one data set, model and strategy, else of one data set and
    model; the data are the same by their fingerprint.
    """
    alike = defaultdict(list)
    for outcome in listing.values():
        if outcome.status == DONE:
            for kind in _kinds(outcome.trial):
                alike[kind].append(outcome.facts)
    seconds, megabytes, n_unlike = 0.0, np.nan, 0
    for trial in trials:
        facts = next((alike[kind] for kind in _kinds(trial) if kind in alike), [])
        if not facts:
            n_unlike += 1
            continue
        seconds += float(np.median([fact["trial_seconds"] for fact in facts]))
        peaks = [peak for fact in facts if (peak := fact["peak_memory_mb"])]
        megabytes = float(np.fmax(megabytes, max(peaks, default=np.nan)))
    return Estimate(seconds, megabytes, n_unlike)


def _kinds(trial):
    data = trial.specification.get("data")
    return (data, trial.model, trial.strategy), (data, trial.model)


def _meaning(dataset, model, strategy, names):
    """Return the specification that the trials of all seeds share."""
    any_seed = 0
    try:
        estimator = make_estimator(dataset, model, strategy, any_seed, names)
        parameters = estimator.get_params()
    except DoesNotApply:
        parameters = {}
    return specify(dataset, model, strategy, parameters, seed_for(*names, any_seed))


def _named(things):
    return things if isinstance(things, dict) else {thing: thing for thing in things}


def _dataset(data):
    return load_dataset(data) if isinstance(data, str) else data

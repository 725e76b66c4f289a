"""One task: a trial with all that a process needs to run it."""

import functools
from pathlib import Path
from typing import NamedTuple

import joblib

from fercompare.balancing.strategies import DoesNotApply
from fercompare.datasets.base import Dataset
from fercompare.evaluation.claims import claim
from fercompare.evaluation.fitting import make_estimator, run_trial
from fercompare.evaluation.parts import divide
from fercompare.evaluation.protocol import Protocol
from fercompare.evaluation.quick import short
from fercompare.evaluation.store import Store
from fercompare.evaluation.trials import FAILED, Outcome, Trial


class Task(NamedTuple):
    """All that a process needs to run a trial; ``data`` may be a file of a `Dataset`.

    ``replaces`` is the checksum of the failure that is to be run again.
    """

    trial: Trial
    data: Dataset | Path
    protocol: Protocol
    model: object
    strategy: object
    store: Store
    energy: bool
    replaces: str | None


def perform(task, died=None):
    """Run a trial and save its outcome, unless that has been done.

    Parameters
    ----------
    task : Task
    died : Died, optional
        Save this as the outcome instead of running the trial.

    Returns
    -------
    StoredOutcome or None
        None where another process is at it.
    """
    trial, store = task.trial, task.store
    with store.refusing(), claim(store.path, trial.key) as mine:
        if not mine:
            return None
        found = store.find(trial.key)
        if found is not None and found.checksum != task.replaces:
            return found
        if died is None:
            store.save(_outcome(task))
        else:
            facts = {"traceback": died.detail}
            store.save(Outcome(trial, FAILED, died.reason, facts=facts))
        return store.find(trial.key)


def _outcome(task):
    trial = task.trial
    data = _open(task.data) if isinstance(task.data, Path) else task.data
    seed = 0 if trial.fold is None else trial.seed  # parts are the same for all seeds
    parts = parts_of(data, task.protocol, seed, trial.fold)
    names = trial.model, trial.strategy
    try:
        model = make_estimator(
            parts.dataset, task.model, task.strategy, trial.seed, names
        )
    except DoesNotApply as reason:
        model = reason
    else:
        model = short(model) if trial.specification.get("quick") else model
    return run_trial(trial, parts, model, energy=task.energy)


parts_of = functools.lru_cache(maxsize=1)(divide)
"""The parts that were asked for last: tasks ask for the same one after the other."""


@functools.lru_cache(maxsize=1)
def _open(path):
    return joblib.load(path, mmap_mode="r")

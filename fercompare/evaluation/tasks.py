"""One task: a trial with all that a process needs to run it."""

import functools
from pathlib import Path
from typing import NamedTuple

from fercompare.balancing.strategies import DoesNotApply
from fercompare.datasets.base import Dataset
from fercompare.evaluation.claims import claim, is_mine
from fercompare.evaluation.fitting import make_estimator, run_trial
from fercompare.evaluation.parts import divide
from fercompare.evaluation.protocol import Protocol
from fercompare.evaluation.quick import short
from fercompare.evaluation.reach import open_in_reach
from fercompare.evaluation.store import Store
from fercompare.evaluation.trials import FAILED, Outcome, Trial
from fercompare.evaluation.turns import own_card


class Task(NamedTuple):
    """All that a process needs to run a trial; ``data`` may be a file of a `Dataset`.

    ``replaces`` is the checksum of the failure that is to be run again, ``shelf`` the
    folder in which trials of this data set share what they compute.
    """

    trial: Trial
    data: Dataset | Path
    protocol: Protocol
    model: object
    strategy: object
    store: Store
    energy: bool
    replaces: str | None
    shelf: Path | None = None


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
        None where another process is at it, or at the card that it wants.
    """
    trial, store = task.trial, task.store
    with store.refusing(), claim(store.path, trial.key) as mine:
        if not mine:
            return None
        found = store.find(trial.key)
        if found is not None and found.checksum != task.replaces:
            return found
        if died is None:
            outcome = _outcome(task)
        else:
            facts = {"traceback": died.detail}
            outcome = Outcome(trial, FAILED, died.reason, facts=facts)
        if outcome is not None and is_mine(store.path, trial.key):
            store.save(outcome)
        found = store.find(trial.key)
        return None if found is None or found.checksum == task.replaces else found


def _outcome(task):
    trial = task.trial
    data = open_in_reach(task.data) if isinstance(task.data, Path) else task.data
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
    with own_card(model) as model:
        if model is None:
            return None
        return run_trial(trial, parts, model, energy=task.energy, shelf=task.shelf)


parts_of = functools.lru_cache(maxsize=1)(divide)
"""The parts that were asked for last: tasks ask for the same one after the other."""

"""Running a study: each trial once, saved at once by the process that ran it.

That process also claims it before and looks again whether it is stored, so that it
makes no difference whether the others are this program's own, another program's, or
dead. Arrays never travel between processes: data sets are opened in place, outcomes
are read from the store.
"""

import functools
import math
import tempfile
import time
import warnings
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

import joblib

from fercompare.balancing.strategies import DoesNotApply
from fercompare.errors import keep_interrupts
from fercompare.evaluation.claims import claim, holder, sweep
from fercompare.evaluation.fitting import Parts, divide, make_estimator, run_trial
from fercompare.evaluation.provenance import n_cores
from fercompare.evaluation.store import Store
from fercompare.evaluation.study import collect, left_to_run, plan_study, warn_of_others
from fercompare.evaluation.trials import FAILED, Outcome, Trial
from fercompare.evaluation.workers import Died, run_in_processes

SECONDS_BETWEEN_LOOKS = 0.2


@keep_interrupts()
def run_benchmark(
    datasets=("synthetic",),
    models=("hog+svm", "hog+rf"),
    strategies=("none", "class_weight", "smote"),
    seeds=2,
    *,
    store="results/bench",
    n_jobs=1,
    retry_failed=False,
    time_limit=None,
    limit=None,
    progress=None,
):
    """Run every model with every strategy and seed on every data set.

    What stands in the store already is not run again. Several programs may work on
    one store at once; each trial is run by one of them, and all return with all.

    Parameters
    ----------
    datasets, models, strategies : list of str, or dict of name to object
        Names from the catalogues, or your own Dataset, estimator, sampler.
    seeds : int or iterable of int, default=2
        How many, counted from 0, or which.
    store : path, default="results/bench"
    n_jobs : int, default=1
        Trials at a time, each in a process with its share of the cores; -1 for one a
        core. The outcomes are the same.
    retry_failed : bool, default=False
        Run trials again whose outcome is a failure.
    time_limit : float, optional
        Seconds after which no further trial starts.
    limit : int, optional
        Run at most so many trials.
    progress : callable, optional
        Called with ``(n_done, n_trials, outcome)`` after each trial that was run;
        those in the store before count as done.

    Returns
    -------
    list of Outcome
        One for each trial asked for that has been run, now or before. Their arrays
        are read from the store when they are asked for.

    Examples
    --------
    >>> import tempfile
    >>> from fercompare import load_dataset, run_benchmark
    >>> faces = load_dataset("synthetic", n=300)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outcomes = run_benchmark({"few faces": faces}, ["hog+linear-svm"],
    ...                              ["none"], seeds=1, store=folder)
    >>> outcomes[0].status
    'done'
    """
    deadline = time.monotonic() + (math.inf if time_limit is None else time_limit)
    study = plan_study(datasets, models, strategies, seeds)
    store = Store(store)
    listing = store.listing()
    if listing:
        done = {key for key, outcome in listing.items() if outcome.status != FAILED}
        sweep(store.path, done)
    warn_of_others([t for t in study.trials if t.key not in listing], listing)
    outcomes = collect(study, listing)
    left = left_to_run(study, outcomes, retry_failed)
    n_done = len(study.trials) - len(left)
    with _tasks(study, left[:limit], store, outcomes, n_jobs) as tasks:
        for outcome in _run(tasks, n_jobs, deadline):
            outcomes[outcome.trial.key] = outcome
            n_done += 1
            if progress is not None:
                progress(n_done, len(study.trials), outcome)
    return [outcomes[t.key] for t in study.trials if t.key in outcomes]


class Task(NamedTuple):
    """All that a process needs to run a trial; ``data`` may be a file with `Parts`.

    ``replaces`` is the checksum of the failure that is to be run again.
    """

    trial: Trial
    data: Parts | Path
    model: object
    strategy: object
    store: Store
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
    parts = _open(task.data) if isinstance(task.data, Path) else task.data
    names = trial.model, trial.strategy
    try:
        model = make_estimator(
            parts.dataset, task.model, task.strategy, trial.seed, names
        )
    except DoesNotApply as reason:
        model = reason
    return run_trial(trial, parts, model)


@functools.lru_cache(maxsize=2)
def _open(path):
    return joblib.load(path, mmap_mode="r")


@contextmanager
def _tasks(study, trials, store, outcomes, n_jobs):
    """Yield the tasks of trials, their data within reach of the processes."""
    if trials:
        with store.refusing():
            store.path.mkdir(parents=True, exist_ok=True)
    wanted = {trial.dataset for trial in trials}
    parts = {name: divide(study.datasets[name]) for name in wanted}
    make = nullcontext if n_jobs == 1 else tempfile.TemporaryDirectory
    with make() as folder:
        if folder is not None:
            for number, name in enumerate(wanted):
                path = Path(folder, f"{number}.joblib")
                joblib.dump(parts[name], path)
                parts[name] = path
        yield [
            Task(
                trial,
                parts[trial.dataset],
                study.models[trial.model],
                study.strategies[trial.strategy],
                store,
                outcomes[trial.key].checksum if trial.key in outcomes else None,
            )
            for trial in trials
        ]


def _run(tasks, n_jobs, deadline):
    """Yield the outcomes as they come; wait for those that others are at."""
    is_first_round = True
    while tasks:
        held, in_time = [], _until(deadline, tasks)
        for task, outcome in _results(in_time, n_jobs):
            if isinstance(outcome, Died):
                outcome = perform(task, outcome)
            if outcome is None:
                held.append(task)
            else:
                yield outcome
        if held and is_first_round:
            _tell_of_waiting(held)
        is_first_round, tasks = False, held
        if held:
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _results(tasks, n_jobs):
    if n_jobs == 1:
        return ((task, perform(task)) for task in tasks)
    return run_in_processes(perform, tasks, n_cores() if n_jobs == -1 else n_jobs)


def _until(deadline, tasks):
    for task in tasks:
        if time.monotonic() >= deadline:
            return
        yield task


def _tell_of_waiting(held):
    who = holder(held[0].store.path, held[0].trial.key)
    if who is not None:
        warnings.warn(
            f"waiting for {len(held)} trials that others run, the first by {who}; "
            "if that process is no more, delete the file",
            stacklevel=2,
        )

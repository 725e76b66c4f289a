"""Running a study: each trial once, saved at once by the process that ran it.

That process also claims it before and looks again whether it is stored, so that it
makes no difference whether the others are this program's own, another program's, or
dead. Arrays never travel between processes: data sets are opened in place, outcomes
are read from the store.
"""

import math
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

from fercompare.errors import keep_interrupts
from fercompare.evaluation.backends import check_backend, workplace
from fercompare.evaluation.claims import holder, sweep
from fercompare.evaluation.energy import check_energy
from fercompare.evaluation.pace import Pace
from fercompare.evaluation.shared import places_of
from fercompare.evaluation.shelf import shelves
from fercompare.evaluation.store import Store
from fercompare.evaluation.study import collect, left_to_run, plan_study, warn_of_others
from fercompare.evaluation.tasks import Task, parts_of, perform
from fercompare.evaluation.trials import FAILED
from fercompare.evaluation.turns import cards_taken
from fercompare.evaluation.workers import Died

SECONDS_BETWEEN_LOOKS, MOST_ROUNDS = 0.2, 10
"""At the trials of others: longer each time, up to so many times."""


@keep_interrupts()
def run_benchmark(
    datasets=("synthetic",),
    models=("hog+svm", "hog+rf"),
    strategies=("none", "class_weight", "smote"),
    seeds=2,
    *,
    cv=None,
    group=None,
    parts=None,
    quick=False,
    store="results/bench",
    n_jobs=1,
    backend="processes",
    scheduler=None,
    energy=False,
    retry_failed=False,
    time_limit=None,
    limit=None,
    progress=None,
):
    """Run every model with every strategy and seed on every data set.

    What stands in the store already is not run again. Several programs may work on
    one store at once; each trial is run by one of them, and all return with all.
    ``cv``, ``group`` and ``parts`` hold for every data set, or are a dict of the name
    of a data set to what holds for it.

    Parameters
    ----------
    datasets, models, strategies : list of str, or dict of name to object
        Names from the catalogues, or your own Dataset, estimator, sampler.
    seeds : int or iterable of int, default=2
        How many, counted from 0, or which.
    cv : int, optional
        Cross-validate in so many folds, which each seed deals anew; for sets without
        published parts, or with ``parts`` naming those whose rows are dealt. The folds
        have equal class shares, and nothing selects: there is no validation part.
    group : {"subject", "none"}, optional
        Whether folds keep subjects whole; if not given they do where subjects are
        known.
    parts : str, optional
        Which of the set's parts train, select and report: ``"train:val:test"`` if not
        given, ``"train::val"`` to choose among settings without the test part.
    quick : bool, default=False
        Try it all in seconds: 20 images of a class, one seed, two folds, networks of
        one epoch. Such outcomes are marked and never taken for others.
    store : path, default="results/bench"
    n_jobs : int, default=1
        Trials at a time, each in a process with its share of the cores; -1 for one a
        core. Fewer, with a warning, where the memory does not hold as many. The
        outcomes are the same.
    backend : {"processes", "dask"}, default="processes"
        Where they run: on this machine, or one on each worker of a Dask cluster, which
        has to share the store's folder.
    scheduler : str or distributed.Client, optional
        Of the cluster: its address, as in ``"tcp://10.0.0.1:8786"``, or a client of it.
    energy : bool, default=False
        Estimate what each trial takes, by codecarbon.
    retry_failed : bool, default=False
        Run trials again whose outcome is a failure.
    time_limit : float, optional
        Seconds after which no further trial starts.
    limit : int, optional
        Run at most so many trials.
    progress : callable, optional
        Called with ``(n_done, n_trials, outcome)`` after each trial that was run;
        those in the store before count as done. Its method ``begin``, if it has one,
        is called before with the trials to run, the listing of the store, and how
        many run at a time; its method ``at_a_time`` when that changes.

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
    check_backend(backend, scheduler, n_jobs)
    if energy:
        check_energy()
    deadline = time.monotonic() + (math.inf if time_limit is None else time_limit)
    protocol = {"cv": cv, "group": group, "parts": parts}
    study = plan_study(datasets, models, strategies, seeds, quick=quick, **protocol)
    store = Store(Path(store).absolute())
    listing = store.listing()
    if listing:
        done = {key for key, outcome in listing.items() if outcome.status != FAILED}
        sweep(store.path, done)
    warn_of_others([t for t in study.trials if t.key not in listing], listing)
    outcomes = collect(study, listing)
    left = left_to_run(study, outcomes, retry_failed)
    n_done = len(study.trials) - len(left)
    left = left[:limit]
    wanted = {trial.dataset: study.datasets[trial.dataset] for trial in left}
    needs = Pace(listing.values()).estimate(left)
    size = getattr(progress, "at_a_time", None)
    place = workplace(backend, scheduler, n_jobs, store, needs, wanted, size)
    with place as (n_jobs, data, run, folder):
        if hasattr(progress, "begin"):
            progress.begin(left, listing, n_jobs)
        with _tasks(study, left, store, outcomes, data, energy, folder) as tasks:
            for outcome in _run(tasks, run, lambda: time.monotonic() < deadline):
                outcomes[outcome.trial.key] = outcome
                n_done += 1
                if progress is not None:
                    progress(n_done, len(study.trials), outcome)
    return [outcomes[t.key] for t in study.trials if t.key in outcomes]


@contextmanager
def _tasks(study, trials, store, outcomes, data, energy, folder):
    """Yield the tasks of trials."""
    try:
        with shelves((trial.dataset for trial in trials), folder) as shelf_of:
            yield [
                Task(
                    trial,
                    data[trial.dataset],
                    study.protocols[trial.dataset],
                    study.models[trial.model],
                    study.strategies[trial.strategy],
                    store,
                    energy,
                    outcomes[trial.key].checksum if trial.key in outcomes else None,
                    shelf_of.get(trial.dataset),
                )
                for trial in trials
            ]
    finally:
        parts_of.cache_clear()
        places_of.cache_clear()


def _run(tasks, run, may_start):
    """Yield the outcomes as they come; wait for those that others are at."""
    n_rounds = 0
    while tasks and may_start():
        held, n_rounds = [], n_rounds + 1
        for task, outcome in run(tasks, may_start):
            if isinstance(outcome, Died):
                outcome = perform(task, outcome)
            if outcome is None:
                held.append(task)
            else:
                yield outcome
        if held:
            if n_rounds == 1:
                _tell_of_waiting(held)
            time.sleep(min(n_rounds, MOST_ROUNDS) * SECONDS_BETWEEN_LOOKS)
        tasks = held


def _tell_of_waiting(held):
    who = holder(held[0].store.path, held[0].trial.key)
    if who is not None:
        warnings.warn(
            f"waiting for {len(held)} trials that others run, the first by {who}; "
            "if that process is no more, delete the file",
            stacklevel=2,
        )
    elif cards_taken():
        warnings.warn(
            f"{len(held)} trials wait for the graphics card of another", stacklevel=2
        )

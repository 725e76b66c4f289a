"""Where trials run: in this process, in others beside it, or on a Dask cluster."""

import functools
import itertools
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from fercompare.errors import DataError, look_up
from fercompare.evaluation.memory import jobs_that_fit, megabytes_needed
from fercompare.evaluation.provenance import n_cores
from fercompare.evaluation.reach import put_in_reach, scratch_folder, shared_folder
from fercompare.evaluation.tasks import perform
from fercompare.evaluation.workers import run_in_processes

BACKENDS = {
    "processes": "on this machine",
    "dask": "on the workers of a Dask cluster",
}


class Workplace(NamedTuple):
    """Where trials run: how many at a time, and what data they find there by name.

    ``run(tasks, may_start)`` yields each task with its outcome, with a `Died`, or with
    None where it has to be tried later. ``folder`` is one that all of them see, if
    there is more than this process; it is removed at the end.
    """

    n_jobs: int
    data: dict
    run: Callable
    folder: Path | None = None


def check_backend(backend, scheduler, n_jobs):
    """Raise where what was asked for does not go together.

    Examples
    --------
    >>> check_backend("dask", None, 1)
    Traceback (most recent call last):
        ...
    fercompare.errors.DataError: backend='dask' without a scheduler; give its address, \
    as in scheduler='tcp://10.0.0.1:8786'
    """
    look_up(backend, BACKENDS, "backend")
    if n_jobs < 1 and n_jobs != -1:
        raise DataError(
            f"n_jobs={n_jobs}", remedy="give 1 or more, or -1 for all cores"
        )
    if backend == "dask" and scheduler is None:
        raise DataError(
            "backend='dask' without a scheduler",
            remedy="give its address, as in scheduler='tcp://10.0.0.1:8786'",
        )
    if backend != "dask" and scheduler is not None:
        raise DataError(
            f"a scheduler with backend={backend!r}", remedy="give backend='dask'"
        )
    if backend == "dask" and n_jobs != 1:
        raise DataError(
            f"n_jobs={n_jobs} with backend='dask'",
            remedy="leave it out: each worker of the cluster runs one trial at a time",
        )


@contextmanager
def workplace(backend, scheduler, n_jobs, store, estimate, datasets, tell_size=None):
    """Yield the `Workplace` of trials.

    Parameters
    ----------
    backend, scheduler, n_jobs
        As `check_backend` lets them pass.
    store : Store
        Where the outcomes go; its folder is made.
    estimate : Estimate
        Of the trials.
    datasets : dict of str to Dataset
        Those of the trials; where there are none, nothing is started.
    tell_size : callable, optional
        Called with the number of workers when it changes.
    """
    if not datasets:
        yield Workplace(1, {}, _run_here)
        return
    with store.refusing():
        store.path.mkdir(parents=True, exist_ok=True)
    if backend == "dask":
        from fercompare.evaluation.scheduler import Cluster, connected

        needs = megabytes_needed(estimate, datasets.values())
        with connected(scheduler) as client, shared_folder(store.path) as folder:
            cluster = Cluster(client, folder, needs, tell_size)
            n_jobs, data = cluster.check(), put_in_reach(datasets, folder)
            yield Workplace(n_jobs, data, cluster.run, folder)
        return
    n_jobs = n_cores() if n_jobs == -1 else n_jobs
    if n_jobs == 1:
        yield Workplace(1, datasets, _run_here)
        return
    n_jobs = jobs_that_fit(n_jobs, estimate, datasets.values())
    with scratch_folder() as folder:
        run = functools.partial(_run_beside, n_jobs=n_jobs)
        yield Workplace(n_jobs, put_in_reach(datasets, folder), run, folder)


def _run_here(tasks, may_start):
    for task in tasks:
        if not may_start():
            return
        yield task, perform(task)


def _run_beside(tasks, may_start, n_jobs):
    in_time = itertools.takewhile(lambda _: may_start(), tasks)
    return run_in_processes(perform, in_time, n_jobs)

"""What a Dask cluster's scheduler and workers are asked to do.

The scheduler imports this file too, and needs nothing of what a trial needs: that is
imported when a worker does its first errand.
"""

import os
import platform
import threading
from typing import NamedTuple

from fercompare import __version__

SECONDS_OF_SILENCE = 24 * 3600
"""For which a worker may not answer: some solvers let no other thread run."""

_one_at_a_time = threading.Lock()


class Look(NamedTuple):
    """What a worker says of itself: sizes in megabytes, and why it is of no use."""

    version: str
    host: str
    free: float | None
    limit: float | None
    trouble: str | None


def be_patient(dask_scheduler):
    """Have a scheduler keep workers that are silent; return its version of this."""
    if dask_scheduler.worker_ttl:
        patience = max(dask_scheduler.worker_ttl, SECONDS_OF_SILENCE)
        dask_scheduler.worker_ttl = patience
    return __version__


def look(folder):
    """Return the `Look` at the worker that calls this, which is to use a folder."""
    from distributed import get_worker

    from fercompare.evaluation.memory import free_megabytes
    from fercompare.evaluation.reach import use

    trouble = None
    try:
        os.listdir(folder)
        with use(folder, f"look-{os.getpid()}"):
            pass
    except OSError as error:
        trouble = error.strerror
    limit = get_worker().memory_manager.memory_limit
    limit = None if limit is None else limit / 1e6
    return Look(__version__, platform.node(), free_megabytes(), limit, trouble)


def perform_packed(packed, folder):
    """Perform a packed task on the worker that calls this, with the worker's threads.

    Returns
    -------
    str, Died or None
        The checksum of the outcome, which is in the store.
    """
    import cloudpickle
    from distributed import get_worker

    from fercompare.evaluation.provenance import n_cores
    from fercompare.evaluation.reach import use
    from fercompare.evaluation.shelf import shelf_of_machine
    from fercompare.evaluation.tasks import perform
    from fercompare.evaluation.workers import Died, limited_threads

    n_threads = min(get_worker().state.nthreads, n_cores())
    with _one_at_a_time, limited_threads(n_threads):
        try:
            task = cloudpickle.loads(packed)
        except Exception as error:  # whatever an object of the user's raises
            told = f"{type(error).__name__}: {error}"
            return Died(f"it cannot be read by a worker, {told}", told)
        if task.shelf is not None:
            task = task._replace(shelf=shelf_of_machine(task.shelf, n_threads))
        with use(folder, task.trial.key):
            outcome = perform(task)
    return None if outcome is None else outcome.checksum

"""Tasks in processes of their own, each in a slot that outlives the death of one."""

import concurrent.futures
import os
import pickle
import re
import signal
import sys
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import BrokenProcessPool
from threadpoolctl import threadpool_limits

from fercompare.classifiers.engines import solving_with
from fercompare.evaluation.provenance import n_cores

THREAD_COUNTS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("NUMBA_NUM_THREADS", "LOKY_MAX_CPU_COUNT"),
)
"""The last one is what ``n_jobs=-1`` means to joblib, and so to scikit-learn."""
IDLE_SECONDS = 60
"""After which a process ends by itself, should this one have died."""


class Died(NamedTuple):
    """Instead of a result: the process that ran a task ended before the task did."""

    reason: str
    detail: str


def run_in_processes(function, tasks, n_jobs):
    """Call ``function`` on each task in one of ``n_jobs`` processes.

    Each process is a pool by itself, so that it is known which task a process died of,
    and no other task is touched. The cores are shared out among the processes.

    Parameters
    ----------
    function : callable
    tasks : iterable
        The next is taken when a process is free for it.
    n_jobs : int

    Yields
    ------
    task
    result : object or Died

    Examples
    --------
    >>> sorted(run_in_processes(abs, [-1, -2], n_jobs=1))
    [(-2, 2), (-1, 1)]
    """
    tasks = iter(tasks)
    idle, running = [_slot(n_jobs) for _ in range(n_jobs)], {}
    finished = False
    try:
        while True:
            while idle and (task := next(tasks, None)) is not None:
                slot = idle.pop()
                running[slot.submit(function, task)] = slot, task
            if not running:
                break
            ended, _ = concurrent.futures.wait(
                running, return_when=concurrent.futures.FIRST_COMPLETED
            )
            for future in ended:
                slot, task = running.pop(future)
                try:
                    result = future.result()
                except pickle.PicklingError as error:
                    result = Died("it cannot be sent to a process", str(error))
                except BrokenProcessPool as error:
                    result = Died(_why(error), str(error))
                    slot.shutdown(kill_workers=True)
                    slot = _slot(n_jobs)
                idle.append(slot)
                yield task, result
        finished = True
    finally:
        for slot in [*idle, *(slot for slot, _ in running.values())]:
            slot.shutdown(kill_workers=not finished)


@contextmanager
def limited_threads(n_threads):
    """Have every library use so many threads, those that are loaded within too.

    It is about calls from this thread, in a process that was started without
    fercompare's knowledge and maybe told otherwise, as Dask tells its workers.

    Examples
    --------
    >>> with limited_threads(1):
    ...     os.environ["OMP_NUM_THREADS"]
    '1'
    """
    before = {name: os.environ.get(name) for name in THREAD_COUNTS}
    os.environ.update(dict.fromkeys(THREAD_COUNTS, str(n_threads)))
    try:
        with (
            threadpool_limits(n_threads),
            solving_with(n_threads),
            _limited_torch(n_threads),
        ):
            yield
    finally:
        for name, count in before.items():
            if count is None:
                del os.environ[name]
            else:
                os.environ[name] = count


def _limited_torch(n_threads):
    if "torch" not in sys.modules:
        return nullcontext()
    from fercompare.deep.devices import computing_with

    return computing_with(n_threads)


def _slot(n_jobs):
    n_threads = max(1, n_cores() // n_jobs)
    return ProcessPoolExecutor(
        max_workers=1,
        timeout=IDLE_SECONDS,
        initializer=_prepare,
        initargs=(n_threads,),
        env=dict.fromkeys(THREAD_COUNTS, str(n_threads)),
    )


def _prepare(n_threads):
    """Leave Ctrl-C to the process that started this one, and limit the threads."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(n_threads)


def _why(error):
    status = re.search(r"\{(.*)\}", str(error))
    ending = f" by {status[1]}" if status else ""
    memory = ", as happens where memory is short" if "SIGKILL" in ending else ""
    return f"its process was ended{ending}{memory}"

"""Trials on the workers of a Dask cluster.

One trial at a time is dealt to each worker, by its address, so that it is known what a
worker was at when it ended, and none waits behind a long one. What is sent are names,
paths and unfitted models: workers open the data and write the outcomes themselves.
"""

import threading
import time
from collections import defaultdict, deque
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress

from fercompare import __version__
from fercompare.errors import DataError
from fercompare.evaluation.crew import Crew, send
from fercompare.evaluation.errands import be_patient, perform_packed
from fercompare.evaluation.workers import Died

MOST_TRIES = 3
"""A trial is given up after so many workers that ended while they ran it."""
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_TO_CONNECT = 20
SECONDS_TO_SEE = 90
"""Network file systems may take so long to show what another machine wrote."""
LOST = object()


class Cluster:
    """A Dask cluster that tasks are dealt to.

    Parameters
    ----------
    client : distributed.Client
    folder : Path
        Where the data are; see `fercompare.evaluation.reach.shared_folder`.
    megabytes : float
        What the largest trial holds; nan where that is not known.
    tell_size : callable, optional
        Called with the number of workers when it changes.
    """

    def __init__(self, client, folder, megabytes, tell_size=None):
        self.client, self.folder = client, folder
        self.crew, self._tell_size = Crew(client, folder, megabytes), tell_size
        self._size = 0
        self._deaths, self._changed = defaultdict(list), threading.Event()

    def check(self):
        """Return how many workers there are; raise where one cannot use the store."""
        self._size = self.crew.check()
        return self._size

    def run(self, tasks, may_start):
        """Perform tasks on the workers, as they become free.

        Parameters
        ----------
        tasks : iterable of Task
        may_start : callable
            Returns whether another trial may start still.

        Yields
        ------
        task : Task
        result : StoredOutcome, Died or None
            None where it has to be tried later.
        """
        queue, running = deque(), {}
        for task in tasks:
            if (died := self._died(task)) is None:
                queue.append(task)
            else:
                yield task, died
        try:
            while running or (queue and may_start()):
                busy = {address for _, address in running.values()}
                for address in self._usable() - busy:
                    if queue and may_start():
                        task = queue.popleft()
                        sent = self._send(task, address)
                        if isinstance(sent, Died):
                            yield task, sent
                        else:
                            running[sent] = task, address
                self._wait(running)
                for future, (task, address) in list(running.items()):
                    if future.done() or self.crew.is_gone(address):
                        del running[future]
                        result = self._result(future, task, address)
                        if result is LOST:
                            queue.append(task)
                        else:
                            yield task, result
        finally:
            with suppress(OSError):
                self.client.cancel(list(running), force=True)

    def _usable(self):
        addresses = self.crew.usable()
        if len(addresses) != self._size and self._tell_size is not None:
            self._tell_size(len(addresses))
        self._size = len(addresses)
        return addresses

    def _send(self, task, address):
        """Send a task to a worker; return its future, or why that is of no use."""
        import cloudpickle

        try:
            packed = cloudpickle.dumps(task)
        except Exception as error:  # whatever an object of the user's raises
            return Died("it cannot be sent to a worker", str(error))
        future = send(self.client, address, perform_packed, packed, self.folder)
        future.add_done_callback(lambda _: self._changed.set())
        return future

    def _died(self, task):
        """Return why a task is given up, or None."""
        lost = self._deaths[task.trial.key]
        if len(lost) < MOST_TRIES:
            return None
        reason = f"{len(lost)} workers ended while they ran it, or lost it"
        return Died(reason, "\n".join(lost))

    def _wait(self, running):
        if not any(future.done() for future in running):
            self._changed.wait(SECONDS_BETWEEN_LOOKS)
        self._changed.clear()

    def _result(self, future, task, address):
        """Return what became of a task, or `LOST` where it is to be run again."""
        result = LOST
        if not self.crew.is_gone(address):
            result = _received(future)
        if result is LOST:
            self._deaths[task.trial.key].append(address)
            with suppress(OSError):
                future.cancel(force=True)
            return self._died(task) or LOST
        if result is None or isinstance(result, Died):
            return result
        return _read(task.store, task.trial.key)


@contextmanager
def connected(scheduler):
    """Yield a client of a scheduler.

    Parameters
    ----------
    scheduler : str or distributed.Client
        Its address; or a client, which stays open.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise DataError(
            "backend='dask' needs the package 'distributed', which is not installed",
            remedy='pip install "fercompare[dask]"',
        ) from error
    if isinstance(scheduler, Client):
        _prepare(scheduler)
        yield scheduler
        return
    try:
        client = Client(scheduler, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"no scheduler answers at {scheduler!r}",
            remedy="'dask scheduler' starts one and says its address",
        ) from error
    try:
        _prepare(client)
        yield client
    finally:
        with suppress(OSError):
            client.close(timeout=SECONDS_TO_CONNECT)


def _prepare(client):
    """Have the scheduler keep workers that are silent while they train."""
    try:
        version = client.run_on_scheduler(be_patient)
    except Exception as error:  # whatever loading it there raised
        version = f"none that can be loaded ({error})"
    if version != __version__:
        raise DataError(
            f"the scheduler has fercompare {version}, and here is {__version__}",
            remedy="start it where the same is installed",
        )


def _received(future):
    from distributed.scheduler import KilledWorker

    if future.status not in ("finished", "error"):
        return LOST
    try:
        return future.result(timeout=SECONDS_TO_CONNECT)
    except (OSError, CancelledError, KilledWorker):
        return LOST


def _read(store, key):
    """Return an outcome that a worker wrote, once it is seen from here."""
    deadline = time.monotonic() + SECONDS_TO_SEE
    while (found := store.find(key)) is None:
        if time.monotonic() > deadline:
            raise DataError(
                f"a worker wrote the outcome {key}, and it is not here",
                file=store.path,
                remedy="see whether all machines share this folder",
            )
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return found

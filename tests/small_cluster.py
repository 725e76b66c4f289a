"""A Dask scheduler and workers, as processes of this machine that take no time.

    python tests/small_cluster.py

forks a process for each line ``scheduler OPTIONS`` or ``worker OPTIONS`` that it reads,
so that what is heavy is imported once, prints its number, and ends all when the lines
do. The options are those of ``dask scheduler`` and ``dask worker``.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import distributed

OTHER_VERSION = """
from fercompare.evaluation import errands
errands.__version__ = "0.0.9"
"""


class Machines:
    """What the tests start and end, in a folder of theirs."""

    def __init__(self, folder):
        self.file, self.preload = folder / "scheduler.json", folder / "other.py"
        self.preload.write_text(OTHER_VERSION)
        self.workers, self.n_others = [], 0
        surroundings = {
            "OMP_NUM_THREADS": "1",  # as Dask's nannies have it
            "DASK_LOGGING__DISTRIBUTED": "critical",
            "PYTHONWARNINGS": "ignore",
        }
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=folder,
            env=os.environ | surroundings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.scheduler = self.start("scheduler --host 127.0.0.1 --port 0")

    def start(self, line):
        """Return the number of a new process."""
        words = f"{line} --no-dashboard --scheduler-file {self.file}\n"
        self.process.stdin.write(words)
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def start_worker(self, options=""):
        """Return the number of a new worker."""
        pid = self.start(f"worker --no-nanny --nthreads 1 {options}")
        self.workers.append(pid)
        return pid

    def start_other_version(self):
        """Start a worker that has another fercompare."""
        self.start(f"worker --no-nanny --nthreads 1 --preload {self.preload}")
        self.n_others += 1

    def have(self, n_workers):
        """End or start workers until there are so many, not counting other versions."""
        alive = [pid for pid in self.workers if _lives(pid)]
        for pid in alive[n_workers:]:
            os.kill(pid, signal.SIGKILL)
        for _ in range(len(alive), n_workers):
            self.start_worker()
        with distributed.Client(self.address, set_as_default=False) as client:
            while len(client.nthreads()) != n_workers + self.n_others:
                time.sleep(0.02)

    @property
    def address(self):
        """The address of the scheduler, once it has written all of its file."""
        while True:
            with suppress(FileNotFoundError, json.JSONDecodeError):
                return json.loads(self.file.read_text())["address"]
            time.sleep(0.01)

    def end(self):
        """End all processes."""
        self.process.stdin.close()
        self.process.wait()


def _lives(pid):
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def main():
    """Fork as the lines say."""
    from distributed.cli import dask_scheduler, dask_worker

    import fercompare.evaluation.tasks  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave nothing behind
    commands = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}
    pids = []
    for line in sys.stdin:
        name, *options = line.split()
        pid = os.fork()
        if pid == 0:
            sys.stdin.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            commands[name](options)
        pids.append(pid)
        print(pid, flush=True)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()

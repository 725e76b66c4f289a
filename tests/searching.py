"""A search of a model that takes no time, to be killed and shared.

    python tests/searching.py FOLDER N_TRIALS

forks a process that is killed in a trial, then two at once that go on where it was.
It prints how they ended, and the states of the trials in between.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from fercompare.datasets.base import Dataset
from fercompare.evaluation.search import search_model

BORDER = 37
SPACE = {"cut": "0.0..100.0"}
MARK = {"train": 0, "val": 1, "test": 2}
"""Second pixel of a row: the part that it is of. The third is its subject."""


class Cut(ClassifierMixin, BaseEstimator):
    """Says 1 where the first pixel is above ``cut``; the best is `BORDER`.

    With a file ``die`` in its folder, the fit of a cut below `BORDER` ends the process;
    of ``die once``, the file goes with it. Cuts above ``broken`` raise an error.
    """

    def __init__(self, cut=90.0, *, folder="", broken=200.0, seconds=0.0, seen=None):
        self.cut = cut
        self.folder = folder
        self.broken = broken
        self.seconds = seconds
        self.seen = seen

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        time.sleep(self.seconds)
        if self.cut > self.broken:
            raise RuntimeError("out of luck")
        for name in ("die once", "die"):
            path = Path(self.folder, name)
            if self.folder and self.cut < BORDER and path.exists():
                if name == "die once":
                    path.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
        if self.seen is not None:
            self.seen.append(("fit", X))
        return self

    def predict(self, X):
        if self.seen is not None:
            self.seen.append(("predict", X))
        return (X[:, 0] > self.cut).astype(int)


class Log(list):
    """Shared by a model and its clones."""

    def __deepcopy__(self, memo):
        return self


def marked_rows(n=400):
    """Return rows whose pixels tell their part and their subject."""
    rng = np.random.default_rng(0)
    subject = np.arange(n) // 8
    split = np.array(["train", "train", "train", "val", "test"])[subject % 5]
    X = rng.integers(0, 101, (n, 4), dtype=np.uint8)
    X[:, 1] = [MARK[part] for part in split]
    X[:, 2] = subject
    y = (X[:, 0] > BORDER).astype(int)
    groups = np.array([f"s{k}" for k in subject])
    return Dataset("marked", X, y, ("sad", "happy"), (2, 2), split=split, groups=groups)


def search(folder, n_trials, seconds=0.0, **options):
    """Search for the cut, in a file in a folder."""
    model = Cut(folder=str(folder), seconds=seconds)
    options = {"space": SPACE, "store": Path(folder, "search.sqlite")} | options
    return search_model(model, marked_rows(), n_trials, **options)


def begin(folder, n_trials):
    """Return the number of a fork that searches."""
    child = os.fork()
    if child == 0:
        search(folder, n_trials, seconds=0.02)
        os._exit(0)
    return child


def status_of(child):
    """Return how a fork ended, once it did."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder, n_trials):
    """Kill one, and let two at once go on."""
    Path(folder, "die once").touch()
    statuses = [status_of(begin(folder, n_trials))]
    left = search(folder, 1, seconds=0.02).trials["status"].tolist()
    statuses += sorted(map(status_of, [begin(folder, n_trials) for _ in range(2)]))
    print(json.dumps({"statuses": statuses, "left": left}))


if __name__ == "__main__":
    import searching  # or the model would be one of __main__

    searching.main(sys.argv[1], int(sys.argv[2]))

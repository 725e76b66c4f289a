"""What to run, and what came of it."""

import hashlib
import itertools
import json
from dataclasses import dataclass, field

import numpy as np

DONE, FAILED, SKIPPED = "done", "failed", "skipped"


@dataclass(frozen=True)
class Trial:
    """One model on one data set with one strategy and one seed.

    Names say which; ``specification`` pins what the names meant: the fingerprint of
    the data, every parameter of the estimator, the version of the code.
    """

    dataset: str
    model: str
    strategy: str
    seed: int
    specification: str = ""

    @property
    def key(self):
        """Name of the trial's files: readable, and another for another trial."""
        identity = json.dumps(
            [self.dataset, self.model, self.strategy, self.seed, self.specification]
        )
        digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
        words = f"{self.dataset}-{self.model}-{self.strategy}-{self.seed}"
        safe = "".join(c if c.isalnum() or c in "+-_.@" else "_" for c in words)
        return f"{safe[:120]}-{digest}"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What happened in a trial: predictions, or the reason why there are none.

    Attributes
    ----------
    trial : Trial
    status : {"done", "failed", "skipped"}
    reason : str
        Why it failed or was skipped.
    classes : tuple of str
    rows : ndarray of shape (n,), int
        Which rows of the data set were predicted.
    y_true, y_pred : ndarray of shape (n,), int
    proba : ndarray of shape (n, len(classes)) or None
    leak_free : ndarray of shape (n,), bool
        False where a copy of the image stands in another part.
    facts : dict
        Seconds, class counts, versions, machine: everything json can hold.
    """

    trial: Trial
    status: str
    reason: str = ""
    classes: tuple = ()
    rows: np.ndarray | None = None
    y_true: np.ndarray | None = None
    y_pred: np.ndarray | None = None
    proba: np.ndarray | None = None
    leak_free: np.ndarray | None = None
    facts: dict = field(default_factory=dict)


def plan(datasets, models, strategies, seeds):
    """Return the trials of every combination, in an order easy to read.

    Examples
    --------
    >>> len(plan(["synthetic"], ["hog+svm", "hog+rf"], ["none", "smote"], range(3)))
    12
    """
    return [
        Trial(*names)
        for names in itertools.product(datasets, models, strategies, seeds)
    ]

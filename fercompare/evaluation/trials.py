"""What to run, and what came of it."""

import hashlib
import itertools
import json
import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

DONE, FAILED, SKIPPED = "done", "failed", "skipped"


@dataclass(frozen=True)
class Trial:
    """One model on one data set with one strategy and one seed, and maybe one fold.

    Names say which; ``specification`` pins what the names meant: the fingerprint of
    the data, who of its rows trains and reports, every parameter of the estimator, the
    version of the code.

    Examples
    --------
    >>> one = Trial("fer2013", "hog+svm", "smote", 0, {"data": "5f2c"})
    >>> other = Trial("fer2013", "hog+svm", "smote", 0, {"data": "77aa"})
    >>> one.names == other.names, one.key == other.key
    (True, False)
    """

    dataset: str
    model: str
    strategy: str
    seed: int
    specification: dict = field(default_factory=dict, hash=False)
    fold: int | None = None

    @property
    def names(self):
        """What the trial is called, whatever the names meant."""
        names = self.dataset, self.model, self.strategy, self.seed
        return names if self.fold is None else (*names, f"fold{self.fold}")

    @property
    def name(self):
        """The names as a file may be called."""
        return re.sub(r"[^\w+.@-]", "_", "-".join(map(str, self.names)))[:120]

    @cached_property
    def key(self):
        """Name of the trial's files: readable, and another for another trial."""
        identity = json.dumps([*self.names, self.specification], sort_keys=True)
        return f"{self.name}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


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

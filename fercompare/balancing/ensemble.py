"""Several of one classifier, whose probabilities are averaged."""

import os
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from fercompare.balancing.wrappers import Wrapper, handed
from fercompare.errors import DataError

WRITES = ("checkpoint", "log", "tensorboard")
"""Parameters that name where a classifier writes while it is trained."""
NUMBERS = range(1, 101)
"""How many there may be; files hold as many."""


class Ensemble(Wrapper):
    """Several of one classifier that differ in their random states alone.

    All of them learn from the same rows, each resampled by itself where a sampler is
    among its steps. What is predicted is the likeliest class by the mean of their
    probabilities.

    Parameters
    ----------
    estimator : classifier
        With probabilities and with a ``random_state``, such as a network, or a
        pipeline of these. Each member has random states of its own. Where it writes
        files while it is trained, those of a member have its number before the suffix.
    members : int, default=5
        1 to 100. Networks and single trees gain by being several. The random state of
        support vectors draws nothing but the rows that calibrate: they are all but
        the same.
    random_state : int, RandomState instance or None, default=None
        Draws the random states of the members.

    Attributes
    ----------
    estimators_ : list of classifier
        The members, fitted.
    classes_ : array of shape (k,)

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X, y = [[0, 3], [1, 2], [2, 1], [3, 0]] * 5, [0, 0, 1, 1] * 5
    >>> trees = DecisionTreeClassifier(max_features=1, max_depth=1)
    >>> model = Ensemble(trees, members=3, random_state=0).fit(X, y)
    >>> len(model.estimators_), model.predict([[3, 0]])
    (3, array([1]))
    """

    def __init__(self, estimator, *, members=5, random_state=None):
        self.estimator = estimator
        self.members = members
        self.random_state = random_state

    @property
    def USES(self):  # noqa: N802
        """What the classifier inside makes use of."""
        return getattr(self.estimator, "USES", ())

    @property
    def inside(self):
        """The members, or before they are fitted what they are made of."""
        return getattr(self, "estimators_", [self.estimator])

    @property
    def estimator_(self):
        """The first member."""
        return self.estimators_[0]

    @property
    def classes_(self):
        """The classes, ``(k,)``, sorted: those that any member knows."""
        return np.unique(np.concatenate([one.classes_ for one in self.estimators_]))

    def fit(
        self, X, y, sample_weight=None, *, validation=None, votes=None, groups=None
    ):
        """Fit the members, one after the other.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional
            For a classifier that weighs its rows.
        validation : tuple (X, y), optional
            For networks, which watch it, and for decisions that are chosen by it.
        votes : array-like of shape (n, k), optional
            For networks that learn from them.
        groups : array-like of shape (n,), optional
            For decisions that are chosen out of fold.

        Returns
        -------
        self
        """
        y = self._check_rows(X, y)
        self._check_estimator(is_weighted=sample_weight is not None)
        extra = handed(
            self.estimator, y, validation=validation, votes=votes, groups=groups
        )
        if sample_weight is not None:
            extra["sample_weight"] = sample_weight
        rng = check_random_state(self.random_state)
        states = rng.randint(np.iinfo(np.int32).max, size=self.members)
        self.estimators_ = [
            self._member(number, int(state)).fit(X, y, **extra)
            for number, state in enumerate(states, start=1)
        ]
        return self

    def predict(self, X):
        """Return the class that is likeliest on average, ``(n,)``."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X):
        """Return the mean of the members' probabilities of each class, ``(n, k)``."""
        check_is_fitted(self)
        classes = self.classes_
        total = 0
        for one in self.estimators_:
            own = one.predict_proba(X)
            proba = np.zeros((len(own), len(classes)), own.dtype)
            proba[:, np.searchsorted(classes, one.classes_)] = own
            total = total + proba
        return total / len(self.estimators_)

    def _check_estimator(self, is_weighted):
        kind = type(self.estimator).__name__
        is_number = isinstance(self.members, int | np.integer)
        if type(self.members) is bool or not is_number or self.members not in NUMBERS:
            raise DataError(
                f"members={self.members!r}",
                remedy=f"choose a whole number from 1 to {NUMBERS[-1]}",
            )
        if not hasattr(self.estimator, "predict_proba"):
            raise DataError(
                f"{kind} has no predict_proba",
                remedy="choose a model with probabilities",
            )
        if is_weighted and not has_fit_parameter(self.estimator, "sample_weight"):
            raise DataError(
                f"{kind}.fit takes no sample_weight",
                remedy="choose a classifier that weighs its rows",
            )

    def _member(self, number, state):
        """Return an unfitted member with a random state and files of its own."""
        estimator, changes = clone(self.estimator), {}
        for name, value in estimator.get_params().items():
            own = name.rpartition("__")[2]
            if own == "random_state":
                changes[name] = state
            elif own in WRITES and isinstance(value, str | os.PathLike):
                path = Path(value)
                changes[name] = path.with_stem(f"{path.stem}-{number}")
        if state not in changes.values():
            raise DataError(
                f"{type(estimator).__name__} has no random_state: all members would "
                "be the same",
                remedy="choose a classifier that chance has a part in",
            )
        return estimator.set_params(**changes)

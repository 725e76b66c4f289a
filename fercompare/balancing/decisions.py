"""Decisions that give rare classes their due, around a model that is left as it is.

Both change the probabilities by a factor a class, and predict the likeliest class of
what comes out. Neither belongs around a model that balances in another way already.
"""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from fercompare.balancing.factors import best_factors, scoring, shift
from fercompare.balancing.out_of_fold import out_of_fold
from fercompare.balancing.wrappers import Wrapper, handed
from fercompare.errors import DataError

TAUS = tuple(k / 4 for k in range(9))
"""Strengths to choose from, 0 to 2."""
VALIDATION, OUT_OF_FOLD = "validation part", "training part, out of fold"


class Decision(Wrapper):
    """What both have in common: factors, and rows to choose them by."""

    USES = ("validation", "groups")

    def fit(self, X, y, *, validation=None, votes=None, groups=None):
        """Fit the model, and choose the factors.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,)
        validation : tuple (X, y), optional
            Rows that choose the factors where something is to be chosen, and that a
            network inside watches. Without them every training row is predicted by a
            model that was fitted on the other folds, which takes ``cv`` fits more.
        votes : array-like of shape (n, k), optional
            For a network that learns from them.
        groups : array-like of shape (n,), optional
            Rows of a group, as of a subject, stay in one fold. Copies always do.

        Returns
        -------
        self
        """
        y = self._check_rows(X, y)
        estimator = clone(self.estimator)
        if not hasattr(estimator, "predict_proba"):
            raise DataError(
                f"{type(estimator).__name__} has no predict_proba",
                remedy="choose a model with probabilities",
            )
        extra = handed(estimator, y, validation=validation, votes=votes)
        self.estimator_ = estimator.fit(X, y, **extra)
        self.chosen_ = self.chosen_on_ = None
        classes, counts = np.unique(y, return_counts=True)
        held_out = None
        if self._chooses():
            if validation is not None:
                held_out = self._validated(validation, classes)
            else:
                held_out = self._left_out(X, y, votes, groups, classes)
            self._warn_of_absent(classes, held_out[1])
        self.factors_ = self._find(counts / counts.sum(), held_out)
        return self

    def predict(self, X):
        """Return the class that is likeliest with its factor, ``(n,)``."""
        best = self._shifted(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X):
        """Return the probability of each class with its factor, ``(n, k)``."""
        return self._shifted(X)

    def _shifted(self, X):
        check_is_fitted(self)
        return shift(self.estimator_.predict_proba(X), self.factors_)

    def _validated(self, validation, classes):
        """Return probabilities and columns of the classes of validation rows."""
        X, y = validation
        y = np.asarray(y)
        known = np.isin(y, classes)
        if not known.any():
            raise DataError("no validation row is of a class that was learned")
        self.chosen_on_ = VALIDATION
        proba = self.estimator_.predict_proba(X)[known]
        return proba, np.searchsorted(classes, y[known])

    def _left_out(self, X, y, votes, groups, classes):
        """Return probabilities of the training rows, each out of fold, and columns."""
        self.chosen_on_ = OUT_OF_FOLD
        proba = out_of_fold(
            self.estimator,
            X,
            y,
            cv=self.cv,
            groups=groups,
            votes=votes,
            random_state=self.random_state,
        )
        return proba, np.searchsorted(classes, y)

    def _warn_of_absent(self, classes, columns):
        absent = np.delete(classes, np.unique(columns))
        if len(absent):
            warnings.warn(
                f"no validation row of class {', '.join(map(str, absent))}: what "
                "decides for it stays as it is",
                stacklevel=3,
            )


class PriorShift(Decision):
    """Probabilities divided by the shares of the classes among the training rows.

    What a model says then suits classes that are equally frequent: the logit
    adjustment of Menon et al. (2021) after the training. It takes the probabilities
    at their word, as logistic regression and networks mean them. Where one temperature
    made them of margins, as of support vector machines and least squares here, they
    owe the shares less, and all of the shift is too much: let ``tau="best"`` find how
    much is right.

    Parameters
    ----------
    estimator : classifier
        A whole model with probabilities, such as a pipeline.
    tau : float or "best", default=1.0
        The power of the shares; 0 changes nothing. ``best`` chooses one of `TAUS` by
        the validation rows.
    metric : str, default="f1_macro"
        What the best one is chosen by, one of `fercompare.balancing.factors.CHOOSING`.
    cv : int, default=5
        Folds, where there is something to choose and no validation data.
    random_state : int, default=None
        Draws the folds.

    Attributes
    ----------
    estimator_ : classifier
    factors_ : array of shape (k,)
    tau_ : float
    chosen_, chosen_on_ : str or None
        What was chosen, and by which rows.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> model = PriorShift(DummyClassifier()).fit([[0.0]] * 10, [0] * 9 + [1])
    >>> model.predict_proba([[0.0]])
    array([[0.5, 0.5]])
    """

    def __init__(
        self, estimator, *, tau=1.0, metric="f1_macro", cv=5, random_state=None
    ):
        self.estimator = estimator
        self.tau = tau
        self.metric = metric
        self.cv = cv
        self.random_state = random_state

    def _chooses(self):
        return isinstance(self.tau, str)

    def _find(self, shares, held_out):
        if held_out is None:
            self.tau_ = float(self.tau)
            return shares**-self.tau_
        if self.tau != "best":
            raise DataError(f"tau={self.tau!r}", remedy="choose a number, or 'best'")
        score, (proba, columns) = scoring(self.metric), held_out
        scores = [score(columns, shift(proba, shares**-tau)) for tau in TAUS]
        self.tau_ = TAUS[int(np.argmax(scores))]
        self.chosen_ = f"tau {self.tau_:g}"
        return shares**-self.tau_


class Thresholds(Decision):
    """Probabilities multiplied by factors that make the most of validation rows.

    Parameters
    ----------
    estimator : classifier
        A whole model with probabilities, such as a pipeline.
    metric : str, default="f1_macro"
        What the factors are chosen by, see `fercompare.balancing.factors.best_factors`.
    cv : int, default=5
        Folds, where there is no validation data.
    random_state : int, default=None
        Draws the folds.

    Attributes
    ----------
    estimator_ : classifier
    factors_ : array of shape (k,)
    chosen_, chosen_on_ : str
        What was chosen, and by which rows.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = [[k / 10] for k in range(20)], [0] * 15 + [1] * 5
    >>> model = Thresholds(LogisticRegression(), random_state=0).fit(X, y)
    >>> bool(model.factors_[1] > model.factors_[0]), model.chosen_on_
    (True, 'training part, out of fold')
    """

    def __init__(self, estimator, *, metric="f1_macro", cv=5, random_state=None):
        self.estimator = estimator
        self.metric = metric
        self.cv = cv
        self.random_state = random_state

    def _chooses(self):
        return True

    def _find(self, shares, held_out):
        self.chosen_ = "thresholds"
        return best_factors(*held_out, self.metric)

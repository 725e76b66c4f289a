"""From scores to probabilities by one number, the temperature.

Scores divided by a temperature and put through a softmax are probabilities. One number
is learned from few rows, and it never changes which class comes first, so `predict`
and `predict_proba` agree.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import issparse
from scipy.special import log_softmax, softmax
from sklearn.utils import check_random_state

HELD_OUT = 0.25
COLDEST, HOTTEST = 1e-3, 1e3


def hold_out(y, copies, random_state, share=HELD_OUT):
    """Return the rows to learn from and the rows to calibrate on.

    Of every class the same share is held out, rounded down: a class of three rows or
    fewer is learned from as a whole. Copies of a row stay on one side.

    Parameters
    ----------
    y : int array of shape (n,)
    copies : array of shape (n,)
        The same for rows that are copies of each other.
    random_state : int, RandomState or None
    share : float

    Returns
    -------
    learning, calibrating : int arrays

    Examples
    --------
    >>> y = np.repeat([0, 1], [8, 3])
    >>> learning, calibrating = hold_out(y, np.arange(11), random_state=0)
    >>> np.bincount(y[calibrating])
    array([2])
    """
    _, first, kind = np.unique(copies, return_index=True, return_inverse=True)
    kinds = y[first]
    shuffled = check_random_state(random_state).permutation(len(kinds))
    by_class = shuffled[np.argsort(kinds[shuffled], kind="stable")]
    counts = np.bincount(kinds)
    place = np.arange(len(kinds)) - np.repeat(np.cumsum(counts) - counts, counts)
    held = place < np.repeat((counts * share).astype(int), counts)
    is_held = np.isin(kind, by_class[held])
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


def best_temperature(scores, y, sample_weight=None):
    """Return the temperature with the least log loss.

    Parameters
    ----------
    scores : array of shape (n, k)
    y : int array of shape (n,)
        Column of the true class.
    sample_weight : array of shape (n,), optional

    Returns
    -------
    temperature : float
        1 where no row counts.

    Examples
    --------
    >>> right = np.log([[0.8, 0.2]] * 50)
    >>> y = np.repeat([0, 1], [40, 10])
    >>> round(best_temperature(right, y), 2), round(best_temperature(3 * right, y), 2)
    (1.05, 3.16)
    """
    if not len(y) or (sample_weight is not None and not np.any(sample_weight)):
        return 1.0

    def loss(log_temperature):
        return log_loss(scores / np.exp(log_temperature), y, sample_weight)

    bounds = np.log(COLDEST), np.log(HOTTEST)
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def log_loss(scores, y, sample_weight=None):
    """Return the log loss of the probabilities that scores stand for.

    As Platt does, the truth is taken for a little less than certain, the less the more
    rows there are, so that a few rows that are all right prove nothing.

    Parameters
    ----------
    scores : array of shape (n, k)
    y : int array of shape (n,)
        Column of the true class.
    sample_weight : array of shape (n,), optional

    Returns
    -------
    loss : float
    """
    n_rows, n_classes = scores.shape
    truth = np.full(scores.shape, 1 / (n_rows + n_classes))
    truth[np.arange(n_rows), y] += n_rows / (n_rows + n_classes)
    log_proba = log_softmax(scores, axis=1)
    return -np.average((truth * log_proba).sum(axis=1), weights=sample_weight)


def learn_temperature(first, X, y, sample_weight, random_state):
    """Return the temperature for a classifier like ``first``.

    Copies of a row, as oversampling makes them, are held out together. Rows that SMOTE
    made between others are not known as such: behind it the temperature is too low, and
    probabilities claim more than they should.

    Parameters
    ----------
    first : estimator
        It is fitted on three quarters of the rows and scores the others.
    X : array or sparse matrix of shape (n, n_features)
    y : array of shape (n,)
    sample_weight : array of shape (n,) or None
    random_state : int, RandomState or None

    Returns
    -------
    temperature : float
    """
    y = np.asarray(y)
    weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
    counting = weights > 0
    X, y, weights = X[counting], y[counting], weights[counting]
    columns = np.unique(y, return_inverse=True)[1]
    learning, calibrating = hold_out(columns, _copies(X, columns), random_state)
    if not len(calibrating):
        return 1.0
    of_learning = None if sample_weight is None else weights[learning]
    first.fit(X[learning], y[learning], of_learning)
    scores = two_columns(first.decision_function(X[calibrating]))
    return best_temperature(scores, columns[calibrating], weights[calibrating])


def _copies(X, columns):
    """Return for each row the first of its class with the same bytes."""
    if issparse(X):
        return np.arange(X.shape[0])
    first = {}
    keys = ((k, hash(row.tobytes())) for k, row in zip(columns, X))
    return np.array([first.setdefault(key, row) for row, key in enumerate(keys)])


def probabilities(scores, temperature):
    """Return probabilities ``(n, k)`` of scores ``(n, k)``."""
    return softmax(scores / temperature, axis=1)


def two_columns(scores):
    """Return the score of each class where two classes share one, ``(n,)``."""
    return np.column_stack([-scores, scores]) / 2 if scores.ndim == 1 else scores

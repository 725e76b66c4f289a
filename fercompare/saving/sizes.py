"""How large a model's file is, without writing it."""

import json

from fercompare.containers.refusal import Refused
from fercompare.saving.states import Taker


def saved_bytes(model):
    """Return how many bytes `save_model` would write, to a few thousand.

    Parameters
    ----------
    model : estimator
        Fitted.

    Returns
    -------
    int or None
        None where the model cannot be saved.

    Examples
    --------
    >>> from sklearn.svm import LinearSVC
    >>> saved_bytes(LinearSVC(random_state=0).fit([[-1.0], [1.0]], [0, 1])) < 2000
    True
    """
    taker = Taker()
    try:
        record = taker.take(model)
    except Refused:
        return None
    arrays = sum(array.nbytes for array in taker.arrays.values())
    return arrays + len(json.dumps(record))

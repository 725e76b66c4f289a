"""What the names of a trial stand for, in fields that can be compared."""

import numpy as np
from joblib import hash as content_hash
from sklearn.base import BaseEstimator

from fercompare import __version__

LONGEST_TEXT = 200
"""Characters of a parameter's text, above which its digest stands for it."""
PLAIN = (bool, int, float, str, type(None))


def specify(dataset, model, strategy, parameters, state):
    """Return the specification of a trial: what must be equal for it to be the same.

    Parameters
    ----------
    dataset : Dataset
    model, strategy : str or object
        As they were asked for.
    parameters : dict
        Those of the estimator made of both; empty where they do not go together.
    state : int
        The random state that was made from the trial's names and seed. It is left
        out, so that trials which differ in the seed alone differ in the seed alone.

    Returns
    -------
    dict of str to str, and of ``"parameters"`` to dict of plain values

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> meant = specify(load_dataset("synthetic", n=300), "dummy", "none",
    ...                 {"C": 5.0, "random_state": 77}, state=77)
    >>> meant["parameters"]
    {'C': 5.0, 'random_state': 'from the seed'}
    """
    return {
        "data": dataset.fingerprint,
        "code": __version__,
        "model": _plain(model),
        "strategy": _plain(strategy),
        "parameters": {
            name: "from the seed"
            if name.rpartition("__")[2] == "random_state" and value == state
            else _plain(value)
            for name, value in parameters.items()
        },
    }


def differences(stored, asked):
    """Return the fields in which two specifications differ, each with both values.

    Examples
    --------
    >>> differences({"data": "5f2c", "parameters": {"C": 1.0}},
    ...             {"data": "5f2c", "parameters": {"C": 5.0}})
    ['parameter C (1.0 stored, 5.0 asked for)']
    """
    stored, asked = _flat(stored), _flat(asked)
    absent = "nothing"
    return [
        f"{name} ({_short(stored.get(name, absent))} stored, "
        f"{_short(asked.get(name, absent))} asked for)"
        for name in sorted(stored.keys() | asked.keys())
        if stored.get(name, absent) != asked.get(name, absent)
    ]


def _flat(specification):
    fields = {name: v for name, v in specification.items() if name != "parameters"}
    parameters = specification.get("parameters", {})
    return fields | {f"parameter {name}": v for name, v in parameters.items()}


def _short(value):
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}…"


def _plain(value):
    """Return a parameter as json can hold it, the same in every process.

    Objects with parameters of their own are named only: `get_params` lists theirs.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, BaseEstimator) or callable(value):
        kind = value if hasattr(value, "__qualname__") else type(value)
        return f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(value, np.ndarray):
        return f"array of {value.shape}, {value.dtype}, {content_hash(value)}"
    if isinstance(value, (list, tuple)):
        return [_plain(element) for element in value]
    text = repr(value)
    if " at 0x" in text:
        return f"{type(value).__module__}.{type(value).__qualname__}"
    return text if len(text) <= LONGEST_TEXT else content_hash(text)

"""What the fitted attributes of a class must look like, in one line each.

A line is a kind and the sides of the array by letter, as in ``"real k n"``. The same
letter is the same size in all lines of a class; ``?`` before it says that the
attribute may be missing. See `KINDS`.
"""

import math
from numbers import Real

import numpy as np

from fercompare.containers.refusal import Refused

MOST_FEATURES = 2**24
KINDS = {
    "real": "float32 or float64 array",
    "whole": "array of whole numbers",
    "float64": "array of float64",
    "int32": "array of int32",
    "int64": "array of int64",
    "uint8": "array of uint8",
    "bool": "array of true and false",
    "labels": "one-dimensional array of classes, sorted and each there once",
    "names": "one-dimensional array of texts",
    "number": "finite number",
    "size": "whole number of at least 1, which its letter stands for",
    "text": "text",
    "any": "anything that can be saved",
}
"""Kind to what it means; all arrays are finite."""


def check_state(state, specifications):
    """Refuse fitted attributes that do not suit the lines of their class.

    Parameters
    ----------
    state : dict
        Attribute to value.
    specifications : dict
        Attribute to line.

    Returns
    -------
    sizes : dict
        Letter to size.

    Examples
    --------
    >>> lines = {"coef_": "real k n", "n_features_in_": "size n"}
    >>> check_state({"coef_": np.ones((2, 3)), "n_features_in_": 3}, lines)
    {'k': 2, 'n': 3}
    >>> check_state({"coef_": np.ones((2, 3)), "n_features_in_": 4}, lines)
    Traceback (most recent call last):
        ...
    fercompare.containers.refusal.Refused: n_features_in_ is (4,) where n=3
    """
    for name in state:
        if name not in specifications:
            raise Refused(f"has {ascii(name)[1:60]}, which its class does not learn")
    sizes = {}
    for name, line in specifications.items():
        value = state.get(name)
        if value is None and line.startswith("?"):
            continue
        if name not in state:
            raise Refused(f"has no {name}")
        kind, *letters = line.lstrip("? ").split()
        if not _suits(kind, value):
            raise Refused(f"{name} is {_described(value)}, not {KINDS[kind]}")
        if kind == "size" or letters:
            shape = (value,) if kind == "size" else value.shape
            _bind(name, shape, letters, sizes)
    return sizes


def _suits(kind, value):
    if kind == "any":
        return True
    if kind == "number":
        return _is_number(value) and math.isfinite(value)
    if kind == "size":
        return type(value) is int and 1 <= value <= MOST_FEATURES
    if kind == "text":
        return isinstance(value, str)
    if not isinstance(value, np.ndarray):
        return False
    if kind == "labels":
        return value.ndim == 1 and len(value) and bool(np.all(value[1:] > value[:-1]))
    if kind == "names":
        return value.ndim == 1 and value.dtype.kind in "OU"
    if kind == "whole":
        return value.dtype.kind in "iu"
    if kind == "real":
        return value.dtype in (np.float32, np.float64)
    return value.dtype == kind


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def _bind(name, shape, letters, sizes):
    known = {letter: sizes.get(letter) for letter in letters}
    if len(shape) == len(letters):
        for letter, size in zip(letters, shape):
            sizes.setdefault(letter, size)
        if tuple(sizes[letter] for letter in letters) == tuple(shape):
            return
    expected = ", ".join(f"{k}={'any' if v is None else v}" for k, v in known.items())
    raise Refused(f"{name} is {tuple(shape)} where {expected}")


def _described(value):
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} and shape {value.shape}"
    return f"a {type(value).__name__}"

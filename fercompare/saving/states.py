"""Models as JSON and arrays, and back: what is in the registry, and nothing else."""

import inspect
import math
import os
from dataclasses import fields, is_dataclass

import numpy as np
from sklearn.base import clone

from fercompare.containers.refusal import Refused
from fercompare.saving.refusal import at_step, called
from fercompare.saving.registry import REGISTRY, dotted
from fercompare.saving.schema import check_state

MOST_THREADS = 1024
MOST_TEXT = 1000
MOST_MODELS = 1000
LIBRARY_DEFAULT = "deprecated"
"""What scikit-learn puts where a parameter is on its way out."""
NUMBERS = "biuf"


class Taker:
    """Takes models apart into JSON; the arrays that it points to are in ``arrays``."""

    def __init__(self):
        self.arrays = {}

    def take(self, model, trail=()):
        """Return a model as JSON can hold it.

        Parameters
        ----------
        model : estimator
        trail : tuple of str
            The names of the steps that lead to it.
        """
        name, entry = _entry_of(model, trail)
        parameters = {
            key: self._value(value, (*trail, key), key)
            for key, value in sorted(_parameters(model).items())
            if key not in (*entry.left_out, *entry.twins) and not _is_default(value)
        }
        with at_step(trail):
            state = entry.take(model) if entry.take else _attributes(model, entry)
            if hasattr(model, "feature_names_in_") and entry.fitted:
                state["feature_names_in_"] = model.feature_names_in_
        fitted = {
            key: self._value(value, (*trail, key), key)
            for key, value in state.items()
            if value is not None
        }
        return {"class": name, "parameters": parameters, "fitted": fitted}

    def _value(self, value, trail, name):
        if isinstance(value, np.generic) or (
            isinstance(value, np.ndarray) and value.ndim == 0
        ):
            value = value.item()
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if value is None or type(value) in (bool, str):
            return value
        if type(value) is int and -(2**63) <= value < 2**63:
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if type(value) is list:
            return [self._value(v, trail, name) for v in value]
        if type(value) is tuple:
            return {"tuple": self._tuple(value, trail, name)}
        if isinstance(value, dict):
            pairs = value.items()
            return {"dict": [[self._value(x, trail, name) for x in p] for p in pairs]}
        if isinstance(value, np.ndarray):
            return self._array(value, trail, name)
        if _has_parameters(value):
            return {"model": self.take(value, trail)}
        raise Refused(
            f"{called(trail)} is of the type {type(value).__name__}, "
            "which cannot be saved",
            "use numbers, texts, None, lists, tuples, dicts or registered estimators",
        )

    def _tuple(self, value, trail, name):
        if len(value) == 2 and isinstance(value[0], str):  # a step and its name
            trail = (*trail[:-1], value[0])
        return [self._value(v, trail, name) for v in value]

    def _array(self, array, trail, name):
        if array.dtype.kind in NUMBERS and array.dtype.itemsize <= 8:
            key = f"{len(self.arrays)}.{name}"
            if array.ndim == 2 and array.flags.fnc:  # as BLAS rounds by the order
                self.arrays[key] = array.T
                return {"array": key, "order": "F"}
            self.arrays[key] = array
            return {"array": key}
        texts = array.tolist()
        if array.ndim == 1 and all(isinstance(text, str) for text in texts):
            return {"texts": texts, "dtype": array.dtype.kind}
        raise Refused(
            f"{called(trail)} is an array of {array.dtype}, which cannot be saved",
            "use arrays of numbers, or one-dimensional ones of texts",
        )


class Builder:
    """Puts models together from JSON and the arrays that it points to."""

    def __init__(self, arrays):
        self.arrays = dict(arrays)
        self.n_models = 0

    def build(self, record, trail=()):
        """Return the model that `Taker.take` took apart."""
        self.n_models += 1
        with at_step(trail):
            if self.n_models > MOST_MODELS:
                raise Refused(f"is one step too many; {MOST_MODELS} are the most")
            entry = _registered(record)
            parameters = self._parameters(record["parameters"], entry, trail)
            state = self._values(record["fitted"], trail)
            check_state(state, entry.lines)
            twins = {key: _unfitted(state[name]) for key, name in entry.twins.items()}
            model = entry.type(**parameters, **twins)
            _fit(model, entry, state)
            if entry.check:
                entry.check(model)
        return model

    def _parameters(self, raw, entry, trail):
        parameters = self._values(raw, trail)
        known = set(inspect.signature(entry.type).parameters)
        known -= {*entry.left_out, *entry.twins}
        for key, value in parameters.items():
            if key not in known:
                raise Refused(
                    f"has the parameter {ascii(key)[:80]}, unknown to its class",
                    "install the versions that the model's card names",
                )
            if key == "n_jobs" and not _are_threads(value):
                raise Refused(f"asks for {ascii(value)[:40]} threads")
        return parameters

    def _values(self, raw, trail):
        if not isinstance(raw, dict):
            raise Refused("has parameters or a state without names")
        return {key: self._value(value, (*trail, key)) for key, value in raw.items()}

    def _value(self, raw, trail):
        match raw:
            case str():
                return _printable(raw, trail)
            case None | bool() | int() | float():
                return raw
            case list():
                return [self._value(value, trail) for value in raw]
            case {"tuple": [str(name), {"model": record}], **rest} if not rest:
                _printable(name, trail)
                return name, self.build(record, (*trail[:-1], name))
            case {"tuple": list(values), **rest} if not rest:
                return tuple(self._value(value, trail) for value in values)
            case {"dict": list(pairs), **rest} if not rest:
                return self._dict(pairs, trail)
            case {"float": "inf" | "-inf" | "nan" as text, **rest} if not rest:
                return float(text)
            case {"model": record, **rest} if not rest:
                return self.build(record, trail)
            case {"array": str(key), **order} if order in ({}, {"order": "F"}):
                return self._array(key, order, trail)
            case {"texts": list(texts), "dtype": "U" | "O" as kind, **rest} if not rest:
                return np.array([_printable(t, trail) for t in texts], dtype=kind)
        raise Refused(f"{called(trail)} is {ascii(raw)[:80]}, which means nothing")

    def _dict(self, pairs, trail):
        named = {}
        for pair in pairs:
            match pair:
                case [str() | int() | float() as key, value]:
                    key = self._value(key, trail)
                    named[key] = self._value(value, trail)
                case _:
                    raise Refused(f"{called(trail)} is no dict")
        return named

    def _array(self, key, order, trail):
        if key not in self.arrays:
            raise Refused(f"its array {ascii(key)[:80]} is not there, or there twice")
        array = self.arrays.pop(key)
        if order and array.ndim != 2:
            raise Refused(f"its array {ascii(key)[:80]} has no columns")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise Refused(f"{trail[-1]} has numbers that are not finite")
        return array.T if order else array


def _registered(record):
    parts = {"class", "parameters", "fitted"}
    if not isinstance(record, dict) or set(record) != parts:
        raise Refused("is no record of a class, its parameters and its state")
    name = record["class"]
    if not isinstance(name, str) or name not in REGISTRY:
        raise Refused(
            f"is of the class {ascii(name)[:80]}, which is not registered",
            "register the class as it was when the file was saved: "
            "fercompare.saving.registry.REGISTRY[…] = Entry(…)",
        )
    return REGISTRY[name].load()


def _fit(model, entry, state):
    names = state.pop("feature_names_in_", None)
    if entry.build:
        entry.build(model, state)
    else:
        for key in entry.lines:
            if key in state:
                setattr(model, key, state[key])
            elif key != "feature_names_in_" and entry.lines[key].startswith("? real"):
                setattr(model, key, None)
    if names is not None:
        model.feature_names_in_ = names


def _attributes(model, entry):
    found = {}
    for name, line in entry.lines.items():
        if hasattr(model, name):
            found[name] = getattr(model, name)
        elif not line.startswith("?"):
            raise Refused(f"has no {name}", "fit the model, then save it")
    return found if entry.fitted else {}


def _entry_of(model, trail):
    for name, entry in REGISTRY.items():
        same_name = entry.type_name == dotted(type(model))
        if same_name and type(model) is entry.load().type:
            return name, entry.load()
    mine = type(model).__name__
    known = [entry.type_name.rpartition(".")[2] for entry in REGISTRY.values()]
    raise Refused(
        f"{called(trail)} is a {mine}, which is not registered; "
        f"there are: {', '.join(known)}",
        f'register it: fercompare.saving.registry.REGISTRY["{mine.lower()}"] = '
        f'Entry({mine}, fitted=("…_",)), with the names of what it learns',
    )


def _has_parameters(value):
    if isinstance(value, type):
        return False
    return hasattr(value, "get_params") or is_dataclass(value)


def _parameters(model):
    if is_dataclass(model):
        return {field.name: getattr(model, field.name) for field in fields(model)}
    if not hasattr(model, "get_params"):
        return {}
    return model.get_params(deep=False)


def _unfitted(model):
    if not hasattr(model, "get_params"):
        raise Refused(f"has {ascii(model)[:40]} where an estimator belongs")
    return clone(model)


def _printable(text, trail):
    if isinstance(text, str) and len(text) <= MOST_TEXT and text.isprintable():
        return text
    raise Refused(f"{called(trail)} has {ascii(text)[:80]} where plain text belongs")


def _are_threads(value):
    return value is None or (type(value) is int and abs(value) <= MOST_THREADS)


def _is_default(value):
    return isinstance(value, str) and value == LIBRARY_DEFAULT

"""JSON of a file that is not trusted: bounded before it is read, and only once said."""

import json
import math
import re

from fercompare.containers.refusal import Refused

MOST_DEPTH = 64
MOST_NESTED, MOST_VALUES = 20_000, 100_000
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKET = re.compile(rb"[][{}]")


def parse(raw, what, most_depth=MOST_DEPTH):
    """Return what a JSON text of bounded length says.

    Numbers have 64 bits and are finite, and no object has a name twice.

    Parameters
    ----------
    raw : bytes
    what : str
        How to call it in an error.
    most_depth : int

    Examples
    --------
    >>> parse(b'{"scale": [1, 0.5]}', "the manifest")
    {'scale': [1, 0.5]}
    """
    bare = _TEXT.sub(b"", raw)
    n_nested, n_values = bare.count(b"[") + bare.count(b"{"), bare.count(b",")
    if n_nested > MOST_NESTED or n_values > MOST_VALUES:
        raise Refused(f"{what} has {n_nested + n_values:,} parts")
    depth = 0
    for bracket in _BRACKET.finditer(bare):
        depth += 1 if bracket.group() in b"[{" else -1
        if depth > most_depth:
            raise Refused(f"{what} is nested more than {most_depth} deep")
    try:
        return json.loads(
            raw.decode("utf-8"),
            parse_int=_whole,
            parse_float=_real,
            parse_constant=_constant,
            object_pairs_hook=_once,
        )
    except ValueError as error:
        raise Refused(f"{what} is no JSON as fercompare writes it: {error}") from None


def _whole(text):
    if len(text) > 20 or not -(2**63) <= int(text) < 2**64:
        raise ValueError("a number beyond 64 bits")
    return int(text)


def _real(text):
    if not math.isfinite(float(text)):
        raise ValueError("a number that is not finite")
    return float(text)


def _constant(text):
    raise ValueError(f"{text} is no number")


def _once(pairs):
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a name is there twice")
    return named

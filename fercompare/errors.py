"""What can go wrong, said once: what was asked, what was found, what to do."""

import difflib
from contextlib import contextmanager


class FercompareError(Exception):
    """Root of every error that fercompare raises on purpose."""


class DataError(FercompareError, ValueError):
    """A file, or a row of it, that cannot be read as asked.

    Examples
    --------
    >>> print(DataError("2303 pixels, expected 2304", file="fer.csv", row=7,
    ...                 remedy="download the file again"))
    fer.csv, row 7: 2303 pixels, expected 2304; download the file again
    """

    def __init__(self, found, *, file=None, row=None, remedy=None):
        self.found, self.file, self.row, self.remedy = found, file, row, remedy
        where = printable(str(file)) if file is not None else ""
        if row is not None:
            where += f", row {row}" if where else f"row {row}"
        message = f"{where}: {found}" if where else found
        super().__init__(f"{message}; {remedy}" if remedy else message)

    def __reduce__(self):
        return _rebuild, (type(self), self.found, self.file, self.row, self.remedy)


class DataNotFound(DataError):
    """The files of a data set are not where they were looked for."""


class UnknownName(FercompareError, ValueError):
    """A name that is not in a catalogue."""


def look_up(name, catalogue, kind):
    """Return ``catalogue[name]``, or raise with the names that come close.

    Examples
    --------
    >>> look_up("smot", {"smote": 1, "none": 0}, "strategy")
    Traceback (most recent call last):
        ...
    fercompare.errors.UnknownName: unknown strategy 'smot'; did you mean 'smote'?
    """
    if isinstance(name, str) and name in catalogue:
        return catalogue[name]
    close = difflib.get_close_matches(str(name), catalogue, n=3)
    hint = (
        f"did you mean {' or '.join(map(repr, close))}?"
        if close
        else f"there are: {', '.join(catalogue)}"
    )
    raise UnknownName(f"unknown {kind} {name!r}; {hint}")


@contextmanager
def keep_interrupts():
    """Raise Ctrl-C as itself where what was interrupted made another error of it.

    A zip archive that is closed half written does so, and hides that someone wanted
    to stop behind what would pass for a failure.
    """
    try:
        yield
    except Exception as error:
        if _has_interrupt(error):
            raise KeyboardInterrupt from error
        raise


def whole_number(text, most):
    """Return a text of plain digits as a number from 0 to ``most``, or None.

    Examples
    --------
    >>> whole_number("7", 9), whole_number("10", 9), whole_number("²", 9)
    (7, None, None)
    """
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if plain and int(text) <= most else None


def printable(text):
    """Return ``text`` with the control characters of a hostile name made visible."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _has_interrupt(error):
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _rebuild(kind, found, file, row, remedy):
    return kind(found, file=file, row=row, remedy=remedy)

"""What is said of a file that does not hold what it should."""

from contextlib import contextmanager

from fercompare.errors import DataError


class Refused(Exception):
    """What was found and what to do about it; the file is named further out."""

    def __init__(self, found, remedy=None):
        super().__init__(found)
        self.found, self.remedy, self.step = found, remedy, None


@contextmanager
def naming(path, remedy, kind=DataError, subject="file"):
    """Turn all that goes wrong inside into an error that names the file.

    Parameters
    ----------
    path : path
    remedy : str
        What to do, where what is refused does not say it.
    kind : class, default=DataError
        Of the error; what is of this class already passes.
    subject : str
        What a sound file would hold.

    Examples
    --------
    >>> with naming("mine.fer", "make it again"):
    ...     raise Refused("is empty")
    Traceback (most recent call last):
        ...
    fercompare.errors.DataError: mine.fer: is empty; make it again
    """
    try:
        yield
    except kind:
        raise
    except Refused as error:
        raise kind(error.found, file=path, remedy=error.remedy or remedy) from error
    except OSError as error:
        raise kind(
            f"cannot be read or written ({error.strerror or error})",
            file=path,
            remedy="check the folder, its rights and the space on the disk",
        ) from error
    except Exception as error:  # a class can be upset by its own state in any way
        raise kind(
            f"holds no sound {subject}: {said(error)}", file=path, remedy=remedy
        ) from error


def said(error):
    """Return what an error says as one short line of plain text.

    Examples
    --------
    >>> said(ValueError("bell \\a"))
    'bell \\\\x07'
    """
    return ascii(str(error) or type(error).__name__)[1:-1][:200]

"""What is said when a model cannot be saved, or a file of one cannot be loaded."""

from contextlib import contextmanager

from fercompare.errors import DataError, printable

UPSET = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a class raises that is put together from a state it was not made for."""
AGAIN = "get the file again from where it was saved"


class ModelFileError(DataError):
    """A model that cannot be saved, or a file that holds no sound model."""


class ModelFileWarning(UserWarning):
    """A model that was loaded, though it may not predict what it did elsewhere."""


class Refused(Exception):
    """What was found and what to do about it; the file is named further out."""

    def __init__(self, found, remedy=None):
        super().__init__(found)
        self.found, self.remedy, self.step = found, remedy, None


@contextmanager
def at_step(trail):
    """Put the name of a step before what is refused inside, unless it has one.

    Examples
    --------
    >>> with at_step(("features", "hog")):
    ...     raise Refused("has no n_features_in_")
    Traceback (most recent call last):
        ...
    fercompare.saving.refusal.Refused: step 'features/hog' has no n_features_in_
    """
    try:
        yield
    except Refused as error:
        if error.step is None:
            error.step = called(trail)
            error.found = f"{error.step} {error.found}" if trail else error.found
            error.args = (error.found,)
        raise
    except UPSET as error:
        refused = Refused(f"{called(trail)} is unsound: {_said(error)}")
        refused.step = called(trail)
        raise refused from error


def called(trail):
    """Return how to call the step that a trail of names leads to."""
    return f"step {printable('/'.join(trail))!r}" if trail else "the model"


@contextmanager
def naming(path, remedy=AGAIN):
    """Turn all that goes wrong inside into a `ModelFileError` that names the file.

    Examples
    --------
    >>> with naming("mine.fer"):
    ...     raise Refused("is empty")
    Traceback (most recent call last):
        ...
    fercompare.saving.refusal.ModelFileError: mine.fer: is empty; get the file again
    from where it was saved
    """
    try:
        yield
    except ModelFileError:
        raise
    except Refused as error:
        raise ModelFileError(
            error.found, file=path, remedy=error.remedy or remedy
        ) from error
    except OSError as error:
        raise ModelFileError(
            f"cannot be read or written ({error.strerror or error})",
            file=path,
            remedy="check the folder, its rights and the space on the disk",
        ) from error
    except Exception as error:  # a class can be upset by its own state in any way
        raise ModelFileError(
            f"holds no sound model: {_said(error)}", file=path, remedy=remedy
        ) from error


def _said(error):
    return ascii(str(error) or type(error).__name__)[1:-1][:200]

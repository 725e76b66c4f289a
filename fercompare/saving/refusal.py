"""What is said when a model cannot be saved, or a file of one cannot be loaded."""

from contextlib import contextmanager

from fercompare.containers.refusal import Refused, naming, said
from fercompare.errors import DataError, FercompareError, printable

UPSET = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a class raises that is put together from a state it was not made for."""
AGAIN = "get the file again from where it was saved"


class ModelFileError(DataError):
    """A model that cannot be saved, or a file that holds no sound model."""


class ModelFileWarning(UserWarning):
    """A model that was loaded, though it may not predict what it did elsewhere."""


def naming_model(path, remedy=AGAIN):
    """Turn all that goes wrong inside into a `ModelFileError` that names the file.

    Examples
    --------
    >>> with naming_model("mine.fer"):
    ...     raise Refused("is empty")
    Traceback (most recent call last):
        ...
    fercompare.saving.refusal.ModelFileError: mine.fer: is empty; get the file again
    from where it was saved
    """
    return naming(path, remedy, ModelFileError, "model")


@contextmanager
def at_step(trail):
    """Put the name of a step before what is refused inside, unless it has one.

    Examples
    --------
    >>> with at_step(("features", "hog")):
    ...     raise Refused("has no n_features_in_")
    Traceback (most recent call last):
        ...
    fercompare.containers.refusal.Refused: step 'features/hog' has no n_features_in_
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
        of_ours = isinstance(error, FercompareError)
        found = f": {said(error)}" if of_ours else f" is unsound: {said(error)}"
        refused = Refused(called(trail) + found)
        refused.step = called(trail)
        raise refused from error


def called(trail):
    """Return how to call the step that a trail of names leads to."""
    return f"step {printable('/'.join(trail))!r}" if trail else "the model"

"""What a strategy is, and what every strategy asks of a model."""

from collections.abc import Callable
from dataclasses import dataclass

from fercompare.errors import FercompareError

LEVELS = ("none", "loss", "batches", "rows", "images", "decision")


class DoesNotApply(FercompareError, ValueError):
    """A strategy that makes no sense for a model; a trial of both is a skip."""


@dataclass(frozen=True)
class Strategy:
    """An answer to imbalance.

    Parameters
    ----------
    apply : callable
        ``apply(model, random_state, **options)`` returns an unfitted estimator that
        balances as it fits, or raises `DoesNotApply`. The model is a clone.
    summary : str
        What it does, in a line.
    level : str
        Where it acts: one of `LEVELS`.
    serves : str
        Which models it serves.
    options : tuple of str
        What ``apply`` takes by name, such as ``target`` and ``place``.
    """

    apply: Callable
    summary: str
    level: str = "none"
    serves: str = "every model"
    options: tuple = ()

    def __post_init__(self):
        if self.level not in LEVELS:
            raise ValueError(f"level={self.level!r} is none of {', '.join(LEVELS)}")


def steps_of(model):
    """Return the named steps of a pipeline, or the model as the only one.

    Examples
    --------
    >>> from sklearn.svm import LinearSVC
    >>> steps_of(LinearSVC())
    [('linearsvc', LinearSVC())]
    """
    if hasattr(model, "steps"):
        return list(model.steps)
    return [(type(model).__name__.lower(), model)]


def classifier_of(model):
    """Return the last step of a pipeline, or the model itself."""
    return steps_of(model)[-1][1]


def check_balanced_once(model):
    """Raise `DoesNotApply` for a model that has a sampler among its steps."""
    for _, step in steps_of(model):
        if hasattr(step, "fit_resample"):
            raise DoesNotApply(f"{type(step).__name__} balances the model already")


def seeded(estimator, random_state):
    """Return an estimator whose random states that were not set are.

    Examples
    --------
    >>> from sklearn.svm import LinearSVC
    >>> seeded(LinearSVC(), 7), seeded(LinearSVC(random_state=0), 7)
    (LinearSVC(random_state=7), LinearSVC(random_state=0))
    """
    unset = [
        name
        for name, value in estimator.get_params().items()
        if name.rpartition("__")[2] == "random_state" and value is None
    ]
    return estimator.set_params(**dict.fromkeys(unset, random_state))


def prefix_of(model):
    """Return what stands before the names of the classifier's parameters.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import LinearSVC
    >>> prefix_of(make_pipeline(LinearSVC())), prefix_of(LinearSVC())
    ('linearsvc__', '')
    """
    return f"{model.steps[-1][0]}__" if hasattr(model, "steps") else ""


def sees_images(classifier):
    """Whether a classifier takes the pixels themselves, as networks do.

    Examples
    --------
    >>> from sklearn.svm import LinearSVC
    >>> sees_images(LinearSVC())
    False
    """
    return "image_shape" in classifier.get_params(deep=False)

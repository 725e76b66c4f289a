"""Answers to class imbalance, each a step of the model or a parameter of it.

They act where the model is fitted and nowhere else: what is predicted is never
resampled, since imbalanced-learn's pipeline leaves its samplers out of ``predict``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from imblearn.combine import SMOTEENN
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import BaseEstimator, clone

from fercompare.errors import FercompareError, look_up


class DoesNotApply(FercompareError, ValueError):
    """A strategy that makes no sense for a model; a trial of both is a skip."""


@dataclass(frozen=True)
class Strategy:
    """``apply(model, random_state)`` returns an estimator that balances as it fits."""

    apply: Callable
    summary: str


def rebalance(model, strategy, *, random_state=0):
    """Return ``model`` with an answer to imbalance built in.

    Parameters
    ----------
    model : estimator
        A classifier, or a flat pipeline that ends in one. It is not changed.
    strategy : str, Strategy or sampler
        One of `list_strategies`, or an imbalanced-learn sampler.
    random_state : int, default=0

    Returns
    -------
    estimator
        Unfitted.

    Examples
    --------
    >>> from sklearn.svm import LinearSVC
    >>> rebalance(LinearSVC(), "class_weight")
    LinearSVC(class_weight='balanced')
    >>> [name for name, _ in rebalance(LinearSVC(), "smote").steps]
    ['balance', 'linearsvc']
    """
    if isinstance(strategy, BaseEstimator):
        return _before_the_classifier(clone(model), clone(strategy))
    if not isinstance(strategy, Strategy):
        strategy = look_up(strategy, STRATEGIES, "strategy")
    return strategy.apply(clone(model), random_state)


def list_strategies():
    """Return the names of the strategies.

    Examples
    --------
    >>> "smote" in list_strategies()
    True
    """
    return list(STRATEGIES)


def _none(model, random_state):
    return model


def _class_weight(model, random_state):
    prefix = f"{model.steps[-1][0]}__" if _is_pipeline(model) else ""
    if f"{prefix}class_weight" not in model.get_params():
        raise DoesNotApply(f"{_classifier(model)} takes no class weights")
    return model.set_params(**{f"{prefix}class_weight": "balanced"})


def _sampler(make):
    def apply(model, random_state):
        return _before_the_classifier(model, make(random_state=random_state))

    return apply


STRATEGIES = {
    "none": Strategy(_none, "the data as they are"),
    "class_weight": Strategy(_class_weight, "errors on rare classes cost more"),
    "random_over": Strategy(_sampler(RandomOverSampler), "rare rows repeated"),
    "random_under": Strategy(_sampler(RandomUnderSampler), "frequent rows left out"),
    "smote": Strategy(_sampler(SMOTE), "rows between rare neighbours added"),
    "smote_enn": Strategy(
        _sampler(SMOTEENN), "SMOTE, then rows that their neighbours contradict removed"
    ),
}


def _before_the_classifier(model, sampler):
    steps = list(model.steps) if _is_pipeline(model) else [(_name(model), model)]
    return Pipeline([*steps[:-1], ("balance", sampler), steps[-1]])


def _is_pipeline(model):
    return hasattr(model, "steps")


def _classifier(model):
    return type(model.steps[-1][1] if _is_pipeline(model) else model).__name__


def _name(model):
    return type(model).__name__.lower()

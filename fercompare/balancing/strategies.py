"""Answers to class imbalance, each a step of the model or a parameter of it.

They act where the model is fitted and nowhere else: what is predicted is never
resampled, since imbalanced-learn's pipeline leaves its samplers out of ``predict``.
"""

from functools import partial

from sklearn.base import BaseEstimator, clone

from fercompare.balancing.around import copy_images, decide_by
from fercompare.balancing.decisions import PriorShift, Thresholds
from fercompare.balancing.ensemble import Ensemble
from fercompare.balancing.image_copies import ImageCopies
from fercompare.balancing.mixing import ADASYN, SMOTE, SVMSMOTE, BorderlineSMOTE
from fercompare.balancing.parameters import of_network, weigh_by, weigh_classes
from fercompare.balancing.places import PLACES, put
from fercompare.balancing.reporting import Reported, Reporting
from fercompare.balancing.samplers import (
    SMOTEENN,
    EditedNearestNeighbours,
    OverUnder,
    RandomOverSampler,
    RandomUnderSampler,
    SMOTETomek,
)
from fercompare.balancing.strategy import (
    DoesNotApply,
    Strategy,
    classifier_of,
    seeded,
)
from fercompare.errors import DataError, look_up
from fercompare.naming import parse_name, split_names

__all__ = ["STRATEGIES", "DoesNotApply", "Strategy", "list_strategies", "rebalance"]


def rebalance(model, strategy, *, random_state=0, target="auto"):
    """Return ``model`` with an answer to imbalance built in.

    Parameters
    ----------
    model : estimator
        A classifier, or a flat pipeline that ends in one. It is not changed. Of an
        `Ensemble` each member balances for itself; decisions are the ensemble's.
    strategy : str, Strategy or sampler
        One of `list_strategies`, those at the rows also as ``name@place`` with a place
        of `PLACES`, with options as in ``smote(target=0.5, k_neighbors=3)``; or an
        imbalanced-learn sampler.
    random_state : int, default=0
        For what is made here, and for a sampler that has none of its own.
    target : "auto", float or dict of {label: int}, default="auto"
        How many rows the classes end with, for the strategies that make or drop rows.

    Returns
    -------
    estimator
        Unfitted.

    Examples
    --------
    >>> from sklearn.svm import LinearSVC
    >>> rebalance(LinearSVC(), "class_weight")
    LinearSVC(class_weight='balanced')
    >>> [name for name, _ in rebalance(LinearSVC(), "smote@pca").steps]
    ['pca', 'balance', 'linearsvc']
    """
    options = {} if target == "auto" else {"target": target}
    ensemble = classifier_of(model)
    if isinstance(ensemble, Ensemble) and strategy != "none":
        if ensemble is not model:
            raise DoesNotApply(
                "steps stand before the Ensemble: put them inside, so that each member "
                "balances for itself"
            )
        member = rebalance(
            model.estimator, strategy, random_state=random_state, target=target
        )
        if not _decides(strategy):  # one that does had to make sense for a member too
            return clone(model).set_params(estimator=member)
    if isinstance(strategy, BaseEstimator):
        return _with_sampler(clone(model), clone(strategy), random_state, options)
    if not isinstance(strategy, Strategy):
        strategy, named = _look_up(strategy)
        options |= named
    if unknown := [name for name in options if name not in strategy.options]:
        taken = ", ".join(strategy.options) or "no options"
        raise DataError(
            f"a strategy at the {strategy.level} takes no {' and no '.join(unknown)}",
            remedy=f"this one takes {taken}",
        )
    return strategy.apply(clone(model), random_state, **options)


def list_strategies():
    """Return the names of the strategies.

    Examples
    --------
    >>> "smote" in list_strategies()
    True
    """
    return list(STRATEGIES)


def _look_up(text):
    """Return the strategy and the options of a name, its place among them."""
    word, *place = split_names(str(text), "@")
    name, options = parse_name(word)
    strategy = look_up(name, STRATEGIES, "strategy")
    if place:
        options["place"] = "@".join(place)
        look_up(options["place"], PLACES, "place")
    return strategy, options


def _decides(strategy):
    if isinstance(strategy, str):
        strategy, _ = _look_up(strategy)
    return getattr(strategy, "level", None) == "decision"


def _with_sampler(model, sampler, random_state, options):
    if options:
        raise DataError(
            f"target={options['target']!r} beside a {type(sampler).__name__}",
            remedy="set the sampler's own sampling_strategy",
        )
    if not isinstance(sampler, Reporting | Reported):
        sampler = Reported(sampler)
    sampler = seeded(sampler, random_state)
    return put(model, sampler, random_state=random_state)


def _none(model, random_state):
    return model


def _rows(make, summary):
    """Return the strategy of a sampler that is made with its target and seed."""

    def apply(model, random_state, *, target="auto", place=None, **options):
        chance = {"random_state": random_state, "sampling_strategy": target}
        return put(model, make(**chance, **options), place, random_state)

    options = ("target", "place", *_own(make))
    return Strategy(apply, summary, level="rows", options=options)


def _edited(model, random_state, *, place=None, **options):
    return put(model, EditedNearestNeighbours(**options), place, random_state)


def _own(make):
    """Return the parameters that a strategy's name may set."""
    return tuple(name for name in make._get_param_names() if name not in NOT_BY_NAME)


NOT_BY_NAME = {
    *("sampling_strategy", "random_state", "image_shape", "n_jobs"),
    *("estimator", "scheme", "smote", "enn", "tomek", "svm_estimator"),
}
"""Parameters of the data, the seed and the target, and those that are objects."""
WEIGHING = "classifiers that weigh rows or classes"
SURE = "models with probabilities"
STRATEGIES = {
    "none": Strategy(_none, "the data as they are"),
    "class_weight": Strategy(
        weigh_classes, "every class counts the same", level="loss", serves=WEIGHING
    ),
    "sqrt_weight": Strategy(
        weigh_by("sqrt"),
        "a class of a quarter of the rows weighs twice as much a row",
        level="loss",
        serves=WEIGHING,
    ),
    "effective_number": Strategy(
        weigh_by("effective_number"),
        "class weights that allow for rows which repeat each other",
        level="loss",
        serves=WEIGHING,
        options=("beta",),
    ),
    "focal": Strategy(
        of_network("loss", "focal"),
        "a loss that counts what the network is sure of less",
        level="loss",
        serves="networks",
    ),
    "logit_adjusted": Strategy(
        of_network("loss", "logit_adjusted"),
        "a loss with a head start for frequent classes, taken away when predicting",
        level="loss",
        serves="networks",
    ),
    "balanced_batches": Strategy(
        of_network("batches", "balanced"),
        "each class drawn as often as any other",
        level="batches",
        serves="networks",
    ),
    "augment": Strategy(
        copy_images,
        "rare images copied, each copy mirrored, turned, moved, scaled and lit anew",
        level="images",
        options=("target", *_own(ImageCopies)),
    ),
    "random_over": _rows(RandomOverSampler, "rare rows repeated"),
    "random_under": _rows(RandomUnderSampler, "frequent rows left out"),
    "over_under": _rows(
        OverUnder, "rare rows repeated, frequent ones left out, to a common number"
    ),
    "smote": _rows(SMOTE, "rows between rare neighbours added"),
    "borderline_smote": _rows(
        BorderlineSMOTE, "SMOTE from the rows that other classes surround"
    ),
    "svm_smote": _rows(SVMSMOTE, "SMOTE from the support vectors of a machine; slow"),
    "adasyn": _rows(ADASYN, "SMOTE, more of it where other classes are near"),
    "enn": Strategy(
        _edited,
        "rows that their neighbours contradict left out, of all but the rarest class",
        level="rows",
        options=("place", *_own(EditedNearestNeighbours)),
    ),
    "smote_enn": _rows(
        SMOTEENN, "SMOTE, then rows that their neighbours contradict left out"
    ),
    "smote_tomek": _rows(
        SMOTETomek, "SMOTE, then nearest pairs of two classes left out"
    ),
    "prior_shift": Strategy(
        decide_by(partial(PriorShift, tau="best")),
        "probabilities divided by a power of the classes' shares that validation chose",
        level="decision",
        serves=SURE,
        options=_own(PriorShift),
    ),
    "thresholds": Strategy(
        decide_by(Thresholds),
        "a factor for each class's probability, chosen on the validation part",
        level="decision",
        serves=SURE,
        options=_own(Thresholds),
    ),
}
"""Name to what it does: at nothing, the loss, the batches, the rows, the images, the
decision."""

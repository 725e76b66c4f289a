"""Strategies that are a parameter of the classifier: at the loss and at the batches."""

from sklearn.dummy import DummyClassifier
from sklearn.utils.validation import has_fit_parameter

from fercompare.balancing.strategy import DoesNotApply, classifier_of, prefix_of
from fercompare.balancing.weights import ClassWeighted

ALREADY = {
    "class_weight": "it weighs its classes already",
    "loss": "it has a loss of its own already",
    "batches": "its batches are balanced already",
}
NETWORK = {"loss": "cross_entropy", "batches": "shuffled"}
"""The parameters by which a network is known, and what they are by default."""


def weigh_classes(model, random_state):
    """Return the model with ``class_weight="balanced"``, or with rows that weigh so."""
    classifier = classifier_of(model)
    _check_weighs(classifier)
    if "class_weight" in classifier.get_params(deep=False):
        return model.set_params(**{f"{prefix_of(model)}class_weight": "balanced"})
    return _wrapped(model, ClassWeighted(classifier, scheme="balanced"))


def weigh_by(scheme):
    """Return ``apply`` of a strategy that weighs the classes by a scheme."""

    def apply(model, random_state, **options):
        classifier = classifier_of(model)
        _check_weighs(classifier)
        _check_default(classifier, "class_weight")
        return _wrapped(model, ClassWeighted(classifier, scheme=scheme, **options))

    return apply


def of_network(name, value):
    """Return ``apply`` of a strategy that sets a parameter of a network.

    Parameters
    ----------
    name : {"loss", "batches"}
    value : str
    """

    def apply(model, random_state):
        classifier = classifier_of(model)
        kind = type(classifier).__name__
        if not is_network(classifier):
            raise DoesNotApply(f"{kind} is no network, whose {name} could be chosen")
        if name == "loss" and getattr(classifier, "targets", None) == "multi_target":
            raise DoesNotApply(f"{kind} learns from votes by a loss of its own")
        answers = ("loss",) if value == "focal" else ("class_weight", "loss", "batches")
        for other in answers:
            if other == "loss" and name == "batches":
                _check_unadjusted(classifier)
            else:
                _check_default(classifier, other)
        return model.set_params(**{f"{prefix_of(model)}{name}": value})

    return apply


def is_network(classifier):
    """Whether a classifier has a loss and batches to choose."""
    return NETWORK.keys() <= classifier.get_params(deep=False).keys()


def _check_weighs(classifier):
    kind = type(classifier).__name__
    can = has_fit_parameter(classifier, "sample_weight")
    if isinstance(classifier, DummyClassifier) or not (
        can or "class_weight" in classifier.get_params(deep=False)
    ):
        raise DoesNotApply(f"{kind} takes no class weights")
    if is_network(classifier):
        _check_default(classifier, "batches")
        _check_unadjusted(classifier)


def _check_unadjusted(classifier):
    """Raise for a network whose loss answers the imbalance, by name or as an object."""
    loss = classifier.loss
    name = loss if isinstance(loss, str) else type(loss).__name__
    if name in ("logit_adjusted", "LogitAdjusted"):
        raise DoesNotApply(
            f"{type(classifier).__name__}: its loss answers the imbalance already"
        )


def _check_default(classifier, name):
    if getattr(classifier, name, None) != NETWORK.get(name):
        raise DoesNotApply(f"{type(classifier).__name__}: {ALREADY[name]}")


def _wrapped(model, classifier):
    if not hasattr(model, "steps"):
        return classifier
    return model.set_params(**{model.steps[-1][0]: classifier})

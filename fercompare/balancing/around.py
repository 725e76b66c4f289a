"""Strategies around or in front of a whole model: at the decision and at the images."""

from sklearn.dummy import DummyClassifier

from fercompare.balancing.image_copies import ImageCopies
from fercompare.balancing.places import put
from fercompare.balancing.strategy import (
    DoesNotApply,
    check_balanced_once,
    classifier_of,
)

SHAPE = "image_shape"


def decide_by(decision):
    """Return ``apply`` of a strategy that puts a `Decision` around the model."""

    def apply(model, random_state, **options):
        check_balanced_once(model)
        classifier = type(classifier_of(model)).__name__
        if not hasattr(model, "predict_proba"):
            raise DoesNotApply(f"{classifier} has no probabilities to decide by")
        if isinstance(classifier_of(model), DummyClassifier):
            raise DoesNotApply(f"{classifier} says the same of every row")
        return decision(model, random_state=random_state, **options)

    return apply


def copy_images(model, random_state, *, target="auto", **options):
    """Return the model with copies of rare images made in front of it."""
    copies = ImageCopies(
        sampling_strategy=target,
        image_shape=_shape_of(model),
        random_state=random_state,
        **options,
    )
    return put(model, copies, "pixels", random_state)


def _shape_of(model):
    """Return the shape of the images that the model was made for, where it says so."""
    shapes = (
        value
        for name, value in model.get_params().items()
        if name.rpartition("__")[2] == SHAPE and value is not None
    )
    return next(shapes, None)

"""Where in a model a sampler of rows stands: the name behind ``@``.

All steps before the sampler are fitted on the real rows, in their natural numbers;
all behind it on what the sampler returns.
"""

from imblearn.pipeline import Pipeline
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem, RBFSampler

from fercompare.balancing.embedding import at_embedding
from fercompare.balancing.strategy import (
    DoesNotApply,
    check_balanced_once,
    classifier_of,
    sees_images,
    steps_of,
)
from fercompare.errors import look_up

STEP = "balance"
KERNEL_MAPS = (Nystroem, RBFSampler)
SHORT = {"PCA", "PrincipalComponents"}
VARIANCE_KEPT = 0.95


def put(model, sampler, place=None, random_state=0):
    """Return a pipeline of the model's steps with a sampler among them.

    Parameters
    ----------
    model : estimator
        A classifier, or a flat pipeline that ends in one.
    sampler : sampler
    place : str, optional
        One of `PLACES`; by default ``pixels`` for a network or a sampler of images,
        and ``features`` for all others.
    random_state : int, default=0

    Returns
    -------
    estimator
        Unfitted.

    Examples
    --------
    >>> from imblearn.over_sampling import SMOTE
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.svm import SVC
    >>> model = make_pipeline(StandardScaler(), SVC())
    >>> for place in ("pixels", "features", "pca"):
    ...     print([name for name, _ in put(model, SMOTE(), place).steps])
    ['balance', 'standardscaler', 'svc']
    ['standardscaler', 'balance', 'svc']
    ['standardscaler', 'pca', 'balance', 'svc']
    """
    check_balanced_once(model)
    if place is None:
        of_images = sees_images(classifier_of(model)) or sees_images(sampler)
        place = "pixels" if of_images else "features"
    return look_up(place, PLACES, "place")(model, sampler, random_state)


def _at_pixels(model, sampler, random_state):
    classifier = classifier_of(model)
    if getattr(classifier, "validation_fraction", None):
        raise DoesNotApply(
            f"{type(classifier).__name__} would cut its validation rows off rows that "
            "were made"
        )
    return Pipeline([(STEP, sampler), *steps_of(model)])


def _at_features(model, sampler, random_state):
    before, behind = _apart(model, "features")
    return Pipeline([*before, (STEP, sampler), *behind])


def _at_pca(model, sampler, random_state):
    before, behind = _apart(model, "pca")
    if not any(type(step).__name__ in SHORT for _, step in before):
        short = PCA(VARIANCE_KEPT, svd_solver="covariance_eigh")
        before = [*before, ("pca", short)]
    return Pipeline([*before, (STEP, sampler), *behind])


def _apart(model, place):
    """Return the steps that make the rows, and those that classify them.

    A kernel map belongs to its classifier: what it approximates, a kernel machine on
    the features, is given the features to compare.
    """
    steps = steps_of(model)
    if sees_images(steps[-1][1]):
        raise DoesNotApply(
            f"{type(steps[-1][1]).__name__} sees the pixels themselves: nothing "
            f"stands before it that @{place} could act on"
        )
    first = len(steps) - 1
    while first and isinstance(steps[first - 1][1], KERNEL_MAPS):
        first -= 1
    return steps[:first], steps[first:]


PLACES = {
    "pixels": _at_pixels,
    "features": _at_features,
    "pca": _at_pca,
    "embedding": at_embedding,
}
"""Name to ``(model, sampler, random_state) -> estimator``.

``features`` is behind the scaling, and behind a compression that is the model's own:
there distances are those that the classifier goes by, and the scale is learned from
real rows alone. ``pca`` keeps the components of 95 % of the variance and classifies
by these; a model that compresses its rows already gets no second compression.
``embedding`` is what the last layer of a network sees, which then learns anew.
"""

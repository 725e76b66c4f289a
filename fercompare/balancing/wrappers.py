"""Classifiers around classifiers, and what the one inside is handed.

`handed` is the one place that decides who sees validation data, votes and groups.
"""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import column_or_1d, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, has_fit_parameter, validate_data

from fercompare.balancing.strategy import prefix_of, steps_of
from fercompare.errors import DataError


def _has(method):
    def check(self):
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return available_if(check)


class Wrapper(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """A classifier that balances the one inside as it is fitted.

    A subclass has the parameter ``estimator`` and leaves the fitted one in
    ``estimator_``; ``USES`` names what its own fit makes use of beside rows and labels.
    """

    USES = ()

    @property
    def inside(self):
        """The classifiers inside, once fitted the fitted ones; first is ``estimator_``.

        Most wrappers have one.
        """
        return [getattr(self, "estimator_", self.estimator)]

    @property
    def classes_(self):
        """The classes, ``(k,)``, sorted."""
        return self.estimator_.classes_

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.classifier_tags = inner.classifier_tags or tags.classifier_tags
        tags.classifier_tags.multi_label = False
        return tags

    def _check_rows(self, X, y):
        """Note the columns of ``X``, which the one inside will check; return ``y``."""
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        validate_data(self, X, skip_check_array=True)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        return y


class Transparent(Wrapper):
    """A wrapper that says of a row what the classifier inside says."""

    def predict(self, X):
        """Return the class of each row, ``(n,)``."""
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @_has("predict_proba")
    def predict_proba(self, X):
        """Return the probability of each class, ``(n, k)``."""
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @_has("decision_function")
    def decision_function(self, X):
        """Return the score of each class, ``(n, k)``; of two, their difference."""
        check_is_fitted(self)
        return self.estimator_.decision_function(X)


def innermost(model):
    """Return the classifier that learns, at the end of pipelines and inside wrappers.

    Of an ensemble it is the first; see `learners`.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import LinearSVC
    >>> innermost(make_pipeline(LinearSVC()))
    LinearSVC()
    """
    return learners(model)[0]


def learners(model):
    """Return all classifiers that learn, of which only a fitted ensemble has several.

    Examples
    --------
    >>> from sklearn.svm import LinearSVC
    >>> learners(LinearSVC())
    [LinearSVC()]
    """
    return [
        one
        for one in layers(model)
        if not (hasattr(one, "steps") or isinstance(one, Wrapper))
    ]


def layers(model):
    """Yield a model and all that is inside: wrappers, members, steps that classify."""
    yield model
    inside = [model.steps[-1][1]] if hasattr(model, "steps") else []
    if isinstance(model, Wrapper):
        inside = model.inside
    for one in inside:
        yield from layers(one)


def watches_validation(model):
    """Whether something inside scores validation rows while it is trained.

    That is a network which sees the pixels, maybe behind samplers or in a wrapper.
    """
    if isinstance(model, Wrapper):
        return watches_validation(model.estimator)
    *before, (_, classifier) = steps_of(model)
    sees_pixels = all(hasattr(step, "fit_resample") for _, step in before)
    if isinstance(classifier, Wrapper):
        return sees_pixels and watches_validation(classifier)
    return sees_pixels and has_fit_parameter(classifier, "validation")


def learns_votes(model):
    """Whether the classifier that learns makes something of votes."""
    classifier = innermost(model)
    return (
        has_fit_parameter(classifier, "votes")
        and getattr(classifier, "targets", "majority") != "majority"
    )


def handed(model, y, *, validation=None, votes=None, groups=None):
    """Return what the fit of a model is to be called with, beside rows and labels.

    Parameters
    ----------
    model : estimator
        Unfitted.
    y : array of shape (n,)
        The labels that train. Validation rows of other classes are left out.
    validation : tuple (X, y), optional
        For networks that watch it, and for decisions that are chosen by it.
    votes : array of shape (n, k), optional
        For networks whose ``targets`` are made of them.
    groups : array of shape (n,), optional
        For decisions that are chosen out of fold.

    Returns
    -------
    dict of str to object

    Examples
    --------
    >>> from sklearn.svm import LinearSVC
    >>> handed(LinearSVC(), [0, 1], validation=([[1.0]], [0]))
    {}
    """
    uses = getattr(model, "USES", ())
    extra = {}
    if validation is not None and ("validation" in uses or watches_validation(model)):
        rows, labels = validation
        known = np.isin(labels, y)
        extra["validation"] = rows[known], labels[known]
    if groups is not None and "groups" in uses:
        extra["groups"] = groups
    if votes is not None and learns_votes(model):
        *before, (_, last) = steps_of(model)
        if before:
            raise DataError(
                f"targets={innermost(last).targets!r} behind {before[-1][0]!r}: the "
                "votes are of the rows before that step",
                remedy="choose targets='majority', or balance at the loss",
            )
        extra["votes"] = votes
    prefix = prefix_of(model)
    return {f"{prefix}{word}": value for word, value in extra.items()}

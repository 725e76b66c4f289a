"""What fitted models must mean, beyond the shapes of their arrays.

A check takes a model that was put together and raises `Refused`, or any ValueError.
"""

import numpy as np
from sklearn.base import OneToOneFeatureMixin
from sklearn.pipeline import FeatureUnion

from fercompare.containers.refusal import Refused

MOST_FEATURES = 2**22
NOTHING = (None, "passthrough", "drop")


def check_scaler(scaler):
    """Refuse a scaler that divides by 0, or lacks what its parameters ask for."""
    for wanted, name in ((scaler.with_mean, "mean_"), (scaler.with_std, "scale_")):
        if wanted and getattr(scaler, name) is None:
            raise Refused(f"has no {name}")
    if scaler.scale_ is not None and not (scaler.scale_ > 0).all():
        raise Refused("scale_ is not above 0 everywhere")


def check_pca(pca):
    """Refuse components that are more than the features, or of negative variance."""
    if pca.n_components_ > pca.n_features_in_:
        raise Refused(f"has {pca.n_components_} of {pca.n_features_in_} components")
    if (pca.explained_variance_ < 0).any():
        raise Refused("explained_variance_ is below 0")


def check_svm(svm):
    """Refuse a support vector machine whose arrays do not belong together."""
    n_classes, n_vectors = len(svm.n_support_), len(svm.support_vectors_)
    if n_classes < 2:
        raise Refused(f"tells {n_classes} classes apart")
    if (svm.n_support_ < 0).any() or (svm.n_support_ > n_vectors).any():
        raise Refused("n_support_ counts more support vectors than there are")
    if svm.n_support_.sum() != n_vectors:
        raise Refused(
            f"has {n_vectors} support vectors, n_support_ counts {svm.n_support_.sum()}"
        )
    expected = {
        "dual_coef_": (n_classes - 1, n_vectors),
        "intercept_": (n_classes * (n_classes - 1) // 2,),
    }
    for name, shape in expected.items():
        found = getattr(svm, name).shape
        if found != shape:
            raise Refused(f"{name} is {found} where {shape} belongs")


def check_kernel_svm(svm):
    """Refuse an `SVM` that does not hold together."""
    check_svm(svm)
    check_above_zero("gamma_", svm.gamma_)
    if svm.kernel not in ("rbf", "linear"):
        raise Refused(f"has the kernel {ascii(svm.kernel)[:40]}")
    if svm.probability:
        check_temperature(svm)


def check_linear(linear):
    """Refuse planes that are not one a class, or one for two classes."""
    n_classes = len(linear.classes_)
    expected = 1 if n_classes == 2 else n_classes
    if n_classes < 2 or len(linear.coef_) != expected:
        raise Refused(f"has {len(linear.coef_)} planes for {n_classes} classes")


def check_linear_svm(linear):
    """Refuse a `LinearSVM` that does not hold together."""
    check_linear(linear)
    check_temperature(linear)


def check_least_squares(model):
    """Refuse a `LeastSquares` of one class, or without a temperature."""
    if len(model.classes_) < 2:
        raise Refused("tells 1 class apart")
    check_temperature(model)


def check_calibrated_forest(model):
    """Refuse a `RandomForest` whose forest knows other classes or features."""
    check_temperature(model)
    forest = model.forest_
    if not hasattr(forest, "estimators_"):
        raise Refused("forest_ is no forest")
    if not np.array_equal(forest.classes_, model.classes_):
        raise Refused("forest_ tells other classes apart")
    check_columns("forest_", forest, model.n_features_in_)


def check_dummy(dummy):
    """Refuse several outputs, and shares of classes that do not add up to 1."""
    if dummy.n_outputs_ != 1 or dummy.sparse_output_ is not False:
        raise Refused("has several outputs")
    if (dummy.class_prior_ < 0).any() or abs(dummy.class_prior_.sum() - 1) > 1e-6:
        raise Refused("class_prior_ does not add up to 1")


def check_wrapper(wrapper):
    """Refuse a classifier around what is no classifier, or one of other columns."""
    inside = wrapper.estimator_
    if not (hasattr(inside, "predict") and hasattr(inside, "classes_")):
        raise Refused("estimator_ is no fitted classifier")
    check_columns("estimator_", inside, wrapper.n_features_in_)


def check_decision(decision):
    """Refuse a decision without probabilities, or without a factor for each class."""
    check_wrapper(decision)
    if not hasattr(decision.estimator_, "predict_proba"):
        raise Refused("estimator_ has no probabilities to decide by")
    if len(decision.factors_) != len(decision.classes_):
        raise Refused(
            f"has {len(decision.factors_)} factors for {len(decision.classes_)} classes"
        )
    if not (decision.factors_ > 0).all():
        raise Refused("factors_ is not above 0 everywhere")


def check_temperature(model):
    """Refuse a temperature of 0 or less."""
    check_above_zero("temperature_", getattr(model, "temperature_", None))


def check_above_zero(name, value):
    """Refuse a number that is not above 0."""
    if value is None or not value > 0:
        raise Refused(f"{name} is {value}, not above 0")


def check_pipeline(pipeline):
    """Refuse steps that cannot follow each other."""
    _check_named(pipeline.steps)
    n_columns = None
    for name, step in pipeline.steps:
        if step in NOTHING or hasattr(step, "fit_resample"):
            continue
        if n_columns is not None:
            check_columns(f"step {name!r}", step, n_columns)
        n_columns = columns_out(step)
    for name, step in pipeline.steps[:-1]:
        if step not in NOTHING and not (
            hasattr(step, "transform") or hasattr(step, "fit_resample")
        ):
            raise Refused(f"step {name!r} is followed by others and cannot transform")
    last = pipeline.steps[-1][1]
    if last in NOTHING or hasattr(last, "fit_resample"):
        raise Refused("ends in a step that does nothing")


def check_union(union):
    """Refuse transformers that do not see the same rows."""
    _check_named(union.transformer_list)
    columns = set()
    for name, transformer in union.transformer_list:
        if transformer == "drop":
            continue
        if not hasattr(transformer, "transform"):
            raise Refused(f"{name!r} cannot transform")
        columns.add(getattr(transformer, "n_features_in_", None))
    if len(columns - {None}) > 1:
        raise Refused(f"joins features of rows of {sorted(columns - {None})} numbers")
    n_features = columns_out(union)
    if n_features is not None and n_features > MOST_FEATURES:
        raise Refused(f"gives {n_features:,} features; {MOST_FEATURES:,} is most")


def check_columns(name, model, n_columns):
    """Refuse a model that was fitted on another number of columns, where known."""
    found = getattr(model, "n_features_in_", n_columns)
    if found != n_columns:
        raise Refused(f"{name} expects {found} features, and is given {n_columns}")


def columns_out(transformer):
    """Return how many features a transformer gives, or None where it is not known."""
    if isinstance(transformer, FeatureUnion):
        widths = [
            columns_out(t) for _, t in transformer.transformer_list if t != "drop"
        ]
        return None if None in widths else sum(widths)
    if hasattr(transformer, "steps"):
        return columns_out(transformer.steps[-1][1])
    if isinstance(transformer, OneToOneFeatureMixin):
        return getattr(transformer, "n_features_in_", None)
    return getattr(transformer, "_n_features_out", None)


def _check_named(steps):
    if not isinstance(steps, list) or not steps:
        raise Refused("has no steps")
    for step in steps:
        if not (
            isinstance(step, tuple) and len(step) == 2 and isinstance(step[0], str)
        ):
            raise Refused("has a step that is not a name and an estimator")
        if isinstance(step[1], str) and step[1] not in NOTHING:
            raise Refused(f"step {step[0]!r} is {step[1]!r}, not an estimator")
    names = [name for name, _ in steps]
    if len(set(names)) < len(names) or any("__" in name for name in names):
        raise Refused("has two steps of one name, or a name with '__' in it")

"""The classes that a file of a model may name: these, and what a user adds."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from fercompare.balancing.decisions import PriorShift, Thresholds
from fercompare.balancing.embedding import EmbeddingResampled
from fercompare.balancing.samplers import SAMPLERS, BalancedPipeline
from fercompare.balancing.weights import ClassWeighted
from fercompare.classifiers import SVM, LeastSquares, LinearSVM, RandomForest
from fercompare.features import HOG, LBP, FisherVectors, Pixels
from fercompare.features.compression import PrincipalComponents
from fercompare.saving.checks import (
    check_calibrated_forest,
    check_decision,
    check_dummy,
    check_kernel_svm,
    check_least_squares,
    check_linear,
    check_linear_svm,
    check_pca,
    check_pipeline,
    check_scaler,
    check_union,
    check_wrapper,
)
from fercompare.saving.features import (
    FEATURES,
    WORDS,
    build_fisher,
    build_hog,
    build_lbp,
    build_pixels,
)
from fercompare.saving.machines import SVC_LINES, build_svc, check_svc, take_svc
from fercompare.saving.trees import FOREST, build_forest, take_forest

NAMED = {"feature_names_in_": "? names n"}
COUNTED = {"n_features_in_": "? size n", **NAMED}


@dataclass(frozen=True)
class Entry:
    """A class whose fitted objects can be saved.

    Parameters
    ----------
    type : class
        Its parameters are those of its ``get_params``, and must be numbers, texts,
        None, lists, tuples or dicts of these, or estimators that are registered.
    fitted : tuple of str, or dict of {str: str}
        The attributes that ``fit`` learns: arrays, or what a parameter may be. A dict
        also says what they look like, in the lines of `fercompare.saving.schema`.
    check : callable, optional
        Takes the object that was put together and raises ValueError if it is unsound.
    take : callable, optional
        Takes a fitted object and returns ``{name in fitted: value}``.
    build : callable, optional
        Takes an unfitted object and that dict, and makes it a fitted one.
    left_out : tuple of str
        Parameters that no file holds or may set.
    twins : dict of {str: str}
        Parameter to the attribute that is its fitted twin, which files hold instead.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from pathlib import Path
    >>> from sklearn.base import BaseEstimator
    >>> from fercompare.saving.models import load_model, save_model
    >>> class Brightest(BaseEstimator):
    ...     def fit(self, X, y):
    ...         self.weights_ = np.mean(X, axis=0)
    ...         return self
    ...     def predict(self, X):
    ...         return (X @ self.weights_ > 1).astype(int)
    >>> REGISTRY["brightest"] = Entry(Brightest, fitted=("weights_",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.fer")
    ...     save_model(Brightest().fit([[1.0, 3.0]], [0]), path)
    ...     load_model(path).weights_
    array([1., 3.])
    >>> del REGISTRY["brightest"]
    """

    type: type
    fitted: tuple | Mapping = ()
    check: Callable | None = None
    take: Callable | None = None
    build: Callable | None = None
    left_out: tuple = ()
    twins: Mapping = field(default_factory=dict)

    @property
    def lines(self):
        """``{attribute: line}`` as `fercompare.saving.schema` reads them."""
        if isinstance(self.fitted, Mapping):
            return NAMED | dict(self.fitted)
        return COUNTED | dict.fromkeys(self.fitted, "any")

    @property
    def type_name(self):
        """Where the class is, as dotted text."""
        return dotted(self.type)

    def load(self):
        """Return the entry itself."""
        return self


@dataclass(frozen=True)
class Later:
    """An entry that is imported once a file or a model asks for it.

    Parameters
    ----------
    type_name : str
        Where the class is, as dotted text.
    place : str
        Where its `Entry` is.

    Examples
    --------
    >>> later = Later(
    ...     "fercompare.deep.losses.Focal", "fercompare.saving.networks.FOCAL"
    ... )
    >>> later.load().type.__name__
    'Focal'
    """

    type_name: str
    place: str

    def load(self):
        """Return the `Entry`."""
        module, _, name = self.place.rpartition(".")
        return getattr(importlib.import_module(module), name)


def dotted(kind):
    """Return where a class is, as dotted text.

    Examples
    --------
    >>> dotted(Entry)
    'fercompare.saving.registry.Entry'
    """
    return f"{kind.__module__}.{kind.__qualname__}"


_PLANES = {
    "n_features_in_": "size n",
    "classes_": "labels k",
    "coef_": "real h n",
    "intercept_": "real h",
    "n_iter_": "? any",
}
_REGRESSION = {
    "n_features_in_": "size n",
    "classes_": "labels k",
    "coef_": "real k n",
    "intercept_": "real k",
    "penalty_": "number",
    "temperature_": "number",
}
_SCALES = {
    "n_features_in_": "size n",
    "mean_": "? real n",
    "var_": "? real n",
    "scale_": "? real n",
    "n_samples_seen_": "? number",
}
_COMPONENTS = {
    "n_features_in_": "size n",
    "n_components_": "size c",
    "n_samples_": "? size rows",
    "mean_": "real n",
    "components_": "real c n",
    "explained_variance_": "real c",
    "explained_variance_ratio_": "real c",
    "singular_values_": "real c",
    "noise_variance_": "number",
}
_SHORT = {
    "n_features_in_": "size n",
    "_n_features_out": "size c",
    "mean_": "real n",
    "components_": "real c n",
}
_LANDMARKS = {
    "n_features_in_": "size n",
    "components_": "real c n",
    "normalization_": "real c c",
    "component_indices_": "? whole c",
    "_n_features_out": "size c",
}
_PRIORS = {
    "n_features_in_": "size n",
    "classes_": "labels k",
    "n_classes_": "size k",
    "n_outputs_": "size one",
    "class_prior_": "float64 k",
    "_strategy": "text",
    "sparse_output_": "any",
}
_MACHINE = {
    "n_features_in_": "size n",
    "classes_": "labels k",
    "support_vectors_": "real s n",
    "n_support_": "int64 k",
    "dual_coef_": "float64 others s",
    "intercept_": "float64 pairs",
    "gamma_": "number",
    "temperature_": "? number",
    "engine_": "text",
}
_CALIBRATED = {
    "n_features_in_": "size n",
    "classes_": "labels k",
    "temperature_": "number",
    "forest_": "any",
}
_AROUND = {"n_features_in_": "size n", "estimator_": "any"}
_DECIDES = _AROUND | {"factors_": "float64 k"}


def _wrapper(kind, lines, check=check_wrapper):
    return Entry(kind, lines, check, twins={"estimator": "estimator_"})


REGISTRY = {
    "pipeline": Entry(Pipeline, check=check_pipeline, left_out=("memory",)),
    "balanced-pipeline": Entry(
        BalancedPipeline, check=check_pipeline, left_out=("memory",)
    ),
    "features": Entry(FeatureUnion, check=check_union),
    "hog": Entry(HOG, FEATURES, build=build_hog),
    "lbp": Entry(LBP, FEATURES, build=build_lbp),
    "fisher": Entry(FisherVectors, WORDS, build=build_fisher),
    "pixels": Entry(Pixels, FEATURES, build=build_pixels),
    "standard-scaler": Entry(StandardScaler, _SCALES, check_scaler),
    "principal-components": Entry(PrincipalComponents, _SHORT),
    "pca": Entry(PCA, _COMPONENTS, check_pca),
    "nystroem": Entry(Nystroem, _LANDMARKS),
    "svm": Entry(SVM, _MACHINE, check_kernel_svm),
    "linear-svm": Entry(
        LinearSVM, _PLANES | {"temperature_": "number"}, check_linear_svm
    ),
    "least-squares": Entry(LeastSquares, _REGRESSION, check_least_squares),
    "random-forest": Entry(RandomForest, _CALIBRATED, check_calibrated_forest),
    "sklearn-svc": Entry(SVC, SVC_LINES, check_svc, take_svc, build_svc),
    "sklearn-linear-svc": Entry(LinearSVC, _PLANES, check_linear),
    "sklearn-logistic-regression": Entry(LogisticRegression, _PLANES, check_linear),
    "sklearn-random-forest": Entry(
        RandomForestClassifier, FOREST, take=take_forest, build=build_forest
    ),
    "sklearn-extra-trees": Entry(
        ExtraTreesClassifier, FOREST, take=take_forest, build=build_forest
    ),
    "sklearn-frozen": Entry(FrozenEstimator),
    "dummy": Entry(DummyClassifier, _PRIORS, check_dummy),
    "class-weighted": _wrapper(ClassWeighted, _AROUND | {"weights_": "float64 k"}),
    "prior-shift": _wrapper(PriorShift, _DECIDES | {"tau_": "number"}, check_decision),
    "thresholds": _wrapper(Thresholds, _DECIDES, check_decision),
    "embedding-resampled": _wrapper(EmbeddingResampled, _AROUND),
    **{name: Entry(sampler) for name, sampler in SAMPLERS.items()},
    "ensemble": Later(
        "fercompare.balancing.ensemble.Ensemble", "fercompare.saving.ensembles.ENSEMBLE"
    ),
    **{
        name: Later(f"fercompare.deep.{kind}", f"fercompare.saving.networks.{entry}")
        for name, kind, entry in (
            ("cnn", "classifier.CNNClassifier", "CNN"),
            ("torch", "classifier.TorchClassifier", "TORCH"),
            ("transfer", "transfer.TransferClassifier", "TRANSFER"),
            ("backbone-features", "backbone_features.BackboneFeatures", "FEATURES"),
            ("augmentation", "augment.Augmentation", "AUGMENTATION"),
            ("cross-entropy", "losses.CrossEntropy", "CROSS_ENTROPY"),
            ("focal", "losses.Focal", "FOCAL"),
            ("logit-adjusted", "losses.LogitAdjusted", "LOGIT_ADJUSTED"),
            ("per-class", "losses.PerClass", "PER_CLASS"),
        )
    },
}
"""Name in a file to what it means. Whoever loads decides what is in here."""

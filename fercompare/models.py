"""The models by name: features joined by ``+``, then a classifier."""

from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from fercompare.errors import look_up
from fercompare.features.hog import HOG
from fercompare.features.lbp import LBP
from fercompare.features.pixels import Pixels

FEATURES = {"hog": HOG, "lbp": LBP, "pixels": Pixels}


def _svm(random_state):
    return [("scale", StandardScaler()), ("svm", SVC(C=5.0, random_state=random_state))]


def _linear_svm(random_state):
    svm = LinearSVC(C=0.01, random_state=random_state)
    return [("scale", StandardScaler()), ("linear-svm", svm)]


def _forest(random_state):
    forest = RandomForestClassifier(200, min_samples_leaf=2, random_state=random_state)
    return [("rf", forest)]


CLASSIFIERS = {"svm": _svm, "linear-svm": _linear_svm, "rf": _forest}
"""Name to the steps that follow the features."""

MODELS = {
    "dummy": "always the most frequent class",
    "hog+svm": "histograms of oriented gradients, RBF support vector machine",
    "lbp+svm": "local binary patterns, RBF support vector machine",
    "hog+lbp+svm": "both features, RBF support vector machine",
    "hog+linear-svm": "histograms of oriented gradients, linear support vectors",
    "hog+rf": "histograms of oriented gradients, random forest",
    "lbp+rf": "local binary patterns, random forest",
    "hog+lbp+rf": "both features, random forest",
    "pixels+svm": "the pixels themselves, RBF support vector machine",
    "pixels+rf": "the pixels themselves, random forest",
}
"""Name to a line on the model. Other joins of the same words are models too."""


def make_model(name, *, image_shape=None, random_state=0):
    """Return an unfitted model.

    Parameters
    ----------
    name : str
        One of `list_models`, or features and a classifier joined by ``+``.
    image_shape : tuple of int, optional
        Shape of the images behind the rows; square if not given.
    random_state : int, default=0

    Returns
    -------
    estimator
        A classifier for rows of pixels.

    Examples
    --------
    >>> make_model("hog+svm").steps[-1]
    ('svm', SVC(C=5.0, random_state=0))
    """
    if name == "dummy":
        return DummyClassifier()
    *features, classifier = name.split("+")
    if not features or classifier not in CLASSIFIERS:
        look_up(name, MODELS, "model")
    made = [
        (word, look_up(word, FEATURES, "feature")(image_shape=image_shape))
        for word in features
    ]
    joined = made if len(made) == 1 else [("features", FeatureUnion(made))]
    return Pipeline([*joined, *CLASSIFIERS[classifier](random_state)])


def list_models():
    """Return the names of the models that are ready made.

    Examples
    --------
    >>> "hog+svm" in list_models()
    True
    """
    return list(MODELS)

"""The models by name: features joined by ``+``, then a classifier."""

from functools import partial

from sklearn.base import clone, is_classifier
from sklearn.dummy import DummyClassifier
from sklearn.kernel_approximation import Nystroem
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler

from fercompare.balancing.ensemble import NUMBERS, Ensemble
from fercompare.classifiers import SVM, LeastSquares, LinearSVM, RandomForest
from fercompare.errors import DataError, look_up
from fercompare.features.compression import PrincipalComponents
from fercompare.features.fisher import FisherVectors
from fercompare.features.hog import HOG
from fercompare.features.lbp import LBP
from fercompare.features.pixels import Pixels
from fercompare.naming import parse_name, split_count, split_names

FEATURES = {
    "hog": partial(
        HOG, orientations=12, pixels_per_cell=(8, 8), signed=True, bilinear=True
    ),
    "lbp": partial(LBP, R=2, method="nri_uniform", grid=(6, 6), sqrt=True),
    "fisher": FisherVectors,
    "pixels": Pixels,
}
"""Name to what makes the transformer; settings as chosen on FER2013's PublicTest."""


def _svm(random_state):
    svm = SVM(C=5.0, sharpness=1.5, random_state=random_state)
    return [("scale", StandardScaler()), ("svm", svm)]


def _pca_svm(random_state):
    short = PrincipalComponents(1024, random_state=random_state)
    svm = SVM(C=4.0, sharpness=1.5, random_state=random_state)
    return [("pca", short), ("svm", svm)]


def _nystroem(random_state):
    kernel = Nystroem(n_components=2000, random_state=random_state)
    return [
        ("scale", StandardScaler()),
        ("nystroem", kernel),
        ("ridge", LeastSquares()),
    ]


def _linear_svm(random_state):
    svm = LinearSVM(C=0.01, random_state=random_state)
    return [("scale", StandardScaler()), ("linear-svm", svm)]


def _forest(random_state):
    options = {"min_samples_leaf": 2, "n_jobs": -1, "random_state": random_state}
    return [("rf", RandomForest(200, **options))]


CLASSIFIERS = {
    "svm": _svm,
    "pca-svm": _pca_svm,
    "nystroem": _nystroem,
    "linear-svm": _linear_svm,
    "rf": _forest,
}
"""Name to the steps that follow the features."""

NETWORKS = {
    "cnn": "our residual network for two processor cores, trained in minutes",
    "cnn-small": "the same, narrower: seconds on a few thousand images",
    "cnn-large": "our large residual network, for a GPU",
    "cnn3": "the reference studies' plain network of three blocks",
    "cnn4": "the same of four blocks",
    "cnn5": "the same of five blocks",
    "cnn6": "the same of six blocks",
    "transfer": "a trained network with a new head: transfer(backbone=resnet18)",
}
"""Name to a line on each network; `fercompare.deep.presets` says what it is."""

MODELS = {
    "dummy": "always the most frequent class",
    "classical-best": "Fisher vectors of patches, RBF machine: fisher+pca-svm",
    "hog+svm": "histograms of oriented gradients, RBF support vector machine",
    "lbp+svm": "local binary patterns, RBF support vector machine",
    "hog+lbp+svm": "both features, RBF support vector machine",
    "hog+nystroem": "the RBF kernel approximated by 2,000 rows, least squares: seconds",
    "hog+linear-svm": "histograms of oriented gradients, linear support vectors",
    "hog+rf": "histograms of oriented gradients, random forest",
    "lbp+rf": "local binary patterns, random forest",
    "hog+lbp+rf": "both features, random forest",
    "pixels+svm": "the pixels themselves, RBF support vector machine",
    "pixels+rf": "the pixels themselves, random forest",
    **NETWORKS,
}
"""Name to a line on the model. Other joins of the same words are models too, and so
is any with a number before it: ``5*cnn`` are five whose probabilities are averaged."""

ALIASES = {"classical-best": "fisher+pca-svm"}

NO_OPTIONS = ("image_shape", "random_state")
"""Parameters that come from the data and the seed."""


def make_model(name, *, image_shape=None, random_state=0):
    """Return an unfitted model.

    Parameters
    ----------
    name : str, or list of str and estimators
        One of `list_models`, or features and a classifier joined by ``+``. A feature
        may be the name of a backbone, as in ``resnet50+svm``; see `BackboneFeatures`.
        Words take options, as in ``cnn(epochs=4)`` or ``hog(orientations=8)+svm(C=1)``.
        ``5*cnn`` is an `Ensemble` of five. In a list the words may stand beside
        transformers and a classifier of your own.
    image_shape : tuple of int, optional
        Shape of the images behind the rows; square if not given.
    random_state : int, default=0
        For what is made here; your own objects keep theirs.

    Returns
    -------
    estimator
        A classifier for rows of pixels.

    Examples
    --------
    >>> make_model("hog+svm").steps[-1]
    ('svm', SVM(C=5.0, random_state=0, sharpness=1.5))
    >>> from sklearn.linear_model import LogisticRegression
    >>> [step for step, _ in make_model(["hog", LogisticRegression()]).steps]
    ['hog', 'logisticregression']
    >>> make_model("hog+svm(C=1)").steps[-1][1].C
    1
    """
    if isinstance(name, str):
        members, name = split_count(name)
        if members is not None:
            if members not in NUMBERS or split_count(name)[0] is not None:
                raise DataError(
                    f"an ensemble of {members} {name}",
                    remedy=f"ask for 1 to {NUMBERS[-1]} of a model",
                )
            one = make_model(name, image_shape=image_shape, random_state=random_state)
            return Ensemble(one, members=members, random_state=random_state)
        words = split_names(name, "+")
        plain = "+".join(_word(text) for text in words)
        if plain == "dummy" or plain in NETWORKS:
            return _of_one_step(name, image_shape, random_state)
        if plain in ALIASES:
            words = split_names(name.replace(plain, ALIASES[plain], 1), "+")
        if len(words) < 2 or _word(words[-1]) not in CLASSIFIERS:
            look_up(plain, MODELS, "model")
    else:
        words = list(name)
        if not words:
            raise DataError("a model of no steps", remedy="end it with a classifier")
    *features, classifier = words
    made = _apart([_feature(word, image_shape, random_state) for word in features])
    joined = made if len(made) < 2 else [("features", FeatureUnion(made))]
    return Pipeline(_apart([*joined, *_classifier(classifier, random_state)]))


def list_models():
    """Return the names of the models that are ready made.

    Examples
    --------
    >>> "hog+svm" in list_models()
    True
    """
    return list(MODELS)


def _of_one_step(name, image_shape, random_state):
    word, options = parse_name(name)
    if word == "dummy":
        model = DummyClassifier()
    else:
        from fercompare.deep.presets import make_network

        model = make_network(word, image_shape, random_state)
    return _with_options(word, [(word, model)], options)[0][1]


def _word(text):
    """Return a word without its options; `parse_name` reads these."""
    return text.partition("(")[0].strip()


def _with_options(word, steps, options):
    """Return the steps of a word, options set on the last of them or as step__name."""
    *before, (_, last) = steps
    known = {own: (last, own) for own in _own(last)}
    for name, step in before:
        known |= {f"{name}__{own}": (step, own) for own in _own(step)}
    for option, value in options.items():
        step, own = look_up(option, known, f"option of {word!r}:")
        step.set_params(**{own: value})
    return steps


def _own(step):
    """Return the parameters of a step that are not of the data or the seed."""
    return [n for n in step.get_params(deep=False) if n not in NO_OPTIONS]


def _feature(word, image_shape, random_state):
    if not isinstance(word, str):
        return type(word).__name__.lower(), clone(word)
    word, options = parse_name(word)
    make = FEATURES[word] if word in FEATURES else _backbone(word)
    feature = make(image_shape=image_shape)
    if hasattr(feature, "random_state"):
        feature.set_params(random_state=random_state)
    return _with_options(word, [(word, feature)], options)[0]


def _backbone(word):
    """Return what makes the features of a backbone; asking for one imports torch."""
    from fercompare.deep.backbone_features import BackboneFeatures
    from fercompare.deep.backbones import list_backbones

    look_up(word, {**FEATURES, **dict.fromkeys(list_backbones())}, "feature")
    return partial(BackboneFeatures, word)


def _apart(steps):
    """Return named steps with a number at names that occurred before."""
    names = [name for name, _ in steps]
    before = [names[:k].count(name) for k, name in enumerate(names)]
    return [
        (f"{name}-{n + 1}" if n else name, step)
        for n, (name, step) in zip(before, steps)
    ]


def _classifier(word, random_state):
    if isinstance(word, str):
        word, options = parse_name(word)
        steps = look_up(word, CLASSIFIERS, "classifier")(random_state)
        return _with_options(word, steps, options)
    if not is_classifier(word):
        raise DataError(
            f"{type(word).__name__} ends a model and is no classifier",
            remedy="put a scikit-learn classifier last",
        )
    return [(type(word).__name__.lower(), clone(word))]

"""Fitted models of every class that can be saved, and files made of them."""

import hashlib
import json
import warnings
import zipfile

import numpy as np
import pytest
from safetensors import numpy as safetensors
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from fercompare import make_model, rebalance
from fercompare.balancing.ensemble import Ensemble
from fercompare.balancing.samplers import SAMPLERS
from fercompare.classifiers import SVM, LinearSVM, RandomForest
from fercompare.containers.archive import ARRAYS, MANIFEST, pack
from fercompare.deep.augment import Augmentation
from fercompare.deep.backbone_features import BackboneFeatures
from fercompare.deep.classifier import CNNClassifier, TorchClassifier
from fercompare.deep.losses import CrossEntropy, Focal, LogitAdjusted, PerClass
from fercompare.deep.networks import block_network
from fercompare.deep.transfer import TransferClassifier
from fercompare.errors import DataError
from fercompare.features import HOG, LBP, Pixels
from fercompare.saving import REGISTRY, Entry, ModelFileError, load_model

SHAPE = (12, 12)
CARD = {
    "model": "hog+svm",
    "strategy": "smote",
    "data": "drawn",
    "fingerprint": "ab" * 32,
    "classes": ("angry", "happy", "sad"),
    "image_shape": SHAPE,
    "counts": {"angry": 40, "happy": np.int64(20), "sad": 12},
    "scores": {"accuracy": 0.5, "f1_macro": np.float64(0.25)},
}


def drawn(n=72, seed=0):
    """Return rows of noise, brighter somewhere else in each of three classes."""
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1, 2], [n * 5 // 9, n * 5 // 18, n - n * 15 // 18])
    stack = rng.integers(0, 180, (n, *SHAPE), dtype=np.uint8)
    for image, label in zip(stack, y):
        image[label * 4 : label * 4 + 4] += 60
    return stack.reshape(n, -1), y


class Small(BaseEstimator):
    """A user's own network, as something that files can name."""

    def __init__(self, width=4):
        self.width = width

    def __call__(self, in_channels, image_shape, n_classes):
        return block_network(
            in_channels, image_shape, n_classes, blocks=1, width=self.width, dense=()
        )


def check_small(small):
    """Refuse a width that no test asks for."""
    if not 1 <= small.width <= 64:
        raise DataError(f"width={small.width}")


REGISTRY["small"] = Entry(Small, check=check_small)
TINY = {"epochs": 2, "batch_size": 32, "precision": "float32", "random_state": 0}
"""Of a network that a test can wait for."""


def seeded(sampler):
    """Return a sampler with a seed, if it draws anything."""
    draws = "random_state" in sampler.get_params()
    return sampler.set_params(random_state=1) if draws else sampler


def cnn(**options):
    """Return a small unfitted CNN."""
    return CNNClassifier(**TINY | {"blocks": 2, "width": 4, "dense": (8,)} | options)


def transfer(backbone, **options):
    """Return an unfitted network on a small backbone."""
    return TransferClassifier(
        backbone, **TINY | {"weights": None, "size": 32, "epochs": 1} | options
    )


ROWS, LABELS = drawn()
OTHERS = drawn(40, seed=1)[0]
SVC_OF_TWO = make_pipeline(Pixels(), SVC())
MODELS = {
    "dummy": DummyClassifier(),
    "dummy drawn": DummyClassifier(strategy="stratified", random_state=3),
    "hog+svm": make_model("hog+svm"),
    "lbp+svm": make_model("lbp+svm"),
    "hog+lbp+rf": make_model("hog+lbp+rf").set_params(rf__n_estimators=5),
    "pixels+linear-svm": make_model("pixels+linear-svm"),
    "pixels+nystroem": make_model("pixels+nystroem").set_params(
        nystroem__n_components=20
    ),
    "shapes": make_pipeline(
        HOG(pixels_per_cell=[(4, 4), (6, 6)], image_shape=SHAPE, bilinear=True),
        StandardScaler(with_mean=False),
        SVM(kernel="linear", probability=False, engine="scikit-learn"),
    ),
    "circles": make_pipeline(
        LBP(P=(8, 16), R=(1, 2), grid=(2, 3), method="var"),
        RandomForest(4, random_state=0, class_weight={0: 1, 1: 2.5, 2: 3}),
    ),
    "svc": make_pipeline(Pixels(), SVC(C=np.float64(2), class_weight="balanced")),
    "svc poly": make_pipeline(Pixels(), SVC(kernel="poly", break_ties=True)),
    "fisher": make_model("fisher+pca-svm", image_shape=SHAPE).set_params(
        fisher__n_words=5, fisher__n_components=4, pca__n_components=8
    ),
    "linear svc": make_pipeline(StandardScaler(), LinearSVC(random_state=0)),
    "logistic": make_pipeline(
        PCA(6, whiten=True, random_state=0), LogisticRegression(C=np.inf)
    ),
    "pca share": make_pipeline(
        StandardScaler(), PCA(0.5, svd_solver="full"), LinearSVM(random_state=1)
    ),
    "union": make_pipeline(
        FeatureUnion([("pca", PCA(3)), ("no", "drop")], transformer_weights={"pca": 2}),
        Nystroem(gamma=0.1, n_components=9, random_state=0),
        LogisticRegression(),
    ),
    "forest": RandomForestClassifier(5, max_depth=4, random_state=0),
    "leaves": RandomForestClassifier(3, max_leaf_nodes=6, ccp_alpha=0.01),
    "extra": ExtraTreesClassifier(5, class_weight="balanced", random_state=0),
    **{
        f"balanced by {name}": rebalance(
            make_model("pixels+linear-svm"), seeded(sampler())
        )
        for name, sampler in SAMPLERS.items()
        if name != "reported"
    },
    "enn in smote-enn": rebalance(
        make_model("hog+rf").set_params(rf__n_estimators=3),
        SAMPLERS["smote-enn"](
            smote=SAMPLERS["smote"](k_neighbors=3, random_state=1),
            enn=SAMPLERS["edited-neighbours"](sampling_strategy="all", kind_sel="mode"),
            random_state=1,
        ),
    ),
    **{
        strategy: rebalance(make_model("pixels+linear-svm"), strategy)
        for strategy in ("sqrt_weight", "prior_shift", "thresholds")
    },
    "two networks": Ensemble(cnn(), members=2, random_state=0),
    "two machines after smote": rebalance(
        make_model("2*pixels+linear-svm"), "smote@pixels"
    ),
    "smote@embedding": rebalance(cnn(), "smote@embedding"),
    "cnn": cnn(),
    "residual": cnn(residual=True, flips=True, averaging=0.9, normalization="image"),
    "plain": cnn(batch_norm=False, dense=(), normalization="unit", optimizer="sgd"),
    "patient": cnn(
        patience=1, validation_fraction=0.2, monitor="auroc", loss=LogitAdjusted(0.5)
    ),
    "colour": cnn(
        image_shape=(6, 8, 3),
        augmentation=Augmentation(0.2, erasing=0.0),
        loss=Focal(gamma=1.0),
        class_weight={0: 1, 2: 2.5},
    ),
    "cnn in a pipeline": make_pipeline(Pixels(), cnn(loss=PerClass())),
    "cnn after smote": rebalance(cnn(loss=CrossEntropy()), "smote"),
    "network of a user": TorchClassifier(Small(width=5), **TINY),
    "frozen": transfer("shufflenet_v2_x0_5", mode="frozen"),
    "described": transfer("shufflenet_v2_x0_5", mode="features", head=(4,)),
    "finetuned": transfer(
        FrozenEstimator(cnn().fit(ROWS, LABELS)), mode="finetune", unfreeze=1, size=None
    ),
    "backbone": make_pipeline(
        BackboneFeatures("shufflenet_v2_x0_5", weights=None, size=32, random_state=0),
        LinearSVM(),
    ),
}
FITTED = {}


def fitted(name):
    """Return a model of `MODELS`, fitted once."""
    if name not in FITTED:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            FITTED[name] = MODELS[name].fit(ROWS, LABELS)
    return FITTED[name]


def same(first, second, rows=OTHERS):
    """Whether two models predict the same bits."""
    methods = ("predict", "predict_proba", "decision_function", "transform")
    return all(
        np.array_equal(getattr(first, method)(rows), getattr(second, method)(rows))
        for method in methods
        if hasattr(first, method)
    )


def members(path):
    """Return the manifest without its first line, and the arrays, of a file."""
    with zipfile.ZipFile(path) as file:
        body = json.loads(file.read(MANIFEST))
        arrays = safetensors.load(file.read(ARRAYS))
    return {key: body[key] for key in ("arrays", "card", "model")}, arrays


def sealed(body, arrays, version=1):
    """Return a file whose checksums are right."""
    packed = arrays if isinstance(arrays, bytes) else safetensors.save(arrays)
    if isinstance(body, dict):
        body["arrays"] = hashlib.sha256(packed).hexdigest()
        body = json.dumps(body)
    rest = body.replace("@arrays", hashlib.sha256(packed).hexdigest())[1:].encode()
    digest = hashlib.sha256(rest).hexdigest()
    first = f'{{"format": "fercompare model", "version": {version}, '
    first += f'"sha256": "{digest}",'
    return b"".join(pack(first.encode() + rest, packed))


def refused(path, content=None):
    """Return what is said of a file that must not load."""
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    assert str(caught.value).startswith(str(path)[:20])
    assert str(caught.value).count(";") >= 1, "says what to do"
    return str(caught.value)


def step(body, number, part="parameters"):
    """Return the parameters or the state of one step of a pipeline."""
    return body["model"]["parameters"]["steps"][number]["tuple"][1]["model"][part]

"""Every model with every strategy, on few small drawn faces."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone

from fercompare import list_models, list_strategies, load_dataset, make_model, rebalance
from fercompare.balancing.strategies import STRATEGIES, DoesNotApply
from fercompare.evaluation.fitting import fit
from fercompare.models import NETWORKS

SHAPE = (24, 24)
CHEAP = {
    "rf__n_estimators": 5,
    "fisher__n_words": 4,
    "fisher__n_components": 4,
    "nystroem__n_components": 30,
    "svm__engine": "scikit-learn",
    "width": 2,
    "blocks": 1,
    "dense": (),
    "epochs": 1,
    "batch_size": 64,
    "backbone": "shufflenet_v2_x0_5",
    "weights": None,
    "size": 32,
}
PLACES = ["smote@pixels", "smote_enn@pca"]


@pytest.fixture(scope="module")
def faces():
    """Sixty faces in three classes of 36, 16 and 8."""
    drawn = load_dataset("synthetic", n=600, image_shape=SHAPE)
    chosen = [np.flatnonzero(drawn.y == c)[:n] for c, n in ((3, 36), (4, 16), (6, 8))]
    return drawn.take(np.sort(np.concatenate(chosen)))


@pytest.fixture(scope="module")
def cheap_models():
    """Name to a model with few trees, words, filters and epochs."""
    made = {name: make_model(name, image_shape=SHAPE) for name in list_models()}
    for model in made.values():
        known = model.get_params()
        model.set_params(**{key: v for key, v in CHEAP.items() if key in known})
    return made


@pytest.mark.parametrize("strategy", [*list_strategies(), *PLACES])
@pytest.mark.parametrize("name", list_models())
def test_every_pair_learns_or_says_why_not(faces, cheap_models, name, strategy):
    try:
        model = rebalance(clone(cheap_models[name]), strategy)
    except DoesNotApply as reason:
        assert len(str(reason)) > 20
        assert misfits(name, strategy)
        return
    assert not misfits(name, strategy)
    if "pca__svd_solver" in model.get_params():
        model.set_params(pca__svd_solver="full")  # the quicker where rows are few
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = fit(model, faces, faces)
    predicted = fitted.predict(faces.X)
    assert predicted.shape == faces.y.shape
    assert np.isin(predicted, faces.y).all()


def misfits(name, strategy):
    """Whether a strategy has no hold on a model, by where it acts."""
    base, _, place = strategy.partition("@")
    if name in NETWORKS:
        return place in ("features", "pca")
    if STRATEGIES[base].serves == "networks":
        return True
    return name == "dummy" and STRATEGIES[base].level in ("loss", "decision")

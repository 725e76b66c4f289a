"""Facial expression recognition, compared honestly.

Load a Dataset, make a Model, rebalance it with a Strategy, run the Trial, save the
Outcome, rank the Leaderboard. The names below are all that most programs need; they
are imported when first used, so that importing fercompare costs nothing.
"""

import importlib

__version__ = "0.1.0"

_HOMES = {
    "load_dataset": "fercompare.datasets.loading",
    "list_datasets": "fercompare.datasets.loading",
    "HOG": "fercompare.features.hog",
    "LBP": "fercompare.features.lbp",
    "CNNClassifier": "fercompare.deep.classifier",
    "TorchClassifier": "fercompare.deep.classifier",
    "TransferClassifier": "fercompare.deep.transfer",
    "BackboneFeatures": "fercompare.deep.backbone_features",
    "make_model": "fercompare.models",
    "list_models": "fercompare.models",
    "save_model": "fercompare.saving.models",
    "load_model": "fercompare.saving.models",
    "read_card": "fercompare.saving.models",
    "rebalance": "fercompare.balancing.strategies",
    "list_strategies": "fercompare.balancing.strategies",
    "run_benchmark": "fercompare.evaluation.runner",
    "load_results": "fercompare.evaluation.store",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'fercompare' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__():
    return __all__

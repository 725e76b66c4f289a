"""Outcomes as a bench leaves them, made without a model: for pictures and pages."""

import numpy as np

from fercompare.evaluation.trials import DONE, FAILED, SKIPPED, Outcome, Trial
from fercompare.seeds import seed_for

EMOTIONS = (
    "anger",
    "disgust",
    "fear",
    "happy",
    "neutral",
    "sad",
    "surprise",
    "contempt",
)
MACHINE = {
    "fercompare": "0.1.0",
    "commit": "968ec89",
    "python": "3.11.9",
    "packages": {"numpy": "2.4.6", "scikit-learn": "1.9.1"},
    "system": "Linux x86_64",
    "cores": 2,
}


def made_outcomes(
    models=("hog+svm", "cnn"),
    strategies=("none", "smote", "random_under"),
    *,
    n_seeds=2,
    n_classes=7,
    n_test=300,
    dataset="faces",
    **facts,
):
    """Return the outcomes of trials whose predictions are right more or less often."""
    rng = np.random.default_rng(seed_for("truth", dataset, n_classes, n_test))
    shares = 1 / (1 + np.arange(n_classes))
    y_true = rng.choice(n_classes, n_test, p=shares / shares.sum())
    y_true[:n_classes] = np.arange(n_classes)
    return [
        _outcome(Trial(dataset, model, strategy, seed), y_true, n_classes, facts)
        for model in models
        for strategy in strategies
        for seed in range(n_seeds)
    ]


def failure(
    model="hog+svm", strategy="adasyn", status=FAILED, reason="MemoryError: <b>"
):
    """Return an outcome without predictions."""
    return Outcome(Trial("faces", model, strategy, 0), status, reason, EMOTIONS[:7])


def skip():
    """Return an outcome that was not asked for: the pair does not go together."""
    return failure(status=SKIPPED, strategy="focal", reason="only networks have a loss")


def _outcome(trial, y_true, n_classes, facts):
    rng = np.random.default_rng(seed_for(trial.model, trial.strategy, trial.seed))
    of_model = np.random.default_rng(seed_for(trial.model)).uniform(0.5, 1.4)
    evened = 0.0 if trial.strategy == "none" else 0.5
    scores = rng.normal(size=(len(y_true), n_classes)) - 0.25 * np.arange(n_classes)
    scores += 0.25 * evened * np.arange(n_classes)
    scores[np.arange(len(y_true)), y_true] += 2.2 * of_model
    proba = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return Outcome(
        trial,
        DONE,
        classes=EMOTIONS[:n_classes],
        rows=np.arange(1000, 1000 + len(y_true)),
        y_true=y_true,
        y_pred=scores.argmax(axis=1),
        proba=None if trial.model == "no-proba" else proba.astype(np.float32),
        leak_free=np.arange(len(y_true)) % 40 > 0,
        facts=_facts(trial, y_true, n_classes, rng) | facts,
    )


def _facts(trial, y_true, n_classes, rng):
    counts = 4 * np.bincount(y_true, minlength=n_classes)
    names = EMOTIONS[:n_classes]
    of_model = np.random.default_rng(seed_for("seconds", trial.model))
    known = {
        "fit_seconds": float(10 ** of_model.uniform(-1, 3) * rng.uniform(0.8, 1.2)),
        "predict_seconds": 0.2,
        "peak_memory_mb": 512.5,
        "reported_on": "test",
        "selected_on": "nothing: fixed settings",
        "data": {
            "name": trial.dataset,
            "fingerprint": "5f2c" * 16,
            "notes": {"seed": 0},
            "training_counts": dict(zip(names, counts.tolist())),
        },
        "machine": MACHINE,
        "balancing": _balancing(trial.strategy, names, counts),
    }
    if trial.model.startswith("cnn"):
        known["training_curve"] = _curve(rng)
    return known


def _balancing(strategy, names, counts):
    if strategy == "none":
        return None
    under = "under" in strategy
    after = int(counts.min() if under else counts.max())
    return {
        "strategy_step": "RandomUnderSampler" if under else "SMOTE",
        "rows": {
            name: {"before": int(n), "after": after, "real": int(min(n, after))}
            for name, n in zip(names, counts)
        },
        "seconds": 0.5,
        "peak_megabytes": 3.0,
    }


def _curve(rng):
    epochs = np.arange(1, 21)
    rise = 0.65 * (1 - np.exp(-epochs / 5)) + rng.normal(0, 0.01, 20)
    return {
        "epoch": epochs.astype(float).tolist(),
        "loss": (2.0 * np.exp(-epochs / 8)).tolist(),
        "accuracy": (rise + 0.1).tolist(),
        "val_loss": (0.8 + np.exp(-epochs / 6)).tolist(),
        "val_accuracy": rise.tolist(),
        "val_f1_macro": (rise - 0.05).tolist(),
    }

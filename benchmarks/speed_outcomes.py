"""Listing ten thousand outcomes and scoring one, against what each cannot do without.

    python benchmarks/speed_outcomes.py

Listing is held against `json.loads` of the same files, which it checks besides, and all
metrics of PrivateTest's 3,589 predictions against scikit-learn's functions for six of
them. Medians with the range over the rounds of one run.
"""

import json
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from sklearn import metrics as peers

from fercompare.evaluation.store import Store
from fercompare.metrics import METRICS

ROUNDS = 5
N_OUTCOMES, N_IMAGES, N_CLASSES = 10_000, 3589, 7


def main():
    """Measure and print."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from made_outcomes import made_outcomes

    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        for outcome in made_outcomes(["m"], ["none"], n_seeds=N_OUTCOMES, n_test=30):
            store.save(outcome)
        compare("listing", store.load, partial(read, folder))
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(N_CLASSES, size=(2, N_IMAGES))
    proba = rng.dirichlet(np.ones(N_CLASSES), N_IMAGES)
    scored = (y_true, y_pred, proba)
    compare("scoring", partial(score, *scored), partial(score_by_peers, *scored))


def read(folder):
    """Read all json files of a folder."""
    return [json.loads(path.read_bytes()) for path in Path(folder).glob("*.json")]


def score(y_true, y_pred, proba):
    """Compute every metric there is."""
    return [m.function(y_true, y_pred, proba, N_CLASSES) for m in METRICS.values()]


def score_by_peers(y_true, y_pred, proba):
    """Compute six of them with scikit-learn."""
    return [
        peers.accuracy_score(y_true, y_pred),
        peers.balanced_accuracy_score(y_true, y_pred),
        peers.f1_score(y_true, y_pred, average="macro"),
        peers.matthews_corrcoef(y_true, y_pred),
        peers.log_loss(y_true, proba),
        peers.roc_auc_score(y_true, proba, multi_class="ovr"),
    ]


def compare(name, ours, theirs):
    """Time two functions in turns and print how they compare."""
    seconds = [(_seconds(ours), _seconds(theirs)) for _ in range(ROUNDS)]
    mine, other = (statistics.median(one) for one in zip(*seconds))
    ratios = [a / b for a, b in seconds]
    print(
        f"{name}: {mine:.3f} s, the other {other:.3f} s, times "
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )


def _seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

"""A grid of trials beside the loop that most programs have, in one run.

    python benchmarks/speed_bench.py
    python benchmarks/speed_bench.py --dataset fer2013 --root FOLDER --rows 3000

The grid is hog+svm, hog+rf, lbp+svm and lbp+rf, each with five strategies and three
seeds: 60 trials. The loop is scikit-image's ``hog`` and ``local_binary_pattern``,
scikit-learn's ``StandardScaler``, ``SVC`` and ``RandomForestClassifier`` and
imbalanced-learn's samplers, with the same parameters, rows and random states, and as
many threads. It comes in two kinds:

``in each trial``  the features are a step of the pipeline, as a FunctionTransformer
``once``           the features are computed before the loop, once for each kind

The three take turns, a seed a round; features that are computed once are shared out
evenly over the rounds. fercompare also makes probabilities, looks for copies between
the parts and writes every outcome to disk, which the loops do not.

What is compared
----------------
``same`` is the share of test images of which both say the same, over all seeds, and
``furthest`` the greatest difference of macro-F1 in any one trial. Features are equal to
rounding. Forests draw the same trees. Machines differ where no class wins all its
pairs: there `SVC` counts votes, and `SVM` takes the class that loses its worst pair
least. Of rows that are equally far away, as happens to LBP's counts, fercompare takes
the first for the neighbour, imbalanced-learn the one that rounding favours; one row
more or less in what a forest learns from, and all its trees are drawn otherwise, as
with another seed. SMOTE-ENN is not among the strategies, since imbalanced-learn's
leaves out whole classes here, which fercompare's keeps, with a warning.

``processor`` counts the seconds of all threads. Where other programs take the cores it
says more than the clock.
"""

import argparse
import statistics
import tempfile
import time
import warnings

import numpy as np
from imblearn.combine import SMOTETomek
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from skimage.feature import hog, local_binary_pattern
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from fercompare import load_dataset, run_benchmark
from fercompare.evaluation.parts import training_rows
from fercompare.seeds import seed_for

SIDE, CELL, BINS = 48, 8, 10
HOG = "hog(orientations=9, signed=False, bilinear=False)"
LBP = "lbp(R=1, method=uniform, grid=(6, 6), sqrt=False)"
FEATURES = {HOG: "hog", LBP: "lbp"}
CLASSIFIERS = {"svm(sharpness=1)": "svm", "rf(n_estimators=100)": "rf"}
MODELS = {
    f"{feature}+{classifier}": (FEATURES[feature], CLASSIFIERS[classifier])
    for feature in FEATURES
    for classifier in CLASSIFIERS
}
SAMPLERS = {
    "none": None,
    "class_weight": None,
    "random_over": RandomOverSampler,
    "smote": SMOTE,
    "smote_tomek": SMOTETomek,
}
TARGET = 3


def clocks():
    """Return the seconds of the clock, and of the processor for this process."""
    return np.array([time.perf_counter(), time.process_time()])


def hog_rows(X):
    """Return scikit-image's HOG of image rows."""
    images = X.reshape(-1, SIDE, SIDE)
    found = [hog(image, 9, (CELL, CELL), (2, 2)) for image in images]
    return np.array(found, dtype=np.float32)


def lbp_rows(X):
    """Return histograms of scikit-image's codes of image rows, as one writes them."""
    rows = []
    for image in X.reshape(-1, SIDE, SIDE):
        codes = local_binary_pattern(image, 8, 1, "uniform")
        cells = [
            np.histogram(codes[i : i + CELL, j : j + CELL], BINS, (0, BINS))[0]
            for i in range(0, SIDE, CELL)
            for j in range(0, SIDE, CELL)
        ]
        rows.append(np.concatenate(cells) / CELL**2)
    return np.array(rows, dtype=np.float32)


ROWS = {"hog": hog_rows, "lbp": lbp_rows}


def pipeline(model, strategy, seed, *, in_trial):
    """Return the loop's pipeline for one trial."""
    feature, classifier = MODELS[model]
    state = seed_for(model, strategy, seed)
    weights = "balanced" if strategy == "class_weight" else None
    steps = [FunctionTransformer(ROWS[feature])] if in_trial else []
    if classifier == "svm":
        last = SVC(C=5, cache_size=1000, class_weight=weights)
        steps.append(StandardScaler())
    else:
        last = RandomForestClassifier(
            100,
            min_samples_leaf=2,
            n_jobs=-1,
            random_state=state,
            class_weight=weights,
        )
    sampler = SAMPLERS[strategy]
    balance = [] if sampler is None else [sampler(random_state=state)]
    return make_pipeline(*steps, *balance, last)


def loop(train, test, seed, features=None):
    """Return the loop's predictions of a seed, by trial, and its seconds."""
    started, found = clocks(), {}
    for model, (feature, _) in MODELS.items():
        X, Z = features[feature] if features else (train.X, test.X)
        for strategy in SAMPLERS:
            fitted = pipeline(model, strategy, seed, in_trial=features is None)
            fitted.fit(X, train.y)
            found[model, strategy, seed] = fitted.predict(Z)
            f1_score(test.y, found[model, strategy, seed], average="macro")
    return found, clocks() - started


def bench(data, seed):
    """Return fercompare's predictions of a seed, by trial, and its seconds."""
    with tempfile.TemporaryDirectory() as store:
        started = clocks()
        outcomes = run_benchmark(
            {"faces": data}, list(MODELS), list(SAMPLERS), [seed], store=store
        )
        found = {outcome.trial.names[1:]: outcome.y_pred for outcome in outcomes}
        seconds = clocks() - started
        return dict(zip(_keys(seed), found.values())), seconds


def _keys(seed):
    return [(model, strategy, seed) for model in MODELS for strategy in SAMPLERS]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dataset", default="synthetic")
    parser.add_argument("--root")
    parser.add_argument("--rows", type=int, default=450, help="Rows that train.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only-once", action="store_true", help="Leave one loop out.")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    data = some_rows(options)
    train, test = training_rows(data), data.part("test")
    seconds, found, features = {}, {}, {}
    started = clocks()
    for name, make in ROWS.items():
        features[name] = make(train.X), make(test.X)
    once = (clocks() - started) / options.seeds
    for seed in range(options.seeds):
        rounds = {"fercompare": bench(data, seed)}
        rounds["once"] = loop(train, test, seed, features)
        if not options.only_once:
            rounds["in each trial"] = loop(train, test, seed)
        for name, (predicted, taken) in rounds.items():
            found.setdefault(name, {}).update(predicted)
            taken += once if name == "once" else 0
            seconds.setdefault(name, []).append(taken)
    print(f"{len(train)} rows of {data.name} train, {len(test)} are asked about;")
    print(f"{len(found['once'])} trials in {options.seeds} rounds, a seed each\n")
    report_seconds(seconds)
    report_scores(found, test.y)


def some_rows(options):
    """Return the set with ``--rows`` of its rows that train and a third to ask."""
    if options.dataset == "synthetic":
        return load_dataset("synthetic", n=round(options.rows / 0.7))
    data = load_dataset(options.dataset, options.root)
    chosen = np.zeros(len(data), dtype=bool)
    for part, n in (("train", options.rows), ("test", options.rows // 3)):
        chosen[np.flatnonzero((data.split == part) & data.labelled)[:n]] = True
    return data.take(chosen)


def report_seconds(seconds):
    """Print one line for each way."""
    ours = np.array(seconds["fercompare"])
    print(f"{'':16}{'seconds':>9}{'times':>7}{'from - to':>14}", end="")
    print(f"{'processor':>11}{'times':>7}")
    for name, taken in seconds.items():
        ratios = np.array(taken) / ours
        clock, processor = np.sum(taken, axis=0)
        times, of_processor = np.sum(taken, axis=0) / ours.sum(axis=0)
        spread = f"{ratios[:, 0].min():.1f} - {ratios[:, 0].max():.1f}"
        print(f"{name:16}{clock:9.1f}{times:7.1f}{spread:>14}", end="")
        print(f"{processor:11.1f}{of_processor:7.1f}")
    print(f"the target is {TARGET} times")


def report_scores(found, truth):
    """Print by model and strategy how far both say the same."""
    print(f"\n{'':21}{'same':>8}{'macro-F1, ours':>16}{'theirs':>8}{'furthest':>10}")
    seeds = sorted({seed for *_, seed in found["once"]})
    for model, names in MODELS.items():
        for strategy in SAMPLERS:
            trials = [(model, strategy, seed) for seed in seeds]
            pairs = [(found["fercompare"][key], found["once"][key]) for key in trials]
            same = statistics.mean(np.mean(a == b) for a, b in pairs)
            scores = [
                [f1_score(truth, side, average="macro") for side in pair]
                for pair in pairs
            ]
            ours, theirs = np.mean(scores, axis=0)
            apart = max(abs(a - b) for a, b in scores)
            print(
                f"{'+'.join(names):8}{strategy:13}{same:8.4f}{ours:16.3f}{theirs:8.3f}"
                f"{apart:10.3f}"
            )


if __name__ == "__main__":
    main()

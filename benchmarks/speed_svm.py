"""The RBF support vector machine beside scikit-learn's `SVC`, on HOG features.

    python benchmarks/speed_svm.py --rows 10000
    python benchmarks/speed_svm.py --dataset fer2013 --root FOLDER --rows 10000
    python benchmarks/speed_svm.py --dataset fer2013 --root FOLDER --no-peer

Every way learns from the first ``--rows`` rows of the training part (all by default)
and is scored on the validation part, each in a process of its own, one after the other.
Memory is the peak of the process above what it held with the features made.

``SVC``          scikit-learn's, as most programs use it: no probabilities
``SVM``          fercompare's, with scikit-learn-intelex: probabilities too
``SVM alone``    the same without probabilities, which is what ``SVC`` does
``Nystroem``     the kernel approximated by 2,000 rows, then least squares

How the speed was reached
-------------------------
scikit-learn's libsvm computes the kernel row by row with one thread, and predicts by
one distance after the other. scikit-learn-intelex computes blocks of kernel rows with
matrix products on all cores. Predictions are matrix products here in any case: the
kernel between a block of rows and the support vectors, times the coefficients.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path


def machines():
    """Return name to an unfitted classifier."""
    from sklearn.kernel_approximation import Nystroem
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import SVC

    from fercompare.classifiers import SVM, LeastSquares

    return {
        "SVC": SVC(C=5, cache_size=1000),
        "SVM": SVM(C=5, random_state=0),
        "SVM alone": SVM(C=5, probability=False),
        "Nystroem": make_pipeline(
            Nystroem(n_components=2000, random_state=0), LeastSquares()
        ),
    }


def features(options):
    """Return the scaled features and labels of what trains and what is asked."""
    from sklearn.preprocessing import StandardScaler

    from fercompare import load_dataset, make_model

    extra = {"n": 14_000} if options.dataset == "synthetic" else {}
    data = load_dataset(options.dataset, options.root, **extra)
    hog = make_model("hog+svm", image_shape=data.image_shape).steps[0][1]
    train, val = data.part("train"), data.part("val")
    train = train.take(slice(options.rows))
    scale = StandardScaler()
    X = scale.fit_transform(hog.fit_transform(train.X))
    return X, train.y, scale.transform(hog.transform(val.X)), val.y


def peak_mb():
    """Return the most memory that this process held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def held_mb():
    """Return the memory that this process holds now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def measure(options):
    """Fit and ask one machine; print what that took as json."""
    X, y, others, truth = features(options)
    before, model = held_mb(), machines()[options.only]
    started = time.perf_counter()
    model.fit(X, y)
    fitted = time.perf_counter()
    predicted = model.predict(others)
    done = time.perf_counter()
    facts = {
        "shape": X.shape,
        "fit": fitted - started,
        "predict": done - fitted,
        "accuracy": float((predicted == truth).mean()),
        "predicted": predicted.tolist(),
        "mb": peak_mb() - before,
        "engine": getattr(model, "engine_", ""),
    }
    print(json.dumps(facts))


def main():
    """Measure every machine in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dataset", default="synthetic")
    parser.add_argument("--root")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--no-peer", action="store_true", help="Leave SVC out.")
    parser.add_argument("--only", choices=list(machines()), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        measure(options)
        return
    found = {}
    for name in machines():
        if name == "SVC" and options.no_peer:
            continue
        done = subprocess.run(
            [sys.executable, "-W", "ignore", __file__, *sys.argv[1:], "--only", name],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found[name] = json.loads(done.stdout.splitlines()[-1])
    report(found)


def report(found):
    """Print one line a machine; ratios are against the first."""
    first = next(iter(found.values()))
    print(f"{first['shape'][0]} x {first['shape'][1]}, {os.cpu_count()} cores")
    print(f"{'':12}{'fit':>9}{'times':>7}{'predict':>9}{'times':>7}", end="")
    print(f"{'accuracy':>10}{'same':>7}{'MiB':>7}")
    for name, facts in found.items():
        same = sum(a == b for a, b in zip(facts["predicted"], first["predicted"]))
        print(
            f"{name:12}{facts['fit']:8.1f}s{first['fit'] / facts['fit']:7.1f}"
            f"{facts['predict']:8.1f}s{first['predict'] / facts['predict']:7.1f}"
            f"{facts['accuracy']:10.4f}{same / len(first['predicted']):7.3f}"
            f"{facts['mb']:7.0f}  {facts['engine']}"
        )


if __name__ == "__main__":
    main()

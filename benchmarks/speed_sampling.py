"""SMOTE, ENN and SMOTE-ENN beside imbalanced-learn's own, and whether rows agree.

    python benchmarks/speed_sampling.py --dataset fer2013 --root FOLDER

Every sampler runs in a process of its own, ours and theirs in turn, on the same rows:
HOG as ``hog+svm`` scales it, or what another ``--model`` sees, or with ``--place
pixels`` the images' bytes. Its seconds are those of ``fit_resample``, its memory the
most that the process ever held, rows and libraries included. Copies of rows are left
out first: of a row that stands there twice imbalanced-learn may take the one for the
other. Each row of the result is then compared by its bytes.

How the speed was reached
-------------------------
imbalanced-learn asks scikit-learn's brute force for neighbours, which multiplies
matrices of float64, whatever the rows are. Here the product is of float32, at twice
the rate, and finds a few more candidates than are asked for; these are measured again
in float64. A bound on the rounding of the product says where that could have missed a
neighbour, and there every row that it might be is measured. Rows are made once, at the
end: until then a row is its index, and a made one two indices and a step.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

SAMPLERS = {
    "SMOTE": "over_sampling",
    "EditedNearestNeighbours": "under_sampling",
    "SMOTEENN": "combine",
}


def prepare(options, folder):
    """Save rows and labels of the training part, and say what they are."""
    from fercompare import load_dataset, make_model

    known = {"root": options.root} if options.root else {"n": 2 * options.rows}
    data = load_dataset(options.dataset, **known).part("train")
    X, first = np.unique(data.X[data.labelled], axis=0, return_index=True)
    y = data.y[data.labelled][first]
    n_copies = int(data.labelled.sum()) - len(y)
    chosen = np.random.default_rng(0).permutation(len(y))[: options.rows]
    X, y = X[chosen], y[chosen]
    if options.place == "features":
        before = make_model(options.model, image_shape=data.image_shape)[:-1]
        X = before.fit_transform(X).astype(np.float32)
    np.savez(folder / "rows.npz", X=X, y=y)
    print(f"{data.name}: {len(X):,} x {X.shape[1]:,} {X.dtype}, {n_copies} copies out")
    print(f"classes of {', '.join(f'{n:,}' for n in np.bincount(y))}\n")


def run(side, name, folder):
    """Resample in this process; print seconds and megabytes, save the rows' hashes."""
    import fercompare.balancing.samplers as ours

    module = __import__(f"imblearn.{SAMPLERS[name]}", fromlist=[name])
    kind = getattr(ours if side == "ours" else module, name)
    with np.load(folder / "rows.npz") as rows:
        X, y = rows["X"], rows["y"]
    draws = name != "EditedNearestNeighbours"
    sampler = kind(random_state=0) if draws else kind()
    warnings.simplefilter("ignore")
    started = time.perf_counter()
    X_new, y_new = sampler.fit_resample(X, y)
    seconds = time.perf_counter() - started
    status = Path("/proc/self/status").read_text()
    peak = int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1e6
    digests = [
        hashlib.blake2b(row.tobytes() + bytes([label]), digest_size=8).digest()
        for row, label in zip(np.ascontiguousarray(X_new), y_new)
    ]
    np.save(folder / f"{side}-{name}.npy", np.frombuffer(b"".join(digests), np.uint64))
    print(json.dumps({"seconds": seconds, "gigabytes": peak}))


def in_a_process(side, name, folder, threads):
    """Return what `run` prints in a process of its own."""
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    command = [sys.executable, __file__, "--run", side, name, str(folder)]
    done = subprocess.run(
        command, env=os.environ | limits, stdout=subprocess.PIPE, check=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def equal_rows(folder, name):
    """Return how many rows of theirs stand at the same place in ours, and of how many.

    The hashes are of 8 bytes: by chance one in 2**64 pairs is taken for equal.
    """
    ours, theirs = (np.load(folder / f"{side}-{name}.npy") for side in SIDES)
    n = min(len(ours), len(theirs))
    return int((ours[:n] == theirs[:n]).sum()), max(len(ours), len(theirs))


SIDES = ("ours", "theirs")


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dataset", default="synthetic")
    parser.add_argument("--root")
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--model", default="hog+svm", help="Whose features they are.")
    parser.add_argument("--place", choices=["features", "pixels"], default="features")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        side, name, folder = options.run
        run(side, name, Path(folder))
        return
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        prepare(options, folder)
        print(
            f"{'':26}{'ours':>9}{'theirs':>9}{'ratio':>7}{'GB':>7}{'theirs':>8}", end=""
        )
        print("   rows that are equal")
        for name in SAMPLERS:
            took = {side: [] for side in SIDES}
            for _ in range(options.rounds):
                for side in SIDES:
                    took[side].append(in_a_process(side, name, folder, options.threads))
            best = {s: min(t["seconds"] for t in took[s]) for s in SIDES}
            held = {s: max(t["gigabytes"] for t in took[s]) for s in SIDES}
            same, n = equal_rows(folder, name)
            print(
                f"{name:26}{best['ours']:8.2f}s{best['theirs']:8.2f}s"
                f"{best['theirs'] / best['ours']:7.1f}{held['ours']:7.2f}"
                f"{held['theirs']:8.2f}   {same:,} of {n:,}",
                flush=True,
            )


if __name__ == "__main__":
    main()

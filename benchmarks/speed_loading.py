"""How long FER2013 takes to load, and how much memory, each in a process of its own.

    python benchmarks/speed_loading.py --root FOLDER_WITH_FER2013_CSV

Three ways: fercompare's first reading (which keeps a copy), its later ones (which open
the copy in place), and pandas with one numpy array a row, as most public scripts do it.
Memory is the peak of the process above what it held once everything was imported.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PIXELS_MB = 35887 * 48 * 48 / 2**20


def fercompare_first(root):
    from fercompare.datasets.loading import prepare_dataset

    return lambda: prepare_dataset("fer2013", root)


def fercompare_later(root):
    from fercompare import load_dataset

    return lambda: load_dataset("fer2013", root)


def pandas_rows(root):
    import numpy as np
    import pandas as pd

    def load():
        table = pd.read_csv(root)
        rows = [np.array(text.split(), np.uint8) for text in table["pixels"]]
        return np.stack(rows), table["emotion"].to_numpy()

    return load


WAYS = {way.__name__: way for way in (pandas_rows, fercompare_first, fercompare_later)}


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(way, root):
    load = WAYS[way](root)
    before, started = peak_mb(), time.perf_counter()
    loaded = load()
    print(time.perf_counter() - started, peak_mb() - before)
    return loaded


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, required=True, help="fer2013.csv")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        measure(args.way, args.root)
        return
    root = args.root / "fer2013.csv" if args.root.is_dir() else args.root
    taken = {way: [] for way in WAYS}
    for _ in range(args.repeats):
        with tempfile.TemporaryDirectory() as cache:
            for way in WAYS:
                done = subprocess.run(
                    [sys.executable, __file__, "--root", str(root), "--way", way],
                    env=os.environ | {"FERCOMPARE_CACHE": cache},
                    capture_output=True,
                    text=True,
                    check=True,
                )
                taken[way].append([float(n) for n in done.stdout.split()])
    print(f"{'way':20} {'seconds':>8} {'min':>8} {'max':>8} {'MB':>8} {'x pixels':>9}")
    for way, runs in taken.items():
        seconds, memory = zip(*runs)
        mb = statistics.median(memory)
        print(
            f"{way:20} {statistics.median(seconds):8.2f} {min(seconds):8.2f} "
            f"{max(seconds):8.2f} {mb:8.0f} {mb / PIXELS_MB:9.2f}"
        )


if __name__ == "__main__":
    main()

"""Seconds and bytes of the report on 200 trials of as many images as PrivateTest has.

    python benchmarks/speed_report.py

The outcomes are made up, ten models with ten strategies and two seeds; reading them
from their store is part of the time, and so is starting Python.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 3
N_IMAGES = 3589
MODELS = [*(f"model-{k}" for k in range(9)), "cnn"]
STRATEGIES = [*(f"strategy-{k}" for k in range(9)), "none"]


def main():
    """Measure and print."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from made_outcomes import made_outcomes

    from fercompare.evaluation.store import Store

    with tempfile.TemporaryDirectory() as folder:
        store, page = Store(Path(folder, "store")), Path(folder, "report.html")
        for outcome in made_outcomes(MODELS, STRATEGIES, n_seeds=2, n_test=N_IMAGES):
            store.save(outcome)
        program = [sys.executable, "-m", "fercompare.cli.main"]
        command = [*program, "report", str(store.path), "--out", str(page)]
        seconds = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - started)
        print(
            f"{statistics.median(seconds):.1f} s ({min(seconds):.1f} to "
            f"{max(seconds):.1f}), {page.stat().st_size / 1e6:.2f} MB"
        )


if __name__ == "__main__":
    main()

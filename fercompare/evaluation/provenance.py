"""Where a figure was made: versions, machine, threads."""

import functools
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fercompare import __version__

PACKAGES = (
    "numpy",
    "scikit-learn",
    "scikit-learn-intelex",
    "imbalanced-learn",
    "scikit-image",
    "torch",
)


@functools.cache
def machine():
    """Return what a reader needs to know of the machine and its software."""
    return {
        "fercompare": __version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: v for name in PACKAGES if (v := _version(name))},
        "system": f"{platform.system()} {platform.machine()}",
        "cores": n_cores(),
    }


def n_cores():
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit():
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None

"""How many trials the memory of this machine holds at a time."""

import re
import warnings
from pathlib import Path

import numpy as np

MEMINFO, GROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
PROCESS_MB, COPIES = 1100.0, 35
"""Of a trial like none before: its libraries, torch among them, and what it holds for
a byte of images; support vector machines behind SMOTE came to 33.
"""
SHARE = 0.9
"""Of the free memory that trials may take."""


def jobs_that_fit(n_jobs, estimate, datasets):
    """Return how many trials can run at a time, with a warning where that is fewer.

    Parameters
    ----------
    n_jobs : int
        How many were asked for.
    estimate : Estimate
        Of the trials, by those that were run before.
    datasets : iterable of Dataset
        Whose size tells of trials that are like none before.

    Returns
    -------
    int
        At least one.
    """
    needs = megabytes_needed(estimate, datasets)
    return that_fit(n_jobs, needs, free_megabytes())


def megabytes_needed(estimate, datasets):
    """Return what the largest trial will hold; see `jobs_that_fit`."""
    if not estimate.n_unlike:
        return estimate.megabytes
    largest = max(data.X.nbytes for data in datasets)
    return float(np.fmax(estimate.megabytes, PROCESS_MB + COPIES * largest / 1e6))


def that_fit(n_jobs, needs, free, where=""):
    """Return how many trials of ``needs`` fit into the ``free`` megabytes, and warn.

    Examples
    --------
    >>> that_fit(4, 1000.0, 8000.0)
    4
    """
    if free is None or not n_jobs * needs > SHARE * free:
        return n_jobs
    fitting = max(1, int(SHARE * free // needs))
    if fitting < n_jobs:
        warnings.warn(
            f"{where}{n_jobs} trials at a time, of up to {needs:,.0f} MB each, do not "
            f"fit into the {free:,.0f} MB that are free: {fitting} will run at a time",
            stacklevel=4,
        )
    return fitting


def free_megabytes():
    """Return the memory that is free, or None where the system does not say.

    In a container that is what its limit leaves; files that it read can be dropped.
    """
    found = []
    if MEMINFO.exists():
        kilobytes = _number(r"^MemAvailable:\s*(\d+) kB", MEMINFO)
        found += [] if kilobytes is None else [kilobytes / 1e3]
    limit, held, kinds = (GROUP / f"memory.{n}" for n in ("max", "current", "stat"))
    if limit.exists() and (most := _number(r"^(\d+)", limit)) is not None:
        used = _number(r"(\d+)", held) - (_number(r"^file (\d+)", kinds) or 0)
        found += [(most - used) / 1e6]
    return min(found, default=None)


def _number(pattern, path):
    found = re.search(pattern, path.read_text(), re.MULTILINE)
    return None if found is None else int(found[1])

"""Arrays out of a pickle, without executing anything that is written in it."""

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from fercompare.errors import DataError

CHILD = Path(__file__).with_name("closed_unpickler.py")
MOST_BYTES = 4 * 2**30
SPARE_BYTES = 512 * 2**20
"""Memory of the child, beside four times the size of the file."""
SPARE_SECONDS = 2
"""Computing time of the child, beside a second for every 20 MB."""
PATIENCE_SECONDS = 10
"""What the clock may show beside four times the computing time."""
REMEDY = (
    "lists, dicts, texts, numbers and plain numpy arrays are all that is read; "
    "have the images saved as files instead"
)


def read_pickled_arrays(path):
    """Return what a pickle holds: lists, dicts, texts, numbers and numpy arrays.

    A child process with limits on memory, time and disk reads the file once, by a
    closed list of names, and converts it; whatever goes wrong there is one
    `DataError` here. Tuples come back as lists, lists of numbers as arrays, arrays of
    texts as lists. Every protocol is read, and what Python 2 wrote too.

    On Windows the names, the sizes of arrays and the clock are checked, but nothing
    limits the memory that the child of a hostile file asks for.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list, dict, str, int, float, bool, None or ndarray

    Examples
    --------
    >>> import pickle, tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "faces.pckl")
    ...     written = path.write_bytes(pickle.dumps(("happy", np.eye(2, dtype="u1"))))
    ...     read_pickled_arrays(path)
    ['happy', array([[1, 0],
           [0, 1]], dtype=uint8)]
    """
    path = Path(path)
    size = _checked_size(path)
    with tempfile.TemporaryDirectory(prefix="fercompare-") as folder:
        if found := _convert(path, size, folder):
            raise DataError(found, file=path, remedy=REMEDY)
        numbers = np.load(Path(folder, "numbers.npy"), allow_pickle=False)
        tree = json.loads(Path(folder, "tree.json").read_text("ascii"))
    return _rebuild(tree, numbers)


def _checked_size(path):
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", file=path) from error
    if not stat.S_ISREG(status.st_mode):
        raise DataError("is not a regular file", file=path)
    if not 0 < status.st_size <= MOST_BYTES:
        found = f"is {status.st_size:,} bytes long, expected 1 to {MOST_BYTES:,}"
        raise DataError(found, file=path, remedy="get the file again")
    return status.st_size


def _convert(path, size, folder):
    """Let the child put the contents of the pickle into ``folder``.

    Returns what it found wrong with them, or None.
    """
    limits = {
        "memory": SPARE_BYTES + 4 * size,
        "result": 2**20 + 8 * size,
        "seconds": SPARE_SECONDS + size // 20_000_000,
    }
    patience = 4 * limits["seconds"] + PATIENCE_SECONDS
    try:
        with open(path, "rb") as stream:
            child = subprocess.run(
                [sys.executable, "-P", str(CHILD), folder, json.dumps(limits)],
                stdin=stream,
                capture_output=True,
                env=_environment(),
                timeout=patience,
            )
    except subprocess.TimeoutExpired:
        return f"was not read in {patience} s"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if child.returncode == 0:
        return json.loads(child.stdout)
    return _cause_of_death(child, limits)


def _environment():
    """Return an environment in which the child finds the numpy of its parent.

    That may be a user's install, or stand in PYTHONPATH: ``python -I`` would miss it.
    """
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(str(entry) or os.getcwd() for entry in sys.path),
        "OPENBLAS_NUM_THREADS": "1",
    }


def _cause_of_death(child, limits):
    signals = {-number: number.name for number in signal.Signals}
    status = signals.get(child.returncode, f"status {child.returncode}")
    if status == "SIGXCPU":
        return f"takes more than {limits['seconds']} s of computing"
    lines = child.stderr.decode("utf-8", "replace").split("\n")
    said = ascii("".join(lines[-2:])[:200])
    return f"cannot be read: its reader ended with {status}, saying {said}"


def _rebuild(node, numbers):
    if isinstance(node, list):
        return [_rebuild(entry, numbers) for entry in node]
    if not isinstance(node, dict):
        return node
    if "dict" in node:
        return {key: _rebuild(entry, numbers) for key, entry in node["dict"]}
    start, stop, dtype, shape = node["array"]
    return numbers[start:stop].view(dtype).reshape(shape)

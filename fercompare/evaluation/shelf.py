"""Features of a data set on disk: computed by one process, mapped by all.

A shelf is a folder with one file for each feature and its parameters. A file is written
under another name and renamed, so that one which is there is whole.
"""

import errno
import json
import mmap
import shutil
import tempfile
import time
import warnings
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.utils import gen_batches

from fercompare.balancing.memory import held_megabytes
from fercompare.evaluation.claims import claim, this_machine
from fercompare.evaluation.costs import PeakMemory
from fercompare.evaluation.reach import scratch_folder

ROWS_AT_ONCE = 2048
"""A multiple of the rows that networks take at once, so that they see full batches."""
SHARE_OF_DISK = 0.5
"""The most of what is free on the disk that the features of one file may take."""
SECONDS_BETWEEN_LOOKS = 0.05
ROWS, FACTS, GIVEN_UP = ".npy", ".json", ".none"
SHELVES = "shelves"


class Shelved(NamedTuple):
    """Features on a shelf, and what computing them cost, which no trial's clock saw.

    ``memory_mb`` is what a process held more meanwhile, where the system tells it.
    """

    rows: "Mapped"
    seconds_a_row: float
    memory_mb: float | None


@contextmanager
def shelves(datasets, folder=None):
    """Yield folders for what trials of a data set share; they are removed afterwards.

    Parameters
    ----------
    datasets : iterable of str
        The data set of each trial.
    folder : Path, optional
        Where all who run them look, and who made it removes them; a scratch folder if
        not given.

    Yields
    ------
    dict of str to Path
        Without data sets of one trial, and empty where there is no room for a folder.

    Examples
    --------
    >>> with shelves(["fer2013", "jaffe", "jaffe"]) as folders:
    ...     list(folders)
    ['jaffe']
    """
    shared = [name for name, n in Counter(datasets).items() if n > 1]
    folders = {}
    with ExitStack() as stack:
        if shared:
            try:
                made = folder or stack.enter_context(scratch_folder())
                Path(made, SHELVES).mkdir()
                folders = {n: Path(made, SHELVES, str(k)) for k, n in enumerate(shared)}
            except OSError as error:
                _warn(error, folder or tempfile.gettempdir())
        yield folders


def shelf_of_machine(folder, n_threads):
    """Return the shelf of this machine and so many threads among those of others.

    What was computed elsewhere would have taken other times here.
    """
    return folder.with_name(f"{folder.name}-{joblib.hash([this_machine(), n_threads])}")


def on_shelf(folder, feature, X):
    """Return the features of rows, computed now unless they are on the shelf.

    Where another process is at them it is waited for.

    Parameters
    ----------
    folder : Path
        The shelf of these rows; made where there is none.
    feature : transformer
        Unfitted. What it makes of a row depends on that row and its parameters alone,
        and not on chance.
    X : array of shape (n, n_columns)

    Returns
    -------
    Shelved or None
        None where they cannot be computed or kept: each trial is to see for itself.
    """
    parameters = feature.get_params()
    parameters.pop("random_state", None)
    name = joblib.hash([type(feature).__name__, parameters])
    try:
        folder.mkdir(exist_ok=True)
        while not (folder / f"{name}{GIVEN_UP}").exists():
            if (folder / f"{name}{ROWS}").exists():
                return _read(folder, name)
            with claim(folder, name) as mine:
                if mine and not (folder / f"{name}{ROWS}").exists():
                    _compute(folder, name, feature, X)
            if not mine:
                time.sleep(SECONDS_BETWEEN_LOOKS)
    except OSError as error:
        if folder.parent.exists():  # or this machine sees no shelf at all
            _warn(error, folder.parent)
        _give_up(folder, name)
    return None


class Mapped:
    """Rows of a file, read from where they lie when they are asked for.

    Pages that were read are given back at once: they count as memory of this process
    no longer, and stay with the system for the next.

    Parameters
    ----------
    path : Path
        A ``.npy``, as `on_shelf` leaves it.
    """

    def __init__(self, path):
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
        self.shape, self.dtype = rows.shape, rows.dtype
        with open(path, "rb") as stream:
            self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        start = len(self._map) - rows.nbytes
        self._rows = np.frombuffer(self._map, rows.dtype, offset=start)
        self._rows = self._rows.reshape(rows.shape)

    def put(self, places, out, where):
        """Copy the rows at ``places`` to the rows ``where`` of ``out``."""
        for part in gen_batches(len(places), ROWS_AT_ONCE):
            out[where[part]] = self._rows[places[part]]
            if hasattr(mmap, "MADV_DONTNEED"):
                self._map.madvise(mmap.MADV_DONTNEED)


def _compute(folder, name, feature, X):
    """Write the features of all rows, or a mark that this cannot be done."""
    scratch = folder / f"{name}.writing"
    before = held_megabytes()
    try:
        with PeakMemory() as peak:
            fitted = clone(feature).fit(X[:1])
            seconds = _write(scratch, fitted, X)
        known = None not in (before, peak.megabytes)
        more = max(0.0, peak.megabytes - before) if known else None
        facts = {"seconds_a_row": seconds / len(X), "memory_mb": more}
        (folder / f"{name}{FACTS}").write_text(json.dumps(facts))
        scratch.replace(folder / f"{name}{ROWS}")
    except OSError:
        raise
    except Exception:  # whatever it is, it is each trial's to meet and to report
        _give_up(folder, name)
    finally:
        scratch.unlink(missing_ok=True)


def _write(path, fitted, X):
    """Write what a transformer makes of rows; return the seconds that took it."""
    first = fitted.transform(X[:1])
    _check_room(path.parent, len(X) * first.nbytes)
    header = {"descr": first.dtype.str, "fortran_order": False}
    seconds = 0.0
    with open(path, "wb") as stream:
        shape = len(X), *first.shape[1:]
        np.lib.format.write_array_header_1_0(stream, header | {"shape": shape})
        for part in gen_batches(len(X), ROWS_AT_ONCE):
            started = time.perf_counter()
            features = fitted.transform(X[part])
            seconds += time.perf_counter() - started
            stream.write(np.ascontiguousarray(features))
    return seconds


def _check_room(folder, n_bytes):
    free = shutil.disk_usage(folder).free
    if n_bytes > SHARE_OF_DISK * free:
        said = f"{n_bytes / 1e6:,.0f} MB of features, {free / 1e6:,.0f} MB free"
        raise OSError(errno.ENOSPC, said)


def _read(folder, name):
    facts = json.loads((folder / f"{name}{FACTS}").read_text())
    return Shelved(Mapped(folder / f"{name}{ROWS}"), **facts)


def _give_up(folder, name):
    with suppress(OSError):
        (folder / f"{name}{GIVEN_UP}").touch()


def _warn(error, folder):
    is_temporary = Path(folder).is_relative_to(tempfile.gettempdir())
    remedy = "; TMPDIR names another folder" if is_temporary else ""
    warnings.warn(
        f"features are not shared, each trial computes its own: {error.strerror} in "
        f"{folder}{remedy}",
        stacklevel=3,
    )

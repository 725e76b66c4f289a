"""Data sets put where other processes, on this machine or others, can open them.

What is put there lies in a folder under a claim, so that the next run knows what a
process left that was killed, and removes it.
"""

import functools
import os
import shutil
import tempfile
import uuid
import warnings
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from fercompare.datasets.prepared import UNREADABLE, read_copy, write_copy
from fercompare.errors import DataError
from fercompare.evaluation.claims import claim, claimed, held, sweep

SHARED, SCRATCH = ".data-", "fercompare-run-"
DIGITS = 12


def put_in_reach(datasets, folder):
    """Write data sets into a folder; return name to path.

    Parameters
    ----------
    datasets : dict of str to Dataset
    folder : Path

    Examples
    --------
    >>> import tempfile
    >>> from fercompare import load_dataset
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     faces = {"faces": load_dataset("synthetic", n=50)}
    ...     open_in_reach(put_in_reach(faces, folder)["faces"])
    <Dataset synthetic: 50 images of 48 x 48, 7 classes; train 35, val 5, test 10>
    """
    paths = {}
    for number, (name, dataset) in enumerate(datasets.items()):
        paths[name] = Path(folder, str(number), dataset.fingerprint)
        write_copy(_of_plain_arrays(dataset), paths[name])
    return paths


@functools.lru_cache(maxsize=1)
def open_in_reach(path):
    """Return a Dataset that was put in reach, its pixels mapped from disk."""
    try:
        dataset = read_copy(path)
    except UNREADABLE as error:
        raise _not_there(path, f": {type(error).__name__}: {error}") from error
    if dataset.fingerprint != path.name:
        raise _not_there(path, f", whose fingerprint is {dataset.fingerprint}")
    return dataset


def _not_there(path, found):
    return DataError(
        f"is not the data set that was written there{found}",
        file=path,
        remedy="run the same again; it writes a new one",
    )


@contextmanager
def shared_folder(home):
    """Make a folder in another one, which is removed once nobody uses it.

    Who uses it holds a claim that `use` makes. What runs left that died is removed too.
    """
    with _claimed_folder(home, SHARED, mode=0o777) as folder:
        yield folder


@contextmanager
def scratch_folder():
    """Make a folder of this user among the temporary ones; it is removed at the end.

    Raises OSError where there is no place for it.

    Examples
    --------
    >>> with scratch_folder() as folder:
    ...     folder.is_dir()
    True
    >>> folder.exists()
    False
    """
    user = os.getuid() if hasattr(os, "getuid") else os.getlogin()
    prefix = f"{SCRATCH}{user}-"
    with _claimed_folder(tempfile.gettempdir(), prefix, mode=0o700) as folder:
        yield folder


def use(folder, key):
    """Return a context that keeps a shared folder from being removed."""
    return claim(folder.parent, f"{folder.name}.{key}")


@contextmanager
def _claimed_folder(home, prefix, mode):
    """Make a folder that is claimed before it is there, so that nobody removes it."""
    folder = Path(home, f"{prefix}{uuid.uuid4().hex[:DIGITS]}")
    _remove_unused(home, prefix)
    try:
        with claim(home, folder.name):
            folder.mkdir(mode)
            yield folder
    finally:
        _remove_unused(home, prefix)
        if folder.exists():
            warnings.warn(
                f"{folder} stays for trials that are running still; the next run "
                "removes it",
                stacklevel=5,
            )


def _remove_unused(home, prefix):
    with suppress(OSError):  # it is another run's to say that a folder is of no use
        folders = [path for path in Path(home).glob(f"{prefix}*") if path.is_dir()]
        used = held(home, prefix)
        for folder in folders:
            if not any(key.startswith(folder.name) for key in used):
                shutil.rmtree(folder, ignore_errors=True)
        length = len(prefix) + DIGITS
        left = {k for k in claimed(home, prefix) if not Path(home, k[:length]).exists()}
        sweep(home, left)


def _of_plain_arrays(dataset):
    """Return a data set whose arrays hold no objects, which a file would execute."""

    def plain(arrays):
        return {k: v.astype(str) if v.dtype == object else v for k, v in arrays.items()}

    return replace(
        dataset, columns=plain(dataset.columns), **plain(dataset.row_arrays())
    )

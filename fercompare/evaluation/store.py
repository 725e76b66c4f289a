"""The folder of outcomes: two small files a trial, each there whole or not at all.

The arrays are written first and the json, which holds their checksum and begins with
its own, last. A trial counts once its json is there. Files get their names by renaming
a synced one. There is no index that could disagree with them: listing ten thousand
takes twice as long as reading their json does.
"""

import functools
import os
import re
import tempfile
import time
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

from fercompare.errors import DataError
from fercompare.evaluation.stored import StoredOutcome, encode

NAME = re.compile(r".*-[0-9a-f]{12}\.json")
"""Of a trial's json; other files in the folder are somebody else's."""
WRITING = ".writing-"
SECONDS_TO_WRITE = 3600
"""A file that has been in writing for longer is left from a process that died."""


class Store:
    """Outcomes of trials in a folder.

    Examples
    --------
    >>> import tempfile
    >>> from fercompare.evaluation.trials import FAILED, Outcome, Trial
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = Store(folder)
    ...     trial = Trial("fer2013", "hog+svm", "smote", 0)
    ...     store.save(Outcome(trial, FAILED, "MemoryError"))
    ...     store.find(trial.key).reason
    'MemoryError'
    """

    def __init__(self, path):
        self.path = Path(path)

    def save(self, outcome):
        """Write one outcome; an outcome of the same trial is replaced."""
        text, packed = encode(outcome)
        key = outcome.trial.key
        with self.refusing():
            self.path.mkdir(parents=True, exist_ok=True)
            if packed:
                self._write(f"{key}.npz", packed)
            self._write(f"{key}.json", text)

    def load(self):
        """Return every sound outcome, sorted by trial.

        Damaged ones are named and set aside: their trials count as not run.
        """
        return [
            outcome
            for outcome in self.listing().values()
            if self._try(outcome.check, outcome.path) is not None
        ]

    def listing(self):
        """Return key to `StoredOutcome` of all that is here, by key.

        Arrays are not read, only looked for. What processes that died left half
        written is removed.
        """
        try:
            names = sorted(os.listdir(self.path))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        for name in names:
            if name.startswith(WRITING):
                self._remove_if_old(name)
        keys = [name.removesuffix(".json") for name in names if NAME.fullmatch(name)]
        return {key: found for key in keys if (found := self.find(key)) is not None}

    def find(self, key):
        """Return the `StoredOutcome` of one trial, or None."""
        path = self.path / f"{key}.json"
        return self._try(functools.partial(StoredOutcome, path), path)

    def missing(self, trials):
        """Return those of ``trials`` that have no outcome here."""
        here = self.listing()
        return [trial for trial in trials if trial.key not in here]

    @contextmanager
    def refusing(self):
        """Turn what the system refuses within the block into one clear error."""
        try:
            yield
        except OSError as error:
            raise DataError(
                f"cannot be written to: {error.strerror or error}",
                file=self.path,
                remedy="what is in it is intact; make room or choose another folder, "
                "and the same again goes on from there",
            ) from error

    def _try(self, read, path):
        try:
            return read()
        except FileNotFoundError:
            return None
        except DataError as error:
            told = str(error)
        except OSError as error:
            told = f"{path}: cannot be read: {error.strerror}"
        warnings.warn(f"{told}; the trial counts as not run", stacklevel=3)
        return None

    def _write(self, name, content):
        handle, scratch = tempfile.mkstemp(prefix=WRITING, dir=self.path)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(scratch, self.path / name)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise
        _sync_folder(self.path)

    def _remove_if_old(self, name):
        path = self.path / name
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > SECONDS_TO_WRITE:
                path.unlink()


def load_results(path):
    """Return the outcomes of a store.

    Parameters
    ----------
    path : path
        Folder that `run_benchmark` wrote to.

    Returns
    -------
    list of Outcome
        Their arrays are read from the folder when they are asked for.
    """
    path = Path(path)
    if not path.is_dir():
        raise DataError("is no folder of outcomes", file=path)
    return Store(path).load()


def _sync_folder(path):
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""The folder of outcomes: two small files a trial, each there whole or not at all.

The arrays are written first and the json, which holds their checksum and begins with
its own, last. A trial counts once its json is there. Files get their names by renaming
a synced one. There is no index that could disagree with them: listing ten thousand
takes a second.
"""

import functools
import hashlib
import io
import json
import os
import re
import tempfile
import time
import warnings
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from fercompare.errors import DataError
from fercompare.evaluation.trials import Outcome, Trial

PARSED = ("trial", "reason", "classes", "facts")
ARRAYS = ("rows", "y_true", "y_pred", "proba", "leak_free")
NAME = re.compile(r".*-[0-9a-f]{12}\.json")
"""Of a trial's json; other files in the folder are somebody else's."""
HEAD = re.compile(
    rb'\{\n "sha256": "([0-9a-f]{64})",\n "status": "([a-z]+)",\n "n_bytes": ([0-9]+),'
)
"""How a trial's json begins, so that a listing need not parse what follows."""
NO_DIGEST = "0" * 64
WRITING, ASIDE = ".writing-", ".damaged"
SECONDS_TO_WRITE = 3600
"""A file that has been in writing for longer is left from a process that died."""


class Store:
    """Outcomes of trials in a folder.

    Examples
    --------
    >>> import tempfile
    >>> from fercompare.evaluation.trials import FAILED
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
        known = {
            name: v for name in ARRAYS if (v := getattr(outcome, name)) is not None
        }
        packed = _pack(known)
        key = outcome.trial.key
        record = {
            "sha256": NO_DIGEST,
            "status": outcome.status,
            "n_bytes": len(packed),
            "trial": asdict(outcome.trial),
            "reason": outcome.reason,
            "classes": outcome.classes,
            "arrays": {
                "names": list(known),
                "sha256": hashlib.sha256(packed).hexdigest(),
            },
            "facts": outcome.facts,
        }
        text = json.dumps(record, indent=1)
        digest = _digest(key, text.encode())
        text = text.replace(NO_DIGEST, digest, 1)
        with self.refusing():
            self.path.mkdir(parents=True, exist_ok=True)
            if known:
                self._write(f"{key}.npz", packed)
            self._write(f"{key}.json", text.encode())

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


def _read_when_asked(name):
    return property(lambda outcome: outcome.array(name))


def _parsed_when_asked(name):
    return property(lambda outcome: outcome.record[name])


class StoredOutcome(Outcome):
    """An outcome in a store, whose arrays are read when they are asked for.

    Parameters
    ----------
    path : Path
        Its json. Files that are not as they were written are set aside, that is
        renamed, and raise `DataError`.

    Attributes
    ----------
    checksum : str
        Another for another outcome of the same trial.
    """

    rows, y_true, y_pred, proba, leak_free = map(_read_when_asked, ARRAYS)
    trial, reason, classes, facts = map(_parsed_when_asked, PARSED)

    def __init__(self, path):
        with open(path, "rb", buffering=0) as stream:
            content = stream.read()
        head = HEAD.match(content)
        if head is None or head[1].decode() != _digest(path.stem, content):
            raise _set_aside(path, "it is not as it was written", content)
        fields = {"path": path, "checksum": head[1], "_content": content}
        fields |= {"status": head[2].decode(), "_n_bytes": int(head[3])}
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        self._check_size()

    def check(self):
        """Read the arrays and return self, or set the files aside and raise."""
        if self._n_bytes:
            self._read()
        return self

    def array(self, name):
        """Return one array, or None where the outcome has none of that name."""
        if name not in self.record["arrays"]["names"]:
            return None
        return _unpack(self.record["arrays"]["sha256"], self._read)[name]

    @functools.cached_property
    def record(self):
        """What the json holds."""
        record = json.loads(self._content)
        trial, classes = Trial(**record["trial"]), tuple(record["classes"])
        return record | {"trial": trial, "classes": classes}

    def _check_size(self):
        if not self._n_bytes:
            return
        try:
            n_bytes = os.stat(f"{self.path}"[: -len(".json")] + ".npz").st_size
        except FileNotFoundError:
            n_bytes = 0
        if n_bytes != self._n_bytes:
            reason = f"its arrays have {n_bytes} bytes of {self._n_bytes}"
            raise _set_aside(self.path, reason, self._content)

    def _read(self):
        try:
            packed = self.path.with_suffix(".npz").read_bytes()
        except FileNotFoundError:
            packed = b""
        if hashlib.sha256(packed).hexdigest() != self.record["arrays"]["sha256"]:
            reason = "its arrays are not those that were written"
            raise _set_aside(self.path, reason, self._content)
        return packed


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


def _digest(key, content):
    """Return what a json's first line says: the digest of its name and the rest."""
    behind = content.index(b'",') if b'",' in content else 0
    return hashlib.sha256(key.encode() + content[behind:]).hexdigest()


def _set_aside(path, reason, content):
    """Rename the files of a damaged outcome and return the error that says so.

    Nothing is renamed where another process has done so, or run the trial again.
    """
    number = 0
    while path.with_name(f"{path.name}{ASIDE}-{number}").exists():
        number += 1
    try:
        if path.read_bytes() == content:
            for file in (path, path.with_suffix(".npz")):
                if file.exists():
                    file.rename(file.with_name(f"{file.name}{ASIDE}-{number}"))
        where = f"set aside as {path.name}{ASIDE}-{number}"
    except FileNotFoundError:
        where = "set aside already"
    except OSError as error:
        where = f"it could not be set aside: {error.strerror}"
    return DataError(f"is damaged: {reason}; {where}", file=path)


def _pack(arrays):
    packed = io.BytesIO()
    if arrays:
        np.savez_compressed(packed, **arrays)
    return packed.getvalue()


_LAST = {}
"""The arrays that were read last, by checksum: scores ask for one after the other."""


def _unpack(checksum, read):
    arrays = _LAST.get(checksum)
    if arrays is None:
        with np.load(io.BytesIO(read()), allow_pickle=False) as stored:
            arrays = dict(stored)
        for array in arrays.values():
            array.flags.writeable = False
        _LAST.clear()
        _LAST[checksum] = arrays
    return arrays


def _sync_folder(path):
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

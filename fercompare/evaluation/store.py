"""The folder of outcomes: two small files a trial, each there whole or not at all.

The arrays are written first and the json, which holds their checksum, last; a trial
counts once its json is there. Files get their names by renaming a synced one.
"""

import hashlib
import io
import json
import os
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np

from fercompare.errors import DataError
from fercompare.evaluation.trials import Outcome, Trial

ARRAYS = ("rows", "y_true", "y_pred", "proba", "leak_free")


class Store:
    """Outcomes of trials in a folder."""

    def __init__(self, path):
        self.path = Path(path)

    def save(self, outcome):
        """Write one outcome; an outcome of the same trial is replaced."""
        self.path.mkdir(parents=True, exist_ok=True)
        known = {
            name: v for name in ARRAYS if (v := getattr(outcome, name)) is not None
        }
        packed = io.BytesIO()
        np.savez_compressed(packed, **known)
        record = {
            "trial": asdict(outcome.trial),
            "status": outcome.status,
            "reason": outcome.reason,
            "classes": outcome.classes,
            "facts": outcome.facts,
            "arrays": hashlib.sha256(packed.getvalue()).hexdigest(),
        }
        text = json.dumps(record, indent=1, sort_keys=True).encode()
        self._write(f"{outcome.trial.key}.npz", packed.getvalue())
        self._write(f"{outcome.trial.key}.json", text)

    def load(self):
        """Return every sound outcome, sorted by trial; damaged ones are named."""
        outcomes = []
        for path in sorted(self.path.glob("*.json")):
            try:
                outcomes.append(self._read(path))
            except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
                warnings.warn(
                    f"{path}: is damaged ({error}); the trial counts as not run",
                    stacklevel=2,
                )
        return outcomes

    def missing(self, trials):
        """Return those of ``trials`` that have no sound outcome here."""
        here = {outcome.trial.key for outcome in self.load()}
        return [trial for trial in trials if trial.key not in here]

    def _read(self, path):
        record = json.loads(path.read_text())
        packed = path.with_suffix(".npz").read_bytes()
        if hashlib.sha256(packed).hexdigest() != record["arrays"]:
            raise DataError("the arrays are not those that were written", file=path)
        with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
            arrays = dict(stored)
        return Outcome(
            Trial(**record["trial"]),
            record["status"],
            record["reason"],
            tuple(record["classes"]),
            facts=record["facts"],
            **arrays,
        )

    def _write(self, name, content):
        handle, scratch = tempfile.mkstemp(prefix=".writing-", dir=self.path)
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


def load_results(path):
    """Return the outcomes of a store.

    Parameters
    ----------
    path : path
        Folder that `run_benchmark` wrote to.

    Returns
    -------
    list of Outcome
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

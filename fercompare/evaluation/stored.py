"""One outcome in two files: a json that begins with its checksum, and its arrays."""

import functools
import hashlib
import io
import json
import os
import re
from dataclasses import asdict

import numpy as np

from fercompare.errors import DataError
from fercompare.evaluation.trials import Outcome, Trial

PARSED = ("trial", "reason", "classes", "facts")
ARRAYS = ("rows", "y_true", "y_pred", "proba", "leak_free")
HEAD = re.compile(
    rb'\{\n "sha256": "([0-9a-f]{64})",\n "status": "([a-z]+)",\n "n_bytes": ([0-9]+),'
)
"""How a trial's json begins, so that a listing need not parse what follows."""
NO_DIGEST = "0" * 64
ASIDE = ".damaged"


def encode(outcome):
    """Return the json of an outcome and its packed arrays, as bytes.

    Examples
    --------
    >>> from fercompare.evaluation.trials import FAILED
    >>> failed = Outcome(Trial("fer2013", "hog+svm", "smote", 0), FAILED, "no memory")
    >>> text, packed = encode(failed)
    >>> json.loads(text)["reason"], len(packed)
    ('no memory', 0)
    """
    known = {name: v for name in ARRAYS if (v := getattr(outcome, name)) is not None}
    packed = _pack(known)
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
    digest = digest_of(outcome.trial.key, text.encode())
    return text.replace(NO_DIGEST, digest, 1).encode(), packed


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
        if head is None or head[1].decode() != digest_of(path.stem, content):
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


def digest_of(key, content):
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

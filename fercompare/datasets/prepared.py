"""Copies of loaded sets on disk, opened in place instead of read again.

A copy is a folder of plain arrays and a json: nothing in it can be executed. It is
good as long as the files it was made of have the sizes and dates they had.
"""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from fercompare.datasets.base import Dataset
from fercompare.errors import DataError

LAYOUT = 1
COLUMN = "column "
UNREADABLE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile)
PIXELS, ROWS, FACTS = "pixels.npy", "rows.npz", "facts.json"


def cache_home():
    """Return the folder of the copies: ``FERCOMPARE_CACHE``, or the user's cache."""
    if home := os.environ.get("FERCOMPARE_CACHE"):
        return Path(home)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fercompare"


def copy_path(name, place, asked):
    """Return where the copy of a set lies that was loaded as ``asked``."""
    identity = json.dumps([LAYOUT, str(Path(place).resolve()), asked], sort_keys=True)
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return cache_home() / f"{name}-{digest}"


def write_copy(dataset, path, place):
    """Write the copy, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".making-", dir=path.parent))
    try:
        rows = {name: v for name, v in dataset.row_arrays().items() if name != "X"}
        rows |= {COLUMN + name: v for name, v in dataset.columns.items()}
        np.save(scratch / PIXELS, dataset.X, allow_pickle=False)
        np.savez(scratch / ROWS, allow_pickle=False, **rows)
        facts = {
            "name": dataset.name,
            "classes": dataset.classes,
            "image_shape": dataset.image_shape,
            "notes": dataset.notes,
            "skipped": [
                [error.found, str(error.file), error.row, error.remedy]
                for error in dataset.skipped
            ],
            "fingerprint": dataset.fingerprint,
            "sources": _state_of(place),
        }
        (scratch / FACTS).write_text(json.dumps(facts))
        shutil.rmtree(path, ignore_errors=True)
        scratch.rename(path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def open_copy(path, place):
    """Return the Dataset of a copy, its pixels mapped from disk; None if not good."""
    try:
        facts = json.loads((path / FACTS).read_text())
        if facts["sources"] != _state_of(place):
            return None
        with np.load(path / ROWS, allow_pickle=False) as stored:
            rows = dict(stored)
        columns = {k: v for k, v in rows.items() if k.startswith(COLUMN)}
        dataset = Dataset(
            facts["name"],
            np.load(path / PIXELS, mmap_mode="r", allow_pickle=False),
            classes=facts["classes"],
            image_shape=facts["image_shape"],
            notes=facts["notes"],
            columns={k.removeprefix(COLUMN): v for k, v in columns.items()},
            skipped=tuple(
                DataError(found, file=file, row=row, remedy=remedy)
                for found, file, row, remedy in facts["skipped"]
            ),
            **{k: v for k, v in rows.items() if k not in columns},
        )
    except UNREADABLE:
        return None
    dataset.__dict__["fingerprint"] = facts["fingerprint"]
    return dataset


def _state_of(place):
    """Return a digest of names, sizes and dates of the files that a set is made of."""
    place = Path(place)
    digest = hashlib.sha256()
    pending = [str(place.parent if place.is_file() else place)]
    while pending:
        for entry in sorted(os.scandir(pending.pop()), key=lambda e: e.name):
            if entry.is_dir():
                if not place.is_file():
                    pending.append(entry.path)
                continue
            status = entry.stat()
            state = (entry.path, status.st_size, status.st_mtime_ns)
            digest.update(repr(state).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()

"""Copies of loaded sets on disk, opened in place instead of read again.

A copy is a folder of plain arrays and a json: nothing in it can be executed. It is
good as long as the files it was made of have the sizes and dates they had, and the
code that made it is the code that opens it.
"""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from fercompare import __version__
from fercompare.datasets.base import Dataset
from fercompare.errors import DataError

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
    identity = json.dumps([__version__, str(Path(place).resolve()), asked])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return cache_home() / f"{name}-{digest}"


def write_copy(dataset, path, place=None):
    """Write the copy, whole or not at all; another process may do so at once.

    Without the ``place`` that it was loaded from, the copy stays good.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".making-", dir=path.parent))
    try:
        rows = {name: v for name, v in dataset.row_arrays().items() if name != "X"}
        rows |= {COLUMN + name: v for name, v in dataset.columns.items()}
        np.save(scratch / PIXELS, dataset.X, allow_pickle=False)
        np.savez(scratch / ROWS, **rows)
        facts = {
            "name": dataset.name,
            "classes": dataset.classes,
            "image_shape": dataset.image_shape,
            "notes": dataset.notes,
            "skipped": [
                [error.found, _text(error.file), error.row, error.remedy]
                for error in dataset.skipped
            ],
            "sources": place and state_of(place, dataset.paths),
        }
        (scratch / FACTS).write_text(json.dumps(facts))
        if path.exists():
            path.rename(scratch.with_name(f"{scratch.name}-old"))
        scratch.rename(path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(f"{scratch}-old", ignore_errors=True)


def open_copy(path, place=None):
    """Return the Dataset of a copy, its pixels mapped from disk; None if not good."""
    try:
        return read_copy(path, place)
    except UNREADABLE:
        return None


def read_copy(path, place=None):
    """Return the Dataset of a copy; raise one of `UNREADABLE` where it is not good."""
    facts = json.loads((path / FACTS).read_text())
    with np.load(path / ROWS, allow_pickle=False) as stored:
        rows = dict(stored)
    if facts["sources"] != (place and state_of(place, rows.get("paths"))):
        raise ValueError("what it was made of is not what it was")
    columns = {k: v for k, v in rows.items() if k.startswith(COLUMN)}
    return Dataset(
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


def state_of(place, paths=None):
    """Return a digest of names, sizes and dates of the files that a set is made of.

    Everything below a folder counts; of a file, its folder's tables and the images
    ``paths`` that it names. Tables one folder up or down count too, since some sets
    take labels from there.
    """
    place = Path(place)
    home = place.parent if place.is_file() else place
    files = {entry.path for entry in _entries(home) if not entry.is_dir()}
    near = [home.parent, home.parent / "fer2013", *map(Path, _folders(home))]
    for folder in near:
        files |= {e.path for e in _entries(folder) if e.name.endswith(".csv")}
    if place.is_file():
        files |= {
            os.path.join(home, path) for path in (paths if paths is not None else ())
        }
    else:
        pending = _folders(home)
        while pending:
            folder = pending.pop()
            pending += _folders(folder)
            files |= {entry.path for entry in _entries(folder) if not entry.is_dir()}
    digest = hashlib.sha256()
    for path in sorted(files):
        status = os.stat(path) if os.path.exists(path) else os.lstat(path)
        state = (path, status.st_size, status.st_mtime_ns)
        digest.update(repr(state).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _text(file):
    return None if file is None else str(file)


def _folders(folder):
    return [e.path for e in _entries(folder) if e.is_dir(follow_symlinks=False)]


def _entries(folder):
    try:
        return list(os.scandir(folder))
    except OSError:
        return []

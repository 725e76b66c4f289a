"""Finding files below a folder, and making a Dataset of the images found."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fercompare.datasets.base import UNLABELLED, Dataset
from fercompare.decoding import is_image
from fercompare.errors import DataError, DataNotFound


@dataclass(frozen=True)
class ImageFile:
    """One image file and what its name and folders say of it."""

    path: Path
    label: str | None
    split: str | None = None
    group: str | None = None


def walk(root, reader):
    """Return every file below ``root``, sorted by path; hidden ones are left out.

    Links may point elsewhere below ``root``; one that leads out of it is refused,
    since what it shows is not part of the set.
    """
    root = Path(root)
    home = os.path.realpath(root)
    found, pending, seen = [], [str(root)], set()
    while pending:
        folder = pending.pop()
        if (real := os.path.realpath(folder)) in seen:
            continue
        seen.add(real)
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            reader.refuse(
                DataError(f"cannot be listed ({error.strerror})", file=folder)
            )
            continue
        for entry in entries:
            if entry.name.startswith(".") or not _stays_inside(entry, home, reader):
                continue
            (pending if entry.is_dir() else found).append(entry.path)
    return [Path(path) for path in sorted(found)]


def walk_images(root, reader):
    """Return every image file below ``root``, sorted by path."""
    return [path for path in walk(root, reader) if is_image(path)]


def _stays_inside(entry, home, reader):
    if not entry.is_symlink():
        return True
    target = os.path.realpath(entry.path)
    if target == home or target.startswith(home + os.sep):
        return True
    reader.refuse(
        DataError(
            "is a link that leads out of the data folder",
            file=entry.path,
            remedy="copy the file into the folder",
        )
    )
    return False


def from_files(name, root, files, classes, reader, *, columns=None, **known):
    """Return the Dataset of the ``files`` that can be read.

    Parameters
    ----------
    files : list of ImageFile
    classes : tuple of str
        Every label of ``files`` is one of them, or None.
    columns : dict of array of shape (len(files), …), optional
        Taken over for the files that could be read.
    **known
        Other fields of the Dataset, such as ``notes``.
    """
    if not files:
        raise DataNotFound("holds no image of this data set", file=root)
    X, kept = reader.read_many([file.path for file in files], f"reading {name}")
    files = [file for file, was_read in zip(files, kept) if was_read]
    if not files:
        raise DataError(f"none of its {len(kept)} images can be read", file=root)
    index = {label: k for k, label in enumerate(classes)} | {None: UNLABELLED}

    def column(field):
        values = [getattr(file, field) for file in files]
        return None if None in values else np.array(values)

    return Dataset(
        name,
        X,
        np.array([index[file.label] for file in files]),
        classes,
        reader.row_shape,
        split=column("split"),
        groups=column("group"),
        paths=np.array([os.path.relpath(file.path, root) for file in files]),
        columns={
            key: np.asarray(value)[kept] for key, value in (columns or {}).items()
        },
        skipped=tuple(reader.skipped),
        **known,
    )

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
    """Return every file and every folder below ``root``, sorted; no hidden ones.

    A link that leads out of ``root`` is refused, since what it shows is not part of
    the set. Links to folders are not followed: what they show is found where it lies.
    """
    home = os.path.realpath(root)
    files, folders, pending = [], [], [str(root)]
    while pending:
        folder = pending.pop()
        folders.append(folder)
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            found = f"cannot be listed ({error.strerror})"
            reader.refuse(DataError(found, file=folder))
            continue
        for entry in entries:
            if entry.name.startswith(".") or not _stays_inside(entry, home, reader):
                continue
            if not entry.is_dir():
                files.append(entry.path)
            elif not entry.is_symlink():
                pending.append(entry.path)
    return [Path(p) for p in sorted(files)], [Path(p) for p in sorted(folders)]


def walk_images(root, reader):
    """Return every image file below ``root``, sorted; a folder without any is refused.

    A folder counts as filled where a folder in it is.
    """
    files, folders = walk(root, reader)
    images = [path for path in files if is_image(path)]
    filled = {folder for path in images for folder in path.parents}
    if not images:
        raise DataNotFound("holds no images", file=root)
    for folder in folders:
        if folder not in filled:
            reader.refuse(
                DataError("holds no images", file=folder, remedy="take the folder out")
            )
    return images


def _stays_inside(entry, home, reader):
    if not entry.is_symlink() or _is_below(entry.path, home):
        return True
    reader.refuse(_leads_out(entry.path))
    return False


def _is_below(path, home):
    target = os.path.realpath(path)
    return target == home or target.startswith(home + os.sep)


def _leads_out(path):
    return DataError(
        "is a link that leads out of the data folder",
        file=path,
        remedy="copy the file into the folder",
    )


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
    home = os.path.realpath(root)
    for file in files:
        if not _is_below(file.path, home):
            raise _leads_out(file.path)
    X, kept = reader.read_many([file.path for file in files], f"reading {name}")
    read = [file for file, was_read in zip(files, kept) if was_read]
    if lost := {file.label for file, k in zip(files, kept)} - {f.label for f in read}:
        raise DataError(
            f"no image of class {', '.join(sorted(map(str, lost)))} can be read",
            file=root,
        )
    files = read
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
        rows=np.flatnonzero(kept),
        columns={
            key: np.asarray(value)[kept] for key, value in (columns or {}).items()
        },
        skipped=tuple(reader.skipped),
        **known,
    )


def find_below(root, names, levels=2, *, itself=True):
    """Return the first file or folder called one of ``names``, or None.

    Looks at ``root`` itself (unless told otherwise), then at most ``levels`` folders
    down, nearest first; case does not matter.
    """
    root = Path(root)
    wanted = {name.lower() for name in names}
    if itself and root.name.lower() in wanted:
        return root
    level = [root]
    for _ in range(levels + 1):
        below = [p for folder in level if folder.is_dir() for p in _listed(folder)]
        for path in below:
            if path.name.lower() in wanted:
                return path
        level = below
    return None


def _listed(folder):
    try:
        return sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError:
        return []

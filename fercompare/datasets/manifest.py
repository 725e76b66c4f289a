"""A csv that lists anyone's images, or holds their pixels."""

import math
import os
from pathlib import Path

import numpy as np

from fercompare.datasets.base import PARTS, Dataset
from fercompare.datasets.files import ImageFile, from_files
from fercompare.datasets.folders import PART_NAMES, class_names
from fercompare.datasets.pixel_csv import read_pixel_csv
from fercompare.datasets.votes import read_small_csv
from fercompare.errors import DataError, DataNotFound
from fercompare.images import as_stack
from fercompare.labels import canonical, in_order


def load_csv(root, reader, *, label_names=None):
    """Load the images that a csv names, a row each.

    The header names the columns: ``path`` (relative to the csv) or ``pixels`` (numbers
    from 0 to 255, a square image), ``label``, and if known ``split`` and ``subject``.

    Parameters
    ----------
    root : Path
        The csv, or a folder with exactly one.
    reader : ImageReader
    label_names : dict, optional
        ``{label in the file: class}``; needed where labels are numbers.
    """
    path = _the_csv(Path(root))
    with open(path, "rb") as stream:
        header = stream.readline(65536).decode("latin-1").lower()
    names = [name.strip().strip('"') for name in header.lstrip("ï»¿").split(",")]
    sources = {"path", "pixels"} & set(names)
    if "label" not in names or not sources or len(set(names)) < len(names):
        raise DataError(
            f"the header is {header.strip()[:80]!r}",
            file=path,
            row=1,
            remedy="it must name the columns path (or pixels) and label, each once",
        )
    to_class = class_names(label_names)
    if "pixels" in names:
        return _from_pixels(path, reader, to_class)
    return _from_paths(path, reader, names, to_class)


def _the_csv(root):
    if root.is_file():
        return root
    found = sorted(root.glob("*.csv"))
    if len(found) != 1:
        raise DataNotFound(
            f"holds {len(found)} csv files", file=root, remedy="name the one to read"
        )
    return found[0]


def _label(text, to_class, path, row):
    text = text.strip()
    label = to_class.get(text) or canonical(text) or text
    if not label or (label == text and text.isdigit()):
        raise DataError(
            f"the label is {text!r}",
            file=path,
            row=row,
            remedy="say what it means: label_names={'0': 'angry', …}",
        )
    return label


def _part(text, path, row):
    part = PART_NAMES.get(text.strip().lower())
    if part is None:
        raise DataError(
            f"the split is {text!r}",
            file=path,
            row=row,
            remedy=f"use {', '.join(PARTS)}",
        )
    return part


def _subject(text, path, row):
    if text is not None and not text.strip():
        raise DataError("has no subject", file=path, row=row, remedy="name one")
    return text and text.strip()


def _from_paths(path, reader, names, to_class):
    files, home = [], path.parent.resolve()
    for row, cells in read_small_csv(path):
        if row == 1:
            continue
        try:
            if len(cells) != len(names):
                raise DataError(
                    f"has {len(cells)} fields, the header {len(names)}",
                    file=path,
                    row=row,
                )
            record = dict(zip(names, cells))
            named = record["path"].strip().replace("\0", "?")
            image = Path(os.path.realpath(home / named))
            if not image.is_relative_to(home):
                raise DataError(
                    f"names {record['path']!r}, outside the folder of the csv",
                    file=path,
                    row=row,
                    remedy="put the images beside or below the csv",
                )
            label = _label(record["label"], to_class, path, row)
            part = _part(record["split"], path, row) if "split" in record else None
            subject = _subject(record.get("subject"), path, row)
            files.append(ImageFile(image, label, part, subject))
        except DataError as error:
            reader.refuse(error)
    classes = in_order({file.label for file in files})
    return from_files(
        "csv", home, files, classes, reader, notes={"layout": "csv", "file": path.name}
    )


def _from_pixels(path, reader, to_class):
    table = read_pixel_csv(
        path, reader, required=("label", "pixels"), n_pixels=_pixels_a_row(path)
    )
    labels, parts, kept = [], [], []
    splits, subjects = table.fields.get("split"), table.fields.get("subject")
    for k, (text, row) in enumerate(zip(table.fields["label"], table.lines)):
        try:
            label = _label(text, to_class, path, int(row))
            part = _part(splits[k], path, int(row)) if splits else None
            if subjects:
                _subject(subjects[k], path, int(row))
        except DataError as error:
            reader.refuse(error)
            continue
        labels.append(label)
        parts.append(part)
        kept.append(k)
    classes = in_order(set(labels))
    index = {label: k for k, label in enumerate(classes)}
    return Dataset(
        "csv",
        reader.fit_stack(as_stack(table.X[kept])),
        np.array([index[label] for label in labels]),
        classes,
        reader.row_shape,
        split=np.array(parts) if splits else None,
        groups=None if subjects is None else np.array(subjects)[kept],
        rows=table.rows[kept],
        notes={"layout": "csv", "file": path.name},
        skipped=tuple(reader.skipped),
    )


def _pixels_a_row(path):
    with open(path, "rb") as stream:
        names = stream.readline(65536).lower().split(b",")
        cells = stream.readline(65536).split(b",")
    where = [name.strip().strip(b'"') for name in names].index(b"pixels")
    n_pixels = (
        len(cells[where].strip().strip(b'"').split()) if where < len(cells) else 0
    )
    if n_pixels < 4 or math.isqrt(n_pixels) ** 2 != n_pixels:
        raise DataError(
            f"{n_pixels} pixels are no square image",
            file=path,
            row=2,
            remedy="list image files in a column path instead",
        )
    return n_pixels

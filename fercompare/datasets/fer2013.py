"""FER2013: the competition's csv files, and the folders made of them."""

import re

import numpy as np

from fercompare.datasets.base import UNLABELLED, Dataset
from fercompare.datasets.files import find_below
from fercompare.datasets.folders import load_folders
from fercompare.datasets.pixel_csv import REMEDY, read_pixel_csv
from fercompare.datasets.votes import join_votes
from fercompare.errors import DataError, DataNotFound, whole_number
from fercompare.images import as_stack
from fercompare.labels import EMOTIONS

USAGE = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}
TABLES = ("fer2013.csv", "icml_face_data.csv")
NAMED_SPLIT = re.compile(r"^(Training|PublicTest|PrivateTest)_\d+(\.\w+)$", re.I)
PIXELS = (48, 48)


def load_fer2013(root, reader, *, unlabelled=False):
    """Load FER2013 from the csv, ``icml_face_data.csv``, ``train.csv`` or folders.

    ``root`` is a folder that holds one of them, or the csv itself; where there are
    several, the first of that list counts. ``Training`` is the part ``train``,
    ``PublicTest`` is ``val`` and ``PrivateTest`` is ``test``.

    Parameters
    ----------
    root : Path
    reader : ImageReader
    unlabelled : bool, default=False
        Add the rows of ``test.csv``, which have no labels (``y`` is -1).
    """
    if table := _table(root, TABLES):
        return _from_table(table, reader)
    if train := _table(root, ("train.csv",)):
        return _from_contest(train, reader, unlabelled)
    if folder := find_below(root, ("train", "training"), itself=False):
        return _from_folders(folder.parent, reader)
    raise DataNotFound(
        f"holds none of {', '.join(TABLES)}, train.csv, and no folder train",
        file=root,
    )


def to_label(text, path, line, reader, n_classes=7):
    """Return the number in a label field, or None where the row is left out."""
    label = whole_number(text, n_classes - 1)
    if label is not None:
        return label
    reader.refuse(
        DataError(
            f"the label is {text[:20]!r}, expected 0 to {n_classes - 1}",
            file=path,
            row=int(line),
            remedy=REMEDY,
        )
    )
    return None


def to_part(text, path, line, reader):
    """Return the part that a ``Usage`` field names, or None."""
    if text in USAGE:
        return USAGE[text]
    reader.refuse(
        DataError(
            f"the usage is {text[:20]!r}, expected one of {', '.join(USAGE)}",
            file=path,
            row=int(line),
            remedy=REMEDY,
        )
    )
    return None


def labelled_rows(table, path, reader, n_classes=7):
    """Return mask, labels and parts of the rows whose fields are sound."""
    usages = table.fields.get("usage")
    labels, parts = [], []
    for k, (text, line) in enumerate(zip(table.fields["emotion"], table.lines)):
        label = to_label(text, path, line, reader, n_classes)
        part = to_part(usages[k], path, line, reader) if usages else "train"
        labels.append(label if part is not None else None)
        parts.append(part)
    sound = np.array([label is not None for label in labels], dtype=bool)
    y = np.array([label for label in labels if label is not None], dtype=np.int64)
    return sound, y, np.array([p for p, s in zip(parts, sound) if s])


def _table(root, names):
    found = find_below(root, names, levels=1)
    if found is not None and found.is_dir():
        found = find_below(found, names, levels=0, itself=False)
    return found


def _from_table(path, reader):
    table = read_pixel_csv(path, reader, required=("emotion", "pixels", "usage"))
    sound, y, split = labelled_rows(table, path, reader)
    X = table.X if sound.all() else table.X[sound]
    rows = table.rows[sound]
    return Dataset(
        "fer2013",
        reader.fit_stack(as_stack(X, PIXELS)),
        y,
        EMOTIONS,
        reader.row_shape,
        split=split,
        rows=rows,
        columns={name: v[sound] for name, v in join_votes(path, table).items()},
        notes={"layout": "csv", "file": path.name},
        skipped=tuple(reader.skipped),
    )


def _from_contest(path, reader, unlabelled):
    table = read_pixel_csv(path, reader, required=("emotion", "pixels"))
    sound, y, split = labelled_rows(table, path, reader)
    X, rows = table.X[sound], table.rows[sound]
    notes = {"layout": "contest", "file": path.name}
    if unlabelled:
        beside = path.with_name("test.csv")
        more = read_pixel_csv(beside, reader, required=("pixels",))
        X = np.concatenate([X, more.X])
        y = np.concatenate([y, np.full(len(more.X), UNLABELLED)])
        split = np.concatenate([split, np.full(len(more.X), "test")])
        rows = np.concatenate([rows, table.n_records + more.rows])
        notes["file"] += f", {beside.name}"
    return Dataset(
        "fer2013",
        reader.fit_stack(as_stack(X, PIXELS)),
        y,
        EMOTIONS,
        reader.row_shape,
        split=split,
        rows=rows,
        notes=notes,
        skipped=tuple(reader.skipped),
    )


def _from_folders(root, reader):
    dataset = load_folders(
        root,
        reader,
        name="fer2013",
        label_names=dict(enumerate(EMOTIONS)),
        split_of=_part_in_the_name,
        refuse_copies=True,
    )
    named = NAMED_SPLIT.match(dataset.paths[0].rsplit("/", 1)[-1])
    dataset.notes["layout"] = "folders"
    if "val" not in dataset.part_sizes() and not named:
        dataset.notes["test"] = "PublicTest and PrivateTest together: file names differ"
    return dataset


def _part_in_the_name(name):
    if found := NAMED_SPLIT.match(name):
        return {usage.lower(): part for usage, part in USAGE.items()}[found[1].lower()]
    return None

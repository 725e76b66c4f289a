"""FER+: the images of FER2013 with the votes of ten viewers."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from fercompare.datasets.base import Dataset
from fercompare.datasets.fer2013 import PIXELS, TABLES, USAGE, to_part
from fercompare.datasets.files import ImageFile, find_below, from_files
from fercompare.datasets.pixel_csv import read_pixel_csv
from fercompare.datasets.votes import (
    N_EMOTIONS,
    TABLE,
    VOTES,
    label_votes,
    read_small_csv,
    read_votes,
    to_votes,
    vote_columns,
    votes_by_row,
)
from fercompare.errors import DataError, DataNotFound
from fercompare.images import as_stack
from fercompare.labels import EMOTIONS_WITH_CONTEMPT, canonical

PUBLISHED_ORDER = tuple(canonical(word) for word in VOTES[:N_EMOTIONS])
FOLDERS = {"FER2013Train": "train", "FER2013Valid": "val", "FER2013Test": "test"}


def load_ferplus(root, reader, *, mode="majority", contempt=True, labels_from=None):
    """Load FER+ from ``fer2013new.csv`` or from the folders with ``label.csv``.

    The training part is labelled by ``mode``; validation and test always by majority,
    as published. Images that the rule discards are left out; ``notes`` says how many
    remain. ``votes`` holds the distribution that the rule makes, ``y`` its largest
    class, and the column ``raw_votes`` the ten votes as they were cast.

    Parameters
    ----------
    root : Path
        Holds ``fer2013new.csv`` next to ``fer2013.csv`` (or to the folders of images
        that FER+'s script makes), or those folders with a ``label.csv`` in each.
    reader : ImageReader
    mode : {"majority", "probability", "crossentropy", "multi_target", "votes"}
    contempt : bool, default=True
        Eight classes; without, the votes for contempt are not counted and an image
        whose label it is, is left out.
    labels_from : {"fer2013new", "label"}, optional
        Which votes to take where both are there; by default the former, which
        differ for 1,602 images.
    """
    root = Path(root)
    table = find_below(root, (TABLE,), levels=1)
    folders = find_below(root, ("FER2013Train",), itself=False)
    if labels_from not in (None, "fer2013new", "label"):
        raise DataError(f"labels_from={labels_from!r} is neither fer2013new nor label")
    if table is not None and labels_from != "label":
        images = _from_table(root, table, folders, reader)
    elif folders is not None and labels_from != "fer2013new":
        images = _from_folders(root, folders.parent, reader)
    else:
        raise DataNotFound(f"holds no {TABLE} and no folder FER2013Train", file=root)
    return _label(images, mode, contempt)


def _from_table(root, table, folders, reader):
    usages, names, votes = read_votes(table)
    homes = (root, root.parent / "fer2013", root.parent)
    found = (find_below(home, TABLES, levels=0) for home in homes)
    pixels = next((path for path in found if path is not None), None)
    if pixels is None and folders is None:
        raise DataNotFound(
            f"holds {TABLE}, but neither {TABLES[0]} nor a folder FER2013Train",
            file=root,
            remedy=f"put {TABLES[0]} next to {TABLE}",
        )
    if pixels is None:
        parts = np.array([_part(usage, table, k) for k, usage in enumerate(usages)])
        home = {part: folders.parent / folder for folder, part in FOLDERS.items()}
        named = np.flatnonzero(names != "")
        files = [
            ImageFile(
                home[parts[k]] / _file_name(names[k], table, k + 2), None, parts[k]
            )
            for k in named
        ]
        return _images(root, files, votes[named], reader, table.name)
    return _from_pixels(pixels, table, reader)


def _part(usage, table, k):
    if usage not in USAGE:
        raise DataError(
            f"the usage is {usage[:20]!r}, expected one of {', '.join(USAGE)}",
            file=table,
            row=k + 2,
        )
    return USAGE[usage]


def _from_pixels(path, table, reader):
    images = read_pixel_csv(path, reader, required=("pixels", "usage"))
    votes = votes_by_row(path, images, table)
    parts = [
        to_part(usage, path, line, reader)
        for usage, line in zip(images.fields["usage"], images.lines)
    ]
    sound = np.array([part is not None for part in parts], dtype=bool)
    X = images.X if sound.all() else images.X[sound]
    return Dataset(
        "ferplus",
        reader.fit_stack(as_stack(X, PIXELS)),
        np.full(sound.sum(), -1),
        EMOTIONS_WITH_CONTEMPT,
        reader.row_shape,
        split=np.array([part for part in parts if part is not None]),
        rows=images.rows[sound],
        columns=vote_columns(votes[sound]),
        notes={"layout": "csv", "images": path.name, "labels": table.name},
        skipped=tuple(reader.skipped),
    )


def _file_name(name, table, row):
    if Path(name).name != name or name in ("", ".", "..") or "\0" in name:
        raise DataError(f"{name[:40]!r} is no file name", file=table, row=int(row))
    return name


def _from_folders(root, home, reader):
    files, votes = [], []
    for folder, part in FOLDERS.items():
        labels = home / folder / "label.csv"
        for number, cells in read_small_csv(labels):
            if len(cells) != 12:
                raise DataError(
                    f"has {len(cells)} fields, expected a name, a box and ten votes",
                    file=labels,
                    row=number,
                )
            name = _file_name(cells[0], labels, number)
            files.append(ImageFile(home / folder / name, None, part))
            votes.append(to_votes(cells[2:], labels, number))
    return _images(root, files, np.array(votes).reshape(-1, 10), reader, "label.csv")


def _images(root, files, votes, reader, labels):
    """Read the files; of rows with one name the last, whose image the file shows.

    FER+ gave four names twice within a part, so that its script wrote one image over
    the other.
    """
    last = {file.path: k for k, file in enumerate(files)}
    chosen = sorted(last.values())
    notes = {"layout": "folders", "images": ", ".join(FOLDERS), "labels": labels}
    if len(chosen) < len(files):
        notes["lost"] = (
            f"{len(files) - len(chosen)} rows whose file shows another image"
        )
    return from_files(
        "ferplus",
        root,
        [files[k] for k in chosen],
        EMOTIONS_WITH_CONTEMPT,
        reader,
        columns=vote_columns(votes[chosen]),
        notes=notes,
    )


def _label(images, mode, contempt):
    votes = images.columns["raw_votes"]
    targets = label_votes(votes, "majority")
    in_training = images.split == "train"
    targets[in_training] = label_votes(votes[in_training], mode)
    order = [PUBLISHED_ORDER.index(name) for name in EMOTIONS_WITH_CONTEMPT]
    kept = targets.any(axis=1)
    # argmax in the published order, where a tie goes to the emotion that comes first
    y = np.array([order.index(k) for k in range(len(order))])[targets.argmax(axis=1)]
    dataset = replace(
        images,
        y=y,
        votes=targets[:, order].astype(np.float32),
        notes=images.notes | {"mode": mode},
    ).take(kept)
    if not contempt:
        dataset = dataset.relabel("emotions7")
    sizes = ", ".join(f"{part} {n}" for part, n in dataset.part_sizes().items())
    dataset.notes["rows kept"] = sizes
    return dataset

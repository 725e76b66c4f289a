"""CK+: the 48-pixel crops, the official tree, and the csv that circulates."""

import re
from pathlib import Path

import numpy as np

from fercompare.datasets.base import Dataset
from fercompare.datasets.fer2013 import PIXELS, labelled_rows
from fercompare.datasets.files import ImageFile, find_below, from_files, walk_images
from fercompare.datasets.pixel_csv import read_pixel_csv
from fercompare.errors import DataError, DataNotFound
from fercompare.images import as_stack
from fercompare.labels import EMOTIONS_WITH_CONTEMPT, canonical

FRAME = re.compile(r"^(S\d{3})_(\d{3})_(\d{8})\.png$", re.IGNORECASE)
OFFICIAL = (
    *("neutral", "angry", "contempt", "disgust"),
    *("fear", "happy", "sad", "surprise"),
)


def load_ckplus(root, reader, *, contempt=True, frames=3, neutral=True):
    """Load CK+48, the official CK+ tree, or ``ckextended.csv``, whichever is there.

    Subjects become ``groups``, and the columns ``sequence`` and ``frame`` say which
    film and which picture of it a row is. The csv has no subjects; ``notes`` says so.

    Parameters
    ----------
    root : Path
    reader : ImageReader
    contempt : bool, default=True
        Keep the class that no other set has.
    frames : int, default=3
        How many of the last frames of a labelled sequence of the official tree show
        the emotion; CK+48 took three.
    neutral : bool, default=True
        Take the first frame of those sequences as neutral.
    """
    root = Path(root)
    if images := find_below(root, ("cohn-kanade-images",)):
        dataset = _official(root, images, reader, frames, neutral)
    elif folder := find_below(root, ("CK+48",)):
        dataset = _crops(root, folder, reader)
    elif (table := find_below(root, ("ckextended.csv",))) and table.is_file():
        dataset = _table(table, reader)
    else:
        raise DataNotFound(
            "holds no CK+48, no cohn-kanade-images and no ckextended.csv", file=root
        )
    if contempt or "contempt" not in dataset.classes:
        return dataset
    return dataset.relabel("emotions7")


def _crops(root, folder, reader):
    files, names = [], []
    for path in walk_images(folder, reader):
        name, label = FRAME.match(path.name), canonical(path.parent.name)
        if name is None or label is None:
            reader.refuse(
                DataError(
                    "is not <emotion>/Sxxx_yyy_zzzzzzzz.png",
                    file=path,
                    remedy="take it out",
                )
            )
            continue
        files.append(ImageFile(path, label, group=name[1].upper()))
        names.append(name)
    return _sequences(root, files, names, reader, {"layout": "CK+48"})


def _official(root, images, reader, frames, neutral):
    labels = find_below(root, ("Emotion", "Emotion_labels"))
    if labels is None:
        raise DataNotFound("holds cohn-kanade-images, but no folder Emotion", file=root)
    if frames < 1:
        raise DataError(f"frames={frames} takes no frame of a sequence")
    files, names = [], []
    for path in sorted(labels.rglob("S*_emotion.txt")):
        try:
            emotion = _read_emotion(path)
        except DataError as error:
            reader.refuse(error)
            continue
        home = images.joinpath(*path.relative_to(labels).parts[:-1])
        shots = [p for p in sorted(home.glob("*.png")) if FRAME.match(p.name)]
        if not shots:
            reader.refuse(DataError("labels a sequence without frames", file=path))
            continue
        chosen = [(shot, emotion) for shot in shots[-frames:]]
        if neutral and len(shots) > frames:
            chosen.insert(0, (shots[0], "neutral"))
        for shot, label in chosen:
            names.append(FRAME.match(shot.name))
            files.append(ImageFile(shot, label, group=names[-1][1].upper()))
    return _sequences(root, files, names, reader, {"layout": "official"})


def _read_emotion(path):
    text = path.read_bytes()[:64].decode("latin-1").strip()
    numbers = {float(k): name for k, name in enumerate(OFFICIAL)}
    try:
        return numbers[float(text)]
    except (ValueError, KeyError) as error:
        raise DataError(
            f"holds {text!r}, expected a number from 0 to 7", file=path
        ) from error


def _sequences(root, files, names, reader, notes):
    present = {file.label for file in files}
    return from_files(
        "ckplus",
        root,
        files,
        tuple(name for name in EMOTIONS_WITH_CONTEMPT if name in present),
        reader,
        columns={
            "sequence": np.array([f"{name[1].upper()}_{name[2]}" for name in names]),
            "frame": np.array([int(name[3]) for name in names]),
        },
        notes=notes,
    )


def _table(path, reader):
    table = read_pixel_csv(path, reader, required=("emotion", "pixels", "usage"))
    sound, y, split = labelled_rows(table, path, reader, len(EMOTIONS_WITH_CONTEMPT))
    return Dataset(
        "ckplus",
        reader.fit_stack(as_stack(table.X[sound], PIXELS)),
        y,
        EMOTIONS_WITH_CONTEMPT,
        reader.row_shape,
        split=split,
        rows=table.rows[sound],
        notes={
            "layout": "csv",
            "file": path.name,
            "subjects": "not in this file: one person's frames are in several parts",
        },
        skipped=tuple(reader.skipped),
    )

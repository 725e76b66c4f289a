"""SFEW 2.0: stills from films, as folders, as aligned faces, or as one pickle."""

import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from fercompare.datasets.base import UNLABELLED, Dataset
from fercompare.datasets.files import ImageFile, from_files, walk
from fercompare.datasets.folders import PART_NAMES
from fercompare.datasets.pickled_images import read_pickled_images
from fercompare.decoding import is_image
from fercompare.errors import DataError, DataNotFound
from fercompare.labels import EMOTIONS, canonical

FRAME = re.compile(r"(.+)_\d{9}_\d{8}$")
"""Film, time code, number: ``HarryPotter_Deathly_Hallows_1_005528520_00000026``."""
MOST_LEVELS = 3
FEWEST_CLASSES = 5
PICKLES = (".pckl", ".pkl", ".pickle")


def load_sfew(root, reader, *, aligned=True, unlabelled=False, label_names=None):
    """Load ``train`` and ``val``, and ``test`` where somebody has its labels.

    Films become ``groups`` where the files still have the names they came with.

    Parameters
    ----------
    root : Path
        Folder with ``Train`` and ``Val`` in it, or ``Train_Aligned_Faces`` and
        ``Val_Aligned_Faces``, or ``SFEW.pckl``; or that file itself.
    reader : ImageReader
    aligned : bool, default=True
        Take the folders that are called aligned; else only the others, which hold
        whole pictures. A pickle does not say what it holds.
    unlabelled : bool, default=False
        Take test pictures without a label, too.
    label_names : sequence of str, optional
        The emotions in the order of the numbers that a pickle may have for labels.
        What else a pickle must look like, `read_pickled_images` says.
    """
    root = Path(root)
    files = [root] if root.is_file() else walk(root, reader)[0]
    images = [path for path in files if is_image(path)]
    holders = _class_holders(root, images)
    if chosen := _choose(root, holders, aligned):
        return _load_folders(root, reader, images, holders, chosen, unlabelled)
    pickles = [path for path in files if path.suffix.lower() in PICKLES]
    pickles = [path for path in pickles if path.stem.lower() == "sfew"] or pickles
    if len(pickles) == 1:
        return _load_pickle(pickles[0], reader, unlabelled, label_names)
    if holders:
        names = ", ".join(sorted(f.relative_to(root).as_posix() for f in holders))
        raise DataNotFound(
            f"has no folder of emotions that is{'' if aligned else ' not'} aligned",
            file=root,
            remedy=f"pass aligned={not aligned} to load {names}",
        )
    raise DataNotFound(
        f"holds {len(pickles)} pickles, and at most {MOST_LEVELS} levels down no "
        f"folder with {FEWEST_CLASSES} emotions or more",
        file=root,
        remedy="put Train_Aligned_Faces and Val_Aligned_Faces there, or SFEW.pckl",
    )


def _class_holders(root, images):
    """Return ``{folder: {name of a folder in it: images}}`` for folders of emotions."""
    holders = defaultdict(lambda: defaultdict(list))
    for path in images:
        if 2 <= len(path.relative_to(root).parts) <= MOST_LEVELS + 2:
            holders[path.parent.parent][path.parent.name].append(path)
    return {
        folder: classes
        for folder, classes in holders.items()
        if len({canonical(name) for name in classes} - {None}) >= FEWEST_CLASSES
    }


def _choose(root, holders, aligned):
    """Return ``{part: folder}`` for the folders that are called aligned, or are not."""
    chosen = {}
    for folder in sorted(f for f in holders if _is_aligned(root, f) == aligned):
        part = _part(root, folder)
        if part is None:
            raise DataError("is of no part, neither train nor val", file=folder)
        if part in chosen:
            found = f"holds the part {part}, and so does {chosen[part].name}"
            raise DataError(found, file=folder, remedy="take one of them out")
        chosen[part] = folder
    return chosen


def _part(root, folder):
    for name in reversed(folder.relative_to(root).parts):
        for word in re.split(r"[\W_]+", name.lower()):
            if word in PART_NAMES:
                return PART_NAMES[word]
    return None


def _is_aligned(root, folder):
    return "aligned" in folder.relative_to(root).as_posix().lower()


def _load_folders(root, reader, images, holders, chosen, unlabelled):
    aligned = _is_aligned(root, next(iter(chosen.values())))
    notes = {"layout": "aligned folders" if aligned else "folders"}
    files = [
        file
        for part, folder in chosen.items()
        for file in _labelled(folder, holders[folder], part, reader)
    ]
    others = [
        path
        for path in images
        if path.parent.parent not in holders
        and _part(root, path.parent) == "test"
        and _is_aligned(root, path.parent) == aligned
    ]
    if unlabelled:
        files += [ImageFile(p, None, "test", _film(p) or "unknown") for p in others]
    elif others:
        notes["unlabelled"] = f"{len(others)} test images left out"
    if nameless := sum(file.group is None for file in files):
        notes["groups"] = f"none, since {nameless} file names do not tell the film"
    return from_files("sfew", root, files, EMOTIONS, reader, notes=notes)


def _labelled(folder, classes, part, reader):
    files = []
    for name, paths in classes.items():
        if (label := canonical(name)) in EMOTIONS:
            files += [ImageFile(path, label, part, _film(path)) for path in paths]
        else:
            reader.refuse(DataError("is no emotion of SFEW", file=folder / name))
    for label in EMOTIONS:
        if not any(file.label == label for file in files):
            found = f"holds no image of the class {label}"
            reader.refuse(DataError(found, file=folder, remedy="get the set again"))
    return files


def _film(path):
    found = FRAME.match(path.stem)
    return found[1] if found else None


def _load_pickle(path, reader, unlabelled, label_names):
    X, labels, parts = read_pickled_images(path, reader, label_names)
    if strangers := sorted(set(labels) - {*EMOTIONS, None}):
        raise DataError(f"has the class {', '.join(strangers)}", file=path)
    notes = {
        "layout": "pickle",
        "file": path.name,
        "groups": "none, since the pickle does not tell the film",
    }
    if None in parts:
        notes["split"] = "none, since the pickle names no parts"
    index = {label: k for k, label in enumerate(EMOTIONS)} | {None: UNLABELLED}
    dataset = Dataset(
        "sfew",
        X,
        np.array([index[label] for label in labels], dtype=int),
        EMOTIONS,
        reader.row_shape,
        split=None if None in parts else np.array(parts, dtype=str),
        notes=notes,
        skipped=tuple(reader.skipped),
    )
    if unlabelled or dataset.labelled.all():
        return dataset
    notes["unlabelled"] = f"{int(np.sum(~dataset.labelled))} images left out"
    return dataset.take(dataset.labelled)

"""JAFFE: ten women, seven posed expressions, and what sixty viewers saw in them."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fercompare.datasets.files import ImageFile, find_below, from_files, walk
from fercompare.datasets.ratings import RATED, find_ratings
from fercompare.decoding import is_image
from fercompare.errors import DataError, DataNotFound
from fercompare.labels import EMOTIONS

EXPRESSIONS = {
    "AN": "angry",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happy",
    "NE": "neutral",
    "SA": "sad",
    "SU": "surprise",
}
FOLDERS = ("jaffe", "jaffedbase", "jaffeimages")
NAME = re.compile(
    r"[\W_]*(KA|KL|KM|KR|MK|NA|NM|TM|UY|YM)"
    r"[\W_]*(AN|DI|FE|HA|NE|SA|SU)[\W_]*(\d?)[\W_]+(\d{1,3})[\W_]*(TIFF?[\W_]*)?"
)
"""Subject, expression, repeat, picture: ``KA.AN1.39``, with more or other dots."""


def load_jaffe(root, reader, *, ratings="auto"):
    """Load JAFFE with subjects as ``groups`` and, where they are known, the votes.

    The label is the expression that was asked for. The viewers' means are kept as
    they are in the column ``ratings``, in the order of `RATED`; `votes_of` says how
    they become votes. The column ``picture`` is the number in the name of the file.

    Parameters
    ----------
    root : Path
        Folder with the pictures, or with a folder ``jaffe`` or ``jaffedbase`` of
        them, and with ``README_FIRST.txt`` or an Excel copy of it in either.
    reader : ImageReader
    ratings : {"auto", True, False}, default="auto"
        Whether there must be ratings. With ``"auto"`` there need not be, and ``notes``
        says why there are none; a table with a fault in it is an error all the same.
    """
    if ratings not in ("auto", True, False):
        raise DataError(f"ratings={ratings!r} is none of 'auto', True and False")
    root = Path(root)
    home = find_below(root, FOLDERS, levels=1) or root
    files, _ = walk(home, reader)
    poses = _poses([path for path in files if is_image(path)], reader)
    if not poses:
        raise DataNotFound(
            "holds no picture of JAFFE", file=root, remedy="expected KA.AN1.39.tiff, …"
        )
    if home != root:
        files += sorted(p for p in root.iterdir() if p.is_file() and not p.is_symlink())
    table, notes = _ratings(root, files, ratings)
    columns = {}
    if table is not None:
        source = root / notes["ratings"]
        poses = [pose for pose in poses if _is_rated(pose, table, source, reader)]
        columns["ratings"] = np.array([table[pose.picture].means for pose in poses])
    columns["picture"] = np.array([pose.picture for pose in poses])
    dataset = from_files(
        "jaffe",
        root,
        [ImageFile(pose.path, pose.label, group=pose.subject) for pose in poses],
        EMOTIONS,
        reader,
        columns=columns,
        notes={"layout": "pictures", **notes},
    )
    if table is None:
        return dataset
    return replace(dataset, votes=votes_of(dataset.columns["ratings"]))


def votes_of(ratings):
    """Return the shares of the seven emotions in means of six, from 1 to 5.

    A mean is an intensity, ``(mean - 1) / 4``. Viewers were not asked for neutral; it
    is as intense as the strongest of the six is missing from 1. The seven are then
    scaled to add up to 1. So these are shares of intensity, not of viewers.

    Parameters
    ----------
    ratings : ndarray of shape (n, 6)
        In the order of `RATED`.

    Returns
    -------
    ndarray of shape (n, 7), float32
        In the order of `fercompare.labels.EMOTIONS`.

    Examples
    --------
    >>> import numpy as np
    >>> votes_of(np.array([[5, 1, 1, 1, 1, 1], [1, 1, 1, 1, 2, 2]])).round(2)
    array([[0. , 0. , 0. , 1. , 0. , 0. , 0. ],
           [0. , 0.2, 0.2, 0. , 0. , 0. , 0.6]], dtype=float32)
    """
    strength = (np.asarray(ratings, dtype=float) - 1) / 4
    votes = np.zeros((len(strength), len(EMOTIONS)))
    votes[:, [EMOTIONS.index(name) for name in RATED]] = strength
    votes[:, EMOTIONS.index("neutral")] = 1 - strength.max(axis=1)
    return (votes / votes.sum(axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True)
class _Pose:
    path: Path
    subject: str
    expression: str
    repeat: str
    picture: int

    @property
    def label(self):
        return EXPRESSIONS[self.expression]


def _poses(paths, reader):
    """Return what the names say, leaving out and refusing those that say too little."""
    poses = {}
    for path in paths:
        try:
            pose = _pose(path)
            if other := poses.get(pose.picture):
                raise DataError(
                    f"is picture {pose.picture}, as {other.path.name} is",
                    file=path,
                    remedy="take one of them out",
                )
            poses[pose.picture] = pose
        except DataError as error:
            reader.refuse(error)
    return list(poses.values())


def _pose(path):
    found = NAME.fullmatch(path.stem.upper())
    if found and (found[3] or len(found[4]) > 1):
        return _Pose(path, found[1], found[2], found[3], int(found[4]))
    raise DataError(
        "has a name that does not tell subject, expression and number",
        file=path,
        remedy="rename it to the pattern KA.AN1.39.tiff, or take it out",
    )


def _ratings(root, files, wanted):
    """Return the table and a note of its file, or None and a note why."""
    if wanted is False:
        return None, {"ratings": "not asked for"}
    try:
        path, table = find_ratings([path for path in files if not is_image(path)])
    except DataError as error:
        if wanted == "auto" and isinstance(error.__cause__, ImportError):
            return None, {"ratings": f"none: {error}"}
        raise
    if table is not None:
        return table, {"ratings": path.relative_to(root).as_posix()}
    found = "holds no README_FIRST.txt and no other table HAP SAD SUR ANG DIS FEA PIC"
    if wanted == "auto":
        return None, {"ratings": f"none: {root.name} {found}"}
    raise DataNotFound(found, file=root, remedy="put it there, or pass ratings=False")


def _is_rated(pose, table, source, reader):
    rating = table.get(pose.picture)
    if rating is None:
        found, row = f"has no row for picture {pose.picture}, {pose.path.name}", None
    elif (rating.subject, rating.expression) != (pose.subject, pose.expression) or (
        pose.repeat not in ("", rating.repeat)
    ):
        name = f"{rating.subject}-{rating.expression}{rating.repeat}"
        found, row = f"rates {name}, but that file is {pose.path.name}", rating.row
    else:
        return True
    remedy = "get both from the same place, or pass ratings=False"
    reader.refuse(DataError(found, file=source, row=row, remedy=remedy))
    return False

"""What became of one picture of a folder in which faces were cut out."""

import csv
import io
from dataclasses import asdict, dataclass

from fercompare.containers.archive import write_whole
from fercompare.datasets.folders import UNREADABLE

ALIGNED, WHOLE = "aligned", "whole picture"


@dataclass(frozen=True)
class Prepared:
    """What became of one picture.

    Attributes
    ----------
    file, written : str
        Below the folder that was read and the one that was written; ``written`` is
        empty where nothing was.
    faces : int
        How many were found; the largest that the detector is sure of was taken.
    done : str
        "aligned", "whole picture" or "unreadable".
    left, top, right, bottom, score, roll : float or None
        Of the face that was taken, in pixels and degrees.
    why : str
        Of a picture that is unreadable.

    Examples
    --------
    >>> Prepared("happy/one.jpg", why="is empty").done
    'unreadable'
    """

    file: str
    written: str = ""
    faces: int = 0
    done: str = UNREADABLE
    left: float | None = None
    top: float | None = None
    right: float | None = None
    bottom: float | None = None
    score: float | None = None
    roll: float | None = None
    why: str = ""


def write_table(path, prepared):
    """Write csv of one row a picture."""
    text = io.StringIO(newline="")
    fields = list(Prepared.__dataclass_fields__)
    writer = csv.DictWriter(text, fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, prepared))
    write_whole(path, [text.getvalue().encode(errors="backslashreplace")])

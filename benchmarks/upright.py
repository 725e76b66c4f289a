"""An arm of a study whose faces are cut out upright, on the rows of another.

The pictures of the rows that train and report are written to a folder and go through
what `fercompare data align` does. They keep their row numbers, so that a trial with
alignment and one without are compared image by image.
"""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from reference import Arm

from fercompare.datasets.folders import TABLE, UNFINISHED
from fercompare.decoding import decode
from fercompare.drawing import save_picture
from fercompare.faces.detectors import make_detector
from fercompare.faces.folders import Alignment, align_folder
from fercompare.faces.prepared import ALIGNED

DETECTOR = "best"
FOLDER = Path(__file__).parents[1] / "data" / "fer2013-aligned"
DIGITS = 12


@dataclass(frozen=True)
class UprightArm(Arm):
    """An arm of the same images with their faces cut out upright.

    Attributes
    ----------
    folder : Path
        Where they are kept.
    """

    folder: Path = FOLDER

    def load(self, root):
        """Return its data set."""
        return upright(super().load(root), self.folder)


def upright(data, folder=FOLDER):
    """Return a data set of the same rows with their faces cut out upright.

    Parameters
    ----------
    data : Dataset
        Its validation part is left out.
    folder : path
        Keeps pictures and faces, apart for other rows or detectors; what is there is
        not made again, and a run that was stopped goes on.

    Returns
    -------
    Dataset
        Its note ``aligned`` says how many faces were found.
    """
    data = data.take(data.split != "val")
    detector = make_detector(DETECTOR)
    home = Path(folder, f"{data.fingerprint[:DIGITS]}-{detector.name}")
    pictures, faces = home / "pictures", home / "faces"
    if not (faces / TABLE).is_file() or (faces / UNFINISHED).exists():
        for row, image in zip(data.rows, data.images):
            if not (pictures / f"{row}.png").exists():
                save_picture(image, pictures / f"{row}.png")
        align_folder(pictures, faces, Alignment(detector, data.image_shape))
    with open(faces / TABLE, newline="") as stream:
        n_found = sum(line["done"] == ALIGNED for line in csv.DictReader(stream))
    X = np.stack([decode(faces / f"{row}.png").ravel() for row in data.rows])
    told = f"{n_found:,} faces found in {len(X):,} pictures by {detector.name}"
    return replace(data, X=X, paths=None, notes=data.notes | {"aligned": told})

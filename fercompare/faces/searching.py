"""Pictures and films from files, the faces in them, and what a model sees in those."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from fercompare.datasets.files import walk
from fercompare.decoding import MOST_PIXELS_TO_SEARCH, ImageReader, decode, is_image
from fercompare.errors import DataError, DataNotFound

FILM_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm"),
    *(".mpg", ".mpeg", ".wmv", ".flv", ".ts", ".ogv"),
)


class Looked(NamedTuple):
    """What was found in one picture.

    Attributes
    ----------
    file : Path
    frame : int or None
        Which of a film, from 0; None of a still picture.
    seconds : float or None
        When in a film.
    picture : uint8 array of shape (h, w) or (h, w, 3)
    faces : list of Face
    probabilities : float32 array of shape (n_faces, n_classes)
    """

    file: Path
    frame: int | None
    seconds: float | None
    picture: np.ndarray
    faces: list
    probabilities: np.ndarray


def is_film(path):
    """Tell by its name whether a file should be a film.

    Examples
    --------
    >>> is_film("party.MP4"), is_film("party.jpg")
    (True, False)
    """
    return Path(path).suffix.lower() in FILM_SUFFIXES


def find_files(paths, failed):
    """Return the files among paths, and the pictures and films below the folders.

    Parameters
    ----------
    paths : list of path
    failed : list
        Takes the `DataError` of each thing in the folders that is passed over.
    """
    files = []
    for path in map(Path, paths):
        if not path.is_dir():
            files.append(path)
            continue
        reader = ImageReader(on_error="skip")
        found, _ = walk(path, reader)
        inside = [file for file in found if is_image(file) or is_film(file)]
        failed += reader.skipped
        if not inside:
            failed.append(DataNotFound("holds no pictures and no films", file=path))
        files += inside
    return files


def look_through(files, detector, recognizer, failed):
    """Yield a `Looked` for every picture, and for every frame of a film.

    Parameters
    ----------
    files : list of path
    detector : object
        From `make_detector`.
    recognizer : Recognizer
    failed : list
        Takes the `DataError` of each file that cannot be read, or only in part.

    Examples
    --------
    >>> from fercompare.faces.detectors import make_detector
    >>> from fercompare.faces.recognition import Recognizer
    >>> failed = []
    >>> list(look_through(["no.png"], make_detector(), Recognizer(), failed))
    []
    >>> print(failed[0])
    no.png: cannot be read (No such file or directory)
    """
    for file in map(Path, files):
        try:
            for frame, seconds, picture in _pictures(file):
                faces = detector.detect(picture)
                shares = recognizer.look(picture, faces)
                yield Looked(file, frame, seconds, picture, faces, shares)
        except DataError as error:
            failed.append(error)


def _pictures(file):
    if not is_film(file):
        yield None, None, decode(file, MOST_PIXELS_TO_SEARCH)
        return
    from fercompare.faces.films import Film

    with Film(file) as film:
        yield from film

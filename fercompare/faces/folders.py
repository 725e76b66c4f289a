"""A folder of pictures made into a folder of aligned faces, one of each."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

from fercompare.datasets.files import walk_images
from fercompare.datasets.folders import TABLE, WITHOUT_FACE
from fercompare.decoding import MOST_PIXELS_TO_SEARCH, ImageReader, decode, fit
from fercompare.drawing import save_picture
from fercompare.errors import DataError
from fercompare.faces.align import MARGIN, align, roll
from fercompare.faces.detectors import options_of
from fercompare.faces.journal import Journal, alone_in
from fercompare.faces.prepared import ALIGNED, WHOLE, Prepared, write_table
from fercompare.terminal import track


@dataclass(frozen=True)
class Alignment:
    """How faces are cut out.

    Attributes
    ----------
    detector : object
        From `make_detector`.
    image_shape : tuple of int
        ``(h, w)``, or ``(h, w, 3)`` for colour.
    margin : float
        See `fercompare.faces.align.align`.
    level : bool
        See there.
    """

    detector: object
    image_shape: tuple = (48, 48)
    margin: float = MARGIN
    level: bool = True

    def settings(self):
        """Return what decides what is written, as json has it."""
        return {
            "detector": self.detector.name,
            **{
                name: _plain(value) for name, value in options_of(self.detector).items()
            },
            "image_shape": list(self.image_shape),
            "margin": self.margin,
            "level": self.level,
        }


def align_folder(source, target, how):
    """Write the face of every picture below a folder into a folder of the same shape.

    A picture without a face is written whole, so that none is missing from a score. A
    run that was stopped goes on where it was; files that changed meanwhile are done
    again. Beside the pictures, which are png, ``faces.csv`` says what became of each
    file, and ``without-a-face.csv`` holds those of its rows in which no face was found.

    Parameters
    ----------
    source, target : path
        ``target`` is new, empty, or of a run that was stopped.
    how : Alignment

    Returns
    -------
    prepared : list of Prepared
        One a file, in their order.
    refused : list of DataError
        Things in ``source`` that were passed over.

    Raises
    ------
    DataError
        If ``target`` holds something else, or another run is writing it.
    """
    source, target = Path(source), Path(target)
    _check_apart(source, target)
    reader = ImageReader(on_error="skip")
    files = [path.relative_to(source) for path in walk_images(source, reader)]
    states = {file.as_posix(): _state(source / file) for file in files}
    settings = {"source": os.fspath(source.resolve())} | how.settings()
    with alone_in(target):
        journal = Journal(target, settings, states)
        names = _names(files, journal.done)
        for file in track(files, "aligning faces"):
            if file.as_posix() not in journal.done:
                journal.add(_prepare(source, target, file, names[file], how))
        prepared = [journal.done[file.as_posix()] for file in files]
        write_table(target / TABLE, prepared)
        without = [one for one in prepared if one.done == WHOLE]
        write_table(target / WITHOUT_FACE, without)
        journal.finish()
    return prepared, reader.skipped


def _prepare(source, target, file, name, how):
    try:
        picture = decode(source / file, MOST_PIXELS_TO_SEARCH)
    except DataError as error:
        return Prepared(file.as_posix(), why=str(error))
    found = how.detector.detect(picture)
    path = target / name
    if not found:
        color = len(how.image_shape) == 3
        save_picture(fit(picture, how.image_shape[:2], color), path)
        return Prepared(file.as_posix(), name.as_posix(), done=WHOLE)
    face = max(found, key=lambda one: one.side**2 * one.score)
    crop = align(picture, face, how.image_shape, margin=how.margin, level=how.level)
    save_picture(crop, path)
    turn = None if face.points is None else round(math.degrees(roll(face)), 2)
    sides = (round(side, 2) for side in face.box)
    return Prepared(
        *(file.as_posix(), name.as_posix(), len(found), ALIGNED),
        *(*sides, round(face.score, 5), turn),
    )


def _names(files, done):
    """Return the name of each file's png, longer where another has it already.

    Names that differ in their case only are one, as some systems hold them for one.
    """
    names = {
        file: Path(done[file.as_posix()].written)
        for file in files
        if file.as_posix() in done
    }
    taken = {name.as_posix().casefold() for name in names.values()}
    for file in files:
        if file in names:
            continue
        name = file.with_suffix(".png")
        while name.as_posix().casefold() in taken:
            name = name.with_name(f"{name.stem}-{file.suffix[1:]}.png")
        names[file] = name
        taken.add(name.as_posix().casefold())
    return names


def _state(path):
    """Return what of a file changes with it: its size and date."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _plain(value):
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _check_apart(source, target):
    if not source.is_dir():
        raise DataError("is no folder", file=source, remedy="name a folder of pictures")
    inner, outer = target.resolve(), source.resolve()
    if inner == outer or outer in inner.parents or inner in outer.parents:
        raise DataError(
            f"lies in {source}, or around it", file=target, remedy="write elsewhere"
        )

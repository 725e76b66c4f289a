"""Faces found in files, printed one row each as they come."""

import csv
import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path

import click

from fercompare.cli.options import Number
from fercompare.errors import printable

PLACES = ("file", "frame", "time", "left", "top", "right", "bottom", "score")


def face_options(command):
    """Add the options by which faces are found and cut out."""
    for option in (
        click.option(
            "--level/--no-level", default=True, help="Whether to turn the eyes level."
        ),
        click.option(
            "--margin",
            type=Number(-0.4, 4),
            default=0.0,
            show_default=True,
            help="More around each face, in shares; 0 is as in FER2013.",
        ),
        click.option(
            "--detector",
            default="best",
            show_default=True,
            help="retinaface, yunet, haar or cascade.",
        ),
    ):
        command = option(command)
    return command


def print_faces(model, paths, form, *, detector, margin, level, annotate=None):
    """Print what a model sees in every face of pictures and films.

    Parameters
    ----------
    model : path
    paths : list of path
    form : {"csv", "json"}
    detector, margin, level
        See `face_options`.
    annotate : path, optional
        Folder of copies with the faces marked.

    Returns
    -------
    is_whole : bool
        Whether all could be read.
    """
    from fercompare.faces.detectors import make_detector
    from fercompare.faces.notice import NOTICE
    from fercompare.faces.recognition import Recognizer
    from fercompare.faces.searching import find_files, look_through

    click.echo(NOTICE, err=True)
    recognizer = Recognizer(model, margin=margin, level=level)
    finder = make_detector(detector)
    click.echo(f"fercompare: faces found by {finder.name}", err=True)
    if not recognizer.has_probabilities:
        click.echo("fercompare: the model has no probabilities: 1 or 0", err=True)
    failed, summary = [], _Summary()
    files = find_files(paths, failed)
    if annotate and Path(annotate).resolve() in {f.parent.resolve() for f in files}:
        raise click.UsageError("--annotate names the folder of the pictures themselves")
    copies = annotate and _Copies(Path(annotate), recognizer.classes)
    with WRITERS[form](recognizer.classes) as write:
        for looked in look_through(files, finder, recognizer, failed):
            summary.note(looked)
            write(list(_rows(looked, recognizer.classes)))
            if copies:
                copies.write(looked)
    summary.finish()
    for error in failed:
        click.echo(f"fercompare: {error}", err=True)
    click.echo(f"{summary.line()}, {len(failed)} unreadable", err=True)
    return not failed


class _Summary:
    """Says on standard error which files hold no face."""

    def __init__(self):
        self.n_pictures = self.n_faces = self.n_without = 0
        self._file, self._frames, self._empty = None, 0, 0

    def note(self, looked):
        if looked.file != self._file:
            self.finish()
            self._file, self._frames, self._empty = looked.file, 0, 0
        self.n_pictures += 1
        self.n_faces += len(looked.faces)
        self.n_without += not looked.faces
        self._frames += 1
        self._empty += not looked.faces

    def finish(self):
        if not self._empty:
            return
        where = f" in {self._empty} of {self._frames} frames" * (self._frames > 1)
        click.echo(f"{printable(str(self._file))}: no face{where}", err=True)
        self._empty = 0

    def line(self):
        return (
            f"{self.n_pictures} pictures, {self.n_faces} faces, "
            f"{self.n_without} pictures without a face"
        )


@contextmanager
def _as_csv(classes):
    """Write rows of csv, those of a picture at once."""
    writer = csv.DictWriter(
        sys.stdout, [*PLACES, "predicted", *classes], lineterminator="\n"
    )
    writer.writeheader()

    def write(rows):
        writer.writerows(rows)
        sys.stdout.flush()

    yield write


@contextmanager
def _as_json(classes):
    """Write a list of records, those of a picture at once; it is closed at the end."""
    before = "[\n"

    def write(rows):
        nonlocal before
        for row in rows:
            click.echo(before + json.dumps(row), nl=False)
            before = ",\n"

    try:
        yield write
    finally:
        click.echo("[]" if before == "[\n" else "\n]")


WRITERS = {"csv": _as_csv, "json": _as_json}


def _rows(looked, classes):
    for face, shares in zip(looked.faces, looked.probabilities):
        file = os.fsencode(looked.file).decode(errors="replace")
        seconds = None if looked.seconds is None else round(looked.seconds, 3)
        places = (*(round(side, 1) for side in face.box), round(face.score, 5))
        row = dict(zip(PLACES, (file, looked.frame, seconds, *places)))
        row["predicted"] = classes[int(shares.argmax())]
        yield row | {name: round(float(v), 5) for name, v in zip(classes, shares)}


class _Copies:
    """Copies of the pictures with their faces marked, in a folder."""

    def __init__(self, folder, classes):
        self._folder, self._classes = folder, classes
        self._stems, self._written = {}, set()
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, looked):
        from fercompare.drawing import annotate, save_picture

        labels = [
            f"{self._classes[int(shares.argmax())]} {shares.max():.0%}"
            for shares in looked.probabilities
        ]
        marked = annotate(
            looked.picture,
            looked.faces,
            labels,
            bars=looked.probabilities,
            names=self._classes,
        )
        save_picture(marked, self._folder / self._name(looked))

    def _name(self, looked):
        """Return the name of a copy, longer where another's is the same."""
        name = self._stem(looked.file)
        if looked.frame is not None:
            name += f"-{looked.frame:06d}"
        name = _longer(name, self._written)
        self._written.add(name.casefold())
        return f"{name}.png"

    def _stem(self, file):
        """Return what the names of all copies of a file start with."""
        if file not in self._stems:
            taken = {stem.casefold() for stem in self._stems.values()}
            self._stems[file] = _longer(file.stem, taken)
        return self._stems[file]


def _longer(name, taken):
    while name.casefold() in taken:
        name += "_"
    return name

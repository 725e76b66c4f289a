"""Where what was seen is kept, when someone asks for it: a film and a table."""

import csv
import sys
from pathlib import Path

import numpy as np

from fercompare.errors import DataError, look_up
from fercompare.faces.opencv import import_cv2

CODECS = {".mp4": "mp4v", ".mkv": "mp4v", ".avi": "MJPG"}
MOST_REPEATED_SECONDS = 2
COLUMNS = ("frame", "time", "identity", "left", "top", "right", "bottom")
STANDARD_OUTPUT = "-"


class FilmWriter:
    """Writes pictures into a film of a steady number of frames a second.

    A picture stands until the next one's time, so that the film lasts as long as what
    it shows. Where nothing comes for more than 2 seconds it stands for 2, and what
    follows comes earlier by the rest, each as far behind the other as it was. It is
    written beside ``path`` under the name ``….unfinished`` and renamed
    when it is closed. Of a process that was killed, .mkv and .avi hold all but the last
    seconds, and .mp4 cannot be played.

    Parameters
    ----------
    path : path
        Ends in .mp4, .mkv or .avi; a file there is replaced.
    fps : float, default=25.0

    Attributes
    ----------
    n_frames : int
        Written so far.

    Examples
    --------
    >>> import tempfile
    >>> import pytest
    >>> _ = pytest.importorskip("cv2", exc_type=ImportError)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with FilmWriter(Path(folder, "grey.avi"), fps=10) as writer:
    ...         for seconds in (0.0, 0.5):
    ...             writer.write(np.full((48, 64, 3), 127, np.uint8), seconds)
    ...     writer.n_frames, writer.path.exists()
    (6, True)
    """

    def __init__(self, path, fps=25.0):
        self.path, self.fps = Path(path), fps
        ending = self.path.suffix.lower()
        self._codec = look_up(ending, CODECS, "kind of film to write")
        self._scratch = self.path.with_name(f"{self.path.stem}.unfinished{ending}")
        self._cv2 = import_cv2()
        self._writer = self._last = None
        self._left_out = 0
        self.n_frames = 0

    def __enter__(self):
        """Return the writer itself."""
        return self

    def __exit__(self, *_):
        """Finish the film, whatever happened."""
        self.close()

    def write(self, picture, seconds):
        """Show a picture from a time on.

        Parameters
        ----------
        picture : uint8 array of shape (h, w, 3)
            Cut to an even height and width.
        seconds : float
            Since the first picture; one that comes before its turn is left out.
        """
        height, width = (side - side % 2 for side in picture.shape[:2])
        if self._writer is None:
            self._writer = self._open((width, height))
        due = round(seconds * self.fps) - self._left_out - self.n_frames
        if due < 0:
            return
        most = 0 if self._last is None else round(MOST_REPEATED_SECONDS * self.fps)
        self._left_out += max(0, due - most)
        for _ in range(min(due, most)):
            self._add(self._last)
        self._last = np.ascontiguousarray(picture[:height, :width, ::-1])
        self._add(self._last)

    def close(self):
        """Finish the film and give it its name; nothing where nothing was written."""
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        found = self._cv2.VideoCapture(str(self._scratch.absolute()))
        n_whole = int(found.get(self._cv2.CAP_PROP_FRAME_COUNT))
        found.release()
        if n_whole < self.n_frames:
            raise DataError(
                f"holds {n_whole} of the {self.n_frames} frames that were recorded",
                file=self._scratch,
                remedy="look whether the disk is full",
            )
        self._scratch.replace(self.path)

    def _add(self, picture):
        self._writer.write(picture)
        self.n_frames += 1

    def _open(self, size):
        code = self._cv2.VideoWriter_fourcc(*self._codec)
        path = str(self._scratch.absolute())
        writer = self._cv2.VideoWriter(path, self._cv2.CAP_FFMPEG, code, self.fps, size)
        if not writer.isOpened():
            raise DataError(
                "cannot be written as a film",
                file=self.path,
                remedy=f"choose a folder to write to and one of {', '.join(CODECS)}",
            )
        return writer


class SightingTable:
    """Writes what was seen as CSV, one row a face, each at once.

    Parameters
    ----------
    path : path
        A file there is replaced; "-" is standard output.
    classes : sequence of str
        Names of the probabilities.

    Attributes
    ----------
    n_rows : int
        Written so far.

    Examples
    --------
    >>> with SightingTable("-", ["happy", "sad"]) as table:
    ...     pass
    frame,time,identity,left,top,right,bottom,score,emotion,happy,sad
    """

    def __init__(self, path, classes):
        if path == STANDARD_OUTPUT:
            self._stream = sys.stdout
        else:
            self._stream = open(path, "w", newline="", encoding="utf-8")  # noqa: SIM115
        self.path, self.n_rows = path, 0
        self._writer = csv.writer(self._stream, lineterminator="\n")
        self._writer.writerow([*COLUMNS, "score", "emotion", *classes])
        self._stream.flush()

    def __enter__(self):
        """Return the table itself."""
        return self

    def __exit__(self, *_):
        """Close the file."""
        if self._stream is not sys.stdout:
            self._stream.close()

    def write(self, frame, sightings):
        """Add the faces of a frame.

        Parameters
        ----------
        frame : Frame
        sightings : list of Sighting
        """
        for seen in sightings:
            box = [f"{side:.1f}" for side in seen.face.box]
            shares = [f"{share:.5f}" for share in seen.probabilities]
            when = [frame.number, f"{frame.seconds:.3f}", seen.identity]
            row = [*when, *box, f"{seen.face.score:.5f}", seen.emotion, *shares]
            self._writer.writerow(row)
            self.n_rows += 1
        self._stream.flush()

"""What is done of a folder so far, so that a stopped run can go on, and alone."""

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import PurePath

from fercompare.containers.archive import write_whole
from fercompare.datasets.folders import UNFINISHED
from fercompare.errors import DataError
from fercompare.faces.prepared import Prepared

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt

LOCK = ".aligning.lock"


@contextmanager
def alone_in(folder):
    """Keep other runs out of a folder while the block runs.

    The system lets go of the lock of a process that dies, however it does.

    Parameters
    ----------
    folder : Path
        Is made where it is not there.

    Raises
    ------
    DataError
        If another run holds it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as name, alone_in(Path(name, "a")):
    ...     [path.name for path in Path(name, "a").iterdir()]
    ['.aligning.lock']
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    with _locked(path):
        try:
            yield
        finally:
            with suppress(OSError):  # Windows removes no file that is open
                path.unlink()


@contextmanager
def _locked(path):
    """Lock the file that is at a path, not one that was removed meanwhile."""
    while True:
        with open(path, "ab") as stream:
            try:
                _lock(stream)
            except OSError as error:
                raise DataError(
                    "is being written by another run",
                    file=path.parent,
                    remedy="wait until that is done, or name another folder",
                ) from error
            if path.exists() and os.path.samestat(
                os.fstat(stream.fileno()), path.stat()
            ):
                yield
                return


def _lock(stream):
    if os.name == "nt":
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Journal:
    """What is done so far, a line of json a file.

    Parameters
    ----------
    target : Path
        The folder that is written.
    settings : dict
        What must be the same for a second run to go on with a first.
    states : dict
        Of each file that there is, its size and date. Of those that are gone or
        changed what was written is removed.

    Attributes
    ----------
    done : dict
        ``{file: Prepared}``
    """

    def __init__(self, target, settings, states):
        self._target, self._path = target, target / UNFINISHED
        self._settings, self._states, self.done = settings, states, {}
        if self._path.is_file():
            self._go_on()
        elif any(path.name != LOCK for path in target.iterdir()):
            raise DataError(
                "is not empty", file=target, remedy="name a new folder, or empty it"
            )
        else:
            write_whole(self._path, [_line(settings)])

    def add(self, prepared):
        """Note what became of a file."""
        self.done[prepared.file] = prepared
        with self._path.open("ab") as stream:
            stream.write(self._entry(prepared))

    def finish(self):
        """Leave nothing behind."""
        self._path.unlink()

    def _go_on(self):
        first, *lines = self._read()
        odd = [key for key in self._settings if first.get(key) != self._settings[key]]
        if odd:
            raise DataError(
                f"holds a run with other settings that was stopped: {', '.join(odd)}",
                file=self._target,
                remedy="go on with those, or name a new folder",
            )
        for prepared, state in lines:
            if self._states.get(prepared.file) == state:
                self.done[prepared.file] = prepared
            elif prepared.written:
                (self._target / prepared.written).unlink(missing_ok=True)
        entries = map(self._entry, self.done.values())
        write_whole(self._path, [_line(self._settings), *entries])

    def _read(self):
        """Return the settings, and (prepared, state) of each whole line after it."""
        whole, _, _ = self._path.read_bytes().rpartition(b"\n")
        try:
            first, *lines = map(json.loads, whole.splitlines())
            read = [(Prepared(**line["prepared"]), line["state"]) for line in lines]
            if isinstance(first, dict) and all(map(_stays_inside, read)):
                return [first, *read]
        except (ValueError, TypeError, KeyError) as error:
            raise self._damaged() from error
        raise self._damaged()

    def _damaged(self):
        return DataError(
            "is damaged", file=self._path, remedy="delete its folder, start anew"
        )

    def _entry(self, prepared):
        state = self._states[prepared.file]
        return _line({"state": state, "prepared": asdict(prepared)})


def _stays_inside(line):
    path = PurePath(line[0].written)
    return not path.is_absolute() and ".." not in path.parts


def _line(record):
    return json.dumps(record).encode() + b"\n"

"""Who runs which trial: one small file a claim, so that several benches share a store.

A claim is a file that only one process can create. It names its owner, who has it
touched every few seconds; once the owner is gone, a claim of the next number is
created beside it, again by one process only. Nothing blocks and nothing is locked, so
no death leaves anything to be repaired.
"""

import functools
import json
import os
import platform
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from fercompare.evaluation.heart import HEART
from fercompare.evaluation.store import WRITING

SECONDS_TO_SIGN = 2.0
"""A claim still empty after so long was left by a process that died writing it."""
BEATS_MISSED = 4
"""After so many the owner is gone, where it cannot be seen itself."""
BOOT, NAMESPACE = "/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"


class Owner(NamedTuple):
    """Who a claim names, and when its file was touched last; no pid if unsigned.

    ``home`` is where the number of a process means this one, ``beat`` the seconds
    between touches.
    """

    host: str | None = None
    home: str | None = None
    pid: int | None = None
    started: int | None = None
    beat: float | None = None
    touched: float = 0.0


@contextmanager
def claim(folder, key):
    """Hold the claim to a trial while the block runs.

    Yields
    ------
    bool
        False where another living process holds it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, claim(folder, "a") as mine:
    ...     with claim(folder, "a") as again:
    ...         mine, again
    (True, False)
    """
    number = None
    try:
        number = _take(Path(folder), key)
        yield number is not None
    finally:
        if number is not None:
            HEART.stop(_file(folder, key, number))
            if is_mine(folder, key):
                for n in range(number, -1, -1):
                    _file(folder, key, n).unlink(missing_ok=True)


def is_mine(folder, key):
    """Return whether this process holds a claim still.

    It does not where its beats were missed, as happens to a machine that slept, and
    another has taken the trial over.
    """
    _, owner = _last(Path(folder), key)
    return owner is not None and owner[:4] == _myself()[:4]


def holder(folder, key):
    """Return in words who runs a trial, or None where nobody living does."""
    number, owner = _last(Path(folder), key)
    if owner is None or _is_gone(owner, folder):
        return None
    who = "another process"
    if owner.pid is not None:
        who = f"process {owner.pid} on {owner.host}"
    return f"{who}, says {_file(folder, key, number).name}"


def claimed(folder, prefix=""):
    """Return the keys in a folder that there are claims to, of the dead too."""
    keys = {_key(name) for name in os.listdir(folder) if name.startswith(prefix)}
    return keys - {None}


def held(folder, prefix=""):
    """Return the keys in a folder whose claims somebody living holds."""
    keys = claimed(folder, prefix)
    return {key for key in keys if holder(folder, key) is not None}


def this_machine():
    """Return what no other machine has, nor another container of the same name."""
    return "{} {}".format(*_myself()[:2])


def sweep(folder, keys):
    """Remove what dead processes left of claims to trials that nobody will run again.

    Parameters
    ----------
    folder : path
    keys : set of str
    """
    for name in os.listdir(folder):
        if _key(name) in keys:
            path = Path(folder, name)
            with suppress(OSError):
                if _is_gone(_owner(path), folder):
                    path.unlink()


def _take(folder, key):
    """Return the number of the claim that is now ours, or None."""
    while True:
        number, owner = _last(folder, key)
        if owner is not None and not _is_gone(owner, folder):
            return None
        number += 1
        path = _file(folder, key, number)
        signed = _myself()._replace(beat=HEART.beat())._asdict()
        del signed["touched"]
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            continue
        try:
            os.write(handle, json.dumps(signed).encode())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
        HEART.start(path)
        return number


def _last(folder, key):
    """Return the highest number of a claim to a trial and its owner; -1 and None."""
    number, owner = -1, None
    while True:
        path = _file(folder, key, number + 1)
        try:
            owner = _owner(path)
        except FileNotFoundError:
            return number, owner
        number += 1


def _file(folder, key, number):
    return Path(folder) / f"{key}.{number}.claim"


def _key(name):
    """Return the key that a file is a claim to, or None."""
    key, _, number = name.removesuffix(".claim").rpartition(".")
    return key if name.endswith(".claim") and number.isdigit() else None


def _owner(path):
    """Return the `Owner` that a claim names."""
    with open(path, "rb") as stream:
        content, touched = stream.read(), os.fstat(stream.fileno()).st_mtime
    try:
        told = json.loads(content)
        owner = Owner(told["host"], told.get("home"), int(told["pid"]), told["started"])
        return owner._replace(beat=told.get("beat"), touched=touched)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Owner(touched=touched)


def _myself():
    pid = os.getpid()
    return Owner(platform.node(), _home(), pid, _started(pid))


@functools.cache
def _home():
    """Return what no other machine and no other container has, where it is known."""
    try:
        return f"{Path(BOOT).read_text().strip()} {os.readlink(NAMESPACE)}"
    except OSError:
        return None


def _is_gone(owner, folder):
    """Return whether nobody can be at work any more for a claim.

    Processes of other machines cannot be seen, nor those of this one on Windows: they
    are gone when their file has not been touched for a while. Claims without a beat
    stand until somebody deletes the file.
    """
    if owner.pid is None:
        return _now(folder) - owner.touched > SECONDS_TO_SIGN
    if (owner.host, owner.home) != _myself()[:2] or os.name == "nt":
        if owner.beat is None:
            return False
        return _now(folder) - owner.touched > BEATS_MISSED * owner.beat
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return owner.started != _started(owner.pid)


def _now(folder):
    """Return the time by the clock that dates the files of a folder."""
    handle, scratch = tempfile.mkstemp(prefix=WRITING, dir=folder)
    try:
        os.close(handle)
        os.utime(scratch)
        return os.stat(scratch).st_mtime
    finally:
        os.unlink(scratch)


def _started(pid):
    """Return when a process started, in ticks since boot, where the system says it.

    A number of a process is given out again; the two together are not.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *rest = text.rpartition(")")[2].split()
    return None if state == "Z" else int(rest[18])

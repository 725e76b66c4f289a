"""Who runs which trial: one small file a claim, so that several benches share a store.

A claim is a file that only one process can create. It names its owner; once the owner
is gone, a claim of the next number is created beside it, again by one process only.
Nothing blocks and nothing is locked, so no death leaves anything to be repaired.
"""

import json
import os
import platform
import time
from contextlib import contextmanager, suppress
from pathlib import Path

SECONDS_TO_SIGN = 2.0
"""A claim still empty after so long was left by a process that died writing it."""


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
            for n in range(number, -1, -1):
                _file(folder, key, n).unlink(missing_ok=True)


def holder(folder, key):
    """Return in words who runs a trial, or None where nobody living does."""
    number, owner = _last(Path(folder), key)
    if owner is None or _is_gone(owner):
        return None
    who = "another process"
    if "pid" in owner:
        who = f"process {owner['pid']} on {owner['host']}"
    return f"{who}, says {_file(folder, key, number).name}"


def sweep(folder, keys):
    """Remove what dead processes left of claims to trials that nobody will run again.

    Parameters
    ----------
    folder : path
    keys : set of str
    """
    for name in os.listdir(folder):
        key, _, rest = name.removesuffix(".claim").rpartition(".")
        if name.endswith(".claim") and rest.isdigit() and key in keys:
            path = Path(folder, name)
            with suppress(OSError):
                if _is_gone(_owner(path)):
                    path.unlink()


def _take(folder, key):
    """Return the number of the claim that is now ours, or None."""
    while True:
        number, owner = _last(folder, key)
        if owner is not None and not _is_gone(owner):
            return None
        number += 1
        path = _file(folder, key, number)
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            continue
        try:
            os.write(handle, json.dumps(_myself()).encode())
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
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


def _owner(path):
    """Return the owner that a claim names, or since when it names none."""
    try:
        owner = json.loads(path.read_bytes())
        return {
            "host": owner["host"],
            "pid": int(owner["pid"]),
            "started": owner["started"],
        }
    except (ValueError, KeyError, TypeError):
        return {"since": path.stat().st_mtime}


def _myself():
    pid = os.getpid()
    return {"host": platform.node(), "pid": pid, "started": _started(pid)}


def _is_gone(owner):
    """Return whether nobody can be at work any more for a claim.

    Processes of other machines cannot be seen, nor those of this one on Windows: their
    claims stand until somebody deletes the file.
    """
    if "since" in owner:
        return time.time() - owner["since"] > SECONDS_TO_SIGN
    if owner["host"] != platform.node() or os.name == "nt":
        return False
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return owner["started"] != _started(owner["pid"])


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

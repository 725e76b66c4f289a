"""What the C library does with memory that is free: keep it, or hand it back."""

import ctypes
import functools
import os
import platform
from contextlib import contextmanager

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""As glibc's malloc.h numbers what `mallopt` sets."""
WHILE_TRAINING = 2**28, 2**30
AFTERWARDS = 2**25, 2**26
"""From how many bytes on a block is the system's, and how many free ones are kept; the
latter pair is the most that glibc comes to by itself, and that an old one takes."""
SET_BY_USERS = ("MALLOC_", "GLIBC_TUNABLES")


@contextmanager
def reused_memory():
    """Have the C library keep within what is freed, for what is asked for next.

    A step of a network's training frees some hundred megabytes and asks for as many
    again. By itself glibc hands them back to the system, which fills with zeros, page
    by page, what it gives out. At the end all that is free is handed back. Where the
    environment tells glibc what to keep it is left to do so; other C libraries are
    left as they are.

    Examples
    --------
    >>> with reused_memory():
    ...     len(bytes(50_000_000))
    50000000
    """
    is_set = any(name.startswith(SET_BY_USERS) for name in os.environ)
    if is_set or _library() is None:
        yield
        return
    _keep(_library(), WHILE_TRAINING)
    try:
        yield
    finally:
        _keep(_library(), AFTERWARDS)
        hand_back()


def hand_back():
    """Hand memory that is free back to the system, so that what is held is in use.

    Examples
    --------
    >>> hand_back()
    """
    if _library() is not None:
        _library().malloc_trim(0)


@functools.cache
def _library():
    """Return glibc, or None where another C library is at work."""
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def _keep(library, sizes):
    """Set both, the second only after the first: alone it would do harm."""
    large, kept = sizes
    for size in (large, AFTERWARDS[0]):
        if library.mallopt(MMAP_THRESHOLD, size):
            library.mallopt(TRIM_THRESHOLD, kept)
            return

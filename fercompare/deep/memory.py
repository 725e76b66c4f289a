"""The processor's memory while a network is trained."""

import ctypes
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
def reused_memory(device):
    """Have the C library keep within what a step frees, for the next step.

    A step frees some hundred megabytes and asks for as many again. By itself glibc
    hands them back to the system, which fills with zeros, page by page, what it gives
    out: a tenth of the time of a training, and more in float32. At the end all that is
    free is handed back. Where the environment tells glibc what to keep it is left to
    do so; other C libraries are left as they are, and so is the memory of graphics
    cards, which PyTorch keeps anyway.

    Parameters
    ----------
    device : torch.device

    Examples
    --------
    >>> import torch
    >>> with reused_memory(torch.device("cpu")):
    ...     torch.ones(2).sum()
    tensor(2.)
    """
    is_set = any(name.startswith(SET_BY_USERS) for name in os.environ)
    if device.type != "cpu" or is_set or platform.libc_ver()[0] != "glibc":
        yield
        return
    library = ctypes.CDLL(None)
    _keep(library, WHILE_TRAINING)
    try:
        yield
    finally:
        _keep(library, AFTERWARDS)
        library.malloc_trim(0)


def _keep(library, sizes):
    """Set both, the second only after the first: alone it would do harm."""
    large, kept = sizes
    for size in (large, AFTERWARDS[0]):
        if library.mallopt(MMAP_THRESHOLD, size):
            library.mallopt(TRIM_THRESHOLD, kept)
            return

"""The processor's memory while a network is trained."""

import ctypes
import platform
from contextlib import contextmanager

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""As glibc's malloc.h numbers what `mallopt` sets."""
WHILE_TRAINING = {TRIM_THRESHOLD: 2**30, MMAP_THRESHOLD: 2**28}
AFTERWARDS = {TRIM_THRESHOLD: 2**26, MMAP_THRESHOLD: 2**25}
"""The most that glibc comes to by itself."""


@contextmanager
def reused_memory(device):
    """Have the C library keep within what a step frees, for the next step.

    A step frees some hundred megabytes and asks for as many again. By itself glibc
    hands them back to the system, which fills with zeros, page by page, what it gives
    out: a tenth of the time of a training, and more in float32. At the end all that is
    free is handed back. Other C libraries are left as they are, and so is the memory
    of graphics cards, which PyTorch keeps anyway.

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
    if device.type != "cpu" or platform.libc_ver()[0] != "glibc":
        yield
        return
    library = ctypes.CDLL(None)
    _set(library, WHILE_TRAINING)
    try:
        yield
    finally:
        _set(library, AFTERWARDS)
        library.malloc_trim(0)


def _set(library, options):
    for option, value in options.items():
        library.mallopt(option, value)

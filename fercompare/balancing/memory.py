"""The most memory that the process holds while it resamples."""

import os
import threading
from pathlib import Path

from fercompare.heap import hand_back

STATM = Path("/proc/self/statm")
PAUSE = 0.005


class WatchedMemory:
    """Looks at the memory of this process every few milliseconds.

    Unlike the peak that the system keeps it resets nothing, so that whoever measures
    around it still measures all.

    Attributes
    ----------
    megabytes : float or None
        The most that was seen; None where the system does not tell, as outside Linux.

    Examples
    --------
    >>> with WatchedMemory() as memory:
    ...     block = bytes(50_000_000)
    >>> memory.megabytes is None or memory.megabytes > 50
    True
    """

    def __enter__(self):
        hand_back()
        self.megabytes = held_megabytes()
        self._done = threading.Event()
        self._thread = None
        if self.megabytes is not None:
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error):
        self._done.set()
        if self._thread is not None:
            self._thread.join()
            self._look()

    def _watch(self):
        while not self._done.wait(PAUSE):
            self._look()

    def _look(self):
        self.megabytes = max(self.megabytes, held_megabytes())


def held_megabytes():
    """Return how much memory this process holds, or None where that is not told."""
    try:
        pages = int(STATM.read_text().split()[1])
    except OSError:
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)

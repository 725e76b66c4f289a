"""What a trial cost beside its seconds: the peak of memory, and threads."""

import re
import sys
from pathlib import Path

from threadpoolctl import threadpool_info

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"


class PeakMemory:
    """The most memory that this process held within a block.

    Attributes
    ----------
    megabytes : float or None
        None where the system tells the peak of the whole process alone, and that was
        higher before.

    Examples
    --------
    >>> with PeakMemory() as peak:
    ...     block = bytes(50_000_000)
    >>> peak.megabytes is None or peak.megabytes > 50
    True
    """

    def __enter__(self):
        try:
            CLEAR.write_text(RESET_PEAK)
            self._before = None
        except OSError:
            self._before = _peak_of_process()
        self.megabytes = None
        return self

    def __exit__(self, *error):
        peak = _peak_since_reset() if self._before is None else _peak_of_process()
        if peak is not None and peak != self._before:
            self.megabytes = round(peak, 1)


def threads():
    """Return how many threads each kind of library would start here."""
    return {pool["prefix"]: pool["num_threads"] for pool in threadpool_info()}


def _peak_since_reset():
    kilobytes = re.search(r"^VmHWM:\s*(\d+) kB", STATUS.read_text(), re.MULTILINE)
    return int(kilobytes[1]) / 1000 if kilobytes else None


def _peak_of_process():
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)

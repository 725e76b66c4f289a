"""What a trial cost beside its seconds: memory, threads, and the size of the model."""

import re
import sys
from pathlib import Path

from threadpoolctl import threadpool_info

from fercompare.balancing.wrappers import innermost, learners
from fercompare.classifiers.engines import find_engine
from fercompare.heap import hand_back
from fercompare.saving.sizes import saved_bytes

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
        hand_back()
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


def load_ahead(model):
    """Load what the first fit in a process would, so that it is in no one's seconds."""
    classifier = innermost(model)
    if hasattr(classifier, "engine"):
        find_engine(classifier.engine)
    if "torch" in sys.modules and hasattr(classifier, "epochs"):
        from fercompare.deep.warming import take_one_step

        take_one_step()


def size_of(model):
    """Return how large a fitted model is, by names; None for what it has not.

    The members of an ensemble are added up.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> size_of(DummyClassifier().fit([[0], [1]], [0, 1]))["parameters"] is None
    True
    """
    several = learners(model)
    networks = [one.network_ for one in several if hasattr(one, "network_")]
    machines = [one for one in several if hasattr(one, "support_vectors_")]
    parameters = sum(p.numel() for net in networks for p in net.parameters())
    vectors = sum(len(machine.support_vectors_) for machine in machines)
    return {
        "parameters": parameters if networks else None,
        "support_vectors": vectors if machines else None,
        "file_bytes": saved_bytes(model),
    }


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

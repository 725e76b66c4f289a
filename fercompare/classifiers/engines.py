"""The solvers of the support vector machine: one problem, one answer, other speeds."""

import importlib.util
from contextlib import contextmanager

from sklearn.svm import SVC

from fercompare.errors import DataError, look_up


def _scikit_learn():
    return SVC


def _scikit_learn_intelex():
    if not _intelex_is_installed():
        raise DataError(
            "the engine 'scikit-learn-intelex' is not installed",
            remedy="pip install 'fercompare[fast]', or choose engine='auto'",
        )
    from sklearnex import svm

    return svm.SVC


ENGINES = {
    "scikit-learn": _scikit_learn,
    "scikit-learn-intelex": _scikit_learn_intelex,
}
"""Name to a function that returns a class with scikit-learn's ``SVC`` interface."""


def find_engine(name):
    """Return the name of an engine and its class; ``auto`` is the fastest there is."""
    if name == "auto":
        fast = _intelex_is_installed()
        name = "scikit-learn-intelex" if fast else "scikit-learn"
    return name, look_up(name, ENGINES, "engine")()


@contextmanager
def solving_with(n_threads):
    """Have the engines use so many threads within.

    Each looks at the process's limits itself, but scikit-learn-intelex does so in the
    main thread alone, and takes all cores in any other.
    """
    if not _intelex_is_installed():
        yield
        return
    import daal4py

    before = daal4py.num_threads()
    daal4py.daalinit(n_threads)
    try:
        yield
    finally:
        daal4py.daalinit(before)


def _intelex_is_installed():
    return importlib.util.find_spec("sklearnex") is not None

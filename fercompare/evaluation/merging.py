"""Stores of several machines made one, without losing or passing off anything."""

from pathlib import Path

import numpy as np

from fercompare.errors import DataError
from fercompare.evaluation.store import Store, load_results
from fercompare.evaluation.stored import ARRAYS
from fercompare.evaluation.trials import DONE

PREDICTED = ("rows", "y_true", "y_pred", "leak_free")
AS_CLOSE = 1e-4
"""Probabilities that differ less came from sums in another order."""


def load_stores(paths):
    """Return the outcomes of several stores, each trial once.

    Every checksum is verified; what is damaged is named and left out. Of a trial that
    is in two stores a done outcome counts before a failed one, else the first; two
    done ones must have predicted the same.

    Parameters
    ----------
    paths : list of path

    Returns
    -------
    list of Outcome
        Sorted by trial.

    Examples
    --------
    >>> import tempfile
    >>> from fercompare.evaluation.trials import FAILED, Outcome, Trial
    >>> with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
    ...     Store(one).save(Outcome(Trial("faces", "svm", "none", 0), FAILED, "why"))
    ...     Store(two).save(Outcome(Trial("faces", "svm", "none", 1), FAILED, "why"))
    ...     [outcome.trial.seed for outcome in load_stores([one, two, one])]
    [0, 1]
    """
    found, conflicts = {}, []
    for path in paths:
        for outcome in load_results(path):
            key = outcome.trial.key
            known = found.get(key)
            if known is None or (known.status != DONE and outcome.status == DONE):
                found[key] = outcome
            elif not _agree(known, outcome):
                conflicts.append(f"{key} in {known.path.parent} and {path}")
    if conflicts:
        more = f" and {len(conflicts) - 3} more" if len(conflicts) > 3 else ""
        raise DataError(
            f"{len(conflicts)} trials with the same specification predicted otherwise: "
            f"{'; '.join(conflicts[:3])}{more}",
            remedy="find out which machine is to be trusted; none was taken",
        )
    return [found[key] for key in sorted(found)]


def merge_stores(sources, target):
    """Write the outcomes of several stores into one.

    Nothing is written unless all stores agree, `target` included if it is there. Each
    outcome appears in it whole or not at all, so that a merge which was interrupted is
    done again and goes on. The sources are left as they are.

    Parameters
    ----------
    sources : list of path
    target : path
        Made where it does not exist.

    Returns
    -------
    int
        How many outcomes were new to ``target`` or replaced a failure there.

    Examples
    --------
    >>> import tempfile
    >>> from fercompare.evaluation.trials import FAILED, Outcome, Trial
    >>> with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
    ...     Store(one).save(Outcome(Trial("faces", "svm", "none", 0), FAILED, "why"))
    ...     merge_stores([one], two), merge_stores([one], two)
    (1, 0)
    """
    target = Path(target)
    first = [target] if target.is_dir() else []
    merged = load_stores([*first, *sources])
    others = [outcome for outcome in merged if outcome.path.parent != target]
    store = Store(target)
    for outcome in others:
        store.save(outcome)
    return len(others)


def _agree(one, other):
    if DONE not in (one.status, other.status) or one.checksum == other.checksum:
        return True
    if one.status != other.status:
        return True
    first, second = (
        {name: getattr(outcome, name) for name in ARRAYS} for outcome in (one, other)
    )
    same = all(np.array_equal(first[name], second[name]) for name in PREDICTED)
    if not same or (first["proba"] is None) != (second["proba"] is None):
        return False
    return first["proba"] is None or np.allclose(
        first["proba"], second["proba"], rtol=0, atol=AS_CLOSE
    )

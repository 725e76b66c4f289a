"""What trials will take in time and memory, by what trials like them took."""

from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np

from fercompare.evaluation.trials import DONE


class Estimate(NamedTuple):
    """What trials will take, one after the other.

    ``n_unlike`` of them have nothing like them and are not counted in; ``megabytes``
    is the most that one trial held, nan where that is not known.
    """

    seconds: float
    megabytes: float
    n_unlike: int


class Pace:
    """Knows what trials took, to tell what others will.

    Alike are trials of one data set, model and strategy, else of one data set and
    model; the data are the same by their fingerprint.

    Parameters
    ----------
    outcomes : iterable of Outcome
    """

    def __init__(self, outcomes=()):
        self._alike = defaultdict(list)
        for outcome in outcomes:
            self.add(outcome)

    def add(self, outcome):
        """Learn what one more trial took."""
        if outcome.status == DONE:
            for kind in _kinds(outcome.trial):
                self._alike[kind].append(outcome.facts)

    def estimate(self, trials):
        """Return the `Estimate` of trials.

        Examples
        --------
        >>> from fercompare.evaluation.trials import DONE, Outcome, Trial
        >>> trial = Trial("fer2013", "hog+svm", "smote", 0)
        >>> took = {"trial_seconds": 20.0, "peak_memory_mb": 900.0}
        >>> Pace([Outcome(trial, DONE, facts=took)]).estimate([trial] * 3)
        Estimate(seconds=60.0, megabytes=900.0, n_unlike=0)
        """
        seconds, megabytes, n_unlike = 0.0, np.nan, 0
        for kinds, n in Counter(map(_kinds, trials)).items():
            facts = next((self._alike[k] for k in kinds if k in self._alike), None)
            if facts is None:
                n_unlike += n
                continue
            seconds += n * float(np.median([fact["trial_seconds"] for fact in facts]))
            peaks = [peak for fact in facts if (peak := fact["peak_memory_mb"])]
            megabytes = float(np.fmax(megabytes, max(peaks, default=np.nan)))
        return Estimate(seconds, megabytes, n_unlike)


def _kinds(trial):
    data = trial.specification.get("data")
    return (data, trial.model, trial.strategy), (data, trial.model)

"""The times of a film's frames, and whether some of them are missing."""

SHARE_THAT_MAY_MISS = 0.02
FRAMES_THAT_MAY_MISS = 2
STEADY_SHARE = 0.9
INTERVALS_OF_A_GAP = 2.5


class Pace:
    """Keeps the times of frames from running back, and notes where some are missing.

    Parameters
    ----------
    fps : float
        As promised.

    Examples
    --------
    >>> pace = Pace(fps=10)
    >>> [pace.note(at) for at in (0.0, 0.1, 0.9, 1.0)]
    [0.0, 0.1, 0.9, 1.0]
    >>> pace.where()
    'is damaged after frame 1 (0.10 s)'
    """

    def __init__(self, fps):
        self._interval = 1 / fps
        self._n = self._n_steady = 0
        self._last, self._before_gap = 0.0, None

    def note(self, seconds):
        """Return when a frame is shown: ``seconds``, or later if that ran back."""
        if self._n:
            passed = seconds - self._last
            if passed <= 0:
                passed = self._interval
            self._n_steady += abs(passed - self._interval) < self._interval / 4
            if passed > INTERVALS_OF_A_GAP * self._interval and not self._before_gap:
                self._before_gap = self._n - 1, self._last
            seconds = self._last + passed
        self._last, self._n = seconds, self._n + 1
        return seconds

    def misses_some(self, promised):
        """Tell whether more frames are missing than a header may be wrong by.

        Parameters
        ----------
        promised : int
        """
        n_odd = self._n - 1 - self._n_steady
        if n_odd > max(1, (1 - STEADY_SHARE) * self._n):
            n_seen = round(self._last / self._interval) + 1  # of a varying rate
            self._before_gap = None
        else:
            n_seen = self._n
        allowed = max(FRAMES_THAT_MAY_MISS, SHARE_THAT_MAY_MISS * promised)
        return promised - n_seen > allowed

    def where(self):
        """Say where the first gap is, or where the end came.

        The times of some films, such as .avi, go on over a gap as if there were none,
        so that it cannot be told from an early end.
        """
        if self._before_gap is None:
            return (
                f"ends too early, at frame {self._n - 1} ({self._last:.2f} s), or is "
                "damaged before that, and frames after the damage have too early times"
            )
        number, seconds = self._before_gap
        return f"is damaged after frame {number} ({seconds:.2f} s)"

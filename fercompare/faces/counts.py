"""How many frames and faces were watched, and how fast."""

import time
from collections import deque
from dataclasses import dataclass, field

SECONDS_OF_RATE = 1.0
MOST_TIMES = 1024


@dataclass
class Watched:
    """What was watched so far.

    Attributes
    ----------
    n_shown, n_searched, n_faces, n_identities : int
        Frames that were drawn and that were searched for faces, faces found, and
        faces that were told apart.
    seconds : float
        From the beginning to the last frame.

    Examples
    --------
    >>> watched = Watched()
    >>> watched.note_searched([], 0)
    >>> watched.n_searched
    1
    """

    n_shown: int = 0
    n_searched: int = 0
    n_faces: int = 0
    n_identities: int = 0
    seconds: float = 0.0
    _started: float = field(default_factory=time.monotonic, repr=False)
    _shown_at: deque = field(default_factory=lambda: deque(maxlen=MOST_TIMES))
    _searched_at: deque = field(default_factory=lambda: deque(maxlen=MOST_TIMES))

    def note_shown(self):
        """Count a frame that was drawn."""
        self.n_shown += 1
        self._note(self._shown_at)

    def note_searched(self, sightings, n_identities):
        """Count a frame that was searched for faces."""
        self.n_searched += 1
        self.n_faces += len(sightings)
        self.n_identities = n_identities
        self._note(self._searched_at)

    def rates(self):
        """Return the frames a second that were shown and searched just now."""
        now = time.monotonic()
        passed = min(SECONDS_OF_RATE, max(now - self._started, 1e-9))
        since = now - passed
        return tuple(
            sum(at >= since for at in tuple(times)) / passed
            for times in (self._shown_at, self._searched_at)
        )

    def told(self):
        """Say it in a line."""
        seconds = max(self.seconds, 1e-9)
        counts = (("searched", self.n_searched), ("shown", self.n_shown))
        frames = [f"{n:,} {what} ({n / seconds:.1f} a second)" for what, n in counts]
        return (
            f"frames: {', '.join(frames)}; {self.n_faces:,} faces of "
            f"{self.n_identities:,} identities"
        )

    def _note(self, times):
        now = time.monotonic()
        times.append(now)
        self.seconds = now - self._started

"""How a command that runs for long is stopped: by Ctrl-C, or by SIGTERM alike."""

import signal
import threading
from contextlib import contextmanager

INTERRUPTED, TERMINATED = 130, 143
"""Exit statuses that shells expect of a program that a signal ended."""


class Stopping:
    """What the exit status is to be once the work was interrupted."""

    status = INTERRUPTED


@contextmanager
def stoppable():
    """Have SIGTERM interrupt the block as Ctrl-C does, so that it clears up.

    Yields
    ------
    Stopping
        Its ``status`` is for whoever catches the KeyboardInterrupt.

    Examples
    --------
    >>> try:
    ...     with stoppable() as stopping:
    ...         signal.raise_signal(signal.SIGTERM)
    ... except KeyboardInterrupt:
    ...     print(stopping.status)
    143
    """
    stopping = Stopping()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return

    def stop(number, frame):
        stopping.status = TERMINATED
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield stopping
    finally:
        signal.signal(signal.SIGTERM, before)

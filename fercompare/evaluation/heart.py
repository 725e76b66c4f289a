"""What touches files every few seconds, as a sign that this process lives.

It is a process of its own: the solver of scikit-learn-intelex lets no thread beside it
run, for 25 seconds with 12,000 rows and for minutes with more. That process runs this
file alone, without the package, so that it costs next to nothing.
"""

import atexit
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

SECONDS_BETWEEN_BEATS = 15.0
ADD, DROP, END = b"+", b"-", b"\0"
"""What is said of a path before and after it: a name may hold any other byte."""


class Heart:
    """Touches files for as long as this process lives.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     HEART.start(file.name)
    ...     HEART.stop(file.name)
    >>> HEART.beat() == SECONDS_BETWEEN_BEATS
    True
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._process = self._owner = None

    def beat(self):
        """Return the seconds between touches; None where nothing can be started."""
        with self._lock:
            try:
                self._wake()
            except OSError:
                return None
        return SECONDS_BETWEEN_BEATS

    def start(self, path):
        """Have a file touched, now and then every `SECONDS_BETWEEN_BEATS`."""
        with self._lock, suppress(OSError):
            self._wake()
            self._tell(ADD, path)

    def stop(self, path):
        """Have a file no longer touched."""
        with self._lock, suppress(OSError):
            if self._owner == os.getpid():
                self._tell(DROP, path)

    def _wake(self):
        if self._owner != os.getpid() or self._process.poll() is not None:
            self._process, self._owner = _start_process(), os.getpid()
            atexit.register(self._process.communicate)

    def _tell(self, sign, path):
        told = sign + os.fsencode(os.path.abspath(path)) + END
        self._process.stdin.write(told)


HEART = Heart()
"""The one of this process; a fork of it starts its own."""


def _start_process():
    command = [sys.executable, "-I", "-S", __file__]
    return subprocess.Popen(
        [*command, str(os.getpid()), str(SECONDS_BETWEEN_BEATS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        bufsize=0,
        start_new_session=True,  # Ctrl-C is for the other
    )


def _beat(paths, parent, seconds):
    while os.getppid() == parent:
        for path in list(paths):
            try:
                os.utime(path)
            except FileNotFoundError:
                paths.discard(path)
            except OSError:  # the file system may be there again at the next beat
                continue
        time.sleep(seconds)
    os._exit(0)


def _main(parent, seconds):
    paths = set()
    beating = threading.Thread(target=_beat, args=(paths, parent, seconds), daemon=True)
    beating.start()
    said = b""
    while heard := os.read(sys.stdin.fileno(), 65536):
        *whole, said = (said + heard).split(END)
        for path in whole:
            change = paths.add if path.startswith(ADD) else paths.discard
            change(path[len(ADD) :])


if __name__ == "__main__":
    _main(int(sys.argv[1]), float(sys.argv[2]))

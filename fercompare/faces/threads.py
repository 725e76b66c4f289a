"""How threads hand things on: the newest only, or all of them in order."""

import queue
import threading
from contextlib import contextmanager

ITEMS_AHEAD = 4
SECONDS_TO_WAIT = 0.02
SECONDS_TO_FINISH = 10.0


class Slot:
    """Holds the newest thing only, for one thread that puts and one that takes.

    Attributes
    ----------
    is_over : bool
        Whether nothing more will be put.
    error : Exception or None
        Why it is over.

    Examples
    --------
    >>> slot = Slot()
    >>> slot.put("old")
    >>> slot.put("new")
    >>> slot.take(), slot.take(timeout=0)
    ('new', None)
    """

    def __init__(self):
        self._changed = threading.Condition()
        self._held, self.is_over, self.error = None, False, None

    def put(self, thing):
        """Replace what was not taken."""
        with self._changed:
            self._held = thing
            self._changed.notify()

    def take(self, timeout=None):
        """Return the newest thing, or None after ``timeout`` or when it is over."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._held is not None or self.is_over, timeout
            )
            thing, self._held = self._held, None
            return thing

    def end(self, error=None):
        """Say that nothing more will be put; what is there can still be taken."""
        with self._changed:
            self.is_over, self.error = True, self.error or error
            self._changed.notify()


@contextmanager
def ending(*slots):
    """End the slots after what is inside, with the error that it raised.

    Examples
    --------
    >>> slot = Slot()
    >>> with ending(slot):
    ...     1 / 0
    >>> slot.is_over, slot.error
    (True, ZeroDivisionError('division by zero'))
    """
    error = None
    try:
        yield
    except BaseException as raised:
        error = raised
    finally:
        for slot in slots:
            slot.end(error)


def ahead(items):
    """Yield ``items``, which a thread makes while the last ones are in use.

    Examples
    --------
    >>> list(ahead(range(9)))
    [0, 1, 2, 3, 4, 5, 6, 7, 8]
    """
    ready, stop = queue.Queue(ITEMS_AHEAD), threading.Event()

    def offer(*message):
        while not stop.is_set():
            try:
                return ready.put(message, timeout=SECONDS_TO_WAIT)
            except queue.Full:
                continue
        return None

    def work():
        error, source = None, iter(items)
        try:
            for item in source:
                offer(True, item)
                if stop.is_set():
                    break
        except BaseException as raised:
            error = raised
        finally:
            if hasattr(source, "close"):
                source.close()
            offer(False, error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            is_item, item = ready.get()
            if is_item:
                yield item
            elif item is not None:
                raise item
            else:
                return
    finally:
        stop.set()
        thread.join(SECONDS_TO_FINISH)

"""What a person sees while waiting: the only home of rich."""

import math
import sys
import time
from contextlib import contextmanager

PATIENCE_SECONDS = 2.0
SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_TO_JUDGE_SPEED = 120.0


class Meter:
    """A progress bar with the time left on standard error, once it takes long.

    It appears after two seconds, and never where standard error is not a terminal.

    Parameters
    ----------
    what : str
        What is under way.
    total : float

    Examples
    --------
    >>> meter = Meter("training", total=10)
    >>> meter.show(2.5, lambda: "epoch 3 of 10")
    >>> meter.close()
    """

    def __init__(self, what, total):
        self._what, self._total = what, total
        self._bar = self._task = None
        self._next = time.monotonic() + PATIENCE_SECONDS
        if not sys.stderr.isatty():
            self._next = math.inf

    def show(self, done, text=None):
        """Move the bar; most calls do nothing, so that calling often is cheap.

        Parameters
        ----------
        done : float
            Of the total.
        text : callable, optional
            Returns what to show beside the bar.
        """
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + SECONDS_BETWEEN_LOOKS
        if self._bar is None:
            self._bar, self._task = _bar(self._what, self._total, done)
        told = "" if text is None else text()
        self._bar.update(self._task, completed=done, text=told, refresh=True)

    def close(self):
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar, self._next = None, math.inf


def track(items, what, total=None):
    """Yield ``items``, with a progress bar on standard error once it takes long.

    The bar appears after two seconds, and never where standard error is not a
    terminal.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    meter = Meter(what, len(items) if total is None else total)
    try:
        for done, item in enumerate(items):
            meter.show(done)
            yield item
    finally:
        meter.close()


@contextmanager
def live_line(tell):
    """Show what ``tell()`` returns on standard error, anew twice a second.

    Lines that are written there meanwhile stand above it. Nothing is shown where
    standard error is not a terminal.

    Examples
    --------
    >>> with live_line(lambda: "3 of 10 trials done"):
    ...     sum(range(10))
    45
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(
        get_renderable=lambda: Text(tell(), no_wrap=True, overflow="ellipsis"),
        console=Console(stderr=True),
        refresh_per_second=2,
        transient=True,
        redirect_stdout=False,
    ):
        yield


def _bar(what, total, done):
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    bar = Progress(
        *Progress.get_default_columns(),
        TextColumn("{task.fields[text]}", markup=False),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,
        speed_estimate_period=SECONDS_TO_JUDGE_SPEED,
    )
    task = bar.add_task(what, total=total, completed=done, text="")
    bar.start()
    return bar, task


def print_table(rows, columns, title=None, numeric=()):
    """Print ``rows`` of texts to standard output as an aligned table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(name, justify="right" if name in numeric else "left")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    width = None if sys.stdout.isatty() else 160
    Console(width=width).print(table)

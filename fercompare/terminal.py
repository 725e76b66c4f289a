"""What a person sees while waiting: the only home of rich."""

import sys
import time

PATIENCE_SECONDS = 2.0


def track(items, what, total=None):
    """Yield ``items``, with a progress bar on standard error once it takes long.

    The bar appears after two seconds, and never where standard error is not a
    terminal.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    if total is None:
        total = len(items)
    started, bar, task = time.monotonic(), None, None
    try:
        for done, item in enumerate(items):
            if bar is None and time.monotonic() - started > PATIENCE_SECONDS:
                bar, task = _bar(what, total)
            if bar is not None:
                bar.update(task, completed=done)
            yield item
    finally:
        if bar is not None:
            bar.stop()


def _bar(what, total):
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(what, total=total)
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

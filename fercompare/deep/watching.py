"""What a training shows while it runs: a log, TensorBoard, a bar."""

import csv
import math
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fercompare.errors import DataError
from fercompare.terminal import Meter

SCORES = ("loss", "accuracy", "f1_macro", "auroc")
HEADER = "epoch,loss,"
COLUMNS = (
    *("epoch", *SCORES),
    *(f"val_{name}" for name in SCORES),
    *("rate", "seconds", "images_per_second"),
)
"""Of the log; cells are empty where an epoch has no such number."""


class Log:
    """A CSV with a row for each epoch, written as soon as the epoch is over.

    Parameters
    ----------
    path : path
        An older log there is replaced; any other file is left alone, with an error.
    history : list of dict
        Of the epochs that are done, where a run goes on.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "log.csv")
    ...     log = Log(path, [{"epoch": 1, "loss": 1.5}])
    ...     log.write({"epoch": 2, "loss": 1.25})
    ...     [line[:7] for line in path.read_text().splitlines()[1:]]
    ['1,1.5,,', '2,1.25,']
    """

    def __init__(self, path, history=()):
        self.path = Path(path)
        with _refusals(path):
            if self.path.is_file() and not _is_log(self.path):
                raise DataError(
                    "is there and is no log of a training",
                    file=path,
                    remedy="choose another place for the log",
                )
            self._add([dict(zip(COLUMNS, COLUMNS)), *history], mode="w")

    def write(self, row):
        """Write the row of an epoch."""
        with _refusals(self.path):
            self._add([row], mode="a")

    def _add(self, rows, mode):
        with open(self.path, mode, newline="", encoding="utf-8") as stream:
            table = csv.DictWriter(
                stream, COLUMNS, extrasaction="ignore", lineterminator="\n"
            )
            table.writerows(map(_short, rows))


class TensorBoard:
    """Curves in a folder that TensorBoard shows.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    n_done : int
        Epochs that are done, where a run goes on; later ones in the folder are void.
    """

    def __init__(self, folder, n_done=0):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise DataError(
                "tensorboard is not installed",
                remedy="pip install 'fercompare[tensorboard]', or log to a CSV",
            ) from error
        with _refusals(folder):
            self.writer = SummaryWriter(str(folder), purge_step=n_done + 1)

    def write(self, row):
        """Add a point to each curve."""
        for name in COLUMNS[1:]:
            if math.isfinite(row.get(name, math.nan)):
                self.writer.add_scalar(_curve(name), row[name], row["epoch"])
        self.writer.flush()

    def close(self):
        """Close the files."""
        self.writer.close()


class Bar:
    """A progress bar with the time left, moving within epochs too.

    Parameters
    ----------
    n_epochs : int

    Examples
    --------
    >>> from fercompare.deep.runs import Run
    >>> bar = Bar(20)
    >>> bar.move(Run(None, [], None), 0.5)
    >>> bar.close()
    """

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs
        self.meter = Meter("training", n_epochs)

    def move(self, run, share):
        """Show that a share of the epoch is done, and what the last one gave."""
        self.meter.show(run.epoch + share, lambda: self._text(run))

    def close(self):
        """Take the bar away."""
        self.meter.close()

    def _text(self, run):
        text = f"epoch {min(run.epoch + 1, self.n_epochs)} of {self.n_epochs}"
        last = run.history[-1] if run.history else {}
        for name in ("loss", "val_loss", "accuracy", "val_accuracy"):
            if name in last:
                text += f", {name} {last[name]:.3f}"
        return text


@contextmanager
def watching(classifier, history=()):
    """Yield what `train` is to call, as the classifier's parameters ask.

    Parameters
    ----------
    classifier : DeepClassifier
        Its ``log``, ``tensorboard`` and ``progress`` say what to show, and whom to
        tell of each epoch.
    history : list of dict
        Of the epochs that are done, where a run goes on.

    Yields
    ------
    hooks : dict
        ``on_epoch`` and ``on_batch``; None where there is nothing to call.

    Examples
    --------
    >>> from fercompare.deep.classifier import CNNClassifier
    >>> with watching(CNNClassifier()) as hooks:
    ...     hooks
    {'on_epoch': None, 'on_batch': None}
    """
    with ExitStack() as opened:
        writers, bar = [], None
        if classifier.log is not None:
            writers.append(Log(classifier.log, history))
        if classifier.tensorboard is not None:
            writers.append(TensorBoard(classifier.tensorboard, len(history)))
            opened.callback(writers[-1].close)
        tell = classifier.progress if callable(classifier.progress) else None
        if classifier.progress and tell is None:
            bar = Bar(classifier.epochs)
            opened.callback(bar.close)

        def on_epoch(run):
            for writer in writers:
                writer.write(run.history[-1])
            if tell is not None:
                tell(run.history)

        yield {
            "on_epoch": on_epoch if writers or tell else None,
            "on_batch": None if bar is None else bar.move,
        }


@contextmanager
def _refusals(path):
    """Say where nothing could be written, and what to do."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"cannot be written to: {error.strerror}",
            file=path,
            remedy="make its folder, or choose another place",
        ) from error


def _short(row):
    """Return a row with six digits of each number, which is what they are worth."""
    return {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()}


def _is_log(path):
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read(len(HEADER)) in ("", HEADER)


def _curve(name):
    """Return a column's name as TensorBoard groups curves."""
    is_val = name.startswith("val_")
    if name.removeprefix("val_") not in SCORES:
        return name
    return f"{name.removeprefix('val_')}/{'validation' if is_val else 'training'}"

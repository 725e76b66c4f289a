"""The ten votes of FER+, and the four published rules that make labels of them."""

import csv
from pathlib import Path

import numpy as np

from fercompare.datasets.files import find_below
from fercompare.errors import DataError, look_up, whole_number

VOTES = (
    *("neutral", "happiness", "surprise", "sadness"),
    *("anger", "disgust", "fear", "contempt"),
    *("unknown", "NF"),
)
N_EMOTIONS = 8
MOST_VOTES = 10
TABLE = "fer2013new.csv"
MOST_BYTES = 64 * 2**20


def label_votes(votes, mode):
    """Return the distribution over eight emotions that ``mode`` makes of ten votes.

    Parameters
    ----------
    votes : array-like of shape (n, 10), int
        In the order of ``VOTES``.
    mode : {"majority", "probability", "crossentropy", "multi_target", "votes"}
        The rules of Barsoum et al. (2016); ``votes`` is the plain share of each
        emotion, for every image with at least one vote for one.

    Returns
    -------
    ndarray of shape (n, 8), float64
        Rows add up to 1, or to 0 where the rule discards the image.

    Examples
    --------
    >>> label_votes([[6, 0, 0, 4, 0, 0, 0, 0, 0, 0]], "majority")[0, :4]
    array([1., 0., 0., 0.])
    >>> label_votes([[6, 0, 0, 4, 0, 0, 0, 0, 0, 0]], "probability")[0, :4]
    array([0.6, 0. , 0. , 0.4])
    """
    rule = look_up(mode, RULES, "label mode")
    different, which = np.unique(np.asarray(votes), axis=0, return_inverse=True)
    targets = np.array([_emotions_only(rule(row)) for row in different])
    return targets.reshape(-1, N_EMOTIONS)[which.reshape(-1)]


def _majority(votes):
    votes = _without_outliers(votes)
    kept = np.zeros_like(votes)
    if votes.max() > votes.sum() / 2:
        kept[votes.argmax()] = votes.max()
    return kept


def _most_named(votes):
    """Collect the votes from the top until three quarters of them are in."""
    votes = _without_outliers(votes)
    total, kept, n_collected, ended = votes.sum(), np.zeros_like(votes), 0, False
    collected = 0
    while collected < 0.75 * total and n_collected < 3 and not ended:
        top = votes.max()
        for k in np.flatnonzero(votes == top):
            kept[k], votes[k] = top, 0
            collected += top
            n_collected += 1
            if k >= N_EMOTIONS:
                ended = True
                if kept.sum() > top:
                    kept[k] = 0
                    n_collected -= 1
                break
    if kept.sum() <= total / 2 or n_collected > 3:
        return np.zeros_like(kept)
    return kept


def _multi_target(votes):
    votes = _without_outliers(votes)
    kept = np.where(votes >= 0.3 * votes.sum(), votes, 0)
    return kept if kept.sum() > votes.sum() / 2 else np.zeros_like(kept)


def _plain(votes):
    return np.where(np.arange(len(VOTES)) < N_EMOTIONS, votes, 0)


RULES = {
    "majority": _majority,
    "probability": _most_named,
    "crossentropy": _most_named,
    "multi_target": _multi_target,
    "votes": _plain,
}


def _without_outliers(votes):
    return np.where(votes <= 1, 0, votes)


def _emotions_only(kept):
    emotions = kept[:N_EMOTIONS]
    if emotions.sum() == 0 or kept.argmax() >= N_EMOTIONS:
        return np.zeros(N_EMOTIONS)
    return emotions / emotions.sum()


def read_votes(path):
    """Return usages, image names and votes ``(n, 10)`` of a ``fer2013new.csv``."""
    path = Path(path)
    expected = ["usage", "image name", *(name.lower() for name in VOTES)]
    usages, names, votes = [], [], []
    for number, cells in read_small_csv(path):
        if number == 1:
            if [cell.strip().lower() for cell in cells] != [
                c.lower() for c in expected
            ]:
                raise DataError(
                    f"the header is {','.join(cells)[:80]!r}",
                    file=path,
                    row=1,
                    remedy=f"expected {','.join(expected)}",
                )
            continue
        votes.append(to_votes(cells[2:], path, number))
        usages.append(cells[0].strip())
        names.append(cells[1].strip())
    return np.array(usages), np.array(names), np.array(votes).reshape(-1, len(VOTES))


def to_votes(cells, path, number):
    """Return ten fields as counts of votes."""
    counts = [whole_number(cell.strip(), MOST_VOTES) for cell in cells]
    if len(counts) != len(VOTES) or None in counts:
        raise DataError(
            f"the votes are {','.join(cells)[:60]!r}",
            file=path,
            row=number,
            remedy=f"expected {len(VOTES)} whole numbers from 0 to {MOST_VOTES}",
        )
    return counts


def read_small_csv(path):
    """Yield line number and cells of a csv of labels (not of pixels)."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"is longer than {MOST_BYTES:,} bytes", file=path)
        with open(path, newline="", encoding="utf-8-sig") as stream:
            for cells in (lines := csv.reader(stream)):
                if cells:
                    yield lines.line_num, cells
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot be read ({error})", file=path) from error


def join_votes(path, images):
    """Return FER+'s votes for a FER2013 csv, where their table lies beside it."""
    table = find_below(Path(path).parent, (TABLE,), levels=1)
    if table is None:
        return {}
    return vote_columns(votes_by_row(path, images, table))


def votes_by_row(path, images, table):
    """Return the votes of each row of a FER2013 csv that was read.

    The two tables have the same rows in the same order, so that the place in the one
    is the place in the other; the image names are of no use for that.

    Parameters
    ----------
    path : Path
        The csv.
    images : PixelTable
        What was read of it.
    table : Path
        ``fer2013new.csv``.
    """
    usages, _, votes = read_votes(table)
    remedy = "the two files must have the same rows; get both again"
    if images.n_records != len(votes):
        raise DataError(
            f"has {len(votes)} rows, {path.name} has {images.n_records}",
            file=table,
            remedy=remedy,
        )
    for row, usage in zip(images.rows, images.fields["usage"]):
        if usage != usages[row]:
            raise DataError(
                f"belongs to {usages[row]}, in {path.name} to {usage}",
                file=table,
                row=int(row) + 2,
                remedy=remedy,
            )
    return votes[images.rows]


def vote_columns(votes):
    """Return the row columns that describe ten votes."""
    return {
        "raw_votes": votes.astype(np.int16),
        "unknown_votes": votes[:, N_EMOTIONS].astype(np.int16),
        "nf_votes": votes[:, N_EMOTIONS + 1].astype(np.int16),
    }

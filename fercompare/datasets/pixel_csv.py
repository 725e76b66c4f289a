"""Tables with one image a row, its pixels as numbers in one field.

The files are large (FER2013: 300 MB of digits) and come from strangers: they are read
a few hundred rows at a time, never a field longer than an image can be, and every
number is checked. Sound rows are turned into bytes all together; a row that is not
sound is looked at by itself, to say what is wrong with it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fercompare.errors import DataError, DataNotFound
from fercompare.terminal import track

MOST_BYTES_A_LINE = 64 * 1024
LINES_AT_ONCE = 256
REMEDY = "download the file again, or take the row out"


@dataclass(frozen=True)
class PixelTable:
    """What a table of pixels holds.

    Attributes
    ----------
    X : ndarray of shape (n, n_pixels), uint8
    fields : dict of list of str
        The other columns, by their lower-case names.
    lines : ndarray of shape (n,), int
        Line of the file that each row stands on; the header is line 1.
    rows : ndarray of shape (n,), int
        Which record of the file each row is, counted from 0; blank lines are none.
    n_records : int
        Records in the file, with those that were refused.
    """

    X: np.ndarray
    fields: dict
    lines: np.ndarray
    rows: np.ndarray
    n_records: int


def read_pixel_csv(path, reader, *, required, n_pixels=2304):
    """Read a csv whose column ``pixels`` holds ``n_pixels`` numbers from 0 to 255.

    Parameters
    ----------
    path : Path
    reader : ImageReader
        Says whether a bad row ends the reading or is skipped.
    required : tuple of str
        Columns that must be there, in lower case.
    n_pixels : int, default=2304

    Returns
    -------
    PixelTable
    """
    path = Path(path)
    try:
        n_lines = _count_lines(path)
        with open(path, "rb") as stream:
            names = _header(stream, path, required)
            return _read_rows(stream, path, reader, names, n_lines, n_pixels)
    except OSError as error:
        raise DataNotFound(f"cannot be read ({error.strerror})", file=path) from error


def _count_lines(path):
    with open(path, "rb") as stream:
        blocks = iter(lambda: stream.read(1 << 22), b"")
        return sum(block.count(b"\n") for block in blocks)


def _header(stream, path, required):
    line = stream.readline(MOST_BYTES_A_LINE).removeprefix(b"\xef\xbb\xbf")
    text = line.decode("latin-1").strip().lower()
    names = [name.strip().strip('"').strip() for name in text.split(",")]
    missing = [name for name in required if name not in names]
    if missing or len(set(names)) != len(names):
        raise DataError(
            f"the header is {text[:80]!r}, without {', '.join(missing) or 'repeats'}",
            file=path,
            row=1,
            remedy=f"the first line must name the columns {', '.join(required)}",
        )
    return names


def _read_rows(stream, path, reader, names, n_lines, n_pixels):
    most = path.stat().st_size // (2 * n_pixels - 1) + 1
    X = np.empty((min(n_lines + 1, most), n_pixels), dtype=np.uint8)
    fields = {name: [] for name in names}
    where, lines, rows, n_records = names.index("pixels"), [], [], 0
    starts = range(2, n_lines + 3, LINES_AT_ONCE)
    for start in track(starts, f"reading {path.name}"):
        numbers, records, cells = [], [], []
        for number, split in _next_lines(stream, start, path, reader, names):
            if split is not None:
                numbers.append(number)
                records.append(n_records)
                cells.append(split)
            n_records += 1
        texts = [row[where] for row in cells]
        block, kept = _pixels(texts, numbers, n_pixels, path, reader)
        X[len(lines) : len(lines) + len(kept)] = block[kept]
        for k in kept:
            lines.append(numbers[k])
            rows.append(records[k])
            for name, cell in zip(names, cells[k]):
                if name != "pixels":
                    fields[name].append(cell.decode("latin-1").strip())
    del fields["pixels"]
    if not lines:
        raise DataError("has no sound row below its header", file=path, remedy=REMEDY)
    lines, rows = np.array(lines, dtype=np.int64), np.array(rows, dtype=np.int64)
    return PixelTable(X[: len(lines)], fields, lines, rows, n_records)


def _next_lines(stream, start, path, reader, names):
    """Yield number and cells of the next lines; no cells where they were refused."""
    for number in range(start, start + LINES_AT_ONCE):
        line = stream.readline(MOST_BYTES_A_LINE + 1)
        if len(line) <= MOST_BYTES_A_LINE and not line.strip():
            continue
        try:
            yield number, _split(line, names, path, number)
        except DataError as error:
            reader.refuse(error)
            if len(line) > MOST_BYTES_A_LINE:
                _skip_line(stream, line)
            yield number, None


def _pixels(texts, numbers, n_pixels, path, reader):
    block, failed = _to_bytes(texts, n_pixels)
    refused = set()
    for k in failed:
        try:
            block[k] = _diagnose(texts[k], n_pixels, path, numbers[k])
        except DataError as error:
            reader.refuse(error)
            refused.add(k)
    return block, [k for k in range(len(texts)) if k not in refused]


def _skip_line(stream, line):
    while line and not line.endswith(b"\n"):
        line = stream.readline(MOST_BYTES_A_LINE)


def _split(line, names, path, number):
    if len(line) > MOST_BYTES_A_LINE:
        raise DataError(
            f"is longer than {MOST_BYTES_A_LINE:,} bytes",
            file=path,
            row=number,
            remedy=REMEDY,
        )
    cells = [cell.strip().strip(b'"') for cell in line.split(b",")]
    if len(cells) != len(names):
        raise DataError(
            f"has {len(cells)} fields, the header {len(names)}",
            file=path,
            row=number,
            remedy=REMEDY,
        )
    return cells


def _to_bytes(texts, n_pixels):
    """Return texts of numbers as ``(len(texts), n_pixels)`` bytes, and which failed.

    Works on all digits at once: a number is its last digit, ten times the one before
    and a hundred times the one before that.
    """
    block = np.zeros((len(texts), n_pixels), dtype=np.uint8)
    sound = [k for k, text in enumerate(texts) if text.count(b" ") == n_pixels - 1]
    failed = sorted(set(range(len(texts))) - set(sound))
    if not sound:
        return block, failed
    text = np.frombuffer(b"  " + b" ".join(texts[k] for k in sound) + b" ", np.uint8)
    is_space = text == ord(" ")
    digit = np.where(is_space, 0, text - np.uint8(ord("0")))
    ends = np.flatnonzero(is_space)[2:]
    lengths = np.diff(ends, prepend=1) - 1
    value = digit[ends - 1].astype(np.uint16)
    value += np.where(lengths > 1, digit[ends - 2], 0) * np.uint16(10)
    value += np.where(lengths > 2, digit[ends - 3], 0) * np.uint16(100)
    bad = (lengths < 1) | (lengths > 3) | (value > 255)
    bad |= np.add.reduceat(digit > 9, ends - np.maximum(lengths, 1)).astype(bool)
    bad_rows = bad.reshape(-1, n_pixels).any(axis=1)
    block[sound] = value.reshape(-1, n_pixels)
    return block, sorted([*failed, *(sound[k] for k in np.flatnonzero(bad_rows))])


def _diagnose(text, n_pixels, path, number):
    tokens = text.split()
    if len(tokens) != n_pixels:
        raise DataError(
            f"{len(tokens)} pixels, expected {n_pixels}",
            file=path,
            row=number,
            remedy=REMEDY,
        )
    for k, token in enumerate(tokens):
        if not token.isdigit() or len(token) > 3 or int(token) > 255:
            shown = token[:20].decode("latin-1")
            raise DataError(
                f"pixel {k} is {shown!r}, expected a whole number from 0 to 255",
                file=path,
                row=number,
                remedy=REMEDY,
            )
    return np.array([int(token) for token in tokens], dtype=np.uint8)

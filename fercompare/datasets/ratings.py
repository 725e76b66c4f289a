"""JAFFE's semantic ratings: the table in its README, or in an Excel copy of it."""

import re
import zipfile
from contextlib import closing
from dataclasses import dataclass

from fercompare.errors import DataError

HEADER = ("HAP", "SAD", "SUR", "ANG", "DIS", "FEA", "PIC")
RATED = ("happy", "sad", "surprise", "angry", "disgust", "fear")
"""What the six numbers of a row are about, in their order."""
PICTURE = re.compile(r"([A-Z]{2})[-.]([A-Z]{2})[-.]?(\d)")
MISPRINTS = {"YN-HA2": "YM-HA2"}
"""There is no YN; row 53 of the published table is about YM.HA2.53.tiff."""
TEXTS = (".txt", ".csv", ".md", ".dat", "")
MOST_BYTES = 4 * 2**20
MOST_UNPACKED = 32 * 2**20
MOST_ROWS, MOST_COLUMNS = 2000, 32


@dataclass(frozen=True)
class Rating:
    """What sixty viewers saw on a picture, on average, from 1 to 5."""

    subject: str
    expression: str
    repeat: str
    means: tuple
    row: int


def find_ratings(files):
    """Return the file with the table, and ``{number of the picture: Rating}``.

    Text comes before Excel. Without a table both are None.

    Parameters
    ----------
    files : list of Path

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "README_FIRST.txt")
    ...     written = path.write_text(
    ...         "# HAP SAD SUR ANG DIS FEA PIC\\n7 4.6 1.2 1.9 1.1 1.3 1.4 KM-HA4"
    ...     )
    ...     found, table = find_ratings([path])
    >>> table[7].means
    (4.6, 1.2, 1.9, 1.1, 1.3, 1.4)
    """
    texts = [path for path in files if path.suffix.lower() in TEXTS and path.is_file()]
    texts.sort(key=lambda path: "readme" not in path.name.lower())
    excels = [path for path in files if path.suffix.lower() == ".xlsx"]
    for path in (*texts, *excels):
        if table := _table(path):
            return path, table
    return None, None


def _table(path):
    """Return the ratings in the first table of six adjectives; a later one has five."""
    ratings, inside = {}, False
    for row, words in _excel(path) if path.suffix.lower() == ".xlsx" else _text(path):
        if not inside:
            inside = tuple(word.upper() for word in words[-7:]) == HEADER
        elif words and re.match(r"\d", words[0]):
            number, rating = _rating(words, path, row)
            if number in ratings:
                found = f"rates picture {number} again"
                raise DataError(found, file=path, row=row)
            ratings[number] = rating
        elif re.search(r"[^\W_]", "".join(words)):
            break
    return ratings


def _rating(words, path, row):
    try:
        number, *means, picture = words
        number, means = int(float(number)), tuple(map(float, means))
    except ValueError:
        means, picture = (), ""
    picture = MISPRINTS.get(picture.upper(), picture.upper())
    found = PICTURE.fullmatch(picture)
    if not found or len(means) != 6 or not all(1 <= mean <= 5 for mean in means):
        raise DataError(
            f"{' '.join(words)[:60]!a} is no row of the table",
            file=path,
            row=row,
            remedy="expected a number, six means from 1 to 5, and a name like KM-NE1",
        )
    return number, Rating(*found.groups(), means, row)


def _text(path):
    """Yield the number and the words of each line; nothing of files too large."""
    try:
        text = path.read_text("latin-1") if path.stat().st_size <= MOST_BYTES else ""
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", file=path) from error
    for row, line in enumerate(text.splitlines(), start=1):
        yield row, re.split(r"[\s,;]+", line.strip()) if line.strip() else []


def _excel(path):
    """Yield the number and the words of each row of each sheet."""
    try:
        import openpyxl
    except ImportError as error:
        raise DataError(
            "is an Excel file, and openpyxl is not installed",
            file=path,
            remedy='pip install "fercompare[excel]", or save the table as text',
        ) from error
    try:
        _check_package(path)
        book = openpyxl.load_workbook(
            path, read_only=True, data_only=True, keep_links=False
        )
        with closing(book):
            for sheet in book.worksheets:
                cells = sheet.iter_rows(
                    max_row=MOST_ROWS, max_col=MOST_COLUMNS, values_only=True
                )
                for row, values in enumerate(cells, start=1):
                    yield row, " ".join(str(v) for v in values if v is not None).split()
    except DataError:
        raise
    except Exception as error:  # whatever the reader trips over, the file is at fault
        raise DataError(
            f"cannot be read as an Excel file ({type(error).__name__})",
            file=path,
            remedy="save the table as text",
        ) from error


def _check_package(path):
    """Refuse an Excel file that unpacks to too much, or reaches outside itself."""
    if path.stat().st_size > MOST_BYTES:
        raise DataError(f"is longer than {MOST_BYTES:,} bytes", file=path)
    with zipfile.ZipFile(path) as package:
        members = package.infolist()
        if sum(member.file_size for member in members) > MOST_UNPACKED:
            raise DataError(f"unpacks to more than {MOST_UNPACKED:,} bytes", file=path)
        for member in members:
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataError("is packed in an unusual way", file=path)
            if re.search("externalLink|vbaProject|embedding", member.filename):
                raise DataError("reaches outside itself", file=path)
            if b"<!DOCTYPE" in package.read(member).replace(b"\0", b""):
                raise DataError("defines entities of its own", file=path)

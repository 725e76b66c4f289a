"""RAF-DB, the basic emotions: the list of labels with its images, or folders."""

import re
from pathlib import Path

from fercompare.datasets.files import ImageFile, find_below, from_files
from fercompare.datasets.folders import load_folders
from fercompare.errors import DataError, DataNotFound
from fercompare.labels import EMOTIONS

LIST = "list_patition_label.txt"
NUMBERS = dict(
    zip("1234567", ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"))
)
LINE = re.compile(r"^((train|test)_\d+)\.jpg\s+([1-7])$")


def load_rafdb(root, reader, *, aligned=True):
    """Load RAF-DB from ``basic/EmoLabel`` and ``basic/Image``, or from class folders.

    There is no validation part; cut one out of ``train``, never out of ``test``.

    Parameters
    ----------
    root : Path
    reader : ImageReader
    aligned : bool, default=True
        Take ``Image/aligned`` rather than ``Image/original``.
    """
    root = Path(root)
    labels = find_below(root, (LIST,), levels=3)
    if labels is None:
        train = find_below(root, ("train",), itself=False)
        if train is None:
            raise DataNotFound(f"holds no {LIST} and no folder train", file=root)
        return load_folders(train.parent, reader, name="rafdb", label_names=NUMBERS)
    kind = "aligned" if aligned else "original"
    images = find_below(labels.parent.parent, (kind,))
    if images is None:
        raise DataNotFound(f"has no folder Image/{kind} beside it", file=labels)
    ending = "_aligned.jpg" if aligned else ".jpg"
    files = [
        ImageFile(images / (name + ending), NUMBERS[number], part)
        for name, part, number in _lines(labels, reader)
    ]
    return from_files(
        "rafdb", root, files, EMOTIONS, reader, notes={"layout": f"list, {kind}"}
    )


def _lines(labels, reader):
    with open(labels, encoding="latin-1") as stream:
        for row, line in enumerate(stream, start=1):
            if found := LINE.match(line.strip()):
                yield found.groups()
            elif line.strip():
                reader.refuse(
                    DataError(
                        f"{line.strip()[:40]!r} is no file name and label",
                        file=labels,
                        row=row,
                        remedy="expected a line such as 'train_00001.jpg 5'",
                    )
                )

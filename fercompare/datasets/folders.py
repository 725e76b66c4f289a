"""Anyone's images: a folder a class, below a folder a part or not."""

import csv
import re
from collections import Counter
from pathlib import Path

from fercompare.datasets.files import ImageFile, from_files, walk_images
from fercompare.errors import DataError
from fercompare.labels import EMOTIONS_WITH_CONTEMPT, canonical, in_order

PART_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("public", "publictest", "public_test"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(("private", "privatetest", "private_test"), "test"),
}
COPY = re.compile(r"\.(jpe?g|png)[^/]*\.\w+$|aug_|_aug|\bcopy\b|_0_\d{3,}\.", re.I)
UNFINISHED = ".aligning.jsonl"
TABLE, WITHOUT_FACE = "faces.csv", "without-a-face.csv"
"""What `fercompare data align` leaves: while it runs, and when it is done."""
UNREADABLE = "unreadable"
SORT_INTO_CLASSES = "put the images of each class into a folder of its name"


def load_folders(
    root,
    reader,
    *,
    name="folders",
    subject=None,
    label_names=None,
    split_of=None,
    refuse_copies=False,
):
    """Load images that lie in folders named by class, with or without a part above.

    ``root/train/happy/1.png`` and ``root/happy/1.png`` are both read. Words that mean
    the same (anger, angry) are one class. Other names are classes as they stand, but
    not beside emotions, where a folder such as ``misc`` is more likely a mistake.

    Parameters
    ----------
    root : Path
    reader : ImageReader
    name : str, default="folders"
    subject : str, optional
        Regular expression that is searched in the path of each image below ``root``;
        its first group (or the whole match) names the subject.
    label_names : dict, optional
        ``{folder name: class}``; must be given where folders are called by numbers.
    split_of : callable, optional
        File name to part, or None where the folder decides.
    refuse_copies : bool, default=False
        Refuse files whose names look like those of augmented copies, instead of
        noting how many there are.
    """
    root = Path(root)
    notes = {"layout": "folders"} | _of_alignment(root, reader)
    find = _Finder(root, subject, label_names, split_of)
    files, copies = [], 0
    for path in walk_images(root, reader):
        is_copy = COPY.search(path.name) is not None
        copies += is_copy
        try:
            if is_copy and refuse_copies:
                raise DataError(
                    "has the name of an augmented copy",
                    file=path,
                    remedy="take the copies out: they would cross between parts",
                )
            files.append(find(path))
        except DataError as error:
            reader.refuse(error)
    classes = _ordered({file.label for file in files}, root, find.names.values())
    _check_parts(files, root)
    if copies and not refuse_copies:
        notes["augmented"] = f"{copies} file names look like augmented copies"
    return from_files(name, root, files, classes, reader, notes=notes)


def class_names(label_names):
    """Return a user's map from names to classes as texts."""
    if not isinstance(label_names, dict | None):
        raise DataError(
            f"label_names={label_names!r} is no map",
            remedy="write label_names={'0': 'angry', …}",
        )
    return {str(key): str(value) for key, value in (label_names or {}).items()}


def _of_alignment(root, reader):
    """Return what became of pictures without a face, where faces were cut out.

    Those that could not be read then are refused as if they were still there.
    """
    if (root / UNFINISHED).is_file():
        raise DataError(
            "is not whole, `fercompare data align` was stopped",
            file=root,
            remedy="run it again with the same words, it goes on where it was",
        )
    if not ((root / WITHOUT_FACE).is_file() and (root / TABLE).is_file()):
        return {}
    notes = {}
    if without := _rows(root / WITHOUT_FACE):
        counts = Counter(str(row.get("done")) for row in without)
        told = ", ".join(f"{n} {done}" for done, n in counts.items())
        notes["without_a_face"] = told
    unreadable = [r for r in _rows(root / TABLE) if r.get("done") == UNREADABLE]
    for row in unreadable:
        reader.refuse(
            DataError(
                f"{row.get('file')} could not be read when faces were cut out",
                file=root / TABLE,
                remedy="mend it and cut them out anew, or pass on_error='skip'",
            )
        )
    if unreadable:
        notes[UNREADABLE] = f"{len(unreadable)} pictures, see {TABLE}"
    return notes


def _rows(path):
    with open(path, encoding="utf-8", errors="replace", newline="") as stream:
        return list(csv.DictReader(stream))


class _Finder:
    """Reads class, part and subject off the path of an image."""

    def __init__(self, root, subject, label_names, split_of):
        self.root, self.split_of = root, split_of
        self.names = {k.lower(): v for k, v in class_names(label_names).items()}
        try:
            self.subject = None if subject is None else re.compile(subject)
        except (re.error, TypeError) as error:
            raise DataError(
                f"subject={subject!r} is no regular expression ({error})"
            ) from error

    def __call__(self, path):
        inside = path.relative_to(self.root)
        folders = inside.parts[:-1]
        parts = [PART_NAMES.get(folder.lower()) for folder in folders]
        words = [folder for folder, part in zip(folders, parts) if part is None]
        part = next((part for part in parts if part), None)
        if self.split_of is not None:
            part = self.split_of(path.name) or part
        return ImageFile(path, self._label(words, path), part, self._subject(inside))

    def _label(self, words, path):
        named = {self.names.get(word.lower()) or canonical(word) for word in words}
        named.discard(None)
        if len(named) > 1:
            raise DataError(
                f"lies in folders of several classes: {', '.join(sorted(named))}",
                file=path,
                remedy="rename the folders that do not name a class",
            )
        if named:
            return named.pop()
        if not words:
            raise DataError(
                "lies in no class folder", file=path, remedy=SORT_INTO_CLASSES
            )
        if words[-1].isdigit():
            raise DataError(
                f"lies in a folder called {words[-1]}",
                file=path,
                remedy="say what the numbers mean: label_names={'0': 'angry', …}",
            )
        return words[-1]

    def _subject(self, inside):
        if self.subject is None:
            return None
        found = self.subject.search(inside.as_posix())
        subject = found and found[min(1, self.subject.groups)]
        if not subject:
            raise DataError(
                f"does not match the pattern for subjects, {self.subject.pattern!r}",
                file=self.root / inside,
                remedy="write a pattern that finds a subject in every path",
            )
        return subject


def _ordered(labels, root, named):
    strangers = sorted(labels - set(EMOTIONS_WITH_CONTEMPT) - set(named))
    if strangers and len(strangers) < len(labels):
        raise DataError(
            f"has folders of emotions, but also {', '.join(strangers[:5])}",
            file=root,
            remedy="say which class they are with label_names, or take them out",
        )
    if len(labels) < 2:
        raise DataError(
            f"holds images of {len(labels)} class" + "es" * (not labels),
            file=root,
            remedy=SORT_INTO_CLASSES,
        )
    return in_order(labels)


def _check_parts(files, root):
    without = [file.path for file in files if file.split is None]
    if without and len(without) < len(files):
        raise DataError(
            f"is in no folder for a part, while {len(files) - len(without)} images are",
            file=without[0],
            remedy=f"move it below train, val or test in {root}",
        )

"""The Dataset: image rows, labels, and what is known of each row."""

import hashlib
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np

from fercompare.errors import DataError
from fercompare.images import as_stack, resolve_shape
from fercompare.labels import label_map

PARTS = ("train", "val", "test")
UNLABELLED = -1


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images as rows, with labels and whatever else is known of each of them.

    Its arrays cannot be written to, since trials are stored under a fingerprint of
    them that is computed once; `dataclasses.replace` makes a set with others. Nor may
    arrays change that a set was made of: they are not copied.

    Parameters
    ----------
    name : str
        The catalogue's name, or the user's own.
    X : ndarray of shape (n, h*w) or (n, h*w*3), uint8
        One image a row.
    y : ndarray of shape (n,), int
        Index into ``classes``; -1 where a row has no label.
    classes : tuple of str
    image_shape : tuple of int
        ``(h, w)``, or ``(h, w, 3)`` in colour.
    split : ndarray of shape (n,), str, optional
        ``train``, ``val`` or ``test``.
    groups : ndarray of shape (n,), str, optional
        Who is on the picture; no group may be in two parts. Numbers become texts, so
        that equal fingerprints mean equal folds.
    votes : ndarray of shape (n, len(classes)), float32, optional
        The share of viewers that named each class.
    paths : ndarray of shape (n,), str, optional
        File of each row, relative to the folder it was loaded from.
    rows : ndarray of shape (n,), int, optional
        Place of each row in the set as it lies on disk; counted here if not given.
        Parts and subsets keep it.
    columns : dict of ndarray of shape (n, …), optional
        Anything else known of each row, such as ``sequence`` or ``source``.
    notes : dict of str, optional
        How the set was read: layout, files, rule of the labels.
    skipped : tuple of DataError
        What ``on_error="skip"`` left out.

    Examples
    --------
    >>> import numpy as np
    >>> faces = Dataset("two", np.zeros((2, 4), np.uint8), np.array([0, 1]),
    ...                 ("happy", "sad"), (2, 2), split=np.array(["train", "test"]))
    >>> faces
    <Dataset two: 2 images of 2 x 2, 2 classes; train 1, test 1>
    >>> faces.part("train").X.shape
    (1, 4)
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    classes: tuple
    image_shape: tuple
    split: np.ndarray | None = None
    groups: np.ndarray | None = None
    votes: np.ndarray | None = None
    paths: np.ndarray | None = None
    rows: np.ndarray | None = None
    columns: dict = field(default_factory=dict)
    notes: dict = field(default_factory=dict)
    skipped: tuple = ()

    def __post_init__(self):
        if self.rows is None:
            object.__setattr__(self, "rows", np.arange(len(self.X)))
        if self.groups is not None:
            object.__setattr__(self, "groups", np.asarray(self.groups, dtype=str))
        object.__setattr__(self, "classes", tuple(map(str, self.classes)))
        object.__setattr__(self, "image_shape", tuple(map(int, self.image_shape)))
        for name, values in self.row_arrays().items():
            object.__setattr__(self, name, _read_only(values))
        columns = {name: _read_only(values) for name, values in self.columns.items()}
        object.__setattr__(self, "columns", columns)
        _check(self)

    def __reduce__(self):
        return type(self), tuple(getattr(self, f.name) for f in fields(self) if f.init)

    def __len__(self):
        return len(self.X)

    def __repr__(self):
        parts = ", ".join(f"{part} {n}" for part, n in self.part_sizes().items())
        shape = " x ".join(map(str, self.image_shape))
        return (
            f"<Dataset {self.name}: {len(self)} images of {shape}, "
            f"{len(self.classes)} classes{'; ' if parts else ''}{parts}>"
        )

    @property
    def images(self):
        """The images as a stack ``(n, h, w[, 3])``; a view of ``X``."""
        return as_stack(self.X, self.image_shape)

    @property
    def labelled(self):
        """Mask of the rows that have a label."""
        return self.y != UNLABELLED

    def part_sizes(self):
        """Return ``{part: number of rows}`` for the parts there are."""
        if self.split is None:
            return {}
        return {p: n for p in PARTS if (n := int(np.sum(self.split == p)))}

    def part(self, name):
        """Return the rows of one part: ``train``, ``val`` or ``test``."""
        sizes = self.part_sizes()
        if name not in sizes:
            raise DataError(
                f"data set {self.name!r} has no part {name!r}; "
                f"it has {', '.join(sizes) or 'no split at all'}",
                remedy="load it with split='stratified' or split='subject'",
            )
        return self.take(self.split == name)

    def take(self, which):
        """Return the rows that ``which`` (a mask or row indices) names."""
        row_wise = {name: value[which] for name, value in self.row_arrays().items()}
        columns = {name: value[which] for name, value in self.columns.items()}
        return replace(self, **row_wise, columns=columns)

    def row_arrays(self):
        """Return ``{field: array}`` for the fields that hold one entry a row."""
        names = ("X", "y", "split", "groups", "votes", "paths", "rows")
        return {name: v for name in names if (v := getattr(self, name)) is not None}

    def relabel(self, labels):
        """Return the set with other classes.

        Parameters
        ----------
        labels : str or dict
            A name out of ``fercompare.labels.LABEL_MAPS`` such as ``"valence3"``, or
            ``{old class: new class}``; None as the new class leaves rows out. Votes
            are added up, and shared out anew where a class was left out.

        Examples
        --------
        >>> import numpy as np
        >>> faces = Dataset("three", np.zeros((3, 4), np.uint8), np.arange(3),
        ...                 ("happy", "sad", "surprise"), (2, 2))
        >>> simple = faces.relabel("valence3")
        >>> simple.classes, simple.y
        (('positive', 'negative'), array([0, 1]))
        """
        mapping = label_map(labels, self.classes)
        classes = tuple(dict.fromkeys(new for new in mapping.values() if new))
        index = {new: k for k, new in enumerate(classes)}
        to_new = np.array([index.get(mapping[old], UNLABELLED) for old in self.classes])
        y = np.where(self.labelled, to_new[self.y], UNLABELLED)
        votes = self.votes
        if votes is not None:
            votes = _pool_votes(votes, to_new, len(classes))
        kept = ~self.labelled | (y != UNLABELLED)
        relabelled = replace(self, y=y, classes=classes, votes=votes)
        return relabelled if kept.all() else relabelled.take(kept)

    def class_counts(self):
        """Return ``{part: {class: rows}}``, the whole set under ``all``."""
        parts = {p: self.split == p for p in self.part_sizes()}
        parts["all"] = np.ones(len(self), dtype=bool)
        return {
            part: {
                name: int(np.sum(self.y[mask] == k))
                for k, name in enumerate(self.classes)
            }
            for part, mask in parts.items()
        }

    @cached_property
    def fingerprint(self):
        """What was really loaded: pixels, labels, votes, classes and split.

        The same whatever layout the pixels came from and in whatever order.
        """
        labels = np.array([*self.classes, ""])[self.y]
        parts = self.split if self.split is not None else np.full(len(self), "")
        votes = None if self.votes is None else self.votes.astype("<f4")
        digests = []
        for k, row in enumerate(self.X):
            digest = hashlib.blake2b(
                f"{labels[k]}\0{parts[k]}\0".encode(), digest_size=16
            )
            digest.update(row)
            if votes is not None:
                digest.update(votes[k])
            digests.append(digest.digest())
        header = ascii((self.classes, self.image_shape)).encode()
        return hashlib.sha256(header + b"".join(sorted(digests))).hexdigest()


def _read_only(values):
    view = np.asanyarray(values).view()
    view.flags.writeable = False
    return view


def _pool_votes(votes, to_new, n_classes):
    pooled = np.zeros((len(votes), n_classes), dtype=np.float32)
    for old, new in enumerate(to_new):
        if new != UNLABELLED:
            pooled[:, new] += votes[:, old]
    total = pooled.sum(axis=1, keepdims=True)
    return np.divide(pooled, total, out=pooled, where=total > 0)


def _check(dataset):
    def refuse(found):
        raise DataError(f"data set {dataset.name!r}: {found}")

    if dataset.X.ndim != 2 or dataset.X.dtype != np.uint8:
        refuse(f"X is {dataset.X.dtype} of shape {dataset.X.shape}, not rows of uint8")
    resolve_shape(dataset.X.shape[1], dataset.image_shape)
    for name, values in (dataset.row_arrays() | dataset.columns).items():
        if len(values) != len(dataset.X):
            refuse(f"{len(values)} {name} for {len(dataset.X)} images")
    if len(set(dataset.classes)) != len(dataset.classes):
        refuse(f"a class is named twice in {dataset.classes}")
    if not np.isin(dataset.y, np.arange(UNLABELLED, len(dataset.classes))).all():
        refuse(f"y has values outside -1 … {len(dataset.classes) - 1}")
    if dataset.split is not None and not np.isin(dataset.split, PARTS).all():
        refuse(f"split has parts other than {', '.join(PARTS)}")
    if dataset.votes is not None and dataset.votes.shape[1] != len(dataset.classes):
        refuse(f"votes for {dataset.votes.shape[1]} of {len(dataset.classes)} classes")

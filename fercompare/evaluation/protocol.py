"""Who of a data set's rows trains, chooses and reports: what may be asked for."""

import hashlib
from typing import NamedTuple

import numpy as np

from fercompare.datasets.base import PARTS
from fercompare.errors import DataError, look_up

GROUPS = {"subject": "each subject in one fold", "none": "rows one by one"}
FEWEST_FOLDS = 2
DIGITS = 12


class Protocol(NamedTuple):
    """How the rows of one data set are shared out; the published parts by default.

    Parameters
    ----------
    train, select, report : tuple of str
        Parts of the data set, none in two of the three. With folds ``train`` alone
        names rows, each of which reports once and trains otherwise; it is empty where
        the set has no parts. Nothing selects then, and no rows are cut off for it: a
        network does what it does without validation data.
    cv : int, optional
        How many folds.
    group : {"subject", "none"}, optional
        Whether the folds keep subjects whole.
    subjects : str, optional
        A digest of who is on which picture, where the folds go by that.
    """

    train: tuple = ("train",)
    select: tuple = ("val",)
    report: tuple = ("test",)
    cv: int | None = None
    group: str | None = None
    subjects: str | None = None

    @property
    def folds(self):
        """The numbers of the folds; one None where there are none."""
        return (None,) if self.cv is None else range(self.cv)

    @property
    def reported_on(self):
        """Which rows are scored, in words."""
        if self.cv is None:
            return "+".join(self.report)
        rows = f" of {'+'.join(self.train)}" if self.train else ""
        return f"{self.cv} folds{rows}"

    @property
    def specification(self):
        """The fields of a trial that say so; none for the published parts."""
        if self.cv is None:
            text = ":".join(map("+".join, self[:3]))
            return {} if self == PUBLISHED else {"parts": text}
        fields = {"cv": self.cv, "group": self.group}
        fields |= {"subjects": self.subjects} if self.subjects else {}
        return fields | ({"parts": "+".join(self.train)} if self.train else {})


PUBLISHED = Protocol()


def protocol_for(dataset, *, parts=None, cv=None, group=None):
    """Return the `Protocol` for a data set, or raise where it has no such rows.

    Parameters
    ----------
    dataset : Dataset
    parts : str, optional
        Which of the set's parts train, select and report, such as ``"train::val"`` or
        ``"train+val::test"``. The published parts do as they are called if not given.
        With ``cv``, the parts whose rows are dealt into folds, as in ``"train"``.
    cv : int, optional
        Folds to deal the rows into; of a set that has parts, those of ``parts``.
    group : {"subject", "none"}, optional
        Whether folds keep subjects whole; if not given they do where subjects are
        known.

    Returns
    -------
    Protocol

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> faces = load_dataset("synthetic", n=300)
    >>> protocol_for(faces, parts="train+val::test").train
    ('train', 'val')
    >>> protocol_for(faces, parts="train", cv=5).reported_on
    '5 folds of train'
    """
    if cv is not None:
        return _folds(dataset, parts, cv, group)
    if group is not None:
        raise DataError(
            f"group={group!r} is about folds, and none were asked for",
            remedy="give cv, or load the set with split='subject'",
        )
    if parts is None:
        _check_parts(dataset, [*PUBLISHED.train, *PUBLISHED.report])
        return PUBLISHED
    named = parts.split(":")
    if len(named) != 3 or not (named[0] and named[2]):
        raise DataError(
            f"parts={parts!r} is not TRAIN:SELECT:REPORT",
            remedy="as in 'train:val:test', 'train::val' or 'train+val::test'",
        )
    protocol = Protocol(*(_names(words) for words in named))
    used = [*protocol.train, *protocol.select, *protocol.report]
    if twice := sorted({name for name in used if used.count(name) > 1}):
        raise DataError(f"parts={parts!r} uses the rows of {twice[0]!r} twice")
    _check_parts(dataset, used)
    return protocol


def _folds(dataset, parts, cv, group):
    if not isinstance(cv, int):
        raise DataError(f"cv={cv!r} is no whole number")
    if cv < FEWEST_FOLDS:
        raise DataError(f"cv={cv}: {FEWEST_FOLDS} folds are the fewest")
    train = () if parts is None else _names(parts)
    if dataset.split is not None and not train:
        raise DataError(
            f"data set {dataset.name!r} has parts, and folds of it would mix them",
            remedy=f"say which rows are dealt: parts='train', or "
            f"parts='{'+'.join(dataset.part_sizes())}' for all",
        )
    _check_parts(dataset, train)
    if group is not None:
        look_up(group, GROUPS, "group")
    if dataset.groups is None and group == "subject":
        raise DataError(
            f"data set {dataset.name!r} says nothing of its subjects",
            remedy="name them when loading, for folders with subject='(S[0-9]+)_'",
        )
    group = group or ("none" if dataset.groups is None else "subject")
    subjects = _who_is_where(dataset) if group == "subject" else None
    return Protocol(train, (), (), cv, group, subjects)


def _who_is_where(dataset):
    """Return a digest of every row with its subject, whatever the order of the rows."""
    digests = sorted(digests_of_rows(dataset))
    return hashlib.sha256(b"".join(digests)).hexdigest()[:DIGITS]


def digests_of_rows(dataset):
    """Return a digest of each row, another for another picture, label or subject."""
    labels = np.array([*dataset.classes, ""])[dataset.y]
    groups = dataset.groups if dataset.groups is not None else [""] * len(dataset)
    digests = []
    for row, label, group in zip(dataset.X, labels, groups):
        digest = hashlib.blake2b(f"{label}\0{group}\0".encode(), digest_size=16)
        digest.update(row)
        digests.append(digest.digest())
    return digests


def _names(words):
    names = tuple(words.split("+")) if words else ()
    for name in names:
        look_up(name, dict.fromkeys(PARTS), "part")
    return names


def _check_parts(dataset, names):
    missing = [name for name in names if name not in dataset.part_sizes()]
    if missing:
        raise DataError(
            f"data set {dataset.name!r} has no part {' and no part '.join(missing)}",
            remedy="load it with split='stratified' or split='subject', or ask for "
            "folds with cv=10",
        )

"""What is wrong with a set: copies, leaks, contradictions, blanks, and more."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fercompare.datasets.base import PARTS
from fercompare.datasets.copies import copy_groups, near_copies

COLUMNS = (
    *("kind", "crosses", "part", "row", "path", "label"),
    *("other_part", "other_row", "other_path", "other_label", "group", "value"),
)
COPIES = {"exact_copy": "exact", "near_copy": "near", "mirrored_copy": "mirrored"}
FEWEST_NON_FACE_VOTES = 6
KINDS = {
    "exact_copy": "images with the same pixels",
    "near_copy": "images of the same photograph",
    "mirrored_copy": "images of the same photograph, mirrored",
    "conflicting_label": "copies that carry different labels",
    "blank": "images of a single grey level",
    "non_face": f"images without a face for {FEWEST_NON_FACE_VOTES} of 10 viewers",
    "subject_crosses": "images of subjects that are in several parts",
    "missing_class": "classes that a part has no image of",
    "class_count": "class counts other than published",
}
"""Kind of finding to what it counts."""


@dataclass(frozen=True)
class Audit:
    """What `audit` found.

    Attributes
    ----------
    findings : DataFrame
        One row a finding. ``kind`` is one of `KINDS`. A copy names its ``group`` (the
        row of the group's first image) and, as the other, an image of its group:
        one in another part if there is one, and then ``crosses`` is true. ``value``
        is a count: published images, votes, grey level, or parts of a subject.
    crossings : DataFrame
        For each kind of copy and pair of parts, how many images of the first part
        have a copy in the second.
    leaks : int
        Images of ``val`` and ``test`` that have a copy, or their subject, in another
        part.
    """

    findings: pd.DataFrame
    crossings: pd.DataFrame
    leaks: int

    @property
    def summary(self):
        """A table with a row for each kind: images, groups, images that cross."""
        rows = []
        for kind, meaning in KINDS.items():
            found = self.findings[self.findings["kind"] == kind]
            crossing = found[found["crosses"]]
            rows.append(
                {
                    "kind": kind,
                    "found": len(found),
                    "groups": found["group"].nunique(),
                    "crossing": len(crossing),
                    "what it counts": meaning,
                }
            )
        return pd.DataFrame(rows)


def audit(dataset, *, near=True, published=None):
    """Look for everything in a set that could make a score untrue.

    Parameters
    ----------
    dataset : Dataset
    near : bool, default=True
        Look for near and mirrored copies too, which takes longer.
    published : dict, optional
        ``{part: {class: images}}`` that the set should have.

    Returns
    -------
    Audit

    Examples
    --------
    >>> import numpy as np
    >>> from fercompare.datasets.base import Dataset
    >>> X = np.array([[1, 2, 3, 4], [1, 2, 3, 4], [9, 9, 9, 9]], np.uint8)
    >>> faces = Dataset("three", X, np.array([0, 1, 1]), ("happy", "sad"), (2, 2),
    ...                 split=np.array(["train", "test", "test"]))
    >>> found = audit(faces, near=False)
    >>> found.findings[["kind", "part", "row", "other_part"]].values.tolist()[:2]
    [['exact_copy', 'train', 0, 'test'], ['exact_copy', 'test', 1, 'train']]
    >>> found.leaks
    1
    """
    blank = (dataset.X[:, :1] == dataset.X).all(axis=1)
    kinds = _kinds_of_copies(dataset, blank, near)
    records, leaking = [], np.zeros(len(dataset), dtype=bool)
    for kind, groups in kinds.items():
        beyond = groups if kind == "exact_copy" else _beyond_exact(groups, kinds)
        records += _copies(dataset, kind, beyond)
        leaking |= _crossing(dataset, beyond)
    records += _conflicts(dataset, kinds["exact_copy"])
    records += _blanks(dataset, blank) + _non_faces(dataset)
    subjects, crossing = _subjects(dataset)
    leaking |= crossing
    records += subjects + _missing(dataset) + _counts(dataset, published)
    findings = pd.DataFrame(records, columns=COLUMNS)
    for column in ("row", "other_row", "group", "value"):
        findings[column] = findings[column].astype("Int64")
    scored = np.zeros(len(dataset), bool)
    if dataset.split is not None:
        scored = dataset.split != "train"
    return Audit(findings, _crossings(dataset, kinds), int(np.sum(leaking & scored)))


def _kinds_of_copies(dataset, blank, near):
    """Return the groups of each kind of copy; a blank image is a copy of nothing."""
    kinds = {"exact_copy": copy_groups(dataset)}
    if near:
        pairs = near_copies(dataset.X, dataset.image_shape)
        for kind in ("near_copy", "mirrored_copy"):
            kinds[kind] = copy_groups(dataset, (COPIES[kind],), near=pairs)
    own = np.arange(len(dataset))
    return {kind: np.where(blank, own, groups) for kind, groups in kinds.items()}


def _beyond_exact(groups, kinds):
    """Return groups in which images that are copies to the byte count once.

    Such a group is one finding already; it is one of this kind where it joins others.
    """
    exact = kinds["exact_copy"]
    n_distinct = np.zeros(len(groups), int)
    np.add.at(n_distinct, groups[np.unique(exact)], 1)
    return np.where(n_distinct[groups] > 1, groups, np.arange(len(groups)))


def _members(groups):
    """Yield the rows of each group that has several."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    for rows in np.split(order, starts[1:]):
        if len(rows) > 1:
            yield rows


def _crossing(dataset, groups):
    """Return a mask of the rows that have a copy in another part."""
    crossing = np.zeros(len(groups), dtype=bool)
    if dataset.split is not None:
        for rows in _members(groups):
            crossing[rows] = len(set(dataset.split[rows])) > 1
    return crossing


def _describe(dataset, k, prefix=""):
    label = dataset.classes[dataset.y[k]] if dataset.labelled[k] else None
    return {
        f"{prefix}part": None if dataset.split is None else str(dataset.split[k]),
        f"{prefix}row": dataset.rows[k],
        f"{prefix}path": None if dataset.paths is None else str(dataset.paths[k]),
        f"{prefix}label": label,
    }


def _finding(dataset, kind, k, *, crosses=False, **more):
    return {"kind": kind, "crosses": crosses, **_describe(dataset, k), **more}


def _copies(dataset, kind, groups):
    records = []
    for rows in _members(groups):
        for k in rows:
            others = rows[rows != k]
            crosses = False
            if dataset.split is not None:
                elsewhere = others[dataset.split[others] != dataset.split[k]]
                crosses = len(elsewhere) > 0
                others = elsewhere if crosses else others
            other = _describe(dataset, others[0], "other_")
            group = dataset.rows[rows[0]]
            records.append(
                _finding(dataset, kind, k, crosses=crosses, group=group, **other)
            )
    return records


def _conflicts(dataset, groups):
    records = []
    for rows in _members(groups):
        rows = rows[dataset.labelled[rows]]
        for k in rows:
            others = rows[dataset.y[rows] != dataset.y[k]]
            if len(others):
                other = _describe(dataset, others[0], "other_")
                group = dataset.rows[rows[0]]
                records.append(
                    _finding(dataset, "conflicting_label", k, group=group, **other)
                )
    return records


def _blanks(dataset, blank):
    return [
        _finding(dataset, "blank", k, value=dataset.X[k, 0])
        for k in np.flatnonzero(blank)
    ]


def _non_faces(dataset):
    votes = dataset.columns.get("nf_votes", np.zeros(len(dataset)))
    said = np.flatnonzero(votes >= FEWEST_NON_FACE_VOTES)
    return [_finding(dataset, "non_face", k, value=votes[k]) for k in said]


def _subjects(dataset):
    crossing = np.zeros(len(dataset), dtype=bool)
    if dataset.groups is None or dataset.split is None:
        return [], crossing
    _, first, subject = np.unique(
        dataset.groups, return_index=True, return_inverse=True
    )
    crossing = _crossing(dataset, first[subject])
    return [
        _finding(dataset, "subject_crosses", k, crosses=True, group=dataset.rows[g])
        for k, g in zip(np.flatnonzero(crossing), first[subject][crossing])
    ], crossing


def _missing(dataset):
    return [
        {"kind": "missing_class", "crosses": False, "part": part, "label": name}
        for part, counts in dataset.class_counts().items()
        for name, n in counts.items()
        if n == 0 and dataset.labelled.any()
    ]


def _counts(dataset, published):
    found = dataset.class_counts()
    return [
        {"kind": "class_count", "crosses": False, "part": part, "label": name}
        | {"value": n, "other_label": f"{found[part].get(name, 0)} here"}
        for part, counts in (published or {}).items()
        if part in found
        for name, n in counts.items()
        if found[part].get(name, 0) != n
    ]


def _crossings(dataset, kinds):
    parts = [part for part in PARTS if part in dataset.part_sizes()]
    rows = []
    for kind, groups in kinds.items():
        for part in reversed(parts):
            for other in parts[: parts.index(part)]:
                inside = groups[dataset.split == part]
                elsewhere = groups[dataset.split == other]
                n = int(np.isin(inside, elsewhere).sum())
                rows.append({"kind": kind, "images of": part, "in": other, "found": n})
    return pd.DataFrame(rows, columns=["kind", "images of", "in", "found"])

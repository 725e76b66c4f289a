"""Findings: tables with one row for each thing that is wrong with a data set."""

import numpy as np
import pandas as pd

COLUMNS = {
    "kind": "string",
    "severity": "string",
    "scope": "string",
    "part": "string",
    "row": "Int64",
    "path": "string",
    "label": "string",
    "other_part": "string",
    "other_row": "Int64",
    "other_path": "string",
    "other_label": "string",
    "group": "string",
    "value": "Float64",
    "message": "string",
}
MESSAGES = {
    "exact_copy": "the same bytes as row {other_row}",
    "near_copy": "the same photograph as row {other_row}",
    "mirrored_copy": "plain and mirrored copies, such as row {other_row}",
    "conflicting_label": "copies are labelled {labels}",
    "conflicting_label_near": "copies are labelled {labels}",
    "blank": "nothing but grey level {value}",
    "subject_crosses": "subject {group} is in part {other_part} too",
    "non_face": "{value} viewers see no face",
    "class_count": "{images} images of {label}, published are {published}",
    "missing_class": "no image of {label}",
    "unlabelled": "{value} images have no label",
}


def image_table(dataset):
    """Return what findings say of an image (part, row, path, label), a row for each.

    Examples
    --------
    >>> from fercompare.datasets.synthetic import load_synthetic
    >>> list(image_table(load_synthetic(50)).columns)
    ['part', 'row', 'path', 'label']
    """
    unknown = np.full(len(dataset), None)
    return pd.DataFrame(
        {
            "part": unknown if dataset.split is None else dataset.split,
            "row": dataset.rows,
            "path": unknown if dataset.paths is None else dataset.paths,
            "label": np.array([*dataset.classes, None], dtype=object)[dataset.y],
        }
    )


def findings(about, kind, value, *, severity="warning", **columns):
    """Return a finding for each row of ``about``.

    Parameters
    ----------
    about : DataFrame
        Of images, or of whatever else has a message.
    kind : str
        Key of ``MESSAGES``.
    value : array-like or number
    severity : {"error", "warning", "info"} or an array of them
    **columns : array-like or scalar
        Further ones, of ``COLUMNS`` or for the message.

    Returns
    -------
    DataFrame
        In ``COLUMNS``.

    Examples
    --------
    >>> about = pd.DataFrame({"part": ["test"], "label": ["fear"]})
    >>> findings(about, "missing_class", 0)["message"].item()
    'no image of fear'
    """
    found = about.reset_index(drop=True).assign(
        kind=kind, severity=severity, value=np.asarray(value), **columns
    )
    found["message"] = [
        MESSAGES[kind].format(**row) for row in found.to_dict("records")
    ]
    return found.reindex(columns=list(COLUMNS)).astype(COLUMNS)


def group_findings(images, kind, groups, which, value, **columns):
    """Return findings on images, each beside another image of its group.

    Parameters
    ----------
    images : DataFrame
        `image_table` of the whole set.
    kind : str
    groups : ndarray of shape (n,), int
        For each image the index of the first one of its group.
    which : ndarray of shape (n,), bool
        The images to report.
    value : number or array-like of the length of the findings
    **columns : array-like or scalar
        As in `findings`.

    Returns
    -------
    DataFrame
        In ``COLUMNS``.

    Examples
    --------
    >>> from fercompare.datasets.synthetic import load_synthetic
    >>> images = image_table(load_synthetic(50))
    >>> groups = np.array([*range(49), 3])
    >>> group_findings(images, "exact_copy", groups, groups == 3, 1.0)["other_row"]
    0    49
    1     3
    Name: other_row, dtype: Int64
    """
    which = np.flatnonzero(which)
    other, across = elsewhere(images["part"].to_numpy(), groups)
    other, across = other[which], across[which]
    beside = images.iloc[other].reset_index(drop=True).add_prefix("other_")
    alone = other == which
    beside[alone] = None
    columns = {
        "severity": np.where(across, "error", "warning"),
        "scope": np.where(alone, None, np.where(across, "across", "within")),
        "group": images["row"].to_numpy()[groups[which]].astype(str),
    } | columns
    return findings(images.iloc[which], kind, value, **beside, **columns)


def elsewhere(parts, groups):
    """Return another image of each image's group, of another part if there is one.

    Parameters
    ----------
    parts : ndarray of shape (n,)
    groups : ndarray of shape (n,), int

    Returns
    -------
    other : ndarray of shape (n,), int
        The image itself where it is alone.
    across : ndarray of shape (n,), bool
        Whether the group is in more than one part.

    Examples
    --------
    >>> import numpy as np
    >>> parts = np.array(["train", "train", "test", "test"])
    >>> elsewhere(parts, np.array([0, 0, 0, 3]))
    (array([2, 2, 0, 3]), array([ True,  True,  True, False]))
    """
    other, across = np.arange(len(groups)), np.zeros(len(groups), dtype=bool)
    for members in _members(groups):
        firsts = {}
        for k in members:
            firsts.setdefault(parts[k], k)
        across[members] = len(firsts) > 1
        for k in members:
            strangers = (first for part, first in firsts.items() if part != parts[k])
            other[k] = next(strangers, members[int(k == members[0])])
    return other, across


def _members(groups):
    """Yield the images of each group of more than one, in order."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order])) + 1
    yield from (rows for rows in np.split(order, starts) if len(rows) > 1)

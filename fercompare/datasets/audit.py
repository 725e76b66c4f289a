"""What is wrong with a data set: copies, leaks, contradictions, blanks, gaps."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fercompare.datasets.base import PARTS
from fercompare.datasets.copies import copy_groups, near_copies
from fercompare.datasets.findings import (
    elsewhere,
    findings,
    group_findings,
    image_table,
)

NON_FACE_VOTES = 6
SCORED = ("val", "test")
CROSSINGS = (("test", "train"), ("val", "train"), ("test", "val"))
LEAKING = ("exact_copy", "near_copy", "mirrored_copy", "blank", "subject_crosses")


@dataclass(frozen=True, eq=False)
class Audit:
    """What `audit` found in one set.

    Attributes
    ----------
    name : str
        The data set's.
    findings : DataFrame
        One row a finding, in the columns of ``fercompare.datasets.findings``:

        - ``kind``: ``exact_copy``, ``near_copy``, ``mirrored_copy``,
          ``conflicting_label`` (among exact copies), ``conflicting_label_near``
          (among other copies), ``blank``, ``non_face``, ``subject_crosses``,
          ``class_count``, ``missing_class`` or ``unlabelled``
        - ``severity``: ``error`` where a part knows another one's images, else
          ``warning`` or ``info``
        - ``scope``: whether copies stand ``within`` one part or ``across`` parts
        - ``part``, ``row``, ``path``, ``label``: the image, by its place on disk
        - ``other_…``: one of its copies, from another part where there is one
        - ``group``: row of the group's first image, or the subject
        - ``value``: similarity of the closest copy; number of labels, votes or
          images; grey level
        - ``message``: the same in words
    classes : DataFrame
        Images of each class in each part, found and published.
    crossings : DataFrame
        How many images of one part have a copy in another: ``exact_copy``, and
        ``any_copy`` where near ones were looked for.
    """

    name: str
    findings: pd.DataFrame
    classes: pd.DataFrame
    crossings: pd.DataFrame

    @property
    def leaks(self):
        """How many scored images stand, or whose subject stands, in another part."""
        found = self.findings
        leaking = found["kind"].isin(LEAKING) & (found["scope"] == "across")
        leaked = found[leaking & found["part"].isin(SCORED)]
        return len(leaked.drop_duplicates(["part", "row"]))

    @property
    def summary(self):
        """Table of ``kind``, ``where``, ``images`` and ``groups``."""
        rows = []
        for kind in pd.concat([self.findings["kind"], self.crossings["kind"]]).unique():
            found = self.findings[self.findings["kind"] == kind]
            across = found[found["scope"] == "across"]
            for where, some in (("anywhere", found), ("across parts", across)):
                if len(some):
                    rows.append((kind, where, len(some), some["group"].nunique()))
            for row in self.crossings[self.crossings["kind"] == kind].itertuples():
                where = f"{row.part} with {row.other_part}"
                rows.append((kind, where, row.images, row.groups))
        return pd.DataFrame(rows, columns=["kind", "where", "images", "groups"])


def audit(dataset, *, near=True, published=None):
    """Look for what would make scores on a set wrong.

    Parameters
    ----------
    dataset : Dataset
    near : bool, default=True
        Look for near and mirrored copies too, which takes half a minute for
        FER2013.
    published : dict, optional
        ``{part: {class: number of images, or None}}`` to compare with.

    Returns
    -------
    Audit

    Examples
    --------
    >>> import numpy as np
    >>> from fercompare.datasets.base import Dataset
    >>> X = np.array([[1, 2, 3, 4], [7, 0, 7, 7], [1, 2, 3, 4]], np.uint8)
    >>> faces = Dataset("three", X, np.array([0, 1, 1]), ("happy", "sad"), (2, 2),
    ...                 split=np.array(["train", "test", "test"]))
    >>> found = audit(faces, near=False)
    >>> found.leaks
    1
    >>> found.findings["kind"].unique().tolist()
    ['exact_copy', 'conflicting_label', 'missing_class']
    """
    images = image_table(dataset)
    found, crossings = _exact_copies(dataset, images)
    if near:
        more, more_crossings = _near_copies(dataset, images)
        found, crossings = found + more, crossings + more_crossings
    if dataset.groups is not None:
        found.append(_subjects(images, dataset.groups))
    if "nf_votes" in dataset.columns:
        found.append(_non_faces(images, dataset.columns["nf_votes"]))
    classes = _class_table(dataset, published or {})
    found += [*_class_findings(classes), _unlabelled(images)]
    columns = ["kind", "part", "other_part", "images", "groups"]
    crossings = pd.DataFrame(crossings, columns=columns)
    found = pd.concat(found, ignore_index=True)
    return Audit(dataset.name, found, classes, crossings)


def _exact_copies(dataset, images):
    groups, shown = copy_groups(dataset), _shown(dataset)
    again = shown & (np.bincount(groups, minlength=len(groups))[groups] > 1)
    found = [
        group_findings(images, "exact_copy", groups, again, 1.0),
        group_findings(images, "blank", groups, ~shown, dataset.X[~shown, 0]),
        _conflicts(images, "conflicting_label", groups, shown),
    ]
    return found, _crossings(images, "exact_copy", groups, shown)


def _near_copies(dataset, images):
    near = near_copies(dataset.X, dataset.image_shape)
    exact, shown = copy_groups(dataset), _shown(dataset)
    found = []
    for kind in ("near", "mirrored"):
        groups = copy_groups(dataset, (kind,), near=near)
        closest = _closest(near, kind == "mirrored", exact)
        which = closest > 0
        found.append(
            group_findings(images, f"{kind}_copy", groups, which, closest[which])
        )
    groups = copy_groups(dataset, ("near", "mirrored"), near=near)
    further = shown & ~_contradicting(images, exact)
    found.append(_conflicts(images, "conflicting_label_near", groups, further))
    return found, _crossings(images, "any_copy", groups, shown)


def _shown(dataset):
    """Return the mask of images with anything on them."""
    height, width = dataset.image_shape[:2]
    pixels = dataset.X.reshape(len(dataset), height * width, -1)
    return np.ptp(pixels, axis=1).any(axis=1)


def _contradicting(images, groups):
    """Return the mask of images with a label, where their group has others too."""
    n_labels = images.groupby(groups)["label"].transform("nunique")
    return (images["label"].notna() & (n_labels > 1)).to_numpy()


def _closest(near, mirrored, exact):
    """Return the similarity of each image to its closest copy, 0 where none is."""
    chosen = near.mirrored == mirrored
    closest = np.zeros(len(exact))
    np.maximum.at(closest, near.pairs[chosen], near.similarity[chosen, None])
    return closest[exact]


def _conflicts(images, kind, groups, where):
    which = where & _contradicting(images, groups)
    involved = np.isin(groups, groups[which])
    labels = images["label"][involved].groupby(groups[involved])
    named = {group: sorted(set(names.dropna())) for group, names in labels}
    named = [named[group] for group in groups[which]]
    return group_findings(
        images,
        kind,
        groups,
        which,
        [len(names) for names in named],
        labels=[" and ".join(names) for names in named],
    )


def _subjects(images, subjects):
    _, first, member = np.unique(subjects, return_index=True, return_inverse=True)
    groups = first[member]
    _, across = elsewhere(images["part"].to_numpy(), groups)
    group = subjects[across]
    return group_findings(images, "subject_crosses", groups, across, None, group=group)


def _non_faces(images, votes):
    which = votes >= NON_FACE_VOTES
    return findings(images[which], "non_face", votes[which])


def _crossings(images, kind, groups, where):
    """Return how many images of one part have a copy in another."""
    parts = images["part"].to_numpy()
    rows = []
    for part, other in CROSSINGS:
        here, there = where & (parts == part), where & (parts == other)
        if here.any() and there.any():
            shared = groups[here & np.isin(groups, groups[there])]
            rows.append((kind, part, other, len(shared), len(np.unique(shared))))
    return rows


def _class_table(dataset, published):
    counts = dataset.class_counts()
    parts = [part for part in PARTS if part in {*counts, *published}] or ["all"]
    table = pd.DataFrame(
        [
            (part, name, counts.get(part, {}).get(name, 0), number.get(name))
            for part in parts
            for number in [published.get(part, {})]
            for name in dataset.classes
        ],
        columns=["part", "class", "images", "published"],
    ).astype({"published": "Int64"})
    return table.assign(difference=table["images"] - table["published"])


def _class_findings(classes):
    """Return the findings on classes of another size than published, and on gaps."""
    table = classes.rename(columns={"class": "label"})
    differing = table[table["difference"].fillna(0) != 0]
    missing = table[table["images"] == 0]
    return (
        findings(differing, "class_count", differing["images"]),
        findings(missing, "missing_class", 0),
    )


def _unlabelled(images):
    parts = images[images["label"].isna()].groupby("part", dropna=False).size()
    return findings(parts.index.to_frame(), "unlabelled", parts, severity="info")

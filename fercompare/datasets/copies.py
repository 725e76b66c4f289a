"""Copies: the same photograph in a set more than once, and what becomes of it."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fercompare.datasets.similarity import same_photograph, similar_pairs, view
from fercompare.errors import DataError, look_up

CLEARER = 0.01
MIRRORED = {"exact": None, "near": False, "mirrored": True}
"""Kinds of copies, by whether near ones of theirs are mirrored."""


class NearCopies(NamedTuple):
    """Pairs of rows that show the same photograph in different bytes.

    Attributes
    ----------
    pairs : ndarray of shape (m, 2), int64
        Row indices, the smaller one first.
    similarity : ndarray of shape (m,), float32
        At most 1, see `near_copies`.
    mirrored : ndarray of shape (m,), bool
        Whether one is the mirror image of the other.
    """

    pairs: np.ndarray
    similarity: np.ndarray
    mirrored: np.ndarray


def exact_copies(X):
    """Return for each row the index of the first row with the same bytes.

    Parameters
    ----------
    X : ndarray of shape (n, columns), uint8

    Returns
    -------
    ndarray of shape (n,), int64
        Its own index where a row has no copy further up.

    Examples
    --------
    >>> import numpy as np
    >>> exact_copies(np.array([[1, 2], [3, 4], [1, 2]], np.uint8))
    array([0, 1, 0])
    """
    first = np.arange(len(X))
    rows_of = {}
    for k, row in enumerate(X):
        rows = rows_of.setdefault(hash(row.tobytes()), [])
        same = (j for j in rows if np.array_equal(X[j], row))
        first[k] = next(same, k)
        if first[k] == k:
            rows.append(k)
    return first


def near_copies(X, image_shape=None, *, threshold=None):
    """Return the pairs of images that are one photograph, plain or mirrored.

    Two images are near copies when their details, which is what lies between a blur
    of 0.7 and one of 2 pixels on a face of 48 × 48, have a cosine of at least
    ``threshold`` over the pixels that overlap, at the best shift by up to 3 pixels
    along each axis. A change of light, contrast or compression, a watermark, and a
    slightly different crop mostly stay above that.

    Why 0.7: of FER2013's 6·10⁸ pairs, 4,600 are above. Of 120 pairs looked at between
    0.70 and 0.72, four were two different pictures; between 0.65 and 0.70 one in five
    was, and below 0.60 most. Of 89 mirrored pairs six were, all below 0.75. Thumbnails
    choose the pairs that are compared in full, which finds 99 % of those above 0.7.

    Exact copies are compared once, by their first row. Images of a single grey level
    are near copies of nothing. A face that looks almost like its own mirror image is
    not reported as mirrored where the plain images are copies already.

    Parameters
    ----------
    X : ndarray of shape (n, columns), uint8
    image_shape : tuple of int, optional
        As in `fercompare.images.as_stack`; colour is compared in grey.
    threshold : float, optional
        `fercompare.datasets.similarity.same_photograph` by default.

    Returns
    -------
    NearCopies

    Examples
    --------
    >>> import numpy as np
    >>> faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    >>> darker, mirrored = faces[0] // 2, faces[1, :, ::-1]
    >>> X = np.stack([*faces, darker, mirrored]).reshape(5, -1)
    >>> near = near_copies(X)
    >>> near.pairs.tolist(), near.mirrored.tolist()
    ([[0, 3], [1, 4]], [False, True])
    """
    distinct = np.unique(exact_copies(X))
    views = view(X[distinct], image_shape)
    threshold = same_photograph(views) if threshold is None else threshold
    plain, plain_similarity = similar_pairs(views, threshold)
    mirror, mirror_similarity = similar_pairs(views, threshold, mirrored=True)
    pairs = np.concatenate([plain, mirror])
    similarity = np.concatenate([plain_similarity, mirror_similarity])
    mirrored = np.arange(len(pairs)) >= len(plain)
    # A pair that is alike both ways counts once, mirrored only if that is clearer.
    best_first = np.lexsort((CLEARER * mirrored - similarity, *pairs.T[::-1]))
    _, best = np.unique(pairs[best_first], axis=0, return_index=True)
    kept = best_first[best]
    group = connect(len(distinct), pairs[kept[~mirrored[kept]]])
    redundant = mirrored[kept] & (np.diff(group[pairs[kept]])[:, 0] == 0)
    kept = kept[~redundant]
    return NearCopies(distinct[pairs[kept]], similarity[kept], mirrored[kept])


def connect(n, *links):
    """Return for each of ``n`` rows the first row that links lead to.

    Parameters
    ----------
    n : int
    *links : ndarray of shape (m, 2), int
        Pairs of rows that belong together.

    Returns
    -------
    ndarray of shape (n,), int64

    Examples
    --------
    >>> import numpy as np
    >>> connect(5, np.array([[1, 3]]), np.array([[4, 3]]))
    array([0, 1, 2, 1, 1])
    """
    pairs = np.concatenate([np.empty((0, 2), np.int64), *links])
    graph = coo_array((np.ones(len(pairs), bool), pairs.T), shape=(n, n))
    _, member = connected_components(graph, directed=False)
    _, first = np.unique(member, return_index=True)
    return first[member]


def copy_groups(dataset, kinds=("exact",), *, near=None):
    """Return for each row the index of the first row that is a copy of it.

    Copies of copies are copies.

    Parameters
    ----------
    dataset : Dataset
    kinds : tuple of {"exact", "near", "mirrored"}, default=("exact",)
        Identical images are copies whatever ``kinds`` says.
    near : NearCopies, optional
        What `near_copies` found in the set, so that it is not searched again.

    Returns
    -------
    ndarray of shape (n,), int64

    Examples
    --------
    >>> import dataclasses
    >>> from fercompare.datasets.synthetic import load_synthetic
    >>> faces = load_synthetic(50)
    >>> twice = dataclasses.replace(faces, X=faces.X[[*range(49), 3]])
    >>> int(copy_groups(twice)[49])
    3
    """
    mirrored = {look_up(kind, MIRRORED, "kind of copy") for kind in kinds} - {None}
    first = exact_copies(dataset.X)
    links = [np.stack([np.arange(len(first)), first], axis=1)]
    if mirrored:
        near = near or near_copies(dataset.X, dataset.image_shape)
        links.append(near.pairs[np.isin(near.mirrored, list(mirrored))])
    return connect(len(first), *links)


def leak_free(dataset, part="test", kinds=("exact",), *, near=None):
    """Return a mask of the rows of ``part``: True where no other part has a copy.

    Parameters
    ----------
    dataset : Dataset
    part : {"train", "val", "test"}, default="test"
    kinds, near
        As in `copy_groups`.

    Returns
    -------
    ndarray of shape (rows of the part,), bool

    Examples
    --------
    >>> from fercompare.datasets.synthetic import load_synthetic
    >>> leak_free(load_synthetic(200), "test").all()
    np.True_
    """
    dataset.part(part)  # raises where there is none
    groups = copy_groups(dataset, kinds, near=near)
    inside = dataset.split == part
    return ~np.isin(groups[inside], groups[~inside])


def resolve_duplicates(dataset, how):
    """Return the set with its exact copies dealt with.

    Parameters
    ----------
    dataset : Dataset
    how : {"keep", "drop_from_train", "group"}
        ``drop_from_train`` removes the training rows that another part has too, so
        that what is scored keeps its published rows. ``group`` names groups that keep
        copies together, along with the subjects where these are known, for splits
        and folds by subject.

    Returns
    -------
    Dataset

    Examples
    --------
    >>> import dataclasses
    >>> import numpy as np
    >>> from fercompare.datasets.synthetic import load_synthetic
    >>> faces = load_synthetic(100)
    >>> train, test = np.flatnonzero(faces.split == "train"), faces.split == "test"
    >>> X = faces.X.copy()
    >>> X[train[0]] = X[test][0]
    >>> leaking = dataclasses.replace(faces, X=X)
    >>> len(leaking) - len(resolve_duplicates(leaking, "drop_from_train"))
    1
    """
    return look_up(how, RESOLUTIONS, "way with duplicates")(dataset)


def _keep(dataset):
    return dataset


def _drop_from_train(dataset):
    if "train" not in dataset.part_sizes():
        raise DataError(
            f"data set {dataset.name!r} has no training part to drop copies from",
            remedy="split it first, or use duplicates='group' and split by subject",
        )
    first = exact_copies(dataset.X)
    scored = dataset.split != "train"
    return dataset.take(scored | ~np.isin(first, first[scored]))


def _group(dataset):
    rows = np.arange(len(dataset))
    links = [np.stack([rows, exact_copies(dataset.X)], axis=1)]
    names = dataset.groups
    if names is None:
        names = np.array([f"image {k}" for k in rows])
    else:
        _, first, subject = np.unique(names, return_index=True, return_inverse=True)
        links.append(np.stack([rows, first[subject]], axis=1))
    return replace(dataset, groups=names[connect(len(rows), *links)])


RESOLUTIONS = {"keep": _keep, "drop_from_train": _drop_from_train, "group": _group}

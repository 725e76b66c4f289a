"""Several sets joined into one."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from fercompare.datasets.base import Dataset
from fercompare.datasets.ckplus import load_ckplus
from fercompare.datasets.fer2013 import load_fer2013
from fercompare.datasets.ferplus import load_ferplus
from fercompare.datasets.jaffe import load_jaffe
from fercompare.datasets.rafdb import load_rafdb
from fercompare.datasets.sfew import load_sfew
from fercompare.errors import DataError, DataNotFound, look_up
from fercompare.labels import in_order

SOURCES = {
    "ckplus": load_ckplus,
    "jaffe": load_jaffe,
    "sfew": load_sfew,
    "fer2013": load_fer2013,
    "ferplus": load_ferplus,
    "rafdb": load_rafdb,
}


def load_compiled(root, reader, *, sources=("ckplus", "jaffe", "sfew")):
    """Load several sets, each from the folder of its name below ``root``, as one."""
    root = Path(root)
    loaded = []
    for source in sources:
        loader = look_up(source, SOURCES, "data set")
        if not (root / source).exists():
            raise DataNotFound(f"holds no folder {source}", file=root)
        loaded.append(loader(root / source, replace(reader, skipped=[])))
    return join(loaded)


def join(datasets, name="compiled", labels="emotions7"):
    """Return one Dataset of several, over the classes that ``labels`` leaves.

    The column ``source`` says where a row is from; subjects and paths carry the
    source in front, so that two persons called ``S005`` stay two. Subjects are kept
    where any set has them; rows of a set without are each their own subject. A split
    is kept where every set has one. Votes are not kept.

    Parameters
    ----------
    datasets : list of Dataset
        With images of one shape.
    name : str, default="compiled"
    labels : str or dict, default="emotions7"
        Label map that brings them to one class set.
    """
    shapes = {dataset.image_shape for dataset in datasets}
    if len(shapes) != 1:
        raise DataError(
            f"the sets have images of {len(shapes)} shapes",
            remedy="load them with the same image_shape and color",
        )
    names = [dataset.name for dataset in datasets]
    if len(set(names)) != len(names):
        raise DataError(f"two of the sets have one name: {', '.join(names)}")
    mapped = [dataset.relabel(labels) for dataset in datasets]
    classes = in_order({c for dataset in mapped for c in dataset.classes})
    return Dataset(
        name,
        np.concatenate([dataset.X for dataset in mapped]),
        np.concatenate([_reindex(dataset, classes) for dataset in mapped]),
        classes,
        mapped[0].image_shape,
        split=_split(mapped),
        groups=_subjects(mapped),
        paths=_prefixed(mapped),
        columns={"source": np.repeat(names, [len(dataset) for dataset in mapped])},
        notes={"sources": ", ".join(names)},
        skipped=tuple(error for dataset in mapped for error in dataset.skipped),
    )


def _reindex(dataset, classes):
    index = np.array([*map(classes.index, dataset.classes), -1])
    return index[dataset.y]


def _split(datasets):
    parts = [dataset.split for dataset in datasets]
    return None if any(part is None for part in parts) else np.concatenate(parts)


def _subjects(datasets):
    if all(dataset.groups is None for dataset in datasets):
        return None
    names = []
    for dataset in datasets:
        known = dataset.groups is not None
        subjects = dataset.groups if known else [f"row {row}" for row in dataset.rows]
        names += [f"{dataset.name}:{subject}" for subject in subjects]
    return np.array(names)


def _prefixed(datasets):
    return np.array(
        [
            f"{dataset.name}/{path}"
            for dataset in datasets
            for path in (dataset.rows if dataset.paths is None else dataset.paths)
        ]
    )

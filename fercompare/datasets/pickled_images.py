"""Images and labels out of a pickle of which nobody has written down the structure."""

import re

import numpy as np

from fercompare.datasets.folders import PART_NAMES
from fercompare.datasets.pickles import read_pickled_arrays
from fercompare.decoding import fit
from fercompare.errors import DataError
from fercompare.images import resolve_shape
from fercompare.labels import canonical
from fercompare.terminal import track

IMAGE_KEYS = ("images", "image", "imgs", "faces", "pixels", "data", "x")
LABEL_KEYS = ("labels", "label", "targets", "target", "emotions", "emotion", "y")
NUMBERED = "say what the numbers mean, in their order: label_names=('angry', …)"


def read_pickled_images(path, reader, label_names=None):
    """Return the images and labels that a pickle holds in one of the usual ways.

    Read are images with labels (a pair, or a dict with keys such as ``images`` and
    ``labels``), a list of pairs of an image and a label, and a dict of images by
    class; each also by part, in a dict with keys such as ``train`` or ``y_val``. Other
    keys are passed over. Labels are words, or numbers with ``label_names``; only the
    part ``test`` may have none. Images are grey or RGB, 0 to 255, or all 0 to 1.

    Parameters
    ----------
    path : Path
    reader : ImageReader
    label_names : sequence of str, optional
        The classes in the order of the numbers that stand for them.

    Returns
    -------
    X : ndarray of shape (n, h*w) or (n, h*w*3), uint8
    labels : list of str
        Words of `fercompare.labels`; None where there is no label.
    parts : list of str
        ``train``, ``val`` or ``test``; None where the pickle names none.

    Examples
    --------
    >>> import pickle, tempfile
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from fercompare.decoding import ImageReader
    >>> faces = {"train": (np.zeros((2, 9, 9), np.uint8), ["Happy", "Angry"])}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "faces.pckl")
    ...     written = path.write_bytes(pickle.dumps(faces))
    ...     X, labels, parts = read_pickled_images(path, ImageReader())
    >>> X.shape, labels, parts
    ((2, 2304), ['happy', 'angry'], ['train', 'train'])
    """
    content = read_pickled_arrays(path)
    try:
        rows = list(_rows(content))
    except _Unclear as error:
        raise DataError(
            f"{error}; it is {_describe(content)}",
            file=path,
            remedy="write it as (images, labels), with words for labels",
        ) from None
    images, labels, parts = [], [], []
    for k, (part, label, image) in enumerate(rows):
        try:
            image, word = _as_image(image), _as_word(label, label_names)
        except DataError as error:
            reader.refuse(DataError(error.found, file=path, row=k, remedy=error.remedy))
            continue
        images.append(image)
        labels.append(word)
        parts.append(part)
    if not images:
        raise DataError("holds no image that can be read", file=path)
    scale = _scale(images, path)
    X = np.empty((len(images), int(np.prod(reader.row_shape))), dtype=np.uint8)
    for k, image in enumerate(track(images, f"reading {path.name}")):
        if image.dtype != np.uint8:
            image = np.rint(image * scale).astype(np.uint8)
        X[k] = fit(image, reader.image_shape, reader.color).reshape(-1)
    return X, labels, parts


class _Unclear(Exception):
    """What about a structure cannot be understood."""


def _rows(node, part=None):
    """Yield part, label and image of each row."""
    is_list = isinstance(node, list) and len(node) > 0
    if isinstance(node, dict):
        yield from _rows_of_dict(node, part)
    elif is_list and all(map(_pair, node)):
        yield from ((part, *_pair(entry)) for entry in node)
    elif is_list and [_labels(half) is not None for half in node] == [False, True]:
        yield from _together(*node, part)
    elif is_list and [_labels(half) is not None for half in node] == [True, False]:
        yield from _together(*reversed(node), part)
    elif part == "test":
        yield from _alike(node, None, part)
    else:
        raise _Unclear("holds images and labels in no way that is known")


def _rows_of_dict(node, part):
    by_part, keys = {}, {}
    for key, value in node.items():
        words = re.split(r"[\W_]+", str(key).lower())
        named = [PART_NAMES[word] for word in words if word in PART_NAMES]
        rest = "_".join(word for word in words if word not in PART_NAMES)
        keys[rest] = value
        if named:
            by_part.setdefault(named[0], {})[rest] = value
    image_key = next((key for key in IMAGE_KEYS if key in keys), None)
    label_key = next((key for key in LABEL_KEYS if key in keys), None)
    if by_part and part is None:
        for named, value in by_part.items():
            yield from _rows(value[""] if list(value) == [""] else value, named)
    elif image_key and label_key:
        yield from _together(keys[image_key], keys[label_key], part)
    elif image_key and part == "test":
        yield from _alike(keys[image_key], None, part)
    elif node and all(isinstance(key, int) or canonical(key) for key in node):
        for label, images in node.items():
            yield from _alike(images, label, part)
    else:
        raise _Unclear("has a dict whose keys are not known")


def _together(images, labels, part):
    words = _labels(labels)
    if words is None or not _is_images(images):
        raise _Unclear("holds images and labels in no way that is known")
    if len(images) != len(words):
        raise _Unclear(f"has {len(images)} images and {len(words)} labels")
    yield from ((part, word, image) for word, image in zip(words, images))


def _alike(images, label, part):
    if not _is_images(images):
        raise _Unclear("holds something else where images were expected")
    yield from ((part, label, image) for image in images)


def _pair(entry):
    """Return label and image of a pair of them, or None."""
    if not (isinstance(entry, list) and len(entry) == 2):
        return None
    is_array = [isinstance(half, list | np.ndarray) for half in entry]
    if is_array == [True, False]:
        return entry[1], entry[0]
    return tuple(entry) if is_array == [False, True] else None


def _labels(node):
    """Return a list of labels, or None where ``node`` is something else."""
    if isinstance(node, np.ndarray):
        return node.reshape(-1).tolist() if node.size == len(node) else None
    if isinstance(node, list) and all(isinstance(entry, str) for entry in node):
        return node
    return None


def _is_images(node):
    if isinstance(node, np.ndarray):
        return node.ndim > 1
    return isinstance(node, list) and all(
        isinstance(entry, list | np.ndarray) for entry in node
    )


def _as_image(node):
    try:
        image = np.asarray(node)
    except ValueError:
        image = np.empty(0)
    if image.ndim == 1 and image.size:
        image = image.reshape(resolve_shape(image.size))
    if image.ndim == 3 and image.shape[0] in (1, 3) and image.shape[2] not in (1, 3):
        image = np.moveaxis(image, 0, 2)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    sides, channels = image.shape[:2], image.shape[2:]
    if image.dtype.kind not in "iuf" or channels not in ((), (3,)) or min(sides) < 2:
        found = f"{image.dtype} of shape {image.shape} is no image"
        raise DataError(found, remedy="expected (h, w) or (h, w, 3)")
    return image


def _as_word(label, label_names):
    if label is None:
        return None
    if isinstance(label, str):
        if word := canonical(label):
            return word
        raise DataError(f"{label[:40]!a} is no emotion")
    if label_names is None:
        raise DataError(f"the label is {label}, not a word", remedy=NUMBERED)
    if label not in range(len(label_names)):
        raise DataError(f"the label {label} is not in 0 … {len(label_names) - 1}")
    return _as_word(label_names[int(label)], None)


def _scale(images, path):
    """Return what the pixels that are not uint8 are to be multiplied by."""
    others = [image for image in images if image.dtype != np.uint8]
    lows, highs = [float(x.min()) for x in others], [float(x.max()) for x in others]
    if all(low >= 0 for low in lows) and all(high <= 255 for high in highs):
        is_real = any(image.dtype.kind == "f" for image in others)
        return 255 if is_real and max(highs) <= 1 else 1
    raise DataError(
        f"has pixels from {min(lows)} to {max(highs)}",
        file=path,
        remedy="expected 0 to 255, or all of them 0 to 1",
    )


def _describe(node, depth=3):
    if isinstance(node, np.ndarray):
        return f"{node.dtype} of shape {node.shape}"
    if not isinstance(node, dict | list):
        return type(node).__name__
    inside = ""
    if depth and isinstance(node, dict):
        inside = ", ".join(
            f"{ascii(key)[:24]}: {_describe(value, depth - 1)}"
            for key, value in list(node.items())[:6]
        )
    elif depth:
        inside = ", ".join(_describe(value, depth - 1) for value in node[:3])
    return f"{type(node).__name__} of {len(node)} ({inside or '…'})"

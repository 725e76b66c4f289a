"""What a backbone makes of images: computed once, kept on disk, mapped from there."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import torch
import torchvision

from fercompare import __version__
from fercompare.datasets.prepared import cache_home
from fercompare.deep.scoring import predict
from fercompare.errors import DataError

IMAGES_AT_ONCE = 2048
"""Between two writes to disk."""
BYTES_AT_ONCE = 2**20
DIGEST_BYTES = hashlib.sha256().digest_size


def extract(backbone, normalize, images, precision):
    """Return the features of images, ``(n, n_features)``, as a float32 array.

    Parameters
    ----------
    backbone : Backbone
        On the device of the images.
    normalize : Normalization
    images : tensor of shape (n, channels, h, w)
    precision : {"float32", "bfloat16"}
    """
    return np.concatenate([*_chunks(backbone, normalize, images, precision)])


def extract_once(backbone, normalize, images, precision):
    """Return the features of images, mapped from a file that is made if need be.

    The file lies in the folder ``features`` of the cache. What is computed in another
    way, from other pixels, weights or versions, has another name there. It ends with
    the checksum of all before, so that one that is damaged is made again.

    Parameters
    ----------
    backbone, normalize, images, precision
        As for `extract`.

    Returns
    -------
    features : float32 memmap of shape (n, n_features)
    """
    name = _identity(backbone, normalize, images, precision)
    path = cache_home() / "features" / f"{backbone.name}-{name[:32]}.npy"
    features = _opened(path)
    if features is None:
        shape = len(images), backbone.n_features
        try:
            _write(path, shape, _chunks(backbone, normalize, images, precision))
        except OSError as error:
            raise DataError(
                f"the features cannot be kept: {error.strerror}",
                file=path,
                remedy="name a folder with more room in FERCOMPARE_CACHE",
            ) from error
        features = np.load(path, mmap_mode="r", allow_pickle=False)
    return features


def _chunks(backbone, normalize, images, precision):
    for chunk in images.split(IMAGES_AT_ONCE):
        yield predict(backbone, normalize, chunk, precision).numpy()


def _identity(backbone, normalize, images, precision):
    """Return a digest of all that features depend on."""
    versions = __version__, torch.__version__, torchvision.__version__
    facts = [*versions, repr(backbone), backbone.size, repr(normalize), precision]
    facts += [images.device.type, str(images.dtype), tuple(images.shape)]
    digest = hashlib.sha256(json.dumps(facts).encode())
    for name, tensor in backbone.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(_bytes(tensor))
    for chunk in images.split(IMAGES_AT_ONCE):
        digest.update(_bytes(chunk))
    return digest.hexdigest()


def _bytes(tensor):
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()


def _opened(path):
    """Return the features of a file, or None where it is not there or not whole."""
    try:
        with open(path, "rb") as stream:
            left = os.fstat(stream.fileno()).st_size - DIGEST_BYTES
            digest = hashlib.sha256()
            while left > 0 and (some := stream.read(min(left, BYTES_AT_ONCE))):
                digest.update(some)
                left -= len(some)
            if stream.read() != digest.digest():
                return None
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None


def _write(path, shape, chunks):
    """Write features, whole or not at all; another process may do so at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, scratch = tempfile.mkstemp(prefix=".making-", dir=path.parent)
    try:
        with open(number, "w+b") as stream:
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(stream, header)
            length = stream.tell()
            stream.seek(0)
            digest = hashlib.sha256(stream.read(length))
            for chunk in chunks:
                data = np.ascontiguousarray(chunk, dtype="<f4")
                stream.write(data)
                digest.update(data)
            stream.write(digest.digest())
            stream.flush()
            os.fsync(stream.fileno())
        Path(scratch).replace(path)
    finally:
        Path(scratch).unlink(missing_ok=True)

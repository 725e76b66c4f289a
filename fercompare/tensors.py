"""Arrays in safetensors, whose header is checked before a byte of data is read."""

import math
import os
import re

import numpy as np
from safetensors import numpy as safetensors

from fercompare.containers.archive import open_plain
from fercompare.containers.bounded_json import parse
from fercompare.containers.refusal import Refused, naming

DTYPES = {
    "BOOL": np.dtype(bool),
    "I8": np.dtype(np.int8),
    "I16": np.dtype(np.int16),
    "I32": np.dtype(np.int32),
    "I64": np.dtype(np.int64),
    "U8": np.dtype(np.uint8),
    "U16": np.dtype(np.uint16),
    "U32": np.dtype(np.uint32),
    "U64": np.dtype(np.uint64),
    "F16": np.dtype(np.float16),
    "F32": np.dtype(np.float32),
    "F64": np.dtype(np.float64),
}
MOST_HEADER_BYTES = 2**20
MOST_ARRAYS = 6_000
MOST_SIDES = 8
METADATA = "__metadata__"
REMEDY = "get the file again, or save its arrays as float32"
_NAME = re.compile(r"[0-9A-Za-z_.-]{1,200}")


def pack_arrays(arrays):
    """Return arrays as safetensors.

    Examples
    --------
    >>> packed = pack_arrays({"scale_": np.ones(3)})
    >>> check_header(packed[8:-24], n_bytes=24)
    {'scale_': (dtype('float64'), (3,))}
    """
    if len(arrays) > MOST_ARRAYS:
        raise Refused(f"has {len(arrays):,} arrays; {MOST_ARRAYS:,} is the most")
    return safetensors.save({name: _native(a) for name, a in arrays.items()})


def read_tensors(path):
    """Return the arrays of a safetensors file, whoever wrote it.

    Parameters
    ----------
    path : path

    Returns
    -------
    arrays : dict of {str: array}

    Raises
    ------
    DataError
        If the file is not whole, or holds what is no array of numbers.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "weights.safetensors")
    ...     _ = path.write_bytes(pack_arrays({"head.bias": np.zeros(2)}))
    ...     read_tensors(path)
    {'head.bias': array([0., 0.])}
    """
    with naming(path, REMEDY), open_plain(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        header = _header(stream.read, size)
        described = check_header(header, size - 8 - len(header), METADATA)
        stream.seek(0)
        return unpack_arrays(stream.read(size), described)


def read_arrays(archive):
    """Return the content of the arrays' member, its header checked first.

    Parameters
    ----------
    archive : Archive
        Open, at the start of that member.

    Returns
    -------
    content : bytes
    described : dict
        Name to dtype and shape.
    """
    size = archive.arrays_size
    header = _header(archive.read, size)
    described = check_header(header, size - 8 - len(header))
    archive.stream.seek(-8 - len(header), os.SEEK_CUR)
    content = archive.read(size)
    archive.check_arrays(content)
    return content, described


def check_header(header, n_bytes, ignored=None):
    """Return ``{name: (dtype, shape)}``, or refuse a header.

    The arrays must follow each other without holes and fill ``n_bytes`` exactly.

    Parameters
    ----------
    header : bytes
    n_bytes : int
        Length of the data behind it.
    ignored : str, optional
        An entry that may be there and describes no array.
    """
    if not header.startswith(b"{"):
        raise Refused("its arrays have no header")
    entries = parse(header, "the header of its arrays", most_depth=3)
    entries.pop(ignored, None)
    if len(entries) > MOST_ARRAYS:
        raise Refused(f"has {len(entries):,} arrays; {MOST_ARRAYS:,} is the most")
    spans, described = [], {}
    for name, entry in entries.items():
        dtype, shape, span = _described(name, entry)
        described[name] = dtype, shape
        spans.append(span)
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            raise Refused("its arrays overlap or leave holes")
        end = stop
    if end != n_bytes:
        raise Refused(f"its arrays have {n_bytes:,} bytes, their header says {end:,}")
    return described


def unpack_arrays(content, described):
    """Return ``{name: array}`` of content whose header was checked."""
    arrays = safetensors.load(content)
    found = {name: (array.dtype, array.shape) for name, array in arrays.items()}
    if found != described:
        raise Refused("its arrays are not what their header says")
    for name, array in arrays.items():
        if array.dtype == bool and array.view(np.uint8).max(initial=0) > 1:
            raise Refused(f"its array {name!r} is not true or false everywhere")
    return arrays


def _header(read, size):
    if size < 8:
        raise Refused(f"its arrays are {size} bytes long")
    length = int.from_bytes(read(8), "little")
    if length > min(MOST_HEADER_BYTES, size - 8):
        raise Refused(f"its arrays have a header of {length:,} bytes")
    return read(length)


def _native(array):
    return np.asarray(array, array.dtype.newbyteorder("="), order="C")


def _described(name, entry):
    if not _NAME.fullmatch(name):
        raise Refused(f"has an array by the name {ascii(name)[:80]}")
    expected = {"dtype", "shape", "data_offsets"}
    if not isinstance(entry, dict) or set(entry) != expected:
        raise Refused(f"its array {name!r} is not described by dtype, shape and place")
    dtype = entry["dtype"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise Refused(f"its array {name!r} is of {ascii(dtype)[:40]}, not of numbers")
    shape, span = entry["shape"], entry["data_offsets"]
    if not _are_sizes(shape) or len(shape) > MOST_SIDES:
        raise Refused(f"its array {name!r} has the shape {ascii(shape)[:80]}")
    if not _are_sizes(span) or len(span) != 2:
        raise Refused(f"its array {name!r} is at {ascii(span)[:80]}")
    if math.prod(shape) * DTYPES[dtype].itemsize != span[1] - span[0]:
        raise Refused(
            f"its array {name!r} has {span[1] - span[0]:,} bytes "
            f"for the shape {tuple(shape)} of {dtype}"
        )
    return DTYPES[dtype], tuple(shape), tuple(span)


def _are_sizes(values):
    return isinstance(values, list) and all(
        type(value) is int and value >= 0 for value in values
    )

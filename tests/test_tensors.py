"""Safetensors of others: read whole, checked first, or refused by name."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

from fercompare.errors import DataError
from fercompare.tensors import MOST_ARRAYS, read_tensors

ARRAYS = {
    "features.0.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
    "features.1.num_batches_tracked": np.array(7),
    "half": np.array([0.5, -2], np.float16),
    "mask-of": np.array([True, False]),
}


def test_what_others_wrote_is_read(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file(ARRAYS, path, metadata={"format": "pt"})
    found = read_tensors(path)
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert np.array_equal(found[name], array)


@pytest.mark.parametrize("length", [0, 4, 8, 40, -100, -1])
def test_a_file_cut_short(tmp_path, length):
    path = tmp_path / "weights.safetensors"
    save_file(ARRAYS, path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DataError, match=r"weights\.safetensors: its arrays.*; get the"):
        read_tensors(path)


def _entry(**changes):
    return {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"a": _entry(dtype="BF16", shape=[4])}, "is of 'BF16', not of numbers; .*32"),
        ({"a": _entry(shape=[2**40])}, "has 8 bytes for the shape"),
        ({"a": _entry(data_offsets=[0, 9])}, "has 9 bytes for the shape"),
        ({"../a": _entry()}, "an array by the name"),
        ({}, "have 8 bytes, their header says 0"),
        (
            {f"a{k}": _entry(shape=[0], data_offsets=[0, 0]) for k in range(6001)},
            f"{MOST_ARRAYS:,} is the most",
        ),
    ],
)
def test_a_header_that_lies(tmp_path, header, said):
    path = tmp_path / "weights.safetensors"
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(8))
    with pytest.raises(DataError, match=said):
        read_tensors(path)


def test_no_file_and_a_link(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_tensors(tmp_path / "none.safetensors")
    save_file(ARRAYS, tmp_path / "weights.safetensors")
    tmp_path.joinpath("link").symlink_to(tmp_path / "weights.safetensors")
    with pytest.raises(DataError, match="is a link; name the file"):
        read_tensors(tmp_path / "link")

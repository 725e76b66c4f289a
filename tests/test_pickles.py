"""Pickles are read by a closed list of names, or refused with one error."""

import builtins
import os
import pickle
import random
import re
import tempfile
from collections import OrderedDict

import numpy as np
import pytest

from fercompare.datasets import pickles
from fercompare.datasets.pickles import read_pickled_arrays
from fercompare.errors import DataError

try:
    import resource
except ImportError:
    resource = None

ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


class Call:
    """Pickles as a call of ``function``."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.fixture
def write(tmp_path):
    path = tmp_path / "SFEW.pckl"

    def write(content):
        path.write_bytes(content)
        return path

    return write


def refusal(path):
    with pytest.raises(DataError) as caught:
        read_pickled_arrays(path)
    assert str(caught.value).startswith(str(path))
    assert caught.value.remedy
    return caught.value.found


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_gives_the_same(write, protocol):
    content = {
        "arrays": (ARRAY, np.asfortranarray(ARRAY), ARRAY.transpose(2, 0, 1)),
        "kinds": [np.arange(3, dtype=kind) for kind in ("<i8", ">u2", "<f4", "f8")],
        "scalars": [np.int64(3), np.float32(0.5), np.str_("happy"), 7, 1.5, None, True],
        "texts": [np.array(["sad", "fear"]), np.array([b"an"]), b"", b"angry", "è"],
        "numbers": [3, 1, 2],
        "empty": [np.zeros((0, 4)), [], {}],
        "ordered": OrderedDict([("a", 1), (2, "b")]),
    }
    read = read_pickled_arrays(write(pickle.dumps(content, protocol)))
    for found, wanted in zip(read["arrays"], content["arrays"], strict=True):
        np.testing.assert_array_equal(found, wanted)
    for found, wanted in zip(read["kinds"], content["kinds"], strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype
    assert read["scalars"] == [3, 0.5, "happy", 7, 1.5, None, True]
    assert read["texts"] == [["sad", "fear"], ["an"], "", "angry", "è"]
    np.testing.assert_array_equal(read["numbers"], [3, 1, 2])
    assert read["empty"][0].shape == (0, 4)
    assert read["empty"][1:] == [[], {}]
    assert read["ordered"] == {"a": 1, 2: "b"}


def test_python_2_wrote_bytes_as_text(write):
    content = (
        b"\x80\x02(cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
        b"K\x00\x85U\x01b\x87R(K\x01K\x02K\x02\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R"
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        b"U\x04\x00\x7f\x80\xfftbU\x05Angryt."
    )
    image, label = read_pickled_arrays(write(content))
    np.testing.assert_array_equal(image, [[0, 127], [128, 255]])
    assert label == "Angry"


CALLS = {
    "os.system": (os.system, "touch {marker}"),
    "os.open": (os.open, "{marker}", os.O_CREAT),
    "builtins.eval": (eval, "open('{marker}', 'w')"),
    "builtins.exec": (exec, "open('{marker}', 'w')"),
    "builtins.open": (open, "{marker}", "w"),
    "builtins.getattr": (getattr, "", "join"),
    "numpy.load": (np.load, "{marker}", None, True),
    "numpy.ones": (np.ones, 3),
    "numpy.fromfile": (np.fromfile, "{marker}"),
}


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_called(write, tmp_path, name):
    marker = tmp_path / "marker"
    function, *arguments = CALLS[name]
    filled = (a.format(marker=marker) if type(a) is str else a for a in arguments)
    for protocol in (0, 5) if name == "os.system" else (5,):
        content = pickle.dumps([ARRAY, Call(function, *filled)], protocol)
        found = refusal(write(content))
        assert re.match(r"calls for [\w.]+\." + function.__name__, found)
    assert not marker.exists()


def numpy_call(module, name, arguments):
    return f"c{module}\n{name}\n{arguments}R.".encode()


DTYPE = "cnumpy\ndtype\n(S'{}'\nI0\nI1\ntR"
HOSTILE = {
    "1 TiB from _reconstruct": (
        numpy_call(
            "numpy.core.multiarray",
            "_reconstruct",
            f"(cnumpy\nndarray\n(I{2**40}\ntS'b'\nt",
        ),
        "without contents",
    ),
    "2 GiB from _reconstruct": (
        numpy_call(
            "numpy._core.multiarray",
            "_reconstruct",
            f"(cnumpy\nndarray\n(I{2**31}\ntS'b'\nt",
        ),
        "without contents",
    ),
    "2 GiB from ndarray": (
        numpy_call("numpy", "ndarray", f"((I{2**31}\ntS'u1'\nt"),
        "without contents",
    ),
    "more shape than bytes": (
        numpy_call(
            "numpy.core.numeric",
            "_frombuffer",
            f"(S'abc'\n{DTYPE.format('u1')}(I{2**40}\ntS'C'\nt",
        ),
        "has 3 bytes for an array of shape",
    ),
    "1 TiB of bytes": (b"\x80\x04\x8e" + (2**40).to_bytes(8, "little"), "memory"),
    "2 GiB of bytes": (b"\x80\x04\x8e" + (2**31).to_bytes(8, "little"), "memory"),
    "2 GiB of bytearray": (b"\x80\x05\x96" + (2**31).to_bytes(8, "little"), "memory"),
    "64 GiB of memo": (b"\x80\x02]r\xff\xff\xff\x7f.", "memory"),
    "an object array": (pickle.dumps(np.array([1, None])), "Python objects"),
    "records": (pickle.dumps(np.zeros(2, dtype=[("a", "u1")])), "V1"),
    "an object scalar": (
        numpy_call(
            "numpy.core.multiarray", "scalar", f"({DTYPE.format('O8')}S'cos\n.'\nt"
        ),
        "Python objects",
    ),
    "a scalar out of bytes": (
        numpy_call(
            "numpy.core.multiarray", "scalar", f"({DTYPE.format('i8')}S'abc'\nt"
        ),
        "has 3 bytes",
    ),
    "a torch storage": (
        b"\x80\x02ctorch.storage\n_load_from_bytes\nU\x01a\x85R.",
        "torch.storage._load_from_bytes",
    ),
    "a dotted name": (
        b"\x80\x04\x8c\x05numpy\x8c\x0fdtype.__class__\x93.",
        "numpy.dtype.__class__",
    ),
    "a name that is changed": (b"cnumpy\ndtype\n}S'make'\nK\x01sb.", "changes a name"),
    "a name that is built": (b"\x80\x02cnumpy\ndtype\n)\x81.", "not a sound pickle"),
    "a persistent id": (b"Pfoo\n.", "outside the file"),
    "an extension": (b"\x82\x01.", "not a sound pickle"),
    "text": (b"emotion,pixels,Usage\n0,1 2 3,Training\n", "not a sound pickle"),
    "nothing": (b"", "0 bytes"),
    "a truncated array": (pickle.dumps(ARRAY)[:-20], "not a sound pickle"),
    "a set": (pickle.dumps({1, 2}), "of the type set"),
    "a number of 100 bits": (pickle.dumps(2**100), "of the type int"),
    "deep tuples": (b"(" * 300_000 + b"t" * 300_000 + b".", "nested"),
    "a deep key": (b"}" + b"(" * 500_000 + b"t" * 500_000 + b"K\x01s.", ""),
    "a list in itself": (b"]q\x00h\x00a.", "nested"),
    "many empty lists": (b"(" + b"]" * 600_000 + b"l.", "entries"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_are_refused(write, name):
    content, expected = HOSTILE[name]
    if expected == "memory" and resource is None:
        pytest.skip("this system sets no limits")
    assert expected in refusal(write(content))


@pytest.mark.skipif(resource is None, reason="this system sets no limits")
def test_memory_of_the_parent_is_not_touched(write):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("2 GiB from _reconstruct", "2 GiB of bytes", "64 GiB of memo"):
        refusal(write(HOSTILE[name][0]))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 50 * 2**10


def test_a_billion_laughs(write):
    laugh = ["ha"] * 10
    for _ in range(8):
        laugh = [laugh] * 10
    assert "entries" in refusal(write(pickle.dumps(laugh)))


def test_one_array_a_thousand_times(write):
    array = np.zeros(100_000, dtype=np.uint8)
    assert "unfolds" in refusal(write(pickle.dumps([array] * 1000)))
    twice = read_pickled_arrays(write(pickle.dumps([array] * 2)))
    assert [len(entry) for entry in twice] == [100_000, 100_000]


@pytest.mark.skipif(resource is None, reason="this system sets no limits")
def test_too_much_computing_ends_the_child(write, monkeypatch):
    monkeypatch.setattr(pickles, "SPARE_SECONDS", 0)
    monkeypatch.setattr(pickles, "PATIENCE_SECONDS", 120)
    keys_of_keys = b"}" + b"))\x86" + b"2\x86" * 60 + b"K\x01s."
    assert "s of computing" in refusal(write(keys_of_keys))


@pytest.mark.skipif(resource is None, reason="this system sets no limits")
def test_too_little_memory_is_one_error(write, monkeypatch):
    monkeypatch.setattr(pickles, "SPARE_BYTES", 2**20)
    refusal(write(pickle.dumps(list(map(str, range(100_000))))))


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
        ("raise ImportError('no numpy')", "no numpy"),
        ("import time; time.sleep(60)", "was not read in"),
    ],
)
def test_a_child_that_dies_is_one_error(
    write, tmp_path, monkeypatch, program, expected
):
    child = tmp_path / "child.py"
    child.write_text(program)
    monkeypatch.setattr(pickles, "CHILD", child)
    monkeypatch.setattr(pickles, "PATIENCE_SECONDS", 1)
    monkeypatch.setattr(pickles, "SPARE_SECONDS", 0)
    assert expected in refusal(write(pickle.dumps(1)))


def test_nothing_stays_behind(write, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    read_pickled_arrays(write(pickle.dumps(ARRAY)))
    refusal(write(pickle.dumps(builtins.eval)))
    assert list(scratch.iterdir()) == []


def test_other_than_files(tmp_path):
    for path in (tmp_path, tmp_path / "missing.pckl"):
        with pytest.raises(DataError, match=re.escape(str(path))):
            read_pickled_arrays(path)


def test_damaged_pickles_are_read_or_refused(write):
    content = pickle.dumps({"images": ARRAY, "labels": ["sad", "fear"]}, protocol=2)
    chance = random.Random(0)
    for _ in range(8):
        damaged = bytearray(content)
        for _ in range(3):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            read_pickled_arrays(write(bytes(damaged)))
        except DataError as error:
            assert str(error).isprintable()

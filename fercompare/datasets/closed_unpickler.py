"""The child process that converts a pickle: run by path, it imports only numpy.

A pickle is a program. Here it runs on an unpickler that knows a dozen names and puts
a harmless class of its own in the place of each: nothing is imported, no object of
numpy is within reach, and no array is made that is not in the file byte for byte.
"""

import json
import math
import pickle
import re
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

try:
    import resource
except ImportError:  # Windows
    resource = None

MOST_ENTRIES = 500_000
MOST_DEPTH = 12


class Refused(Exception):
    """What was found in the pickle that does not belong there."""


class Name:
    """What a name in a pickle stands for: it can be called, and nothing else."""

    __slots__ = ("make",)

    def __init__(self, make):
        self.make = make

    def __call__(self, *arguments):
        return self.make(*arguments)

    def __setstate__(self, state):
        raise Refused("changes a name that it may only call")


class Kind:
    """The dtype of an array: whole numbers, real numbers or text."""

    __slots__ = ("name",)
    known = re.compile(r"[iu][1248]|f[248]|[SU][1-9]\d{0,3}")

    def __init__(self, name, align=False, copy=True):
        if not (isinstance(name, str) and self.known.fullmatch(name)):
            what = "Python objects" if name in ("O", "O4", "O8") else ascii(name)[:40]
            raise Refused(f"has an array of {what}")
        self.name = name

    def __setstate__(self, state):
        order, parts = state[1], state[2:5]
        if order not in ("<", ">", "|", "=") or any(part is not None for part in parts):
            raise Refused("has an array of records")
        self.name = order + self.name


class Array:
    """An array; empty until it is filled with bytes that were in the file."""

    __slots__ = ("values",)

    def __init__(self):
        self.values = None

    def __setstate__(self, state):
        shape, kind, is_fortran, data = state[-4:]
        self.fill(data, kind, shape, "F" if is_fortran else "C")

    def fill(self, data, kind, shape, order="C"):
        """Make ``data`` the array's contents if it is just as long as they are."""
        if isinstance(data, str):  # Python 2 had no bytes
            data = data.encode("latin1")
        if not isinstance(data, bytes | bytearray) or not isinstance(kind, Kind):
            raise Refused(f"has an array of a {type(data).__name__}")
        if type(shape) is not tuple or any(type(n) is not int or n < 0 for n in shape):
            raise Refused("has an array without a shape")
        dtype = np.dtype(kind.name)
        if math.prod(shape) * dtype.itemsize != len(data):
            sides = ascii(shape)[:60]
            raise Refused(f"has {len(data):,} bytes for an array of shape {sides}")
        flat = np.frombuffer(data, dtype) if data else np.empty(0, dtype)
        self.values = flat.reshape(shape, order=order)
        return self


def _no_ndarray(*arguments):
    raise Refused("asks for an array without contents")


def _frombuffer(data, kind, shape, order, axes=None):
    array = Array().fill(data, kind, shape, "F" if order == "F" else "C")
    if axes is not None:
        array.values = array.values.transpose(axes)
    return array


def _scalar(kind, data):
    return Array().fill(data, kind, ())


def _encode(text, encoding):
    if encoding not in ("latin1", "latin-1"):
        raise Refused(f"has text in the encoding {ascii(encoding)[:40]}")
    return text.encode("latin1")


NAMES = {
    "numpy.ndarray": Name(_no_ndarray),
    "numpy.dtype": Name(Kind),
    "_codecs.encode": Name(_encode),
    "collections.OrderedDict": Name(dict),
    "builtins.bytes": Name(lambda: b""),
    "__builtin__.bytes": Name(lambda: b""),
}
for core in ("numpy.core", "numpy._core"):
    NAMES[f"{core}.multiarray._reconstruct"] = Name(lambda *ignored: Array())
    NAMES[f"{core}.multiarray.scalar"] = Name(_scalar)
    NAMES[f"{core}.numeric._frombuffer"] = Name(_frombuffer)


class ClosedUnpickler(pickle.Unpickler):
    """Knows ``NAMES``, and not one more."""

    def find_class(self, module, name):
        """Return what stands for a name; nothing is ever imported."""
        try:
            return NAMES[f"{module}.{name}"]
        except KeyError:
            called = ascii(f"{module}.{name}")[1:-1]
            raise Refused(f"calls for {called[:80]}") from None

    def persistent_load(self, key):
        """Refuse to look outside the file."""
        raise Refused("refers to something outside the file")


class Taker:
    """Takes a structure apart into JSON and the arrays that it points to."""

    def __init__(self, most_bytes):
        self.most_bytes = most_bytes
        self.arrays, self.places = [], {}
        self.stored = self.seen = self.entries = 0

    def take(self, value, depth=0):
        """Return ``value`` as JSON can hold it."""
        self.entries += 1
        if depth > MOST_DEPTH:
            raise Refused(f"is nested more than {MOST_DEPTH} deep")
        if self.entries > MOST_ENTRIES:
            raise Refused(f"has more than {MOST_ENTRIES:,} entries")
        kind = type(value)
        if kind in (str, float, bool, type(None)):
            return value
        if kind is int and abs(value) < 2**63:
            return value
        if kind is bytes and len(value) < 256:
            return value.decode("latin1")
        if kind is Array:
            return self.take_array(value.values, id(value), depth)
        if kind is dict and all(type(key) in (str, int) for key in value):
            return {
                "dict": [[k, self.take(entry, depth + 1)] for k, entry in value.items()]
            }
        if kind in (list, tuple):
            if value and set(map(type, value)) <= {int, float}:
                return self.take_array(np.array(value), id(value), depth)
            return [self.take(entry, depth + 1) for entry in value]
        raise Refused(f"holds something of the type {kind.__name__}")

    def take_array(self, array, identity, depth):
        """Return where an array is stored; texts and single numbers as they are."""
        if array is None:
            raise Refused("asks for an array without contents")
        if array.dtype.kind in "SU" or array.ndim == 0:
            return self.take(array.tolist(), depth + 1)
        if array.dtype.kind not in "iuf":
            raise Refused("has numbers beyond 64 bits")
        self.seen += array.nbytes
        if self.seen > self.most_bytes:
            raise Refused(f"unfolds to more than {self.most_bytes:,} bytes")
        if identity not in self.places:
            start, self.stored = self.stored, self.stored + array.nbytes
            place = [start, self.stored, array.dtype.str, array.shape]
            self.places[identity] = {"array": place}
            self.arrays.append(array)
        return self.places[identity]

    def write(self, stream):
        """Write the stored arrays as one ``.npy`` of bytes."""
        header = {"shape": (self.stored,), "fortran_order": False, "descr": "|u1"}
        np.lib.format.write_array_header_1_0(stream, header)
        for array in self.arrays:
            stream.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def limit(memory, result, seconds):
    """Set what this process may use, as far as the system can."""
    if resource is None:
        return
    seconds += math.ceil(time.process_time())  # what starting took
    wanted = {"AS": memory, "FSIZE": result, "CPU": seconds, "NOFILE": 16, "CORE": 0}
    for name, value in wanted.items():
        what = getattr(resource, f"RLIMIT_{name}")
        highest = resource.getrlimit(what)[1]
        if highest == resource.RLIM_INFINITY or value < highest:
            # One more as the hard limit, or SIGKILL would hide which one was met.
            with suppress(ValueError, OSError):  # macOS sets no RLIMIT_AS
                resource.setrlimit(what, (value, value + 1))


def convert(folder, limits):
    """Return what is wrong with the pickle on standard input, or None."""
    limit(**limits)
    try:
        value = ClosedUnpickler(sys.stdin.buffer, encoding="latin1").load()
        taker = Taker(limits["result"])
        tree = taker.take(value)
        Path(folder, "tree.json").write_text(json.dumps(tree), "ascii")
        with open(Path(folder, "numbers.npy"), "wb") as numbers:
            taker.write(numbers)
    except Refused as error:
        return str(error)
    except MemoryError:
        return f"asks for more than {limits['memory']:,} bytes of memory"
    except OSError as error:
        return f"could not be converted ({error.strerror})"
    except Exception as error:  # a pickle can be broken in any way
        said = ascii(str(error) or type(error).__name__)
        return f"is not a sound pickle: {said[:90]}"
    return None


if __name__ == "__main__":
    print(json.dumps(convert(sys.argv[1], json.loads(sys.argv[2]))))

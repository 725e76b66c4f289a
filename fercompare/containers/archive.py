"""The container: a zip of two members, as they are, and not one byte besides.

Given the sizes and checksums of the members, every other byte of the file is fixed.
So a file is read by working out those bytes and comparing: what is compressed, named
otherwise, there twice, before, between or behind the members is never parsed at all.
"""

import os
import secrets
import stat
import struct
import zlib
from contextlib import contextmanager
from pathlib import Path

from fercompare.containers.refusal import Refused
from fercompare.errors import printable

MANIFEST, ARRAYS = "manifest.json", "arrays.safetensors"
MOST_BYTES = 2**32 - 2**16
"""Of a file; beyond it a zip has other headers."""
MOST_MANIFEST_BYTES = 2**19
ANOTHER = "name the file that was saved"

LOCAL, DIRECTORY, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_LOCAL = struct.Struct("<4s5H3L2H")
_DIRECTORY = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION, _MIDNIGHT, _FIRST_DAY = 20, 0, 33


def pack(manifest, arrays):
    """Yield the bytes of a file.

    Parameters
    ----------
    manifest, arrays : bytes

    Examples
    --------
    >>> import io, zipfile
    >>> packed = io.BytesIO(b"".join(pack(b"{}", b"...")))
    >>> zipfile.ZipFile(packed).namelist()
    ['manifest.json', 'arrays.safetensors']
    """
    if len(manifest) > MOST_MANIFEST_BYTES:
        raise Refused(
            f"needs a manifest of {len(manifest):,} bytes; "
            f"{MOST_MANIFEST_BYTES:,} is the most",
            "hold large parameters in arrays that are learned",
        )
    if len(manifest) + len(arrays) > MOST_BYTES - 1000:
        raise Refused(
            f"has arrays of {len(arrays):,} bytes; {MOST_BYTES:,} is the most",
            "make the model smaller",
        )
    members = [
        (MANIFEST, zlib.crc32(manifest), len(manifest)),
        (ARRAYS, zlib.crc32(arrays), len(arrays)),
    ]
    yield from (_head(*members[0]), manifest, _head(*members[1]), arrays)
    yield _tail(members)


class Archive:
    """A container that is open: its manifest, and where its arrays are."""

    def __init__(self, stream):
        self.stream = stream
        size = os.fstat(stream.fileno()).st_size
        if size > MOST_BYTES:
            raise Refused(f"has {size:,} bytes; {MOST_BYTES:,} is the most")
        first = self._member(MANIFEST, size)
        if first[2] > MOST_MANIFEST_BYTES:
            raise Refused(f"has a manifest of {first[2]:,} bytes")
        self.manifest = self.read(first[2])
        if zlib.crc32(self.manifest) != first[1]:
            raise Refused("its manifest is not the one that was written")
        second = self._member(ARRAYS, size)
        _, self._crc, self.arrays_size = second
        start = stream.tell()
        self._check_end(_tail([first, second]), start + self.arrays_size, size)
        stream.seek(start)

    def read(self, n):
        """Return the next ``n`` bytes, of which there are so many."""
        read = self.stream.read(n)
        if len(read) != n:
            raise Refused("is cut short")
        return read

    def check_arrays(self, content):
        """Refuse arrays that are not those the container was made for."""
        if zlib.crc32(content) != self._crc:
            raise Refused("its arrays are not those that were written")

    def _member(self, name, size):
        head = self.read(min(_LOCAL.size + len(name), size))
        if len(head) < _LOCAL.size or not head.startswith(LOCAL):
            raise Refused("is none of fercompare's files")
        fields = _LOCAL.unpack(head[: _LOCAL.size])
        method, crc, length, n_named = fields[3], fields[6], fields[8], fields[9]
        if head == _head(name, crc, length):
            if length > size - self.stream.tell():
                raise Refused(f"is cut short: {name} has {length:,} bytes")
            return name, crc, length
        found = head[_LOCAL.size :][:n_named].decode("latin-1")
        if found != name or n_named != len(name):
            raise Refused(f"has a member {printable(found)!r} in the place of {name}")
        if method:
            raise Refused(f"its member {name} is compressed")
        raise Refused(f"its member {name} has options that fercompare never writes")

    def _check_end(self, tail, start, size):
        if start + len(tail) > size:
            raise Refused(
                f"is cut short: {start + len(tail) - size:,} bytes are missing"
            )
        if start + len(tail) < size:
            raise Refused(
                f"has {size - start - len(tail):,} bytes besides its two members"
            )
        self.stream.seek(start)
        if self.read(len(tail)) != tail:
            raise Refused("its zip directory does not describe its two members")


@contextmanager
def open_archive(path):
    """Open a file as an `Archive`."""
    with open_plain(path) as stream:
        yield Archive(stream)


@contextmanager
def open_plain(path):
    """Open a file to read its bytes: a plain file, no link, no pipe."""
    path = Path(path)
    if path.is_symlink():
        raise Refused("is a link", "name the file that it points to")
    if not path.exists():
        raise Refused("does not exist", ANOTHER)
    if not path.is_file():
        raise Refused("is no file", ANOTHER)
    wanted = ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
    flags = sum(getattr(os, name, 0) for name in wanted)
    with os.fdopen(os.open(path, os.O_RDONLY | flags), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise Refused("is no file", ANOTHER)
        yield stream


def write_whole(path, chunks, scratch=None):
    """Write a file so that it is there whole, or as it was before.

    Parameters
    ----------
    path : path
    chunks : iterable of bytes
    scratch : str, optional
        Name of the file beside it that is written first. One that a killed process
        left behind is written over, so only one process may use it; by default each
        write has a name of its own.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    own = f".writing-{secrets.token_hex(8)}"
    scratch = path.with_name(scratch or own)
    scratch.unlink(missing_ok=True)
    try:
        with open(scratch, "xb") as stream:
            for chunk in chunks:
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(scratch, path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    if os.name != "nt":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _head(name, crc, size):
    facts = (_VERSION, 0, 0, _MIDNIGHT, _FIRST_DAY, crc, size, size, len(name), 0)
    return _LOCAL.pack(LOCAL, *facts) + name.encode()


def _tail(members):
    directory, start = b"", 0
    for name, crc, size in members:
        facts = (_VERSION, _VERSION, 0, 0, _MIDNIGHT, _FIRST_DAY, crc, size, size)
        directory += _DIRECTORY.pack(DIRECTORY, *facts, len(name), 0, 0, 0, 0, 0, start)
        directory += name.encode()
        start += _LOCAL.size + len(name) + size
    n = len(members)
    return directory + _END.pack(END, 0, 0, n, n, len(directory), start, 0)

"""What a person must know of a data set before using it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """Where a data set comes from, what may be done with it, and how to read it.

    Attributes
    ----------
    load : callable
        ``load(root, reader, **options)``, or ``load(**options)`` without files.
    title, obtain, put, licence, cite : str
        ``put`` says what must lie below ``data/NAME``.
    signature : tuple of str
        Files or folders that give the set away in a folder of any name.
    published : dict
        ``{part: {class: rows}}`` as published, where it is.
    checksums : dict
        ``{file name: MD5}`` as published, where it is.
    """

    load: Callable
    title: str
    obtain: str = ""
    put: str = ""
    licence: str = ""
    cite: str = ""
    signature: tuple = ()
    published: dict | None = None
    checksums: dict | None = None

    @property
    def needs_files(self):
        """Whether the set is read from files, rather than made."""
        return bool(self.put)


def counts(classes, **parts):
    """Return ``{part: {class: rows}}`` of counts in the order of ``classes``."""
    return {part: dict(zip(classes, numbers)) for part, numbers in parts.items()}

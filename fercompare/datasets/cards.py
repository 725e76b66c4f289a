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


def as_markdown(cards):
    """Return the cards ``{name: Card}`` as a page that a person can read."""
    lines = [
        "# The data sets",
        "",
        "Written by `fercompare data list --format markdown`. No images are kept here:",
        "put each set into the folder of its name, or name the folder above them in",
        "`FERCOMPARE_DATA`.",
    ]
    for name, card in cards.items():
        lines += ["", f"## {name}", "", f"{card.title}.", ""]
        facts = {
            "Get it from": card.obtain,
            f"Put into `data/{name}`": card.put,
            "Licence": card.licence,
            "Cite": card.cite,
        }
        lines += [f"- {what}: {text}." for what, text in facts.items() if text]
        for file, md5 in (card.checksums or {}).items():
            lines.append(f"- MD5 of `{file}`: `{md5}`")
        if card.published:
            lines += ["", *_table(card.published)]
    return "\n".join(lines) + "\n"


def _table(published):
    parts = list(published)
    lines = [f"| images | {' | '.join(parts)} |", "| --- |" + " ---: |" * len(parts)]
    for name in published[parts[0]]:
        numbers = " | ".join(f"{published[part][name]:,}" for part in parts)
        lines.append(f"| {name} | {numbers} |")
    return lines


def counts(classes, **parts):
    """Return ``{part: {class: rows}}`` of counts in the order of ``classes``."""
    return {part: dict(zip(classes, numbers)) for part, numbers in parts.items()}

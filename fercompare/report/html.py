"""The report: one page that needs nothing but itself."""

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from pathlib import Path

from fercompare import __version__
from fercompare.containers.archive import write_whole
from fercompare.errors import DataError, printable
from fercompare.report.figures import as_svg
from fercompare.report.grounds import grounds
from fercompare.report.page_facts import COLUMNS, page_facts
from fercompare.report.pictures import PICTURES, ranks_of

ASSETS = files("fercompare.report") / "page"
SCRIPTS = ("base", "statistics", "leaderboard", "comparison", "models", "start")
GENERATOR = "fercompare report"
POLICY = (
    "default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)
"""What a browser lets the page do: run its own script, and load nothing."""
BEGINNING = 2000
"""Bytes of a file within which a report says that it is one."""


def write_report(outcomes, path, *, by="f1_macro", title="fercompare report"):
    """Write the page that shows outcomes, whole or not at all.

    The same outcomes give the same bytes.

    Parameters
    ----------
    outcomes : list of Outcome
        Those that failed or were skipped are named in it.
    path : path
        An earlier report is replaced, any other file raises `DataError`.
    by : str, default="f1_macro"
        The metric to rank by.
    title : str, default="fercompare report"

    Returns
    -------
    path : Path
    """
    path = Path(path)
    check_replaceable(path)
    write_whole(path, [make_page(outcomes, by=by, title=title).encode()])
    return path


def check_replaceable(path):
    """Raise where something that is no report would be written over."""
    if path.is_dir():
        raise DataError("is a folder", file=path, remedy="name a file in it")
    if not path.exists():
        return
    with path.open("rb") as stream:
        if GENERATOR.encode() not in stream.read(BEGINNING):
            raise DataError(
                "is there already and is no report",
                file=path,
                remedy="choose another name, or remove it first",
            )


def make_page(outcomes, *, by="f1_macro", title="fercompare report"):
    """Return the text of the page that shows outcomes; see `write_report`."""
    found = grounds(outcomes, by)
    script = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {
        "policy": POLICY.format(digest=digest),
        "generator": f"{GENERATOR} {__version__}",
        "title": html.escape(printable(title)),
        "style": _asset("page.css"),
        "columns": html.escape("; ".join(f"{k}: {v}" for k, v in COLUMNS.items())),
        "pictures": "\n".join(_figures(found)),
        "facts": as_script_data(page_facts(outcomes, found)),
        "script": script,
    }
    return re.sub(r"@(\w+)@", lambda mark: parts[mark[1]], _asset("page.html"))


def as_script_data(value):
    """Return json that cannot end the script element it stands in.

    Examples
    --------
    >>> as_script_data({"name": "</script><b>"})
    '{"name":"\\\\u003c/script\\\\u003e\\\\u003cb\\\\u003e"}'
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _asset(name):
    return (ASSETS / name).read_text(encoding="utf-8")


def _figures(found):
    """Yield the pictures as elements of the page."""
    for number, ground in enumerate(found):
        for name, picture in PICTURES.items():
            figure = picture.draw(ground) if picture.in_page else None
            if figure is not None:
                told = f"{ground.dataset}, {ground.part}: {picture.caption}"
                yield _figure(figure, f"{name}-{number}", told)
    if (figure := ranks_of(found)) is not None:
        yield _figure(figure, "ranks", "Average ranks over data sets or folds.")


def _figure(figure, name, caption):
    caption = html.escape(printable(caption))
    width = round(96 * figure.get_figwidth())
    least = round(0.62 * width)
    svg = as_svg(figure, name).replace(
        "<svg",
        f'<svg role="img" aria-label="{caption}" '
        f'style="width: {width}px; max-width: 100%; min-width: min({least}px, 60rem)"',
        1,
    )
    return (
        f'<figure id="picture-{name}"><figcaption>{caption}</figcaption>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}">'
        f"{svg}</div></figure>"
    )

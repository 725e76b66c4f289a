"""What all pictures share: colours, formats, and the same bytes each time."""

import io
import re

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from fercompare.errors import DataError, printable

FORMATS = ("png", "svg", "pdf")
UNDATED = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#7f7f7f",
    "#5b3a00",
)
"""Okabe and Ito's, which the colour-blind tell apart, with grey and brown for two."""
MARKS = "osD^vP*X<>phd8H"
INK, PAPER = "#111111", "#ffffff"
"""Of text on coloured cells. All else is black, which a dark page turns light."""
LONGEST_NAME = 30


def new_figure(width, height, **layout):
    """Return an empty Figure of so many inches that makes room for its labels."""
    return Figure(figsize=(width, height), layout="constrained", **layout)


def stem_and_format(path):
    """Return where a picture goes, without its ending, and the format that this names.

    Examples
    --------
    >>> from pathlib import Path
    >>> stem, form = stem_and_format(Path("curves.svg"))
    >>> stem.name, form
    ('curves', 'svg')
    """
    form = path.suffix.removeprefix(".")
    if form not in FORMATS:
        raise DataError(
            f"has the ending {path.suffix!r}" if form else "has no ending",
            file=path,
            remedy="end it in .png, .svg or .pdf",
        )
    return path.with_suffix(""), form


def check_formats(formats):
    """Refuse what is no format of pictures."""
    if unknown := [form for form in formats if form not in FORMATS]:
        raise DataError(
            f"{', '.join(unknown)} is no format of pictures; there are "
            f"{', '.join(FORMATS)}"
        )


def save_figure(figure, stem, formats):
    """Write a figure in each of the formats, the same bytes each time."""
    check_formats(formats)
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = []
    for form in formats:
        path = stem.with_name(f"{stem.name}.{form}")
        with rc_context({"svg.hashsalt": "fercompare", "svg.fonttype": "path"}):
            figure.savefig(path, dpi=150, metadata=UNDATED[form])
        paths.append(path)
    return paths


def as_svg(figure, name):
    """Return a figure as an svg element that stands in a page.

    Its text stays text, its background is the page's, what is black follows the page's
    ink, and what it refers to is named after ``name``, so that two do not collide.

    Examples
    --------
    >>> element = as_svg(new_figure(2, 1), "empty")
    >>> element[:4], "#000000" in element
    ('<svg', False)
    """
    drawn = io.StringIO()
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(drawn, format="svg", transparent=True, metadata=UNDATED["svg"])
    text = drawn.getvalue()
    text = text[text.index("<svg") :]
    for needless in (
        r"\s*<metadata>.*?</metadata>",
        r"<style.*?</style>",
        r"<!--.*?-->",
    ):
        text = re.sub(needless, "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    return re.sub(r"(fill|stroke): #000000", r"\1: currentColor", text).strip()


def shown(name):
    """Return a name as a picture can hold it: no formulas, no control characters.

    Examples
    --------
    >>> shown("$x$"), shown("a-network-with-a-name-that-goes-on-and-on")
    ('\\\\$x\\\\$', 'a-network-with…-goes-on-and-on')
    """
    name = printable(str(name))
    if len(name) > LONGEST_NAME:
        half = LONGEST_NAME // 2
        name = f"{name[: half - 1]}…{name[-half:]}"
    hidden_by_legends = name.startswith("_")
    return (" " if hidden_by_legends else "") + name.replace("$", r"\$")


def signed(value, digits=3):
    """Return a difference with its sign, a real minus, and none where it rounds to 0.

    Examples
    --------
    >>> signed(0.01234), signed(-0.5, 1), signed(-0.0001)
    ('+0.012', '−0.5', '0.000')
    """
    text = f"{value:+.{digits}f}"
    return (text if float(text) else text[1:]).replace("-", "−")


def sheet(titles, width, height, n_columns=3, **subplots):
    """Return a Figure and one axes a title, in lines of at most ``n_columns``.

    Parameters
    ----------
    titles : sequence of str
    width, height : float
        Inches of one axes.
    n_columns : int, default=3
    **subplots
        Passed on to matplotlib, such as ``sharey=True``.

    Returns
    -------
    figure : Figure
    axes : list of Axes
    """
    n_columns = min(n_columns, len(titles))
    n_lines = -(-len(titles) // n_columns)
    figure = new_figure(width * n_columns, height * n_lines + 0.4)
    grid = figure.subplots(n_lines, n_columns, squeeze=False, **subplots).ravel()
    for empty in grid[len(titles) :]:
        empty.set_axis_off()
    for axes, title in zip(grid, titles):
        axes.set_title(shown(title), loc="left", fontsize=10)
    return figure, list(grid[: len(titles)])


def open_axes(axes, grid="y"):
    """Leave out of a diagram what is not read: its upper and right frame."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(axis=grid, color="#808080", alpha=0.25, linewidth=0.6)


def draw_cells(axes, shades, texts, *, cmap, limits, size=7, bold=()):
    """Draw a table whose cells are shaded, each with its text.

    Parameters
    ----------
    axes : Axes
    shades : ndarray of shape (n_lines, n_columns)
        nan leaves a cell blank.
    texts : list of list of str
    cmap : Colormap
    limits : (float, float)
        What has the first and the last colour.
    size : float, default=7
        Of the letters.
    bold : set of (line, column)
    """
    low, high = limits
    span = (high - low) or 1.0
    n_lines, n_columns = np.shape(shades)
    axes.pcolormesh(
        np.arange(n_columns + 1) - 0.5,
        np.arange(n_lines + 1) - 0.5,
        np.ma.masked_invalid(shades),
        cmap=cmap,
        vmin=low,
        vmax=low + span,
    )
    axes.invert_yaxis()
    for line, column in np.ndindex(*np.shape(shades)):
        share = (shades[line][column] - low) / span
        blank = not np.isfinite(share)
        light = blank or _luminance(cmap(float(share))) > 0.45
        axes.text(
            column,
            line,
            texts[line][column],
            ha="center",
            va="center",
            size=size,
            color="black" if blank else INK if light else PAPER,
            weight="bold" if (line, column) in bold else "normal",
            in_layout=False,
        )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _luminance(colour):
    return float(np.dot(colour[:3], (0.299, 0.587, 0.114)))

"""Tables as other programs read them: csv, json, Markdown, HTML."""

import html
import json
import re

from fercompare.errors import printable

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that a spreadsheet runs as a formula."""
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")


def to_csv(table):
    """Return a DataFrame as csv whose texts no spreadsheet runs as formulas.

    Examples
    --------
    >>> import pandas as pd
    >>> print(to_csv(pd.DataFrame({"model": ["=cmd()"], "delta": [-0.5]})), end="")
    model,delta
    '=cmd(),-0.5
    """
    safe = table.rename(columns=defused)
    for place, kind in enumerate(safe.dtypes):
        if kind.kind not in "fiub":
            name = safe.columns[place]
            safe[name] = safe[name].map(defused, na_action="ignore")
    return safe.to_csv(index=False)


def defused(cell):
    """Return a cell with an apostrophe before what would be run as a formula.

    Control characters are made visible: a carriage return would begin another cell.

    Examples
    --------
    >>> defused("@SUM(A1)"), defused("-0.5"), defused("cnn:smote@embedding")
    ("'@SUM(A1)", '-0.5', 'cnn:smote@embedding')
    """
    if not isinstance(cell, str):
        return cell
    safe = printable(cell)
    harmless = not cell.startswith(DANGEROUS) or NUMBER.fullmatch(cell)
    return safe if harmless else f"'{safe}"


def to_json(table):
    """Return a DataFrame as a json list of records; what is not known is null.

    Examples
    --------
    >>> import pandas as pd
    >>> to_json(pd.DataFrame({"model": ["svm"], "auroc": [float("nan")]}))
    '[{"model": "svm", "auroc": null}]'
    """
    records = table.astype(object).where(table.notna(), None).to_dict("records")
    return json.dumps(records, default=_plain, ensure_ascii=False)


def to_markdown(sheet):
    """Return a `Sheet` as a Markdown table.

    Examples
    --------
    >>> from fercompare.report.sheets import Sheet
    >>> print(to_markdown(Sheet(["model", "F1"], [["a|b", "0.5"]], {(0, 1)}, {1})))
    | model | F1 |
    | --- | ---: |
    | a\\|b | **0.5** |
    """
    rules = ["---:" if k in sheet.numeric else "---" for k in range(len(sheet.titles))]
    lines = [map(_marked_down, sheet.titles), rules]
    for number, line in enumerate(sheet.lines):
        texts = map(_marked_down, line)
        lines.append(
            [
                f"**{text}**" if (number, place) in sheet.bold else text
                for place, text in enumerate(texts)
            ]
        )
    marked = [f"| {' | '.join(line)} |" for line in lines]
    notes = [text for note in sheet.footnotes for text in ("", _marked_down(note))]
    return "\n".join([*marked, *notes])


def to_html(sheet, caption=""):
    """Return a `Sheet` as an HTML table, names shown as text whatever they hold.

    Examples
    --------
    >>> from fercompare.report.sheets import Sheet
    >>> "&lt;b&gt;" in to_html(Sheet(["model"], [["<b>"]], set(), set()))
    True
    """
    lines = ["<table>"]
    if caption:
        lines.append(f"<caption>{_escaped(caption)}</caption>")
    heads = "".join(f'<th scope="col">{_escaped(title)}</th>' for title in sheet.titles)
    lines.append(f"<thead><tr>{heads}</tr></thead>")
    lines.append("<tbody>")
    for number, line in enumerate(sheet.lines):
        cells = []
        for place, text in enumerate(line):
            shown = _escaped(text)
            shown = f"<b>{shown}</b>" if (number, place) in sheet.bold else shown
            cells.append(f"<td>{shown}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    lines.append("</tbody>")
    width = len(sheet.titles)
    for note in sheet.footnotes:
        cell = f'<td colspan="{width}">{_escaped(note)}</td>'
        lines.append(f"<tfoot><tr>{cell}</tr></tfoot>")
    return "\n".join([*lines, "</table>"])


def _marked_down(text):
    text = printable(text).replace("\\", "\\\\")
    for mark in "|`*_<>[]":
        text = text.replace(mark, f"\\{mark}")
    return text


def _escaped(text):
    return html.escape(printable(text))


def _plain(number):
    return number.item()

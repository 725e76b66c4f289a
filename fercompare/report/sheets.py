"""A sheet: a table as it is read, with texts in its cells and the best in bold."""

from typing import NamedTuple

import numpy as np

from fercompare.metrics import METRICS
from fercompare.report.runs import LEAK_FREE, find_metric

TITLES = {
    "f1_macro": "macro-F1",
    "f1_weighted": "weighted F1",
    "balanced_accuracy": "balanced acc.",
    "auroc_ovr_macro": "AUROC",
    "average_precision_macro": "average precision",
    "expected_calibration_error": "calibration error",
    "cohen_kappa": "kappa",
    "mcc": "MCC",
    "fit_seconds": "fit s",
    "warmup_seconds": "warm-up s",
    "predict_ms_per_image": "ms an image",
    "images_per_second": "images/s",
    "peak_memory_mb": "peak MB",
    "file_bytes": "file bytes",
    "note": "not ranked",
}
ALSO_SHOWN = ("f1_macro", "accuracy", "balanced_accuracy")
COST_SHOWN = ("fit_seconds", "predict_ms_per_image")
NO_NUMBER, MARK = "–", "*"
SMALLEST_P = "<0.0001"


class Sheet(NamedTuple):
    """Texts in lines, which cells are bold, which columns hold numbers, footnotes."""

    titles: list
    lines: list
    bold: set
    numeric: set
    footnotes: tuple = ()


def ranking_sheet(ranked, by):
    """Return the `Sheet` of one ranking, with mean ± sd, interval and letters.

    Parameters
    ----------
    ranked : DataFrame
        One ranking of `fercompare.report.leaderboard.rank`.
    by : str
    """
    also = [name for name in ALSO_SHOWN if name != by and _known(ranked, name)]
    leak_free = "" if by.endswith(LEAK_FREE) else by + LEAK_FREE
    scores = [by, *also, "rare_recall", *([leak_free] if leak_free else [])]
    columns = {
        "rank": _whole(ranked["rank"]),
        "model": list(ranked["model"]),
        "strategy": list(ranked["strategy"]),
        "seeds": _whole(ranked["seeds"]),
    }
    rare = " or ".join(dict.fromkeys(ranked["rare_class"]))
    titles = {name: title_of(name) for name in scores} | {
        "rare_recall": f"recall of {rare}"
    }
    texts = {name: _numbers(ranked[name]) for name in scores}
    compared = (ranked["note"] == "").to_numpy()
    bold_of = {
        titles[name]: _best(texts[name], ranked[name], _higher(name), compared)
        for name in scores
    }
    columns[titles[by]] = _with_deviation(texts[by], ranked[f"{by}_sd"])
    low, high = _numbers(ranked[f"{by}_low"]), _numbers(ranked[f"{by}_high"])
    columns["95 % interval"] = [f"{a}–{b}" for a, b in zip(low, high)]
    columns["alike"] = list(ranked["alike"])
    columns |= {titles[name]: texts[name] for name in scores[1:]}
    for name in COST_SHOWN:
        columns[title_of(name)] = _numbers(ranked[name], digits=2)
    if (ranked["note"] != "").any():
        columns["not ranked"] = list(ranked["note"])
    return _sheet(columns, bold_of, {"model", "strategy", "alike", "not ranked"})


def grid_sheet(table, by, deltas=False, notes=None):
    """Return the `Sheet` of a grid, the best of each line in bold.

    Cells that are not ranked are marked, never bold, and told of in a footnote.

    Parameters
    ----------
    table : DataFrame
        Of `fercompare.report.tables.grid`.
    by : str
    deltas : bool, default=False
        Whether numbers are shown with their sign.
    notes : DataFrame of str, optional
        Of the same shape: why a cell is not ranked, if it is not.

    Examples
    --------
    >>> import pandas as pd
    >>> sheet = grid_sheet(pd.DataFrame({"none": [0.5], "smote": [0.6]}, ["svm"]),
    ...                    "accuracy")
    >>> sheet.lines, sheet.bold
    ([['svm', '0.500', '0.600']], {(0, 2)})
    """
    higher = _higher(by)
    lines, bold = [], set()
    notes = np.full(table.shape, "") if notes is None else notes.to_numpy(dtype=str)
    for number, (name, values) in enumerate(table.iterrows()):
        texts, compared = _numbers(values, signed=deltas), notes[number] == ""
        best = _best(texts, values, higher, compared)
        bold |= {(number, place + 1) for place in best}
        marks = np.where(compared, "", MARK)
        lines.append([str(name), *(f"{t}{mark}" for t, mark in zip(texts, marks))])
    titles = [f"{table.index.name or ''}", *map(str, table.columns)]
    told = "; ".join(dict.fromkeys(notes[notes != ""].tolist()))
    footnotes = (f"{MARK} not ranked: {told}",) if told else ()
    return Sheet(titles, lines, bold, set(range(1, len(titles))), footnotes)


def plain_sheet(table, directions=None, digits=3, p_values=()):
    """Return the `Sheet` of a table, the best of each column in bold.

    Lines that have a ``note`` are not ranked and never the best.

    Parameters
    ----------
    table : DataFrame
    directions : dict of {column: bool}, optional
        Whether higher is better in those columns that have a best.
    digits : int, default=3
    p_values : sequence of str, optional
        Columns in which small numbers are said to be small.
    """
    columns, bold_of, names = {}, {}, set()
    noted = table["note"] != "" if "note" in table else np.zeros(len(table), dtype=bool)
    compared = ~np.asarray(noted)
    for name, values in table.items():
        title = title_of(str(name))
        if values.dtype.kind not in "fi":
            columns[title] = ["" if v is None else str(v) for v in values]
            names.add(title)
            continue
        texts = _numbers(values, digits) if values.dtype.kind == "f" else _whole(values)
        if name in p_values:
            small = values.to_numpy() < float(SMALLEST_P[1:])
            texts = np.where(small, SMALLEST_P, texts).tolist()
        columns[title] = texts
        if name in (directions or {}):
            bold_of[title] = _best(texts, values, directions[name], compared)
    return _sheet(columns, bold_of, names)


def title_of(name):
    """Return what stands above a column.

    Examples
    --------
    >>> title_of("f1_macro_leak_free"), title_of("log_loss")
    ('macro-F1 leak-free', 'log loss')
    """
    plain = name.removesuffix(LEAK_FREE)
    title = TITLES.get(plain, plain.replace("_", " "))
    return title if plain == name else f"{title} leak-free"


def _sheet(columns, bold_of, names):
    titles = list(columns)
    bold = {
        (line, titles.index(title))
        for title, lines in bold_of.items()
        for line in lines
    }
    numeric = {place for place, title in enumerate(titles) if title not in names}
    return Sheet(titles, [list(line) for line in zip(*columns.values())], bold, numeric)


def _known(table, name):
    return name in table and table[name].notna().any()


def _higher(name):
    plain = name.removesuffix(LEAK_FREE)
    return find_metric(name)[0].higher_is_better if plain in METRICS else True


def _numbers(values, digits=3, signed=False):
    return [_number(number, digits, "+" if signed else "") for number in values]


def _number(number, digits, sign):
    """Return a number as it is read; what rounds to nothing has no sign."""
    if not np.isfinite(number):
        return NO_NUMBER
    text = f"{number:{sign}.{digits}f}"
    return text if text.strip("+-0.") else text.lstrip("+-")


def _whole(values):
    return [
        NO_NUMBER if number != number or number is None else f"{number:.0f}"
        for number in values.astype(object).where(values.notna(), None)
    ]


def _with_deviation(texts, deviations):
    return [
        text if np.isnan(deviation) else f"{text} ± {deviation:.3f}"
        for text, deviation in zip(texts, deviations)
    ]


def _best(texts, values, higher_is_better, compared):
    """Return the lines whose text is that of the best: ties are ties as they read."""
    values = np.asarray(values, dtype=float)
    usable = np.flatnonzero(compared & np.isfinite(values))
    if len(usable) < 2:
        return []
    sign = 1 if higher_is_better else -1
    best = texts[usable[np.argmax(sign * values[usable])]]
    return [int(line) for line in usable if texts[line] == best]

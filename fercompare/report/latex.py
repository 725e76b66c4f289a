"""Tables for a paper: LaTeX with booktabs, which compiles whatever names are called."""

import re
import unicodedata

from fercompare.errors import printable

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{''}",
    "`": r"{\textasciigrave}",
    "'": r"{\textquotesingle}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "−": "$-$",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "…": r"\ldots{}",
    "²": r"\textsuperscript{2}",
}
SIGN = re.compile(r"(?<![\w.])([+-])(?=\d)")


def to_latex(sheet, caption="", label=""):
    """Return a `Sheet` as a table for ``\\usepackage{booktabs,textcomp}``.

    Parameters
    ----------
    sheet : Sheet
    caption, label : str, optional

    Examples
    --------
    >>> from fercompare.report.sheets import Sheet
    >>> print(to_latex(Sheet(["model", "F1"], [["a_b", "0.5"]], {(0, 1)}, {1})))
    \\begin{table}
    \\centering
    \\begin{tabular}{lr}
    \\toprule
    {}model & F1 \\\\
    \\midrule
    {}a\\_b & \\textbf{0.5} \\\\
    \\bottomrule
    \\end{tabular}
    \\end{table}
    """
    kinds = "".join(
        "r" if k in sheet.numeric else "l" for k in range(len(sheet.titles))
    )
    lines = ["\\begin{table}", "\\centering"]
    if caption:
        lines.append(f"\\caption{{{escape(caption)}}}")
    if label:
        lines.append(f"\\label{{{re.sub(r'[^A-Za-z0-9:-]', '-', label)}}}")
    lines += [f"\\begin{{tabular}}{{{kinds}}}", "\\toprule"]
    lines += [_line(map(escape, sheet.titles)), "\\midrule"]
    for number, line in enumerate(sheet.lines):
        cells = []
        for place, text in enumerate(line):
            shown = _number(text) if place in sheet.numeric else escape(text)
            bold = (number, place) in sheet.bold
            cells.append(f"\\textbf{{{shown}}}" if bold else shown)
        lines.append(_line(cells))
    lines += ["\\bottomrule", "\\end{tabular}"]
    lines += [f"\\par {escape(note)}" for note in sheet.footnotes]
    return "\n".join([*lines, "\\end{table}"])


def escape(text):
    """Return a text whose characters stand for themselves in LaTeX.

    Letters that plain LaTeX has no font for are written by their number.

    Examples
    --------
    >>> print(escape("hog+svm_50% of {x} & é"), escape("表"))
    hog+svm\\_50\\% of \\{x\\} \\& é [U+8868]
    """
    text = unicodedata.normalize("NFC", printable(text))
    text = "".join(SPECIAL.get(letter) or _letter(letter) for letter in text)
    return re.sub("-(?=-)", "-{}", text)


def _letter(letter):
    accented = letter < "\u0100" and len(unicodedata.normalize("NFD", letter)) > 1
    known = letter.isascii() or accented or letter in "ßÆæØø"
    return letter if known else f"[U+{ord(letter):04X}]"


def _number(text):
    return SIGN.sub(r"$\1$", escape(text))


def _line(cells):
    """Return a line; what begins with * or [ would be taken for the break's before."""
    return "{}" + " & ".join(cells) + r" \\"

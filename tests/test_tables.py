"""Tables for papers and programs: right numbers, and no harm from names."""

import io
import json
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_outcomes import made_outcomes

from fercompare.errors import DataError, UnknownName
from fercompare.metrics import recall_per_class
from fercompare.report.boards import (
    class_boards,
    cost_boards,
    grid_boards,
    ranking_boards,
)
from fercompare.report.exports import defused, to_csv, to_html, to_json, to_markdown
from fercompare.report.latex import escape, to_latex
from fercompare.report.leaderboard import rank, scores
from fercompare.report.sheets import grid_sheet, plain_sheet
from fercompare.report.tables import grid, of_classes, tidy

NASTY = r"""a_b & 50% of #{x} $y$ ~^\ <i>"quoted"</i> `t` 'q' |--- é 表 ±"""


@pytest.fixture(scope="module")
def outcomes():
    return made_outcomes(("hog+svm", "cnn"), n_seeds=2)


@pytest.fixture(scope="module")
def ranked(outcomes):
    return rank(outcomes)


def test_a_tidy_table_has_a_line_a_trial_and_metric(outcomes):
    table = tidy(outcomes)
    wide = scores(outcomes)
    plain = table[table["class"] == ""]
    assert len(plain) == len(outcomes) * plain["metric"].nunique()
    first = plain[(plain["model"] == "cnn") & (plain["metric"] == "accuracy")]
    assert np.allclose(
        sorted(first["value"]), sorted(wide.loc[wide["model"] == "cnn", "accuracy"])
    )
    recalls = table[(table["metric"] == "recall") & (table["model"] == "cnn")]
    one = next(o for o in outcomes if o.trial.model == "cnn")
    here = recalls[
        (recalls["strategy"] == one.trial.strategy)
        & (recalls["seed"] == one.trial.seed)
    ]
    expected = recall_per_class(one.y_true, one.y_pred, 7)
    assert np.allclose(
        here.set_index("class")["value"].loc[list(one.classes)], expected
    )
    read = pd.read_csv(io.StringIO(to_csv(table)))
    assert np.allclose(read["value"], table["value"], equal_nan=True)


def test_a_grid_and_its_deltas(ranked):
    table = grid(ranked, "f1_macro")
    assert table.columns[0] == "none"
    means = ranked.set_index(["model", "strategy"])["f1_macro"]
    assert table.loc["cnn", "smote"] == means["cnn", "smote"]
    deltas = grid(ranked, "f1_macro", deltas=True)
    assert (deltas["none"] == 0).all()
    expected = means["cnn", "smote"] - means["cnn", "none"]
    assert deltas.loc["cnn", "smote"] == pytest.approx(expected)
    turned = grid(ranked, "f1_macro", rows="strategy", columns="model")
    assert turned.loc["smote", "cnn"] == means["cnn", "smote"]
    with pytest.raises(DataError, match="no 'none'"):
        grid(ranked[ranked["strategy"] != "none"], "f1_macro", deltas=True)
    with pytest.raises(UnknownName, match="f1_macro"):
        grid(ranked, "f1_marco")


def test_scores_of_classes_are_means_over_seeds(outcomes):
    table = of_classes(outcomes, "recall").set_index(["model", "strategy"])
    here = [o for o in outcomes if o.trial.names[1:3] == ("cnn", "none")]
    expected = np.mean([recall_per_class(o.y_true, o.y_pred, 7) for o in here], axis=0)
    assert np.allclose(
        table.loc[("cnn", "none"), list(here[0].classes)].astype(float), expected
    )


def test_scores_of_classes_are_of_the_same_images_alone(outcomes):
    other = {**outcomes[0].facts["data"], "fingerprint": "77aa" * 16}
    elsewhere = [
        replace(one, y_pred=one.y_true, facts=one.facts | {"data": other})
        for one in outcomes
    ]
    on_val = [
        replace(one, facts=one.facts | {"reported_on": "val"}) for one in outcomes
    ]
    both = class_boards([*outcomes, *elsewhere, *on_val])
    assert len({board.title for board in both}) == 3
    assert [board.table["data"].unique().tolist() for board in both] == [
        *(["5f2c" * 3], ["77aa" * 3], ["5f2c" * 3])
    ]
    (alone,) = class_boards(outcomes)
    pd.testing.assert_frame_equal(
        both[0].table.reset_index(drop=True), alone.table.reset_index(drop=True)
    )
    changed = replace(outcomes[1].trial, specification={"parameters": {"C": 5.0}})
    for table in (of_classes, tidy):
        with pytest.raises(DataError, match="different settings"):
            table([outcomes[0], replace(outcomes[1], trial=changed)])


def test_scores_of_classes_pool_the_folds_as_the_ranking_does(outcomes):
    names = ("rows", "y_true", "y_pred", "proba", "leak_free")
    folds = [
        replace(
            one,
            trial=replace(one.trial, fold=fold),
            **{name: getattr(one, name)[fold::3] for name in names},
        )
        for one in outcomes
        for fold in range(3)
    ]
    whole, pooled = of_classes(outcomes), of_classes(folds)
    classes = list(outcomes[0].classes)
    assert np.allclose(whole[classes], pooled[classes])
    assert pooled["n_test"].eq(300).all()


@pytest.mark.parametrize("deltas", [False, True])
def test_a_cell_that_is_not_ranked_is_marked_and_never_bold(outcomes, deltas):
    def peeked(one):
        facts = one.facts | {"selected_on": "test part: epoch 3"}
        return replace(one, y_pred=one.y_true, facts=facts)

    some = [
        peeked(one) if one.trial.names[1:3] == ("cnn", "smote") else one
        for one in outcomes
    ]
    (board,) = grid_boards(some, deltas=deltas)
    sheet = board.sheet
    line = [texts[0] for texts in sheet.lines].index("cnn")
    column = sheet.titles.index("smote")
    assert sheet.lines[line][column].endswith("*")
    assert (line, column) not in sheet.bold and sheet.bold
    assert "chosen on the images" in sheet.footnotes[0]
    assert board.table["note"].str.contains("smote").tolist().count(True) == 1
    for shown in (to_markdown(sheet), to_html(sheet), to_latex(sheet)):
        assert "chosen on the images" in shown
    for boards in (class_boards, cost_boards):
        (board,) = boards(some)
        line = board.table["note"].ne("").to_numpy().argmax()
        assert not any(where[0] == line for where in board.sheet.bold)
        assert "chosen on" in board.sheet.lines[line][-1]


def test_deltas_from_one_that_was_chosen_on_the_images_are_marked(outcomes):
    some = [
        replace(one, facts=one.facts | {"selected_on": "test part: epoch 3"})
        if one.trial.names[1:3] == ("cnn", "none")
        else one
        for one in outcomes
    ]
    for rows in ("model", "strategy"):
        (board,) = grid_boards(some, rows=rows, deltas=True)
        cells = [cell for line in board.sheet.lines for cell in line]
        assert sum(cell.endswith("*") for cell in cells) == 3


def test_what_rounds_to_nothing_has_no_sign_and_small_p_are_said_to_be_small():
    table = pd.DataFrame({"none": [-0.0001], "smote": [0.0002]}, ["svm"])
    sheet = grid_sheet(table, "accuracy", deltas=True)
    assert sheet.lines == [["svm", "0.000", "0.000"]]
    assert sheet.bold == {(0, 1), (0, 2)}
    tests = pd.DataFrame({"p": [0.0, 1e-6, 0.04, np.nan], "f1": [-1e-9, 0.5, 0, 1]})
    shown = plain_sheet(tests, digits=4, p_values=["p"])
    assert [line[0] for line in shown.lines] == ["<0.0001", "<0.0001", "0.0400", "–"]
    assert shown.lines[0][1] == "0.0000"


def test_ties_as_they_read_are_all_bold():
    table = pd.DataFrame(
        {"none": [0.50041], "smote": [0.50049], "other": [0.4]}, ["svm"]
    )
    assert grid_sheet(table, "accuracy").bold == {(0, 1), (0, 2)}
    assert grid_sheet(table, "log_loss").bold == {(0, 3)}
    column = pd.DataFrame({"model": ["a", "b", "c"], "f1": [0.7, 0.7, np.nan]})
    assert plain_sheet(column, {"f1": True}).bold == {(0, 1), (1, 1)}


def test_a_row_that_is_not_ranked_is_never_bold(outcomes):
    peeked = [
        replace(
            one,
            y_pred=one.y_true,
            trial=replace(one.trial, model="peeked"),
            facts=one.facts | {"selected_on": "test part: epoch 3"},
        )
        for one in outcomes[:1]
    ]
    (board,) = ranking_boards([*outcomes, *peeked])
    line = [texts[1] for texts in board.sheet.lines].index("peeked")
    assert board.sheet.lines[line][0] == "–"
    assert not any(where[0] == line for where in board.sheet.bold)
    assert board.sheet.bold
    assert "chosen on" in board.sheet.lines[line][-1]


@pytest.mark.parametrize("boards", [grid_boards, class_boards, cost_boards])
def test_boards_are_one_a_data_set(outcomes, boards):
    other = [replace(o, trial=replace(o.trial, dataset="other")) for o in outcomes]
    found = boards([*outcomes, *other])
    assert sorted(board.title.partition(":")[0] for board in found) == [
        "faces",
        "other",
    ]


@given(st.text(max_size=12))
@settings(max_examples=60)
def test_no_text_in_a_csv_is_run_by_a_spreadsheet(text):
    (read,) = pd.read_csv(
        io.StringIO(to_csv(pd.DataFrame({"name": ["", text], "b": 1}))),
        keep_default_na=False,
        dtype=str,
    )["name"][1:]
    if read[:1] in tuple("=+-@\t\r\n"):
        float(read)


def test_numbers_stay_numbers_and_formulas_do_not():
    table = pd.DataFrame(
        {"=name": ["=1+1", "@x", "-a", "-0.5", "cnn"], "d": [-0.5] * 5}
    )
    lines = to_csv(table).splitlines()
    assert lines[0] == "'=name,d"
    assert [line.split(",")[0] for line in lines[1:]] == [
        *("'=1+1", "'@x", "'-a", "-0.5", "cnn")
    ]
    assert all(line.endswith(",-0.5") for line in lines[1:])
    assert defused("\t=1") == r"'\t=1"


def test_json_has_null_for_what_is_not_known_and_plain_numbers(ranked):
    table = rank(made_outcomes(("no-proba",), ("none",), n_seeds=1))
    (read,) = json.loads(to_json(table))
    assert read["auroc_ovr_macro"] is None
    assert read["f1_macro_sd"] is None
    assert read["rank"] == 1
    assert read["f1_macro"] == table["f1_macro"][0]
    assert len(json.loads(to_json(ranked))) == len(ranked)


def test_names_in_markdown_and_html_are_text():
    sheet = plain_sheet(pd.DataFrame({"<script>|": [NASTY], "f1": [0.5]}))
    marked = to_markdown(sheet)
    assert marked.splitlines()[2].replace("\\|", "").count("|") == 3
    page = to_html(sheet, "<b>")
    assert "<script>" not in page and "<i>" not in page
    assert "<caption>&lt;b&gt;</caption>" in page


def test_latex_escapes_what_is_special():
    assert escape("a_b-50%") == r"a\_b-50\%"
    assert escape("--") == "-{}-"
    assert escape("表") == "[U+8868]"
    sheet = plain_sheet(pd.DataFrame({"m": ["a"], "d": [-0.5]}), {"d": True})
    assert "$-$0.500" in to_latex(sheet)


def test_no_cell_of_latex_follows_a_break_at_once():
    printed = to_latex(plain_sheet(pd.DataFrame({"*m": ["*a", "[b", "表"]})))
    for begin in ("*m", "*a", "[b", "[U+"):
        assert f"\n{{}}{begin}" in printed


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="LaTeX is not installed")
def test_latex_compiles_whatever_names_are_called(outcomes, tmp_path):
    nasty = [
        replace(one, trial=replace(one.trial, model=f"{NASTY}\n\x00{one.trial.model}"))
        for one in outcomes
    ]
    every_letter = "".join(map(chr, range(1, 0x180)))
    sheets = [board.sheet for board in ranking_boards(nasty)]
    sheets += [board.sheet for board in grid_boards(nasty, deltas=True)]
    sheets.append(plain_sheet(pd.DataFrame({every_letter: [every_letter]})))
    breaks = ["*a", "[b", "表", "[c]"]
    sheets += [plain_sheet(pd.DataFrame({text: breaks})) for text in breaks]
    tables = "\n".join(to_latex(one, NASTY, f"tab:{NASTY}") for one in sheets)
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs,textcomp}\n"
        f"\\begin{{document}}\n{tables}\n\\end{{document}}\n"
    )
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 1000

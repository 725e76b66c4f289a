"""The page of a report: whole, alone, safe, and right in a real browser."""

import re
from dataclasses import replace

import numpy as np
import pytest
from browser import Browser, find_browser
from click.testing import CliRunner
from made_outcomes import MACHINE, failure, made_outcomes, skip

from fercompare.cli.report import report
from fercompare.errors import DataError
from fercompare.evaluation.store import Store
from fercompare.report.alarms import alarms
from fercompare.report.comparison import compare, compare_all
from fercompare.report.grounds import grounds
from fercompare.report.html import make_page, write_report
from fercompare.report.page_facts import page_facts
from fercompare.report.pictures import ranks_of
from fercompare.report.significance import mcnemar

HOSTILE_MODEL = "<img src=x onerror=\"document.title='owned'\">"
HOSTILE_STRATEGY = "</script><script>document.title='owned'</script>"
MODELS = ("hog+svm", "cnn", HOSTILE_MODEL)
STRATEGIES = ("none", "smote", HOSTILE_STRATEGY)
NEWER_FACTS = ("balancing", "training_curve", "selected_on", "peak_memory_mb")


@pytest.fixture(scope="module")
def outcomes():
    made = made_outcomes(MODELS, STRATEGIES, n_test=90)
    names = ("<i>anger</i>", *made[0].classes[1:])
    other = made_outcomes(("hog+svm",), ("none",), n_test=60, dataset="other & <b>")
    made = [replace(outcome, classes=names) for outcome in made]
    return [*made, *other, failure(), skip()]


@pytest.fixture(scope="module")
def path(outcomes, tmp_path_factory):
    title = "A study of </title><b>faces"
    return write_report(
        outcomes, tmp_path_factory.mktemp("page") / "r.html", title=title
    )


@pytest.fixture(scope="module")
def browser():
    if find_browser() is None:
        pytest.skip("there is no Chromium on this machine")
    started = Browser()
    yield started
    started.close()


@pytest.fixture
def page(browser, path):
    """The page as a person has opened it, in the one browser of all these tests."""
    browser.open(path)
    yield browser
    assert browser.errors == []
    assert browser.requests == [path.as_uri()]


def alarm(outcomes, title):
    return next(a for a in alarms(outcomes, grounds(outcomes)) if a.title == title)


def in_folds(outcome):
    """Return an outcome as two folds that predicted every other image."""
    for fold in range(2):
        arrays = ("rows", "y_true", "y_pred", "proba", "leak_free")
        parts = {name: getattr(outcome, name)[fold::2] for name in arrays}
        yield replace(outcome, trial=replace(outcome.trial, fold=fold), **parts)


def column(page, key):
    """Return the cells of a column of the leaderboard's first data set."""
    return page.evaluate(
        f"""(() => {{
            const heads = [...document.querySelectorAll("#board thead th")];
            const at = heads.findIndex((th) => th.querySelector("[data-key={key}]"));
            const lines = document.querySelector("#board tbody").rows;
            const cells = [...lines].slice(1).map((line) => line.children[at]);
            return cells.map((cell) => cell.textContent);
        }})()"""
    )


def click(page, key):
    page.evaluate(f"document.querySelector('#board [data-key={key}]').click()")


def fill(page, name, value):
    page.evaluate(
        f"""(() => {{
            const field = document.getElementById("{name}");
            field.value = "{value}";
            field.dispatchEvent(new Event("input"));
            field.dispatchEvent(new Event("change"));
        }})()"""
    )


def test_the_same_outcomes_give_the_same_page_and_it_loads_nothing(outcomes, path):
    text = path.read_text()
    assert make_page(outcomes, title="A study of </title><b>faces") == text
    addresses = set(re.findall(r"https?://[^\"' )]+", text))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<link|\bsrc=[\"']|@import|url\((?!#)", text)
    assert re.search(r"default-src 'none'; script-src 'sha256-[\w+/]{43}='", text)


def test_an_earlier_report_is_replaced_and_nothing_else(outcomes, path, tmp_path):
    here = tmp_path / "report.html"
    here.write_text("<html>a thesis</html>")
    with pytest.raises(DataError, match="is no report"):
        write_report(outcomes, here)
    assert here.read_text() == "<html>a thesis</html>"
    here.write_bytes(path.read_bytes())
    few = made_outcomes(("svm",), ("none",), n_seeds=1, n_test=20)
    assert write_report(few, here) == here
    assert "1 trials" not in here.read_text()
    with pytest.raises(DataError, match="is a folder"):
        write_report(few, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_a_failure_while_it_is_made_leaves_what_was_there(path, tmp_path):
    here = tmp_path / "report.html"
    here.write_bytes(path.read_bytes())
    with pytest.raises(DataError, match="none of 1 outcomes has predictions"):
        write_report([failure()], here)
    assert here.read_bytes() == path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_the_command_writes_the_page_and_the_pictures_of_stores(tmp_path):
    for name, seed in (("a", 0), ("b", 1), ("again", 1)):
        store = Store(tmp_path / name)
        for outcome in made_outcomes(("svm",), ("none", "smote"), n_test=30):
            if outcome.trial.seed == seed:
                store.save(outcome)
    stores = [str(tmp_path / name) for name in ("a", "b", "again")]
    out, folder = tmp_path / "report.html", tmp_path / "pictures"
    words = [*stores, "--out", str(out), "--pictures", str(folder), "--format", "svg"]
    done = CliRunner().invoke(report, words, catch_exceptions=False)
    assert done.output.splitlines()[0] == str(out)
    assert "4 trials: 4 done" in out.read_text()
    assert (folder / "faces-heat-map.svg").exists()
    assert CliRunner().invoke(report, stores).exit_code == 2


def test_outcomes_of_before_newer_facts_make_a_page(tmp_path):
    old = [
        replace(
            outcome,
            facts={k: v for k, v in outcome.facts.items() if k not in NEWER_FACTS},
        )
        for outcome in made_outcomes(("no-proba", "svm"), n_test=40)
    ]
    found = grounds(old)
    (row, *_) = page_facts(old, found)["rows"]
    assert row["balancing"] is None
    assert row["curves"] == []
    assert make_page(old).endswith("</html>\n")


def test_folds_of_a_seed_are_one_row(outcomes):
    whole = outcomes[:4]
    halves = [half for outcome in whole for half in in_folds(outcome)]
    facts, of_folds = (page_facts(o, grounds(o)) for o in (whole, halves))
    for one, other in zip(facts["rows"], of_folds["rows"]):
        for field in ("right", "confusion", "classes", "seeds", "reliability"):
            assert one[field] == other[field]
        assert one["values"]["f1_macro"] == other["values"]["f1_macro"]
    assert ranks_of(grounds(whole)) is None
    assert ranks_of(grounds(halves)) is not None


def test_leaks_are_told_with_scores_on_both(outcomes):
    found = alarm(outcomes, "Leaks")
    assert found.text.startswith("3 of the 90 images of faces have a copy")
    (ground, _) = grounds(outcomes)
    line = ground.table.iloc[0]
    assert f"{line['f1_macro']:.3f}, without them" in found.lines[0]
    assert found.lines[0].endswith(f"{line['f1_macro_leak_free']:.3f}")


def test_a_class_that_resampling_destroyed_is_named():
    made = made_outcomes(("svm",), ("none", "random_under", "smote"), n_test=90)
    found = alarm(made, "Classes destroyed")
    rows = made[2].facts["balancing"]["rows"]
    destroyed = [name for name, n in rows.items() if n["real"] < n["before"] / 2]
    assert 0 < len(destroyed) < 7
    assert len(found.lines) == len(destroyed)
    assert all("random_under" in line for line in found.lines)


def test_failures_skips_few_seeds_and_other_versions_are_told(outcomes):
    (line,) = alarm(outcomes, "Failed").lines
    assert line == "hog+svm, adasyn on faces: MemoryError: <b> (1 trial)"
    assert "only networks have a loss" in alarm(outcomes, "Skipped").lines[0]
    fewer = made_outcomes(n_test=20)[1:]
    assert alarm(fewer, "Fewer seeds").lines == ["hog+svm, none on faces: 1 of 2"]
    newer = MACHINE | {"commit": "77aa", "packages": {"numpy": "3.0.0"}}
    mixed = made_outcomes(("svm",), n_test=20) + made_outcomes(
        ("cnn",), ("none",), n_test=20, machine=newer
    )
    lines = alarm(mixed, "Not run alike").lines
    assert "commit: 968ec89 (6 trials), 77aa (2 trials)" in lines
    assert "numpy: 2.4.6 (6 trials), 3.0.0 (2 trials)" in lines
    assert "scikit-learn: 1.9.1 (6 trials), none (2 trials)" in lines
    assert not any(line.startswith("python") for line in lines)


def test_one_that_chose_by_what_it_reports_on_is_not_ranked():
    chosen = made_outcomes(("cnn",), ("none",), n_test=20, selected_on="test part: 7")
    made = made_outcomes(("svm",), ("none",), n_test=20) + chosen
    assert "cnn, none on faces: chosen on" in alarm(made, "Not ranked").lines[0]
    (ground,) = grounds(made)
    assert set(ground.ranked["model"]) == {"svm"}


def test_sorting_is_by_number_both_ways_and_told_to_readers(page):
    scores = [float(cell) for cell in column(page, "f1_macro")]
    assert scores == sorted(scores, reverse=True)
    click(page, "accuracy")
    down = [float(cell) for cell in column(page, "accuracy")]
    click(page, "accuracy")
    up = [float(cell) for cell in column(page, "accuracy")]
    assert down == up[::-1] == sorted(down, reverse=True)
    assert page.evaluate(
        "[...document.querySelectorAll('[aria-sort]')].map((th) => th.ariaSort)"
    ) == ["ascending"]
    click(page, "fit_seconds")
    seconds = [float(cell.replace(",", "")) for cell in column(page, "fit_seconds")]
    assert seconds == sorted(seconds)
    click(page, "model")
    assert column(page, "model") == sorted(column(page, "model"), key=str.lower)


def test_filters_leave_what_matches_and_say_how_many(page):
    assert len(column(page, "model")) == 9
    fill(page, "search", "CNN smo")
    assert column(page, "strategy") == ["smote"]
    assert page.evaluate("byId('found').textContent") == "1 of 10 lines"
    fill(page, "search", "")
    fill(page, "filter-model", "cnn")
    assert set(column(page, "model")) == {"cnn"}
    fill(page, "filter-model", "")
    fill(page, "filter-dataset", "other & <b>")
    assert column(page, "model") == ["hog+svm"]


def test_columns_are_shown_by_choice(page):
    assert page.evaluate("document.querySelector('[data-key=log_loss]') === null")
    page.evaluate(
        "[...document.querySelectorAll('#columns label')]"
        ".find((label) => label.textContent === 'log_loss').click()"
    )
    assert len(column(page, "log_loss")) == 9
    click(page, "log_loss")
    losses = [float(cell) for cell in column(page, "log_loss")]
    assert losses == sorted(losses)


@pytest.mark.parametrize("metric", ["f1_macro", "f1_macro_leak_free", "accuracy"])
def test_two_lines_are_compared_with_the_numbers_of_python(page, outcomes, metric):
    names = page.evaluate("facts.rows.map((row) => [row.model, row.strategy])")
    for a, b in ((0, 1), (8, 0), (4, 7)):
        one, other = (
            [
                outcome
                for outcome in outcomes
                if outcome.status == "done"
                and outcome.trial.dataset == "faces"
                and [outcome.trial.model, outcome.trial.strategy] == names[k]
            ]
            for k in (a, b)
        )
        found = compare(one, other, metric)
        fill(page, "choice-a", a)
        fill(page, "choice-b", b)
        fill(page, "choice-metric", metric)
        told = page.evaluate(
            f"""(() => {{
                const asked = [facts.rows[{a}], facts.rows[{b}], "{metric}"];
                return {{...mcnemarOfSeeds(...asked), d: differenceOf(...asked)}};
            }})()"""
        )
        assert told["onlyA"] == found.only_a_right
        assert told["onlyB"] == found.only_b_right
        assert told["p"] == pytest.approx(found.mcnemar_p, rel=1e-9)
        assert told["d"]["difference"] == pytest.approx(found.difference, abs=1e-12)
        reach = found.high - found.difference
        assert told["d"]["reach"] == pytest.approx(reach, rel=1e-5)
        assert told["d"]["p"] == pytest.approx(found.p, rel=1e-5)
        claim = page.evaluate("document.querySelector('.claim').textContent")
        together = [outcome for outcome in outcomes if outcome.trial.dataset == "faces"]
        corrected = next(
            pair
            for pair in compare_all(together, metric)
            if {pair.a, pair.b} == {found.a, found.b}
        )
        assert told["d"]["pHolm"] == pytest.approx(corrected.p_holm, rel=1e-5)
        words = "is " if corrected.differs else "cannot be told from"
        assert words in claim and "after Holm" in claim
        assert claim.startswith(f"On the {found.n_images} images of faces, ")
        assert f"{abs(found.difference):.4f}" in claim


def test_values_that_read_the_same_are_both_bold(page):
    bold = page.evaluate(
        """(() => {
            const column = {key: "x", kind: "number", better: "higher", digits: 3};
            const rows = [0.50041, 0.50049, 0.4, 0.9].map((x, k) => (
                {...facts.rows[0], values: {x, note: k === 3 ? "chosen" : ""}}
            ));
            const best = new Map([["x", bestOf(rows, column)]]);
            const lines = rows.map((row) => lineOf(row, [column], best));
            return lines.map((line) => line.querySelector(".best") !== null);
        })()"""
    )
    assert bold == [True, True, False, False]


def test_the_page_claims_by_the_corrected_p_as_its_letters_do(page):
    found = "{difference: 0.1, reach: 0.05, most: 1, p: 0.01, pHolm: 0.2}"
    claim = page.evaluate(f"claim(facts.rows[0], facts.rows[1], 'accuracy', {found})")
    assert "cannot be told from" in claim and "p = 0.2 after Holm" in claim


def test_an_interval_on_the_page_ends_where_the_metric_does(page):
    found = "{difference: 0.4, reach: 3, most: 1}"
    assert page.evaluate(f"intervalOf({found})") == [-1, 1]
    assert page.evaluate("facts.grounds[0].pairs.accuracy.most") == 1


def test_mcnemar_is_that_of_python_wherever_it_is_asked(page):
    pairs = [(a, b) for a in (0, 1, 3, 12, 13, 40, 400) for b in (0, 1, 5, 11, 12, 90)]
    asked = ", ".join(f"mcnemar({a}, {b})" for a, b in pairs)
    found = page.evaluate(f"[{asked}]")
    wanted = [mcnemar(a, b) for a, b in pairs]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_ticking_two_lines_compares_them_and_a_third_replaces_the_first(page):
    page.evaluate(
        "[2, 3, 5].forEach((k) =>"
        " document.querySelector(`#board [data-row='${k}'] input`).click())"
    )
    chosen = "[...document.querySelectorAll('#board input:checked')]"
    assert page.evaluate(f"{chosen}.map((tick) => tick.closest('tr').dataset.row)") == [
        "3",
        "5",
    ]
    assert page.evaluate("[byId('choice-a').value, byId('choice-b').value]") == [
        "3",
        "5",
    ]
    page.evaluate("byId('swap').click()")
    assert page.evaluate("[byId('choice-a').value, byId('choice-b').value]") == [
        "5",
        "3",
    ]


def test_lines_of_other_images_are_not_compared(page):
    fill(page, "choice-a", 0)
    fill(page, "choice-b", 9)
    told = page.evaluate("byId('compared').textContent")
    assert "not scored on the same images" in told


def test_names_are_text_wherever_they_stand(page):
    page.evaluate("for (const part of byId('model-parts').children) part.open = true")
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert page.evaluate("document.title") == "A study of </title><b>faces"
    assert page.evaluate("document.querySelectorAll('img, i, b').length") == 0
    text = page.evaluate("document.body.textContent")
    assert HOSTILE_MODEL in text
    assert HOSTILE_STRATEGY in text
    assert "<i>anger</i>" in text
    svg = page.evaluate("document.querySelector('figure svg').textContent")
    assert "<img src=x" in svg


def test_a_model_has_its_confusion_classes_curves_and_cost(page):
    page.evaluate("openModel(facts.rows.find((row) => row.model === 'cnn'))")
    inside = "[...document.querySelectorAll('details[open] > div')].at(-1)"
    text = page.evaluate(f"{inside}.textContent")
    for word in ("Confusion", "precision", "Reliability", "Learning curve", "seconds"):
        assert word in text
    cells = f"{inside}.querySelectorAll('.confusion td small').length"
    assert page.evaluate(cells) == 49
    total = f"[...{inside}.querySelectorAll('.confusion small')]"
    counts = page.evaluate(f"{total}.map((small) => Number(small.textContent))")
    assert sum(counts) == 90


def test_the_keyboard_is_enough(page):
    page.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the leaderboard"
    page.press("Enter")
    page.evaluate("document.querySelector('#column-choice summary').focus()")
    page.press("Tab", "Tab")
    assert page.evaluate("document.activeElement.dataset.key") == "rank"
    page.press("Tab", "Tab", "Enter")
    key = "document.activeElement.dataset.key"
    assert page.evaluate(key) == "strategy"
    assert (
        page.evaluate("document.querySelector('[aria-sort] button').dataset.key")
        == "strategy"
    )
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.evaluate("document.querySelector('#board [data-row] input').focus()")
    page.press(" ")
    assert page.evaluate("document.activeElement.checked")


def test_a_phone_scrolls_downward_only(page, path):
    page.open(path, width=360, height=740)
    page.evaluate("openModel(facts.rows[0])")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    wide = page.evaluate(
        "[...document.querySelectorAll('body *')].filter((one) =>"
        " one.getBoundingClientRect().right > 361 && !one.closest('.scroll, svg'))"
        ".map((one) => one.outerHTML.slice(0, 80))"
    )
    assert wide == []


def test_the_page_is_dark_where_the_system_is_and_by_choice(page, path):
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    page.open(path, dark=True)
    assert page.evaluate(paper) == "rgb(20, 23, 27)"
    press = "byId('theme').click(), byId('theme').textContent"
    assert page.evaluate(press) == "Theme: light"
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    assert page.evaluate(press) == "Theme: dark"
    assert page.evaluate(paper) == "rgb(20, 23, 27)"
    ink = "getComputedStyle(document.querySelector('figure svg text')).fill"
    assert page.evaluate(ink) == "rgb(231, 234, 238)"
    assert page.evaluate(press) == "Theme: as the system"


def test_it_prints_with_every_model_open(page):
    assert page.pdf().startswith(b"%PDF-")
    closed = "document.querySelectorAll('#model-parts details:not([open])').length"
    assert page.evaluate(closed) == 3

"""The command line: what programs read, what people read, and exit statuses."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from fercompare.datasets.catalogue import DATASETS

ROOT = Path(__file__).parents[1]
DONE, FAILED, WRONG_USE, LEAKS = 0, 1, 2, 3
FEW = "synthetic", "--option", "n=60"


@pytest.fixture
def fer2013(tmp_path, write_fer2013):
    labels = [0, 1, 2, 3, 4, 5, 6] * 3
    usages = ["Training"] * 7 + ["PublicTest"] * 7 + ["PrivateTest"] * 7
    write_fer2013(tmp_path / "fer2013.csv", labels, usages)
    return tmp_path / "fer2013.csv"


def test_every_set_is_listed(call):
    listed = json.loads(call("data", "list", "--format", "json").stdout)
    assert [row["name"] for row in listed] == list(DATASETS)
    assert "JAFFE" in call("data", "list").stdout


def test_the_page_of_the_sets_is_what_the_command_writes(call):
    page = ROOT / "data" / "README.md"
    assert page.read_text() == call("data", "list", "--format", "markdown").stdout


def test_info_of_a_set_that_is_there(call, fer2013):
    facts = json.loads(
        call("data", "info", "fer2013", "--root", fer2013, "--json").stdout
    )
    assert facts["counts"]["test"]["happy"] == 1
    assert len(facts["fingerprint"]) == 64
    shown = call("data", "info", "fer2013", "--root", fer2013).stdout
    assert "PrivateTest" not in shown
    assert facts["fingerprint"] in shown


def test_info_of_a_set_that_is_not_there(call):
    shown = call("data", "info", "jaffe").stdout
    assert "14974867" in shown
    assert "was not found" in shown


def test_audit_says_by_its_status_whether_scored_images_leak(call, fer2013, tmp_path):
    call("data", "audit", "fer2013", "--root", fer2013, status=DONE)
    lines = fer2013.read_text().splitlines()
    copy = lines[20].replace("PrivateTest", "Training")
    fer2013.write_text("\n".join([*lines, copy, ""]))
    call(
        *("data", "audit", "fer2013", "--root", fer2013, "--csv", "found.csv"),
        status=LEAKS,
    )
    found = pd.read_csv(tmp_path / "found.csv")
    assert "exact_copy" in set(found["kind"])


def test_prepare_prints_the_folder(call, fer2013):
    folder = call("data", "prepare", "fer2013", "--root", fer2013).stdout.strip()
    assert "fer2013-" in folder


def test_plot_writes_png_and_svg(call, tmp_path):
    shown = call(
        *("data", "plot", "synthetic", "--option", "n=120", "--out", "pictures")
    ).stdout
    names = {path.rsplit("/")[-1] for path in shown.split()}
    assert {"synthetic-classes.png", "synthetic-mean-faces.svg"} <= names
    assert all((tmp_path / "pictures" / name).stat().st_size > 1000 for name in names)


def test_bench_runs_ranks_and_resumes(call):
    words = [
        "bench",
        "--option",
        "n=300",
        "--models",
        "hog+linear-svm,dummy",
        "--balance",
        "none,class_weight",
        "--seeds",
        "1",
        "--store",
        "out",
    ]
    first = call(*words, "--csv")
    table = pd.read_csv(io.StringIO(first.stdout))
    assert table["model"].tolist()[-1] == "dummy"
    assert "3 trials done, 1 skipped, 0 failed" in first.stderr
    again = call("leaderboard", "out", "--csv")
    assert again.stdout == first.stdout
    assert call(*words, "--csv", "--quiet").stdout == first.stdout
    assert "macro-F1" in call("leaderboard", "out").stdout


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["data", "info", "fer2031"], WRONG_USE, "did you mean 'fer2013'"),
        (
            ["bench", "--option", "n=60", "--models", "hog+svn"],
            WRONG_USE,
            "did you mean",
        ),
        (
            ["bench", "--option", "n=60", "--balance", "smoote"],
            WRONG_USE,
            "did you mean",
        ),
        (["bench", "--dataset", "fer2013"], FAILED, "was not found in"),
        (["data", "info", "synthetic", "--option", "n=x"], FAILED, "fercompare: "),
        (["data", "info", *FEW, "--labels", "7"], WRONG_USE, "label map 7"),
        (["data", "info", *FEW, "--per-class", "0"], FAILED, "leave none"),
        (["data", "info", "synthetic", "--option", "x"], WRONG_USE, "KEY=VALUE"),
        (["data", "info", "synthetic", "--size", "big"], WRONG_USE, "--size 'big'"),
        (["data", "info", "synthetic", "--size", "²"], WRONG_USE, "--size '²'"),
        (["data", "audit", "folders", "--root", "nowhere"], FAILED, "was not found"),
        (["data", "prepare", "fer2013", "--split", "subject"], WRONG_USE, "No such"),
        (["bench", "--seeds", "0"], WRONG_USE, "--seeds"),
        (["data", "plot", *FEW, "--format", "gif"], FAILED, "no format"),
        (["leaderboard", "nowhere"], WRONG_USE, "does not exist"),
        (["dance"], WRONG_USE, "No such command"),
    ],
)
def test_wrong_use_is_one_line_and_a_status(call, words, status, message):
    assert message in call(*words, status=status).stderr


def test_a_broken_csv_is_one_line(call, fer2013):
    fer2013.write_text("emotion,pixels,Usage\n3,1 2 3,Training\n")
    stderr = call("data", "info", "fer2013", "--root", fer2013, status=FAILED).stderr
    assert stderr.count("\n") == 1
    assert "row 2: 3 pixels, expected 2304" in stderr

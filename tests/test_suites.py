"""Study files, and names with options: the words of the command line, kept."""

import tomllib

import pytest

from fercompare import load_results, make_model
from fercompare.errors import UnknownName
from fercompare.naming import parse_name, split_names

WRONG_USE = 2
TWO_SETS = """
models = ["dummy", "dummy(strategy=stratified)"]
balance = ["none"]
seeds = 1
store = "out"

[datasets.small]
dataset = "synthetic"
option = {n = 120}
size = 24

[datasets.folded]
dataset = "synthetic"
size = "24x24"
per-class = 9
cv = 2
parts = "train+val+test"

[datasets.folded.option]
n = 140
"""


@pytest.fixture
def suite(tmp_path):
    """Return a function that writes a study file."""

    def write(text, name="study.toml"):
        (tmp_path / name).write_text(text)
        return name

    return write


def test_flags_written_out_ask_for_the_same(call, tmp_path):
    asked = ("--option", "n=150", "--models", "dummy(strategy=uniform),hog+linear-svm")
    asked += ("--balance", "none", "--seeds", "1", "--cv", "2", "--parts", "train")
    first = call("bench", *asked, "--store", "out", "--write-suite", "s.toml", "--csv")
    written = tomllib.loads((tmp_path / "s.toml").read_text())
    assert written == {
        "dataset": "synthetic",
        "option": {"n": 150},
        "models": ["dummy(strategy=uniform)", "hog+linear-svm"],
        "balance": ["none"],
        "seeds": 1,
        "cv": 2,
        "parts": "train",
        "store": "out",
    }
    again = call("bench", "--suite", "s.toml", "--csv")
    assert again.stdout == first.stdout
    assert "/" not in again.stderr.splitlines()[0].split()[0], "nothing was run"
    call("bench", "--suite", "s.toml", "--write-suite", "t.toml", "--collect")
    assert (tmp_path / "t.toml").read_text() == (tmp_path / "s.toml").read_text()


def test_a_suite_has_several_sets_each_in_its_own_way(call, suite, tmp_path):
    told = call("bench", "--suite", suite(TWO_SETS), "--write-suite", "t.toml").stderr
    assert "6 trials done, 0 skipped, 0 failed" in told
    found = {(o.trial.dataset, o.facts["reported_on"]) for o in load_results("out")}
    assert found == {("small", "test"), ("folded", "2 folds of train+val+test")}
    again = call("bench", "--suite", "t.toml", "--collect").stderr
    assert "6 trials done, 0 skipped, 0 failed;" in again


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_flags_win_over_the_suite(call, suite):
    words = ("bench", "--suite", suite(TWO_SETS), "--dry-run")
    assert "6 trials: 0 stored" in call(*words).stdout
    assert "18 trials: 0 stored" in call(*words, "--seeds", "3").stdout
    told = call(*words, "--dataset", "fer2013", status=WRONG_USE).stderr
    assert "--dataset is about one data set, and the suite says it of small" in told
    assert "--cv is about one" in call(*words, "--cv", "3", status=WRONG_USE).stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds = 1\nmodles = []", "line 2: unknown word 'modles'; did you mean 'mod"),
        ("csv = true", "line 1: unknown word 'csv'"),
        ("# x = 1\n[datasets.a]\nrooot = '.'", "line 3: unknown word 'rooot'; did you"),
        ("[datasets]\na = 3", "is a table, [datasets.NAME]"),
        ("cv = 2\n\nroot = '.'\n[datasets.a]", "line 3: 'root' stands beside"),
        ("[datasets.a]\noption = 3", "line 2: option of 'a' is no table"),
        ("models = [", "study.toml: Invalid"),
        ("seeds = 'x'", "Invalid value for '--seeds': 'x' is not a valid integer"),
        ("group = 'person'", "Invalid value for '--group'"),
    ],
)
def test_what_is_wrong_in_a_suite_is_said(call, suite, text, message):
    told = call("bench", "--suite", suite(text), "--dry-run", status=WRONG_USE).stderr
    assert message in " ".join(told.split())


def test_bytes_that_are_no_text_are_said(call, tmp_path):
    (tmp_path / "study.toml").write_bytes(b"models = ['\xff']")
    told = call("bench", "--suite", "study.toml", status=WRONG_USE).stderr
    assert "study.toml" in told


def test_options_in_names_reach_the_step_that_they_stand_at():
    model = make_model("hog(orientations=8)+svm(C=1, kernel=linear)")
    steps = dict(model.steps)
    assert (steps["hog"].orientations, steps["svm"].C) == (8, 1)
    assert steps["svm"].kernel == "linear"
    assert make_model("classical-best(C=2e+1)").steps[-1][1].C == 20
    scaled = make_model("hog+svm(scale__with_mean=False)")
    assert not dict(scaled.steps)["scale"].with_mean
    assert str(make_model("hog+svm")) == str(make_model("hog()+svm()"))
    assert make_model(["hog(orientations=5)", "svm"]).steps[0][1].orientations == 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--models", "dummy,hog+svn"), "unknown model 'hog+svn'"),
        (("--models", "hog+svm(gama=1)"), "unknown option of 'svm': 'gama'"),
        (("--models", "dummy", "--balance", "none,smot"), "unknown strategy 'smot'"),
        (("--dataset", "fer2014"), "unknown data set 'fer2014'"),
    ],
)
def test_names_are_looked_up_before_data_are_looked_for(call, words, message):
    asked = ("bench", "--dataset", "fer2013", "--root", "nowhere", *words)
    assert message in call(*asked, status=WRONG_USE).stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hog+svm(kernal=1)", "unknown option of 'svm': 'kernal'; did you mean 'kern"),
        ("hog+svm(random_state=1)", "unknown option"),
        ("hog+svm(C=open('x'))", "is no plain value"),
        ("hog+svm(C=__import__('os').getpid())", "is no plain value"),
        ("hog+svm(1)", "each option is named"),
        ("hog+svm(C=1, C=2)", "NAME"),
        ("hog+svm(C=1)(C=2)", "each option is named"),
        ("hog+svm(**{})", "each option is named"),
        ("hog+svm(C=1", "was never closed"),
        ("hog+svm(C=1))", "unmatched"),
        ("hog+svn(C=1)", "did you mean 'hog.svm'"),
        ("(C=1)", "unknown model"),
    ],
)
def test_names_that_mean_nothing_are_said(name, message):
    with pytest.raises(UnknownName, match=message):
        make_model(name)


def test_names_are_split_where_no_bracket_holds_the_comma():
    text = "a(x=(1, 2)), b+c(d='),('),e"
    assert split_names(text) == ["a(x=(1, 2))", "b+c(d='),(')", "e"]
    assert parse_name("c(d='),(')") == ("c", {"d": "),("})


def test_train_takes_options_of_the_model(call):
    words = ("train", "hog+linear-svm", "--option", "n=120", "--out", "m.fer")
    call(*words, "--set", "C=3", "--set", "scale__with_mean=False")
    shown = call("models", "show", "m.fer").stdout
    assert "hog+linear-svm(C=3, scale__with_mean=False)" in " ".join(shown.split())
    assert "LinearSVM(C=3" in shown
    told = call(*words, "--set", "D=3", status=WRONG_USE).stderr
    assert "unknown option of 'linear-svm': 'D'" in told

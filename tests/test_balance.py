"""`fercompare balance`: what a strategy does, seen before any training."""

import json

import numpy as np
import pytest

from fercompare import load_dataset, make_model, rebalance
from fercompare.balancing.preview import preview
from fercompare.decoding import decode

FEW = "--option", "n=300"


@pytest.fixture(scope="module")
def training():
    return load_dataset("synthetic", n=300).part("train")


@pytest.mark.parametrize("strategy", ["smote", "random_under", "smote_enn", "augment"])
def test_the_report_is_that_of_the_fit(training, strategy):
    model = rebalance(make_model("hog+linear-svm"), strategy, random_state=3)
    seen = preview(model, training.X, training.y).report
    fitted = model.fit(training.X, training.y)
    assert seen.rows == dict(fitted.named_steps["balance"].report_.rows)


def test_made_images_are_told_from_real_ones(training):
    model = rebalance(make_model("hog+svm"), "smote@pixels")
    made = preview(model, training.X, training.y)
    n = len(training)
    assert not made.is_made[:n].any()
    assert np.array_equal(made.rows[:n], training.X)
    assert made.is_made[n:].mean() > 0.9
    assert np.array_equal(training.y[made.parents], made.y)


def test_the_command_prints_what_was_found(call):
    words = ("balance", *FEW, "--model", "hog+rf", "--strategy", "smote_enn")
    facts = json.loads(call(*words, "--json").stdout)
    assert facts["strategy_step"] == "SMOTEENN"
    assert facts["rows"]["happy"]["real"] < facts["rows"]["happy"]["before"]
    shown = call(*words)
    numbers = facts["rows"]["happy"].values()
    assert all(str(n) in shown.stdout for n in numbers)
    assert "class happy has" in shown.stderr


def test_a_sheet_of_made_images(call, tmp_path):
    call("balance", *FEW, "--strategy", "augment", "--draw", "made.png")
    call("balance", *FEW, "--strategy", "random_under", "--draw", "no.png", status=1)
    assert decode(tmp_path / "made.png").std() > 20
    assert not (tmp_path / "no.png").exists()


@pytest.mark.parametrize("strategy", ["none", "class_weight", "thresholds"])
def test_what_makes_no_rows_says_so(call, strategy):
    stderr = call("balance", *FEW, "--strategy", strategy, status=1).stderr
    assert "makes no rows and leaves none out" in stderr


def test_a_network_may_mix_at_its_embedding(call):
    few = ("balance", "--option", "n=120", "--model", "cnn-small")
    facts = json.loads(call(*few, "--strategy", "smote@embedding", "--json").stdout)
    counts = {numbers["after"] for numbers in facts["rows"].values()}
    assert len(counts) == 1

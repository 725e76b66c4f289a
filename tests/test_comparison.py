"""Comparisons: paired by image, corrected for their number, claiming no more."""

import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_outcomes import made_outcomes

from fercompare.errors import DataError, UnknownName
from fercompare.evaluation.store import Store
from fercompare.metrics import METRICS
from fercompare.report.blocks import blocks, described
from fercompare.report.comparison import compare, compare_all
from fercompare.report.leaderboard import scores
from fercompare.report.significance import critical_difference, holm, mcnemar

WRONG_USE = 2


@pytest.fixture(scope="module")
def outcomes():
    return made_outcomes(("hog+svm", "cnn"), ("none", "smote@embedding"), n_seeds=2)


@pytest.fixture(scope="module")
def folder(outcomes, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    for outcome in outcomes:
        store.save(outcome)
    return store.path


def of(outcomes, model, strategy="none"):
    return [one for one in outcomes if one.trial.names[1:3] == (model, strategy)]


def renamed(outcomes, **trial):
    return [replace(one, trial=replace(one.trial, **trial)) for one in outcomes]


def shuffled(outcome, seed):
    order = np.random.default_rng(seed).permutation(len(outcome.rows))
    names = ("rows", "y_true", "y_pred", "proba", "leak_free")
    return replace(outcome, **{name: getattr(outcome, name)[order] for name in names})


@pytest.mark.parametrize("metric", [*METRICS, "f1_macro_leak_free"])
def test_the_difference_is_that_of_the_means(outcomes, metric):
    a, b = of(outcomes, "hog+svm"), of(outcomes, "cnn")
    found = compare(a, b, metric)
    expected = scores(a)[metric].mean() - scores(b)[metric].mean()
    assert found.difference == pytest.approx(expected)
    assert found.difference == pytest.approx(found.value_a - found.value_b)
    assert found.low < found.difference < found.high
    turned = compare(b, a, metric)
    assert (turned.p, turned.low) == pytest.approx((found.p, -found.high))


def test_images_are_paired_whatever_their_order(outcomes):
    a, b = of(outcomes, "hog+svm"), of(outcomes, "cnn")
    again = compare([shuffled(one, k) for k, one in enumerate(a)], b)
    assert again == compare(a, b)


def test_counts_are_those_of_images_on_which_one_alone_is_right(outcomes):
    (a, *_), (b, *_) = of(outcomes, "hog+svm"), of(outcomes, "cnn")
    found = compare([a], [b], "accuracy")
    right_a, right_b = a.y_pred == a.y_true, b.y_pred == b.y_true
    assert found.only_a_right == np.sum(right_a & ~right_b)
    assert found.only_b_right == np.sum(right_b & ~right_a)
    assert found.mcnemar_p == mcnemar(found.only_a_right, found.only_b_right)
    clean = compare([a], [b], "accuracy_leak_free")
    assert clean.n_images == a.leak_free.sum() < found.n_images


def test_with_one_seed_no_more_is_claimed_than_of_these_fits(outcomes):
    (a, *_), (b, *_) = of(outcomes, "hog+svm"), of(outcomes, "cnn")
    assert "fits at hand" in compare([a], [b]).claim
    assert (
        "seeds (2 and 2)" in compare(*map(of, [outcomes] * 2, ["hog+svm", "cnn"])).claim
    )


def test_what_is_claimed_follows_the_direction_of_the_metric(outcomes):
    worse = of(outcomes, "cnn")
    better = [
        replace(
            one,
            y_pred=one.y_true,
            proba=np.eye(7, dtype=np.float32)[one.y_true] * 0.93 + 0.01,
        )
        for one in renamed(worse, model="oracle")
    ]
    for metric in ("accuracy", "log_loss"):
        assert "is better than cnn:none" in compare(better, worse, metric).claim
        assert "is worse than oracle:none" in compare(worse, better, metric).claim
    same = compare(worse, renamed(worse, model="twin"))
    assert "cannot be told from" in same.claim
    assert (same.p, same.difference, same.mcnemar_p) == (1, 0, 1)
    assert "-0.0000" not in replace(same, difference=-1e-9, low=-1e-8).claim


def test_a_claim_says_who_was_chosen_on_the_scored_images(outcomes):
    a, b = of(outcomes, "hog+svm"), of(outcomes, "cnn")
    peeked = [
        replace(one, facts=one.facts | {"selected_on": "test part: epoch 2"})
        for one in b
    ]
    found = compare(a, peeked)
    assert "but cnn:none was chosen on the images it is scored on" in found.claim


def test_other_images_are_refused(outcomes):
    a, b = of(outcomes, "hog+svm"), of(outcomes, "cnn")
    moved = [replace(one, rows=one.rows + 1) for one in b]
    with pytest.raises(DataError, match="not scored on the same images"):
        compare(a, moved)
    with pytest.raises(DataError, match="one model"):
        compare(a, outcomes)
    with pytest.raises(DataError, match="same images"):
        compare_all([*a, *moved])


def test_many_pairs_are_corrected_within_a_data_set(outcomes):
    elsewhere = renamed(outcomes, dataset="other")
    found = compare_all([*outcomes, *elsewhere])
    assert len(found) == 12
    assert np.allclose(
        [one.p_holm for one in found[:6]], holm([o.p for o in found[:6]])
    )
    named = compare_all(outcomes, names=["cnn", "hog+svm:smote@embedding"])
    assert [(one.a, one.b) for one in named] == [
        ("cnn:none", "hog+svm:smote@embedding")
    ]
    with pytest.raises(UnknownName, match="did you mean 'cnn:none'"):
        compare_all(outcomes, names=["cnm", "hog+svm"])


def test_blocks_are_data_sets_or_folds_that_have_every_name(outcomes):
    sets = [*outcomes, *renamed(outcomes, dataset="b"), *renamed(outcomes, dataset="c")]
    table = blocks(sets, "accuracy")
    assert table.shape == (3, 4)
    expected = scores(of(outcomes, "cnn"))["accuracy"].mean()
    assert table["cnn:none"].iloc[0] == pytest.approx(expected)
    lacking = [*outcomes, *of(renamed(outcomes, dataset="b"), "cnn")]
    assert len(blocks(lacking)) == 1
    assert blocks(sets, names=["cnn", "hog+svm"]).shape == (3, 2)
    assert critical_difference(table).n_blocks == 3


def in_folds(outcomes, n_folds=3):
    """Return outcomes cut into folds, dealt anew with each seed."""
    names, folds = ("rows", "y_true", "y_pred", "proba", "leak_free"), []
    for one in outcomes:
        homes = np.random.default_rng(one.trial.seed).permutation(300) % n_folds
        for fold in range(n_folds):
            arrays = {name: getattr(one, name)[homes == fold] for name in names}
            folds.append(replace(*renamed([one], fold=fold), **arrays))
    return folds


def test_folds_of_more_seeds_are_no_more_blocks(outcomes):
    folds = in_folds(outcomes)
    table = blocks(folds, "accuracy", over="fold")
    assert table.shape == (3, 4)
    of_first = [one for one in folds if one.trial.seed == 0]
    assert table.equals(blocks(of_first, "accuracy", over="fold"))
    first = scores([folds[0]])["accuracy"][0]
    assert first in table["hog+svm:none"].tolist()
    later = [
        one
        for one in folds
        if one.trial.seed == 1 or one.trial.names[1:3] != ("cnn", "none")
    ]
    lacking = blocks(later, "accuracy", over="fold")
    of_second = [one for one in folds if one.trial.seed == 1]
    assert lacking.equals(blocks(of_second, "accuracy", over="fold"))
    told = critical_difference(table, True, *described(table, "fold")).claim
    assert "Over 3 folds of faces, " in told
    assert "share most of their training rows" in told


def test_two_divisions_of_a_data_set_are_not_called_two_data_sets(outcomes):
    on_val = [
        replace(one, facts=one.facts | {"reported_on": "val"}) for one in outcomes
    ]
    table = blocks([*outcomes, *on_val])
    found = critical_difference(table, True, *described(table))
    assert "Over 2 divisions of 1 data sets" in found.claim
    assert "not independent" in found.claim
    sets = blocks([*outcomes, *renamed(outcomes, dataset="b")])
    claim = critical_difference(sets, True, *described(sets)).claim
    assert "Over 2 data sets, " in claim and "but" not in claim


def test_all_right_against_all_wrong_is_not_said_to_be_alike(outcomes):
    (one, *_) = of(outcomes, "cnn")
    right = replace(one, y_pred=one.y_true)
    (wrong,) = renamed([replace(one, y_pred=(one.y_true + 1) % 7)], model="wrong")
    found = compare([right], [wrong], "accuracy")
    assert np.isnan(found.p) and found.mcnemar_p < 1e-50
    assert "cannot be told" not in found.claim and "nan" not in found.claim
    assert "McNemar's p of accuracy is" in found.claim


def test_no_image_to_count_is_said(outcomes):
    copies = [replace(one, leak_free=one.leak_free & False) for one in outcomes]
    a, b = of(copies, "hog+svm"), of(copies, "cnn")
    assert "No image of faces is counted" in compare(a, b, "f1_macro_leak_free").claim
    without = [replace(one, proba=None) for one in b]
    claim = compare(a, without, "log_loss").claim
    assert "log_loss is not known of both" in claim and "nan" not in claim


def test_a_single_seed_of_each_is_called_so(outcomes):
    a, b = of(outcomes, "hog+svm"), of(outcomes, "cnn")
    assert "with a single seed of each" in compare(a[:1], b[:1]).claim
    assert "with a single seed of one of them" in compare(a, b[:1]).claim
    assert "seeds (2 and 2) are both counted" in compare(a, b).claim


def test_the_command_compares_and_says_what_may_be_claimed(call, folder, outcomes):
    words = ["compare", "cnn", "cnn:smote@embedding", folder]
    shown = call(*words).stdout
    assert "On the 300 images of faces, cnn:none" in shown
    (record,) = json.loads(call(*words, "--format", "json").stdout)
    expected = compare(of(outcomes, "cnn"), of(outcomes, "cnn", "smote@embedding"))
    assert record["difference"] == pytest.approx(expected.difference)
    assert record["claim"] == expected.claim
    csv = call("compare", "--all", folder, "--by", "mcc", "--format", "csv").stdout
    assert len(pd.read_csv(io.StringIO(csv))) == 6


def test_the_command_ranks_over_data_sets(call, outcomes, tmp_path):
    store = Store(tmp_path / "many")
    for name in "abcd":
        for outcome in renamed(outcomes, dataset=name):
            store.save(outcome)
    words = ["compare", "--all", store.path, "--over", "dataset"]
    shown = call(*words).stdout
    assert "over 4 data sets" in shown and "best average rank" in shown
    records = json.loads(call(*words, "--format", "json").stdout)
    assert len(records) == 4
    assert sum(one["average_rank"] for one in records) == pytest.approx(10)


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["compare"], WRONG_USE, "no folder"),
        (["compare", "cnn", "hog+svm"], WRONG_USE, "no folder"),
        (["compare", "cnn", "STORE"], WRONG_USE, "two models or more"),
        (["compare", "cnn", "cnn:none", "STORE"], WRONG_USE, "name the same model"),
        (["compare", "cnn", "cnn", "STORE"], WRONG_USE, "name the same model"),
        (["compare", "STORE"], WRONG_USE, "two models or more"),
        (["compare", "--all", "cnn", "STORE"], WRONG_USE, "two models or more"),
        (["compare", "cnn", "svm", "STORE"], WRONG_USE, "unknown model and strategy"),
        (["compare", "--all", "--over", "dataset", "STORE"], 1, "too few to compare"),
    ],
)
def test_what_cannot_be_compared_is_one_line(call, folder, words, status, message):
    words = [folder if word == "STORE" else word for word in words]
    assert message in call(*words, status=status).stderr

"""The leaderboard: who is ranked with whom, how certain it is, and who is alike."""

import io
import json
import warnings
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from made_outcomes import failure, made_outcomes, skip

from fercompare.datasets.catalogue import DATASETS
from fercompare.errors import DataError, UnknownName
from fercompare.evaluation.checking import check, damaged
from fercompare.evaluation.store import Store
from fercompare.evaluation.trials import Trial
from fercompare.metrics import METRICS
from fercompare.report.leaderboard import rank, score, scores
from fercompare.report.methods import methods
from fercompare.report.published import beside, published

WRONG_USE, SOMETHING_WRONG = 2, 1
PRIVATE_TEST = (491, 55, 528, 879, 594, 416, 626)
STRATIFIED = (495, 55, 512, 899, 608, 400, 620)


@pytest.fixture(scope="module")
def outcomes():
    return made_outcomes(("hog+svm", "cnn", "no-proba"), ("none", "smote"), n_seeds=3)


@pytest.fixture(scope="module")
def ranked(outcomes):
    return rank(outcomes)


@pytest.fixture(scope="module")
def folder(outcomes, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    for outcome in [*outcomes, skip()]:
        store.save(outcome)
    return store.path


def changed(outcome, **trial):
    return replace(outcome, trial=replace(outcome.trial, **trial))


def fact(outcome, **facts):
    return replace(outcome, facts={**outcome.facts, **facts})


def in_folds(outcome, n_folds=3, row_fold=None):
    """Return an outcome cut into those of folds."""
    n = len(outcome.rows)
    homes = np.arange(n) % n_folds if row_fold is None else row_fold
    cut = []
    for fold in range(n_folds):
        here = homes == fold
        arrays = {
            name: None if (a := getattr(outcome, name)) is None else a[here]
            for name in ("rows", "y_true", "y_pred", "proba", "leak_free")
        }
        cut.append(changed(replace(outcome, **arrays), fold=fold))
    return cut


def test_scores_have_a_line_a_trial_and_every_metric_twice(outcomes):
    table = scores(outcomes)
    assert len(table) == len(outcomes)
    for name in METRICS:
        assert {name, f"{name}_leak_free"} <= set(table)
    first = table.iloc[0]
    assert first["f1_macro"] == score(outcomes[0])["f1_macro"]
    clean = score(outcomes[0], outcomes[0].leak_free)
    assert first["accuracy_leak_free"] == clean["accuracy"]
    without = table[table["model"] == "no-proba"]
    assert without["auroc_ovr_macro"].isna().all()
    assert without["f1_macro"].notna().all()


def test_ranks_are_of_means_over_seeds_best_first(outcomes, ranked):
    means = scores(outcomes).groupby(["model", "strategy"])["f1_macro"]
    for line in ranked.itertuples():
        here = (line.model, line.strategy)
        assert line.f1_macro == pytest.approx(means.mean()[here])
        assert line.f1_macro_sd == pytest.approx(means.std()[here])
        assert line.f1_macro_low < line.f1_macro < line.f1_macro_high
    assert ranked["f1_macro"].is_monotonic_decreasing
    assert ranked["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    assert (ranked["seeds"] == 3).all()


def test_a_metric_that_is_better_when_lower_is_ranked_so(outcomes):
    table = rank(outcomes, "log_loss")
    known = table["log_loss"].dropna()
    assert known.is_monotonic_increasing
    assert table["model"].tolist()[-1] == "no-proba"
    assert table["rank"].isna().tolist() == [False] * 4 + [True] * 2
    assert (table["alike"] == "").tolist() == [False] * 4 + [True] * 2
    with pytest.raises(UnknownName, match="accuracy"):
        rank(outcomes, "acuracy")


def test_the_order_of_outcomes_changes_nothing(outcomes, ranked):
    pd.testing.assert_frame_equal(rank(outcomes[::-1]), ranked)


def test_ranking_without_copies_counts_clean_images_alone(outcomes):
    table = rank(outcomes, "accuracy_leak_free").set_index(["model", "strategy"])
    means = scores(outcomes).groupby(["model", "strategy"])["accuracy_leak_free"].mean()
    assert np.allclose(table["accuracy_leak_free"], means.loc[table.index])


def test_those_alike_share_a_letter(ranked):
    marks = [set(mark) for mark in ranked["alike"]]
    assert all(marks)
    again = rank([*made_outcomes(("cnn",), ("none",)), *twins("cnn", "twin")])
    assert again["alike"].tolist() == ["a", "a"]


def twins(model, name):
    return [changed(one, model=name) for one in made_outcomes((model,), ("none",))]


def test_who_was_chosen_on_the_scored_images_has_no_rank_and_no_letter(outcomes):
    chosen = [
        fact(changed(one, model="peeked"), selected_on="test part: epoch 9")
        for one in outcomes
        if one.trial.names[1:3] == ("cnn", "none")
    ]
    best = [replace(one, y_pred=one.y_true) for one in chosen]
    table = rank([*outcomes, *best])
    peeked = table[table["model"] == "peeked"].iloc[0]
    assert peeked["f1_macro"] == 1
    assert pd.isna(peeked["rank"]) and peeked["alike"] == ""
    assert "chosen on the images" in peeked["note"]
    others = table[table["model"] != "peeked"]
    pd.testing.assert_series_equal(
        others["alike"].reset_index(drop=True), rank(outcomes)["alike"]
    )


def test_other_rows_parts_and_data_are_rankings_of_their_own(outcomes):
    some = [one for one in outcomes if one.trial.model == "cnn"]
    fewer = [
        replace(
            changed(one, model="fewer"),
            **{n: getattr(one, n)[:100] for n in ("rows", "y_true", "y_pred", "proba")},
            leak_free=one.leak_free[:100],
        )
        for one in some
    ]
    on_val = [fact(changed(one, model="val"), reported_on="val") for one in some]
    data = some[0].facts["data"] | {"fingerprint": "77aa" * 16}
    other = [fact(changed(one, model="other"), data=data) for one in some]
    meant = {"quick": True}
    quick = [changed(one, model="quick", specification=meant) for one in some]
    table = rank([*some, *fewer, *on_val, *other, *quick])
    ranks = table.groupby("model", sort=False)["rank"].apply(list).to_dict()
    assert ranks == {name: [1, 2] for name in ranks}
    assert set(ranks) == {"cnn", "other", "quick", "val", "fewer"}
    assert table.groupby("model")["images"].first().nunique() == 2


def test_groups_are_ranked_apart(outcomes):
    table = rank(outcomes, group="strategy")
    assert table["rank"].tolist() == [1, 2, 3] * 2
    assert table["strategy"].tolist() == ["none"] * 3 + ["smote"] * 3


def test_folds_are_pooled_before_they_are_scored(outcomes, ranked):
    cut = [fold for one in outcomes for fold in in_folds(one)]
    table = rank(cut)
    names = ["model", "strategy", "f1_macro", "f1_macro_sd", "f1_macro_low", "alike"]
    pd.testing.assert_frame_equal(table[names], ranked[names])
    assert scores(cut)["fold"].tolist()[:3] == [0, 1, 2]
    of_folds = scores(cut).groupby(["model", "strategy", "seed"])["auroc_ovr_macro"]
    expected = of_folds.mean().groupby(["model", "strategy"]).mean()
    found = table.set_index(["model", "strategy"])["auroc_ovr_macro"]
    assert np.allclose(found, expected.loc[found.index], equal_nan=True)


def test_a_missing_fold_is_never_ranked_with_whole_ones(outcomes):
    cut = [fold for one in outcomes[:3] for fold in in_folds(one)]
    lacking = [changed(one, model="lacking") for one in cut if one.trial.fold != 2]
    table = rank([*cut, *lacking])
    assert table["rank"].tolist() == [1, 1]
    assert table["n_test"].tolist() == [300, 200]


def test_an_image_in_two_folds_is_refused(outcomes):
    cut = in_folds(outcomes[0])
    again = changed(cut[0], fold=7)
    with pytest.raises(DataError, match="two folds"):
        rank([*cut, again])


def test_other_settings_of_another_seed_are_not_averaged(outcomes):
    meant = {"parameters": {"C": 5.0}}
    other = changed(outcomes[1], specification=meant)
    with pytest.raises(DataError, match="different settings"):
        rank([outcomes[0], other])
    states = [
        changed(one, specification={"parameters": {"random_state": k}})
        for k, one in enumerate(outcomes[:2])
    ]
    assert rank(states)["seeds"].tolist() == [2]


def test_nothing_done_is_an_empty_table():
    assert rank([failure(), skip()]).empty
    assert scores([failure()]).empty


def test_published_figures_that_cannot_be_compared_have_no_rank():
    table = published("fer2013")
    notes = dict(zip(zip(table["model"], table["part"]), table["note"]))
    assert "PublicTest" in notes["VGG from scratch, 300 epochs", "PublicTest"]
    assert "chosen on the images" in notes["VGG19 from scratch", "PrivateTest"]
    assert "ImageNet" in notes["ResNet34", "PrivateTest"]
    assert "not stated" in notes["mini-Xception", "not stated"]
    assert notes["always the largest class", "PrivateTest"] == ""
    assert (table["source"] != "").all()
    assert table["value"].between(0, 1).all()


def of_fer2013(counts=PRIVATE_TEST, parameters=None, model="cnn", **facts):
    """Return an outcome of FER2013 with as many test images of each class as asked."""
    (one,) = made_outcomes((model,), ("none",), n_seeds=1, n_test=3589)
    y_true = np.repeat(np.arange(7), counts)
    meant = {"model": model, "parameters": parameters or {"C": 1.0, "flips": False}}
    trial = replace(one.trial, dataset="fer2013", specification=meant)
    arrays = {
        name: getattr(one, name)[: len(y_true)]
        for name in ("rows", "y_pred", "proba", "leak_free")
    }
    names = tuple(DATASETS["fer2013"].published["test"])
    one = replace(one, trial=trial, y_true=y_true, classes=names, **arrays)
    return fact(one, **facts)


def test_ours_stand_beside_published_ones_of_the_official_images_alone():
    table = beside(rank([of_fer2013()]).assign(accuracy=0.62), "accuracy")
    compared = table[table["rank"].notna()]
    place = compared["model"].tolist().index("cnn")
    assert compared["model"].tolist()[place - 1] == "random convolutions, ensemble"
    assert (compared["note"] == "").all()
    assert (table["accuracy"] > 0.9).any(), "shown, but not ranked"
    fewer = beside(rank([of_fer2013([70] * 7)]), "accuracy")
    assert fewer.loc[fewer["rank"].notna(), "model"].tolist() == ["cnn"]
    assert fewer["note"].str.contains("ours are of 490 images").sum() == len(fewer) - 1


def test_a_random_split_as_large_as_the_official_one_is_not_ranked_with_it():
    dealt = of_fer2013(STRATIFIED)
    ranked = rank([dealt])
    assert ranked["n_test"].tolist() == [3589]
    table = beside(ranked, "accuracy")
    assert table.loc[table["rank"].notna(), "model"].tolist() == ["cnn"]
    assert "split not stated" in table["note"].iloc[-1]
    assert "not known to be a published one" in methods([dealt])
    assert "the split is the official one" in methods([of_fer2013()])


def test_a_set_put_back_together_is_known_by_how_it_was_loaded():
    counts = (490, 55, 529, 880, 595, 415, 625)
    one = of_fer2013(counts)
    assert rank([one])["split"].tolist() == ["not stated"]
    for split in ("official", "stratified"):
        noted = fact(one, data=one.facts["data"] | {"notes": {"split": split}})
        expected = "official" if split == "official" else "not stated"
        assert rank([noted])["split"].tolist() == [expected]
    fewer = of_fer2013((490, 55, 529, 880, 595, 415, 624))
    noted = fact(fewer, data=fewer.facts["data"] | {"notes": {"split": "official"}})
    assert rank([noted])["split"].tolist() == ["not stated"]


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"selected_on": None}, "what chose it is not stated"),
        ({"parameters": {"net__backbone": "vgg16", "net__weights": "imagenet"}}, "Ima"),
        ({"parameters": {"net": "lab.Net"}}, "extra data: not stated"),
    ],
)
def test_ours_are_ranked_by_the_rule_for_theirs(change, note):
    table = beside(rank([of_fer2013(**change)]), "accuracy")
    ours = table[table["source"] == ""].iloc[0]
    assert pd.isna(ours["rank"])
    assert note in ours["note"]
    assert table["rank"].notna().any()


def test_the_protocol_of_ours_is_told_as_far_as_it_is_known():
    mirrored = {"cnn__flips": True, "vote__estimators": [["a", "x"], ["b", "y"]]}
    (line,) = (
        beside(rank([of_fer2013(parameters=mirrored)])).query("source == ''").values
    )
    assert {"mirrored images", "2", "none", "official"} <= set(line)


def test_a_metric_that_is_better_when_lower_is_ranked_so_beside_others(outcomes):
    table = beside(rank(outcomes, "log_loss"), "log_loss")
    assert (published("fer2013", "log_loss")["value"]).empty
    assert table["log_loss"].dropna().is_monotonic_increasing
    figures = pd.DataFrame(
        {"dataset": "faces", "metric": "log_loss", "value": [0.1, 0.2]}
        | dict.fromkeys(("model", "part", "chosen_on", "extra_data", "caveat"), "none")
    )
    with patch("fercompare.report.published._read", return_value=figures):
        assert published("faces", "log_loss")["value"].tolist() == [0.1, 0.2]


def test_the_methods_say_data_seeds_versions_and_licence(outcomes):
    told = methods(made_outcomes(dataset="fer2013", n_test=200))
    for words in (
        *("FER2013", "Goodfellow", "do not pass them on", "2 seeds, 0 to 1"),
        *("hog+svm and cnn", "none, smote and random_under", "scikit-learn 1.9.1"),
        *("200 images", "5 of which have a copy", "Holm", "1,000 bootstrap"),
    ):
        assert words in told, words
    with pytest.raises(DataError, match="no outcome"):
        methods([failure()])


def test_check_tells_of_what_is_missing_failed_doubled_and_other(outcomes):
    assert check(outcomes) == []
    missing = check(outcomes[1:])
    assert [(one.kind, one.model, one.seed) for one in missing] == [
        ("missing", "hog+svm", 0)
    ]
    assert check([*outcomes[1:], failure(strategy="none")])[-1].kind == "failed"
    doubled = changed(outcomes[0], specification={"code": "0.2"})
    assert [one.kind for one in check([*outcomes, doubled])] == ["doubled"]
    data = outcomes[0].facts["data"] | {"fingerprint": "77aa" * 16}
    kinds = [one.kind for one in check([*outcomes[1:], fact(outcomes[0], data=data)])]
    assert kinds == ["missing", "other data"]
    machine = outcomes[0].facts["machine"] | {"python": "3.13.0"}
    (found,) = check([*outcomes[1:], fact(outcomes[0], machine=machine)])
    assert found.kind == "other versions"
    assert "17 with" in found.text


def test_the_command_prints_a_table_csv_and_json(call, folder, ranked):
    shown = call("leaderboard", folder).stdout
    assert "macro-F1" in shown and "95 % interval" in shown
    table = pd.read_csv(io.StringIO(call("leaderboard", folder, "--csv").stdout))
    assert table["model"].tolist() == ranked["model"].tolist()
    assert np.allclose(table["f1_macro"], ranked["f1_macro"])
    records = json.loads(call("leaderboard", folder, "--format", "json").stdout)
    assert [one["rank"] for one in records] == ranked["rank"].tolist()
    by = call("leaderboard", folder, "--by", "mcc", "--format", "json").stdout
    assert "mcc_low" in json.loads(by)[0]
    call("leaderboard", folder, "--by", "mccc", status=WRONG_USE)


@pytest.mark.parametrize("form", ["md", "latex", "html", "tidy"])
def test_the_command_prints_what_papers_and_pages_take(call, folder, form):
    printed = call("leaderboard", folder, "--format", form).stdout
    marks = {
        "md": "| ---: |",
        "latex": "\\toprule",
        "html": "<table>",
        "tidy": "metric",
    }
    assert marks[form] in printed


@pytest.mark.parametrize("what", ["grid", "deltas", "classes", "cost"])
def test_the_command_prints_other_tables(call, folder, what):
    words = ["leaderboard", folder, "--table", what]
    assert "hog+svm" in call(*words).stdout
    table = pd.read_csv(io.StringIO(call(*words, "--csv").stdout))
    assert "faces" in table["dataset"].tolist()


def test_the_command_tells_of_published_figures_methods_and_gaps(call, folder):
    assert (
        "hog+svm"
        in call(*("leaderboard", folder, "--published", "--by", "accuracy")).stdout
    )
    assert "Scores are means" in call("leaderboard", folder, "--methods").stdout
    checked = call("leaderboard", folder, "--check", "--csv", status=SOMETHING_WRONG)
    assert "missing" in checked.stdout
    assert "things wrong" in checked.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--table", "classes", "--by", "mcc"),
        ("--table", "grid", "--group", "strategy"),
        ("--table", "ranking", "--rows", "strategy"),
        ("--format", "tidy", "--table", "grid"),
        ("--published", "--group", "strategy"),
        ("--published", "--table", "deltas"),
        ("--methods", "--format", "json"),
        ("--check", "--methods"),
        ("--check", "--format", "tidy"),
        ("--csv", "--format", "md"),
    ],
)
def test_no_option_is_overlooked(call, folder, words):
    done = call("leaderboard", folder, *words, status=WRONG_USE)
    assert words[0] in done.stderr and done.stdout == ""


@pytest.mark.parametrize("words", [["--check"], ["--methods"], ["--table", "classes"]])
def test_an_unknown_metric_is_said_whatever_is_asked_for(call, folder, words):
    done = call("leaderboard", folder, *words, "--by", "mccc", status=WRONG_USE)
    assert "mccc" in done.stderr


def test_what_is_damaged_is_a_finding(call, outcomes, tmp_path):
    store = Store(tmp_path / "store")
    for outcome in outcomes:
        store.save(outcome)
    assert "0 things wrong" in call("leaderboard", store.path, "--check").stderr
    victim = sorted(store.path.glob("*.npz"))[0]
    victim.write_bytes(victim.read_bytes()[:-1] + b"?")
    words = ["leaderboard", store.path, "--check", "--csv"]
    for _ in range(2):
        done = call(*words, status=SOMETHING_WRONG)
        assert "damaged" in pd.read_csv(io.StringIO(done.stdout))["kind"].tolist()
    for outcome in outcomes:
        store.save(outcome)
    again = call(*words, status=SOMETHING_WRONG)
    assert "1 things wrong" in again.stderr
    assert "run again since" in again.stdout


def test_what_cannot_be_set_aside_is_a_finding_too(outcomes, tmp_path):
    store = Store(tmp_path / "store")
    store.save(outcomes[0])
    (victim,) = store.path.glob("*.json")
    victim.write_bytes(victim.read_bytes() + b" ")
    with patch("pathlib.Path.rename", side_effect=PermissionError(13, "read-only")):
        (found,) = damaged([store.path])
    assert found.kind == "damaged" and victim.name in found.text


def test_a_store_without_a_done_trial_is_said(call, tmp_path):
    Store(tmp_path / "store").save(failure())
    done = call("leaderboard", tmp_path / "store")
    assert done.stdout == ""
    assert "no trial is done" in done.stderr


def test_ranking_a_store_warns_of_nothing(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rank(Store(folder).load())


def test_trials_of_before_there_were_folds_are_ranked(outcomes):
    old = Trial(*outcomes[0].trial.names[:4])
    assert rank([replace(outcomes[0], trial=old)])["rank"].tolist() == [1]

"""The study of balancing: what it runs, what its page and the front page say."""

from dataclasses import fields, replace
from statistics import mean

import numpy as np
import pytest
import study_balancing as study
from made_outcomes import made_outcomes
from reference import Arm, by_seed, verdicts
from sklearn.metrics import f1_score

from fercompare import load_results
from fercompare.evaluation.trials import Outcome

AUGMENTED = "cnn5 augmented"


pytestmark = pytest.mark.xdist_group("balancing")


@pytest.fixture(scope="module")
def outcomes():
    """Three seeds of a plain network, and of the same with augmentation, far better."""
    made = made_outcomes(
        ("hog+svm", "cnn5", AUGMENTED), ("none", "smote_enn"), n_seeds=3, n_test=400
    )
    return [better(o) if o.trial.model == AUGMENTED else o for o in made]


@pytest.fixture(scope="module")
def page(outcomes):
    """The lines of the study's page."""
    return "\n".join(study.page(outcomes, False)).split("\n")


def better(outcome):
    """Return an outcome with nine of ten predictions right."""
    y_pred = np.where(np.arange(400) % 10, outcome.y_true, 0)
    return Outcome(**vars(outcome) | {"y_pred": y_pred})


def f1(outcomes, model, strategy="none"):
    """Return the mean macro-F1 over the seeds, by scikit-learn."""
    return mean(
        f1_score(o.y_true, o.y_pred, average="macro")
        for o in outcomes
        if (o.trial.model, o.trial.strategy) == (model, strategy)
    )


def line_of(page, *words):
    """Return the cells of the one line of a table with these words."""
    (line,) = [p for p in page if p.startswith("|") and all(w in p for w in words)]
    return [cell.strip().strip("*") for cell in line.strip("|").split("|")]


def test_the_page_has_the_differences_and_the_verdicts(outcomes, page):
    found = line_of(page, "cnn5:none", f"cnn5:{study.FLY}", "worse")
    plain, augmented = f1(outcomes, "cnn5"), f1(outcomes, AUGMENTED)
    assert found[2] == f"{plain - augmented:+.3f}"
    low, high = map(float, found[3].split(" to "))
    assert low < plain - augmented < high < 0
    assert float(found[4]) < 0.05


def test_augmentation_is_a_column_of_its_own(outcomes, page):
    title = next(line for line in page if line.startswith("|  | none |"))
    assert study.FLY in title
    gained = f1(outcomes, AUGMENTED) - f1(outcomes, "cnn5")
    assert any(f"**{gained:+.3f}**" in line for line in page)


def test_the_front_page_has_what_each_answer_brings(outcomes):
    front = study.front(outcomes)
    gained = f1(outcomes, "hog+svm", "smote_enn") - f1(outcomes, "hog+svm")
    cells = line_of(front, "| hog+svm |")
    assert cells[1:] == [f"{f1(outcomes, 'hog+svm'):.3f}", f"{gained:+.3f}", ""]
    assert line_of(front, "| cnn5 |")


def test_what_learning_for_longer_does_is_told_beside_smote(outcomes):
    by_name = {"cnn5, 44 epochs": AUGMENTED, "cnn5": "cnn5", AUGMENTED: AUGMENTED}
    asked = [(name, "none", like, "none") for name, like in by_name.items()]
    asked.append(("cnn5", "smote", "cnn5", "smote_enn"))
    made = [
        Outcome(**vars(o) | {"trial": replace(o.trial, model=name, strategy=strategy)})
        for name, strategy, like, likewise in asked
        for o in outcomes
        if o.trial.names[1:3] == (like, likewise)
    ]
    (told,) = [line for line in study.front(made) if "44 epochs" in line]
    gained = f1(outcomes, AUGMENTED) - f1(outcomes, "cnn5")
    assert f"with five blocks these are better than 25 ({gained:+.3f})" in told
    loss = f1(outcomes, "cnn5", "smote_enn") - f1(outcomes, AUGMENTED)
    assert f"SMOTE is not told apart ({loss:+.3f})" in told
    assert "augmentation on the fly not told apart (+0.000)" in told
    assert not [line for line in study.front(outcomes) if "44 epochs" in line]


def test_the_page_says_what_smote_enn_leaves(outcomes, page):
    (one, *_) = [o for o in outcomes if o.trial.strategy == "smote_enn"]
    cells = [
        f"{n['after']:,} ({n['real']:,})"
        for n in one.facts["balancing"]["rows"].values()
    ]
    assert " | ".join(cells) in "\n".join(page)


def test_the_p_values_are_corrected_for_their_number(outcomes):
    pairs = [("cnn5:smote_enn", "cnn5:none"), ("hog+svm:smote_enn", "hog+svm:none")]
    alone = [verdicts(outcomes, [pair])[0].p_holm for pair in pairs]
    assert min(one.p_holm for one in verdicts(outcomes, pairs)) == pytest.approx(
        min(1, 2 * min(alone))
    )


def test_an_arm_keeps_predictions_alone_and_runs_nothing_twice(
    tmp_path, write_fer2013, capsys
):
    labels = list(range(7)) * 6
    usages = ["Training"] * 28 + ["PublicTest"] * 7 + ["PrivateTest"] * 7
    write_fer2013(tmp_path / "fer2013.csv", labels, usages)
    arm = Arm({"svm": "hog+svm"}, ("none", "random_over"), seeds=2)
    for seed, one in by_seed([arm]):
        one.run(tmp_path / "store", tmp_path, seeds=[seed])
    kept = load_results(tmp_path / "store")
    assert [o.trial.seed for o in kept] == [0, 1, 0, 1]
    assert all(o.proba is None and len(o.y_pred) == 7 for o in kept)
    capsys.readouterr()
    arm.run(tmp_path / "store", tmp_path)
    assert capsys.readouterr().out == ""
    arm.run(tmp_path / "other", tmp_path, only="cnn")
    assert not (tmp_path / "other").exists()


def test_the_arms_hold_every_depth_with_every_strategy():
    for full in (False, True):
        arms = study.arms(full)
        often = [arm for arm in arms if arm.seeds >= 3]
        asked = {(m, s) for arm in often for m in arm.models for s in arm.strategies}
        names = [*study.CLASSICAL, *(f"cnn{n}" for n in (3, 4, 5, 6))]
        assert {(name, s) for name in names for s in study.STRATEGIES} <= asked
        assert {(f"cnn{n} augmented", "none") for n in (3, 4, 5, 6)} <= asked


def test_an_answer_keeps_all_of_its_outcome(outcomes):
    (renamed,) = study.answers([o for o in outcomes if o.trial.model == AUGMENTED][:1])
    assert (renamed.trial.model, renamed.trial.strategy) == ("cnn5", study.FLY)
    same = {f.name for f in fields(Outcome)} - {"trial"}
    first = next(o for o in outcomes if o.trial.model == AUGMENTED)
    assert all(getattr(renamed, name) is getattr(first, name) for name in same)
    assert replace(renamed.trial, model=AUGMENTED, strategy="none") == first.trial

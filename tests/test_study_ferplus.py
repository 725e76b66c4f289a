"""Study 2: what the page says of outcomes, and that the arms make such outcomes."""

import re
from dataclasses import replace

import confused
import numpy as np
import pytest
import study_ferplus
from ferplus_page import CONFUSED, MODES, MORE
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from fercompare import load_dataset, load_results, make_model
from fercompare.datasets.votes import VOTES, label_votes
from fercompare.errors import DataError
from fercompare.evaluation.trials import DONE, FAILED, Outcome, Trial
from fercompare.labels import EMOTIONS_WITH_CONTEMPT as NAMES
from fercompare.report.grounds import grounds

USAGES = {"Training": 120, "PublicTest": 24, "PrivateTest": 32}
TINY = {"width": 1, "convolutions": 1, "dense": (), "epochs": 1}


@pytest.fixture
def votes():
    """Ten votes for each image; the first eight of each part are of one mind."""
    rng = np.random.default_rng(0)
    cast = []
    for n in USAGES.values():
        shares = rng.dirichlet(np.full(len(VOTES), 0.4), n)
        drawn = np.array([rng.multinomial(10, share) for share in shares])
        drawn[:8] = 10 * np.eye(8, len(VOTES), dtype=int)
        cast.append(drawn)
    return np.concatenate(cast)


@pytest.fixture
def root(tmp_path, write_fer2013, votes):
    """A folder with the two tables of FER+, small."""
    usages = [usage for usage, n in USAGES.items() for _ in range(n)]
    write_fer2013(tmp_path / "fer2013.csv", [0] * len(usages), usages)
    lines = [",".join(["Usage", "Image name", *VOTES])]
    for k, (usage, cast) in enumerate(zip(usages, votes)):
        lines.append(",".join([usage, f"fer{k:07}.png", *map(str, cast)]))
    (tmp_path / "fer2013new.csv").write_text("\n".join([*lines, ""]))
    return tmp_path


def outcome(mode, seed, predicted, truth):
    """Return what a trial of a mode would leave behind."""
    rule = "crossentropy" if mode == MORE else mode
    n_few, n_more = 40, 50
    counts = dict.fromkeys(NAMES, n_more) | (
        {"fear": 10, "sad": n_few} if rule == "majority" else {}
    )
    kept = 2000 if rule == "majority" else 2500
    return Outcome(
        Trial(
            f"ferplus by {rule}",
            mode,
            "none",
            seed,
            {"parameters": make_model("cnn5").get_params()},
        ),
        DONE,
        classes=NAMES,
        rows=np.arange(len(truth)),
        y_true=truth,
        y_pred=predicted,
        leak_free=np.ones(len(truth), dtype=bool),
        facts={
            "data": {
                "fingerprint": f"of the rule {rule}",
                "notes": {
                    "rows kept": f"train {kept}, val 319, test {len(truth)}",
                    "labels": "fer2013new.csv",
                },
                "training_counts": counts,
            },
            "fit_seconds": 1.0,
            "predict_seconds": 1.0,
            "warmup_seconds": 1.0,
            "training_curve": {"epoch": list(range(1, 10 + seed))},
        },
    )


def made(mistaken, n=800, seeds=3):
    """Return outcomes in which a share of sad faces is called neutral by each mode."""
    truth = np.random.default_rng(1).permutation(np.arange(n) % len(NAMES))
    sad, neutral = NAMES.index("sad"), NAMES.index("neutral")
    found = []
    for mode, share in mistaken.items():
        for seed in range(seeds):
            rng = np.random.default_rng([seed, len(mode)])
            noisy = rng.random(n) < 0.05
            said = np.where(noisy, rng.integers(0, len(NAMES), n), truth)
            said[(truth == sad) & (rng.random(n) < share)] = neutral
            found.append(outcome(mode, seed, said, truth))
    return found


def page_of(outcomes, full=False):
    return "\n".join(study_ferplus.page(study_ferplus.gather(outcomes), full))


def cells(page, heading, row):
    """Return the cells of a row of the table below a heading, its name left out."""
    below = page.split(f"{heading}\n", 1)[1]
    line = next(line for line in below.splitlines() if line.startswith(f"| {row} |"))
    return [cell.strip() for cell in line[1:-1].split("|")][1:]


EVEN = dict.fromkeys((*MODES, MORE), 0.5)


def test_arms_run_every_mode_on_the_rows_of_its_rule(root, votes, monkeypatch):
    monkeypatch.setattr(study_ferplus, "NARROW", TINY)
    monkeypatch.setattr(study_ferplus, "SHARE", 0.8)
    for arm in study_ferplus.arms(full=False):
        arm.run(root / "store", root, seeds=[0])
    stored = load_results(root / "store")
    outcomes = study_ferplus.gather(stored)
    assert [one.trial.model for one in outcomes] == [*MODES, MORE]
    n = {name: USAGES[name] for name in USAGES}
    test = label_votes(votes[-n["PrivateTest"] :], "majority")
    assert all(len(one.y_true) == test.any(axis=1).sum() for one in outcomes)

    page = "\n".join(study_ferplus.page(outcomes, False))
    assert f"**{len(outcomes[0].rows)} images**" in page
    taught = {}
    for mode in MODES:
        of_rule = label_votes(votes[: n["Training"]], mode)
        kept, teach, *of_class = cells(page, "## Rows that teach", mode)
        assert int(kept) == of_rule.any(axis=1).sum()
        assert int(teach) == sum(map(int, of_class)) < int(kept)
        taught[mode] = int(teach)
    assert taught["majority"] < taught["crossentropy"] == taught["probability"]
    assert cells(page, "## Rows that teach", MORE) == cells(
        page, "## Rows that teach", "crossentropy"
    )
    targets = {
        one.trial.model: one.trial.specification["parameters"]["targets"]
        for one in outcomes
    }
    assert targets == {mode: mode for mode in MODES} | {MORE: "majority"}


def test_every_rule_throws_away_of_the_same_drawn_images(root):
    def taught(rule, share):
        arm = study_ferplus.RuleArm(
            {}, dataset="ferplus", loading=(("mode", rule),), share=share
        )
        data = arm.load(root)
        assert data.part_sizes()["test"] == len(whole[rule].part("test"))
        return set(data.part("train").rows)

    rules = ("majority", "crossentropy", "multi_target")
    whole = {rule: load_dataset("ferplus", root, mode=rule) for rule in rules}
    everything = {rule: taught(rule, 1.0) for rule in rules}
    half = {rule: taught(rule, 0.5) for rule in rules}
    drawn = set.union(*half.values())
    assert 30 < len(drawn) < 80
    for rule in rules:
        assert everything[rule] == set(whole[rule].part("train").rows)
        assert half[rule] == everything[rule] & drawn


def test_the_full_study_is_the_published_network():
    (one, *_), quick = study_ferplus.arms(full=True), study_ferplus.arms(full=False)
    model = make_model(one.models["majority"])
    assert (model.blocks, model.width, model.batch_size) == (5, 64, 64)
    assert (model.patience, model.dropout, model.augmentation) == (8, 0.25, "standard")
    assert (one.seeds, one.share, quick[0].seeds) == (5, 1.0, 3)
    narrow = make_model(quick[0].models["majority"])
    assert (narrow.blocks, narrow.batch_size, narrow.patience) == (5, 64, 8)


def test_scores_stand_beside_the_published_ones():
    outcomes = made(EVEN)
    page = page_of(outcomes)
    of_mode = [one for one in outcomes if one.trial.model == "probability"]
    figures = [
        precision_recall_fscore_support(
            one.y_true, one.y_pred, average="weighted", zero_division=0
        )[:3]
        for one in of_mode
    ]
    accuracy = [np.mean(one.y_true == one.y_pred) for one in of_mode]
    means = np.column_stack([accuracy, figures]).mean(axis=0)
    found = cells(page, "## Scores", "probability")
    assert [cell.split(" ± ")[0] for cell in found[:4]] == [f"{m:.3f}" for m in means]
    assert found[0].endswith(f"± {np.std(accuracy, ddof=1):.3f}")
    assert found[-1] == "0.8499"
    theirs = cells(page, "## Scores", r"*theirs*")
    assert theirs == ["0.8331", "0.8375", "0.8331", "0.8184", "", ""]


def test_confusions_are_shares_of_the_true_class():
    outcomes = made(EVEN | {"crossentropy": 0.05})
    page = page_of(outcomes)
    column = list(MODES).index("crossentropy")
    for truth, called in confused.both_ways(CONFUSED):
        shares = []
        for one in outcomes:
            if one.trial.model == "crossentropy":
                matrix = confusion_matrix(one.y_true, one.y_pred, normalize="true")
                shares.append(matrix[NAMES.index(truth), NAMES.index(called)])
        told = cells(page, "## Who is taken for whom", f"{truth} called {called}")
        assert told[column].startswith(f"{np.mean(shares):.3f} ± ")


def test_what_is_concluded_follows_the_outcomes():
    better = page_of(made(EVEN | {"majority": 1.0, "multi_target": 1.0}))
    assert "*probability*, *crossentropy* better; *multi_target* not told" in better
    assert "taught too: by accuracy *majority, more rows* better" in better
    assert "same rows: by accuracy *probability*, *crossentropy* not told" in better
    less = "2 less often (*probability* neutral–sad, *crossentropy* neutral–sad)"
    assert f"{less} and 0 more often taken" in better

    worse = page_of(made(EVEN | {"majority": 0.0, "multi_target": 0.0}))
    assert "*probability*, *crossentropy* worse; *multi_target* not told" in worse
    assert "taught too: by accuracy *majority, more rows* worse" in worse
    assert "0 less often and 2 more often (*probability* neutral–sad" in worse


def test_changes_are_of_the_images_of_both_classes():
    outcomes = study_ferplus.gather(made({"majority": 0.6, "probability": 0.1}))
    (ground,) = grounds(outcomes)
    seen = {mode: ground.predictions[mode, "none"] for mode in MODES[:2]}
    found = confused.changes(seen, "majority", NAMES, CONFUSED)
    assert [one.pair for one in found] == list(CONFUSED)
    first = found[0]
    neutral, sad = (NAMES.index(name) for name in CONFUSED[0])
    rates = {}
    for one in outcomes:
        either = np.isin(one.y_true, (neutral, sad))
        swapped = np.isin(one.y_pred, (neutral, sad)) & (one.y_pred != one.y_true)
        rates.setdefault(one.trial.model, []).append(swapped[either].mean())
    difference = np.mean(rates["probability"]) - np.mean(rates["majority"])
    assert first.difference == pytest.approx(difference)
    assert first.low < difference < first.high < 0
    assert first.verdict == "less"
    assert first.p_holm == pytest.approx(3 * first.p)
    assert {one.verdict for one in found[1:]} == {"not told apart"}
    assert confused.changes(seen, "not run", NAMES, CONFUSED) == []


def test_rows_thrown_away_and_the_published_differences_are_told():
    page = page_of(made(EVEN))
    assert "Majority keeps 2,000 of the 2,500 images" in page
    assert "20.0% fewer; of those that teach here, fear loses most, 80%" in page
    gain = r"\*probability\* less majority is \+0.0114 of accuracy in Barsoum"
    assert re.search(rf"{gain}.* holds (theirs|no difference|neither)", page)
    assert "9 to 11 were trained; 3 seeds" in page
    assert "PublicTest (319 images) chose the epoch" in page
    assert "narrow network" in page and "narrow network" not in page_of(
        made(EVEN), True
    )


def test_half_a_study_and_none_have_pages_too():
    assert "Not run yet." in page_of([])
    two = page_of(made({"majority": 0.3, "probability": 0.3}, seeds=1))
    assert "multi_target |" not in two
    assert "The loss alone" not in two
    alone = page_of(made({"crossentropy": 0.3}))
    assert "Not run yet." in alone and "thrown" not in alone


def test_modes_judged_by_other_images_are_not_compared():
    outcomes = made({"majority": 0.3, "probability": 0.3})
    labels = np.roll(outcomes[-1].y_true, 1)
    with pytest.raises(DataError, match="not judged by the same images"):
        study_ferplus.gather([*outcomes[:-1], replace(outcomes[-1], y_true=labels)])
    failed = replace(outcomes[-1], status=FAILED, rows=None, y_true=None)
    assert len(study_ferplus.gather([*outcomes[:-1], failed])) == len(outcomes) - 1


def test_pictures_show_every_mode_and_seed():
    outcomes = study_ferplus.gather(made(EVEN))
    drawn = study_ferplus.pictures(outcomes)
    titles = [axes.get_title(loc="left") for axes in drawn["confusion"].axes]
    assert [title for title in titles if title] == [*MODES, MORE]
    (axes,) = drawn["pairs"].axes
    dots = [line for line in axes.lines if line.get_marker() == "."]
    n_ways = 2 * len(CONFUSED)
    assert len(dots) == n_ways * len(EVEN)
    assert {len(line.get_xdata()) for line in dots} == {3}
    labels = [text.get_text() for text in drawn["pairs"].legends[0].get_texts()]
    assert labels == [*MODES, MORE]

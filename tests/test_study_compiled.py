"""Study 5 made tiny: overfitting and leakage, on drawn look-alikes of three sets."""

from collections import Counter
from dataclasses import replace

import look_alikes
import numpy as np
import pytest
import study_compiled
from by_person import Difference, differences, score, whole_seeds
from compiled_page import OF_DRAWN, page, pictures
from leakage import APART, MIXED, Leakage, by_source
from overfitting import LEARNED, Overfitting, conclusion
from sklearn.metrics import f1_score

from fercompare import load_dataset, load_results
from fercompare.evaluation.study import check_names
from fercompare.evaluation.trials import DONE, FAILED, Outcome, Trial
from fercompare.report.resampling import image_weights

SHARE, N, N_PERSONS, FOLDS = 0.04, 240, 30, 2
PERSONS = np.arange(N) % N_PERSONS
Y_TRUE = np.random.default_rng(0).integers(0, 3, N)
NOTES = {
    "persons": " ".join(map(str, PERSONS)),
    "rows of": "ckplus 140, jaffe 40, sfew 60",
    "drawn": "yes",
}
NETWORKS = {
    "dataset, none": (0.40, 0.90),
    "dataset, decay": (0.70, 0.90),
    "dataset + batch norm, none": (0.60, 1.00),
    "dataset + batch norm, decay": (0.90, 1.00),
}
"""How often a made network is right, and its macro-F1 on the rows learned."""


@pytest.fixture
def root(tmp_path, monkeypatch):
    small = dict.fromkeys(look_alikes.SIZES, 24)
    monkeypatch.setattr(look_alikes, "SIZES", small)
    return look_alikes.write_look_alikes(tmp_path / "look-alikes", SHARE)


def made(dataset, model, right, learned=None, seeds=(0, 1, 2)):
    """Return outcomes of a model that is right on so many persons' rows."""
    parameters = {"cnn__" + name: 1 for name in ("blocks", "width", "convolutions")}
    parameters |= dict.fromkeys(("dense", "batch_size", "optimizer"), 1)
    parameters |= dict.fromkeys(("learning_rate", "schedule"), 1)
    meant = {"cv": FOLDS, "model": model, "parameters": parameters}
    curve = None if learned is None else {LEARNED: [learned], "loss": [1.0]}
    facts = {"data": {"fingerprint": dataset, "notes": NOTES}, "training_curve": curve}
    facts |= {"reported_on": "2 folds", "fit_seconds": 1.0}
    found = []
    for seed in seeds:
        luck = np.random.default_rng([seed, len(model), dataset == APART])
        known = luck.permutation(N_PERSONS) < right * N_PERSONS
        y_pred = np.where(known[PERSONS], Y_TRUE, (Y_TRUE + 1) % 3)
        for fold in range(FOLDS):
            rows = np.flatnonzero(np.arange(N) % FOLDS == fold)
            trial = Trial(dataset, model, "augment", seed, meant, fold)
            arrays = rows, Y_TRUE[rows], y_pred[rows], None, rows >= 0
            classes = ("angry", "happy", "sad")
            found.append(Outcome(trial, DONE, "", classes, *arrays, facts))
    return found


@pytest.fixture(scope="module")
def outcomes():
    apart = [made(APART, name, *both) for name, both in NETWORKS.items()]
    apart += [made(APART, "hog+svm", 0.6), made(APART, "transfer", 0.1)]
    mixed = [made(MIXED, "dataset + batch norm, none", 0.95, 1.0)]
    mixed += [made(MIXED, "hog+svm", 0.6), made(MIXED, "transfer", 0.1)]
    return [outcome for of_model in apart + mixed for outcome in of_model]


def pooled(outcomes, dataset, model):
    """Return the macro-F1 of each seed by scikit-learn, all folds together."""
    found = []
    for seed in range(3):
        of_seed = [o for o in outcomes if o.trial.names[:4:3] == (dataset, seed)]
        of_seed = [o for o in of_seed if o.trial.model == model]
        y_true, y_pred = (
            np.concatenate([getattr(o, name) for o in of_seed])
            for name in ("y_true", "y_pred")
        )
        found.append(f1_score(y_true, y_pred, average="macro"))
    return np.array(found)


def cells(lines, start):
    """Return the cells of the first row of a page that starts so, a list a table."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")][1:]
        for line in lines
        if line.startswith(f"| {start} |")
    ]


@pytest.mark.filterwarnings("ignore:part .* of 'sfew'")
def test_look_alikes_are_read_as_the_three_sets_with_their_persons(root):
    ck = load_dataset("ckplus", root / "ckplus")
    frames = Counter(zip(ck.columns["sequence"], ck.y))
    assert set(frames.values()) == {3} and "contempt" in ck.classes
    assert len(ck) == 3 * 13 and len(set(ck.groups)) <= 5
    jaffe = load_dataset("jaffe", root / "jaffe")
    assert Counter(zip(jaffe.groups, jaffe.y)).most_common(1)[0][1] == 1
    assert sorted(set(jaffe.groups)) == sorted(look_alikes.JAFFE_SUBJECTS)
    sfew = load_dataset("sfew", root / "sfew")
    assert set(sfew.part("train").groups).isdisjoint(sfew.part("val").groups)
    data = study_compiled.joined(root, SHARE)
    assert "contempt" not in data.classes and len(data.classes) == 7
    assert len(data) == len(jaffe) + len(sfew) + np.sum(
        ck.y != ck.classes.index("contempt")
    )


def test_frames_of_a_sequence_are_nearly_one_picture(root):
    ck = load_dataset("ckplus", root / "ckplus", image_shape=(24, 24))
    shots = ck.X.astype(float)
    sequence = ck.columns["sequence"]
    alike = [
        np.corrcoef(shots[i], shots[j])[0, 1]
        for i in range(0, len(ck), 3)
        for j in range(i + 1, len(ck))
        if sequence[i] == sequence[j]
    ]
    others = np.corrcoef(shots[::3])[np.triu_indices(len(ck) // 3, 1)]
    assert np.median(alike) > 0.9 > np.median(others)


def test_look_alikes_are_the_same_each_time_and_others_by_another_seed(tmp_path, root):
    again = look_alikes.write_look_alikes(tmp_path / "again", SHARE)
    other = look_alikes.write_look_alikes(tmp_path / "other", SHARE, seed=1)
    names = [p.relative_to(root) for p in sorted(root.rglob("*.*"))]
    assert all((root / n).read_bytes() == (again / n).read_bytes() for n in names)
    jaffe = root.glob("jaffe/*")
    assert any(p.read_bytes() != (other / "jaffe" / p.name).read_bytes() for p in jaffe)


def test_its_own_arms_run_tiny(root, tmp_path, monkeypatch):
    tiny = {"blocks": 1, "width": 2, "dense": (), "epochs": 1}
    monkeypatch.setattr(study_compiled, "NARROW", study_compiled.NARROW | tiny)
    monkeypatch.setattr(study_compiled, "FOLDS", 2)
    rest = {"hog+svm": "hog+linear-svm"}
    monkeypatch.setattr(study_compiled, "others", lambda full: rest)
    for arm in study_compiled.arms(full=False):
        small = {
            n: m for n, m in arm.models.items() if n in (study_compiled.PLAIN, *rest)
        }
        replace(arm, models=small).run(tmp_path / "store", root, seeds=[0])
    found = study_compiled.LOOK_ALIKES.gather(load_results(tmp_path / "store"))
    assert len(found) == 2 * 2 * 2
    nets = [o for o in found if o.trial.model == study_compiled.PLAIN]
    assert all(0 < o.facts["training_curve"][LEARNED][-1] <= 1 for o in nets)
    data = study_compiled.joined(root, SHARE)
    for way, crosses in ((APART, False), (MIXED, True)):
        scored = {
            o.trial.fold: set(data.groups[o.rows])
            for o in nets
            if o.trial.dataset == way
        }
        assert bool(scored[0] & scored[1]) == crosses
    text = "\n".join(page(found, False))
    assert f"{len(data)} images" in text and OF_DRAWN not in text
    assert "no weights for it were installed" in text


def test_without_a_folder_it_draws_and_says_so(outcomes, root, monkeypatch):
    study_compiled.joined.cache_clear()
    data = study_compiled.joined(None, SHARE)
    assert data.notes["drawn"] and data.notes["persons"]
    assert page(outcomes, False)[2] == OF_DRAWN


def test_names_of_its_models_mean_something_and_full_has_more():
    quick, full = study_compiled.arms(False), study_compiled.arms(True)
    for some, more in zip(quick, full):
        assert set(some.models) <= set(more.models) and some.seeds < more.seeds
        check_names(
            [], [m for m in more.models.values() if isinstance(m, str)], ["augment"]
        )
        assert set(some.models) <= set(quick[0].models)
    kept = full[0].models["dataset, label smoothing"].get_params()
    assert (kept["label_smoothing"], kept["batch_norm"], kept["dropout"]) == (
        0.1,
        False,
        0,
    )


def test_the_page_holds_what_the_outcomes_say(outcomes):
    lines = "\n".join(page(outcomes, False)).split("\n")
    f1 = {name: pooled(outcomes, APART, name).mean() for name in NETWORKS}
    plain, decay = (cells(lines, name) for name in ("dataset", "decay"))
    assert plain[0] == [
        f"{f1[f'dataset, {way}']:.3f} (0.900)" for way in ("none", "decay")
    ]
    new = np.mean([v for name, v in f1.items() if "decay" in name])
    less = new - np.mean([v for name, v in f1.items() if "none" in name])
    assert decay[0][:3] == ["0.950", f"{new:.3f}", f"{less:+.3f}"]
    assert decay[0][5:7] == [f"{0.95 - new:.3f}", f"{-less:+.3f}"]
    name = "dataset + batch norm, none"
    both = [pooled(outcomes, way, name).mean() for way in (MIXED, APART)]
    leak = next(row for row in cells(lines, name) if row[0] == f"{both[0]:.3f}")
    assert leak[1:3] == [f"{both[1]:.3f}", f"{both[0] - both[1]:+.3f}"]
    of_ck = np.concatenate(
        [
            o.y_true == o.y_pred
            for o in outcomes
            if o.trial.dataset == MIXED and o.trial.model == name
        ]
    )
    rows = np.concatenate(
        [o.rows for o in outcomes if o.trial.dataset == MIXED and o.trial.model == name]
    )
    shown = next(row for row in cells(lines, name) if "→" in row[0])
    assert shown[0].startswith(f"{of_ck[rows < 140].mean():.3f} →")
    assert any("1 of 3 scores leaked" in line for line in lines)
    assert any(
        "Otherwise than they found, decay made overfitting less" in line
        for line in lines
    )
    assert any("240 images (140 of ckplus with 30 persons" in line for line in lines)
    assert any(
        line.startswith("They found that transfer does not help. Here it is worse than")
        for line in lines
    )


def test_the_page_is_the_same_in_any_order_and_pictures_show_both_ways(outcomes):
    assert set(pictures(outcomes)) == {"leakage", "networks"}
    axes = pictures(outcomes)["leakage"].axes[0]
    assert len(axes.get_yticklabels()) == 3 and len(axes.containers) == 2
    assert page(outcomes, False) == page(list(outcomes), False)


def test_before_it_is_run_both_ways_the_page_says_so(outcomes):
    alone = [one for one in outcomes if one.trial.dataset == APART]
    for few in ([], alone, [o for o in outcomes if o.trial.model == "hog+svm"]):
        assert page(few, False)[-2] == "Not run yet." and not pictures(few)


def test_persons_are_drawn_with_all_of_their_rows():
    found = made(APART, "hog+svm", 0.5)
    one = score(found, "accuracy")
    weights = image_weights(N_PERSONS)[PERSONS]
    right = np.empty((3, N))
    for outcome in found:
        right[outcome.trial.seed, outcome.rows] = outcome.y_true == outcome.y_pred
    np.testing.assert_allclose(
        one.resampled, (right @ weights).mean(axis=0) / N, rtol=1e-5
    )
    alone = (right @ image_weights(N)).mean(axis=0) / N
    assert one.resampled.std() > 2 * alone.std() and one.n_images == N_PERSONS


def test_a_source_is_scored_by_its_own_rows():
    found = made(APART, "hog+svm", 0.5)
    of_jaffe = [(o.y_true == o.y_pred)[(o.rows >= 140) & (o.rows < 180)] for o in found]
    mean = np.concatenate(of_jaffe).mean()
    assert score(found, "accuracy", "jaffe").mean == pytest.approx(mean)


def test_only_seeds_that_all_models_have_in_all_folds_count():
    whole, half = made(APART, "a", 0.5), made(APART, "b", 0.5)[:-1]
    lost = [replace(one, status=FAILED) for one in made(APART, "c", 0.5)]
    kept = whole_seeds([*lost, *half, *whole])
    assert {(o.trial.model, o.trial.seed) for o in kept} == {
        (m, s) for m in "ab" for s in (0, 1)
    }
    assert whole_seeds(lost) == []


def test_conclusions_follow_gap_and_score():
    def effect(gap, new, p=0.001):
        return tuple(Difference("a", "b", d, d - 0.01, d + 0.01, p) for d in (gap, new))

    def told(**effects):
        return conclusion(effects)[0]

    assert told(decay=effect(-0.2, 0.1)).startswith("Otherwise than they found, decay")
    assert "less was learned" in told(decay=effect(-0.2, -0.1))
    assert told(decay=effect(-0.2, 0.1, p=0.5)).startswith("As they found")
    assert told(decay=effect(0.2, -0.1)).startswith("As they found")
    assert conclusion({})[0] == "Not run yet."
    assert "is larger (+0.200)" in conclusion({"decay": effect(0.2, -0.1)})[2]


def test_what_did_not_leak_is_not_said_to_have(outcomes):
    leak = Leakage([o for o in outcomes if o.trial.model in ("hog+svm", "transfer")])
    assert leak.conclusion()[0] == "No score of 2 is told to have leaked."


def test_each_set_says_how_many_models_leaked_on_it(outcomes):
    told = by_source(outcomes)[-2]
    name = "dataset + batch norm, none"
    for source in ("ckplus", "jaffe", "sfew"):
        leaked = Leakage(outcomes, "accuracy", source).leaked
        n = sum(one.differs and one.difference > 0 for one in leaked.values())
        assert f"{n} of 3 on {source}" in told
        assert leaked[name].difference > 0


def test_gaps_are_differences_seed_by_seed(outcomes):
    apart = {
        n: [o for o in outcomes if o.trial.names[:2] == (APART, n)] for n in NETWORKS
    }
    nets = Overfitting(apart)
    gap = nets.gaps["dataset", "decay"]
    np.testing.assert_allclose(
        gap.values, 0.9 - pooled(outcomes, APART, "dataset, decay")
    )
    none = nets.gaps["dataset", "none"]
    (found,) = differences({("gap", "none"): (gap, none)})
    assert found.difference == pytest.approx(gap.mean - none.mean)
    assert found.low < found.difference < found.high

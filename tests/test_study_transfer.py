"""The study of transfer, made tiny: its search, its arms, and what its page says."""

from collections import defaultdict
from statistics import mean, stdev

import numpy as np
import pandas as pd
import pytest
import structures
import study_transfer as study
from reference import by_seed
from scipy.stats import t
from sklearn.metrics import accuracy_score
from structures import Structure, noise, ranked

from fercompare import load_dataset, load_results, make_model

TINY = "squeezenet1_1"
SEEDS = 2
ROWS = {"Training": 280, "PublicTest": 14, "PrivateTest": 84}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A csv of noise that is brighter or darker, from top to bottom, by its class."""
    path = tmp_path_factory.mktemp("data") / "fer2013.csv"
    rng = np.random.default_rng(0)
    lines = ["emotion,pixels,Usage"]
    for usage, n in ROWS.items():
        for k in range(n):
            image = rng.integers(0, 150, (48, 48))
            image[: 4 + 6 * (k % 7)] += 100
            lines.append(f"{k % 7},{' '.join(map(str, image.ravel()))},{usage}")
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def patch(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FERCOMPARE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(structures, "TRIALS", 4)
        patch.setattr(structures, "BLOCKS", (2, 4))
        patch.setattr(structures, "CONVOLUTIONS", (1,))
        narrow = structures.NARROW | {"width": 2, "epochs": 2}
        patch.setattr(structures, "NARROW", narrow)
        patch.setattr(structures, "LONG", {"epochs": 3})
        short = {"size": 32, "epochs": 1, "batch_size": 16, "weights": None}
        patch.setattr(study, "SHORT", short)
        patch.setattr(study, "BACKBONES", (TINY, study.THERE))
        patch.setattr(study, "UNFROZEN", (1, "all"))
        patch.setattr(study, "find_imagenet", lambda name: name == TINY)
        patch.setattr(study, "EIGHTH", (*study.HALF, ("share", 1 / 2)))
        yield patch


@pytest.fixture(scope="module")
def store(patch, root, tmp_path_factory):
    """A store of the whole study with two seeds."""
    store = tmp_path_factory.mktemp("store")
    with pytest.warns(UserWarning, match="other class counts than published"):
        for seed, arm in by_seed(study.arms(full=False)):
            if seed < SEEDS:
                arm.run(store, root, seeds=[seed])
    return store


@pytest.fixture(scope="module")
def outcomes(store):
    return load_results(store)


@pytest.fixture(scope="module")
def page(outcomes):
    return "\n".join(study.page(outcomes, False))


def accuracies(outcomes, model):
    """Return the accuracy of each seed of a model, by scikit-learn."""
    of_model = [one for one in outcomes if one.trial.model == model]
    assert len(of_model) == SEEDS
    return [accuracy_score(one.y_true, one.y_pred) for one in of_model]


def cells(page, *words):
    """Return the cells of the one line of a table that begins with these."""
    start = f"| {' | '.join(words)} |"
    (line,) = [line for line in page.split("\n") if line.startswith(start)]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_structure_is_as_deep_as_its_name_says():
    for full in (False, True):
        model = make_model(Structure(3, 2, 2).model(full), image_shape=(48, 48))
        assert (model.blocks, model.convolutions, len(model.dense)) == (3, 2, 2)
        assert model.dropout == 0
    augmented = make_model(Structure(3, 2, 0).model(False, **structures.AUGMENTED))
    assert (augmented.augmentation, augmented.dropout) == ("standard", 0.25)


def test_the_search_begins_with_theirs_and_is_scored_on_half_of_training(store):
    table = pd.read_csv(store / structures.FOUND)
    assert len(table) == 4
    assert tuple(table.loc[0, list(Structure._fields)]) == structures.THEIRS
    assert set(table["images"]) == {140}
    for name, values in zip(("blocks", "convolutions", "dense"), SPACE):
        assert set(table[name]) <= set(values)


SPACE = structures.BLOCKS, structures.CONVOLUTIONS, structures.DENSE


def test_what_won_is_run_beside_the_next_and_theirs(store, outcomes):
    first, second, *_ = ranked(pd.read_csv(store / structures.FOUND))
    own = {first, second, structures.THEIRS}
    names = {one.name for one in own}
    names |= {first.augmented, structures.THEIRS.augmented}
    names |= {f"{TINY} {way}" for way in ("features", "frozen")}
    names |= {f"{TINY} unfrozen {n}" for n in study.UNFROZEN}
    assert {one.trial.model for one in outcomes} == names
    assert {one.status for one in outcomes} == {"done"}
    assert {len(one.rows) for one in outcomes} == {ROWS["PrivateTest"]}
    assert {sum(o.facts["data"]["training_counts"].values()) for o in outcomes} == {70}


def test_a_second_run_finds_everything_there(store, outcomes, root, monkeypatch):
    def not_again(*_):
        raise AssertionError("searched again")

    monkeypatch.setattr(structures, "search", not_again)
    before = sorted(store.iterdir())
    with pytest.warns(UserWarning, match="other class counts than published"):
        study.arms(full=False)[0].run(store, root, seeds=range(SEEDS))
    assert sorted(store.iterdir()) == before


def test_a_search_that_was_broken_off_goes_on(store, patch, root, tmp_path):
    data = load_dataset("synthetic", n=100)
    patch.setattr(structures, "TRIALS", 2)
    structures.search(tmp_path / "few.csv", data)
    few = pd.read_csv(tmp_path / "few.csv")
    patch.setattr(structures, "TRIALS", 3)
    structures.search(tmp_path / "few.csv", data)
    more = pd.read_csv(tmp_path / "few.csv")
    assert len(more) == 3
    pd.testing.assert_frame_equal(more[:2], few)


def test_noise_is_of_the_seeds_of_one_structure(outcomes):
    names = sorted({one.trial.model for one in outcomes})[:3]
    pooled = mean(stdev(accuracies(outcomes, name)) ** 2 for name in names)
    expected = t.ppf(0.975, 3 * (SEEDS - 1)) * (2 * pooled) ** 0.5
    assert noise(outcomes, names) == pytest.approx(expected)
    assert np.isnan(noise(outcomes[:1], names))


def test_the_page_has_the_scores_and_the_differences(outcomes, page):
    for name in {one.trial.model for one in outcomes}:
        found = cells(page, name, f"{SEEDS}")
        assert found[2] == f"{mean(accuracies(outcomes, name)):.3f}"
        low, high = map(float, found[3].split("–"))
        assert low <= float(found[2]) <= high
    a, b = f"{TINY} features", f"{TINY} frozen"
    difference = mean(accuracies(outcomes, a)) - mean(accuracies(outcomes, b))
    assert cells(page, a, b)[2] == f"{difference:+.3f}"
    n_compared = page.count(" to +") + page.count(" to -")
    assert n_compared >= 5


def test_the_page_says_what_was_run_and_what_was_not(page):
    assert "70 images" in page
    assert "fewer images teach here" in page.lower()
    assert "70 of 14,354" in page
    lengths = (
        "2 epochs of plain networks, 3 epochs of plain networks with augmentation, "
        "1 epochs of transfer (fixed)"
    )
    assert lengths in page
    assert f"{TINY} here, of vgg16 there" in page
    assert "`vgg16` **was not run**" in page
    assert f"`{TINY}` **was not run**" not in page


def test_conclusions_are_those_of_the_comparisons(store, outcomes, page):
    first = next(iter(ranked(pd.read_csv(store / structures.FOUND))))
    assert f"The search ends at {first.name};" in page
    verdicts = {"better": "better than", "worse": "worse than"}
    for n in study.UNFROZEN:
        a, b = f"{TINY} unfrozen {n}", f"{TINY} frozen"
        line = cells(page, a, b)
        told = verdicts.get(line[5], "not told apart from")
        assert f"- {a} is {told} {b} ({line[2]})." in page


@pytest.mark.parametrize(
    ("seen", "expected", "said"),
    [
        (0.2, "better", "better than b (+0.200), as they found."),
        (-0.2, "better", "worse than b (-0.200), the opposite of what they found."),
        (0.0, "worse", "not told apart from b (+0.000), where they found it worse."),
        (0.2, None, "better than b (+0.200)."),
    ],
)
def test_a_sentence_follows_sign_and_p(seen, expected, said):
    class Seen:
        a, b, difference, differs = "a", "b", seen, bool(seen)

    assert study._sentence(Seen, expected) == f"- a is {said}"


def test_the_page_says_how_far_augmented_networks_have_learned(page, outcomes):
    lines = [line for line in page.split("\n") if line.startswith("- At the end ")]
    assert lines
    ends = defaultdict(list)
    for one in outcomes:
        ends[one.trial.model].append(one.facts["training_curve"]["accuracy"][-1])
    known = {model: np.mean(values) for model, values in ends.items()}
    for line in lines:
        plain = line.removeprefix("- At the end ").partition(" is right")[0]
        augmented = known[f"{plain} augmented"]
        assert f"right in {known[plain]:.0%} of" in line
        assert f"every time, in {augmented:.0%}" in line
        scored = np.mean(accuracies(outcomes, plain))
        assert ("too few to say" in line) == (augmented < scored)


def test_pictures_show_the_search(store, outcomes):
    figures = study.pictures(outcomes)
    assert set(figures) == {"search"}
    texts = {text.get_text() for text in figures["search"].axes[0].texts}
    table = pd.read_csv(store / structures.FOUND)
    assert texts - {"–"} == {f"{score:.3f}" for score in table["score"]}


def test_vgg16_is_run_where_its_weights_are(patch, monkeypatch):
    monkeypatch.setattr(study, "find_imagenet", lambda name: True)
    both = [name for arm in study.arms(full=False)[1:] for name in arm.models]
    assert "vgg16 unfrozen all" in both
    monkeypatch.setattr(study, "find_imagenet", lambda name: None)
    assert len(study.arms(full=True)) == 1
    _, named = study.arms(full=True, weights="vgg16.pth")
    model = make_model(named.models["vgg16 unfrozen 1"], image_shape=(48, 48))
    assert (model.backbone, model.weights) == ("vgg16", "vgg16.pth")
    assert (model.mode, model.unfreeze) == ("finetune", 1)

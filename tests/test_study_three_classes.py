"""The study of three classes, with everything made tiny."""

from collections import defaultdict

import numpy as np
import pytest
import study_three_classes as study
import upright
import valences
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from fercompare import load_results
from fercompare.errors import DataError
from fercompare.evaluation.fitting import make_estimator
from fercompare.evaluation.trials import DONE, Outcome, Trial
from fercompare.faces.base import Face
from fercompare.report.comparison import Comparison

PER_CLASS, N_SEEDS = 8, 2
N_OF_PART = {"Training": 12, "PublicTest": 2, "PrivateTest": 6}
"""Images of each emotion."""
TINY = "size=32, epochs=1, batch_size=8, weights=None, device=cpu"
MODELS = (
    *("most frequent", "guess", "hog+svm", "cnn4"),
    *("mobilenet_v2 frozen", "mobilenet_v2 2"),
)
OF_NEGATIVE, OF_POSITIVE, OF_NEUTRAL = (0, 1, 2, 4), (3,), (5,)
"""Where the six emotions stand that are left without surprise."""


class Stub:
    """A detector that finds a face in pictures whose first pixel is bright."""

    name, n_asked = "stub", 0

    def detect(self, picture):
        Stub.n_asked += 1
        return [Face((8, 8, 40, 40), 0.9)] if is_found(picture) else []


def is_found(picture):
    return picture.flat[0] >= 100


@pytest.fixture(scope="module", autouse=True)
def _tiny():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "N_IMAGES", 3 * PER_CLASS)
        patch.setattr(study, "POOL", 1.0)
        patch.setattr(study, "SHORT", TINY)
        patch.setattr(
            study,
            "NARROW",
            "width=2, most_width=4, dense=(4,), epochs=1, patience=None",
        )
        patch.setattr(study, "find_imagenet", lambda name: name == "mobilenet_v2")
        patch.setattr(upright, "make_detector", lambda name: Stub())
        yield


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Return the path of a csv as FER2013's, of noise that differs by emotion."""
    path, rng = (
        tmp_path_factory.mktemp("faces") / "fer2013.csv",
        np.random.default_rng(0),
    )
    lines = ["emotion,pixels,Usage"]
    for usage, n in N_OF_PART.items():
        for label in rng.permutation(np.repeat(range(7), n)):
            image = rng.integers(0, 180, 48 * 48) + 10 * label
            lines.append(f"{label},{' '.join(map(str, image))},{usage}")
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def arms(tmp_path_factory):
    return study.arms(False, tmp_path_factory.mktemp("aligned"))


@pytest.fixture(scope="module")
def store(table, arms, tmp_path_factory):
    """Return a folder of outcomes of some models of every arm."""
    store = tmp_path_factory.mktemp("store")
    for arm in arms:
        chosen = {n: m for n, m in arm.models.items() if any(w in n for w in MODELS)}
        some = type(arm)(**vars(arm) | {"models": chosen})
        some.run(store, table, seeds=range(min(arm.seeds, N_SEEDS)))
    return store


@pytest.fixture(scope="module")
def outcomes(store):
    return load_results(store)


@pytest.fixture(scope="module")
def page(outcomes):
    return "\n".join(study.page(outcomes, False))


@pytest.fixture(scope="module")
def seen(outcomes):
    """Return data set and model to ``(y_true, y_pred)`` of three classes a seed."""
    found = defaultdict(list)
    of_six = np.empty(6, dtype=int)
    for valence, emotions in enumerate((OF_NEGATIVE, OF_POSITIVE, OF_NEUTRAL)):
        of_six[list(emotions)] = valence
    for one in outcomes:
        pair = one.y_true, one.y_pred
        if len(one.classes) == 6:
            pair = of_six[one.y_true], of_six[one.y_pred]
        found[one.trial.dataset, one.trial.model].append(pair)
    return found


def mean(pairs, metric=lambda *pair: f1_score(*pair, average="macro")):
    return np.mean([metric(*pair) for pair in pairs])


def rows_of(page, title):
    """Return the first cell to the others of a table below a heading."""
    lines = page.split(f"## {title}")[1].split("##")[0].splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {first: others for first, *others in cells[2:]}


def test_every_trial_is_done(outcomes):
    assert [one.reason for one in outcomes if one.status != DONE] == []
    datasets = {one.trial.dataset for one in outcomes}
    assert datasets == {"fer2013", "fer2013 aligned", "fer2013 of six emotions"}


def test_scores_are_those_of_scikit_learn(page, seen):
    lines = rows_of(page, "Scores")
    marks = {"fer2013": "", "fer2013 aligned": ", aligned"}
    marks["fer2013 of six emotions"] = ", of six emotions"
    assert len(lines) == len(seen)
    for (dataset, model), pairs in seen.items():
        n_seeds, f1, accuracy, balanced, _ = lines[f"{model}{marks[dataset]}"]
        assert int(n_seeds) == len(pairs)
        assert f1.split()[0] == f"{mean(pairs):.3f}"
        assert accuracy.split()[0] == f"{mean(pairs, accuracy_score):.3f}"
        assert balanced == f"{mean(pairs, balanced_accuracy_score):.3f}"


@pytest.mark.parametrize(
    ("title", "first", "other"),
    [
        ("Is any better than hog+svm?", ("fer2013", "cnn4"), ("fer2013", "hog+svm")),
        (
            "Does it help to unfreeze blocks?",
            ("fer2013", "mobilenet_v2 2 blocks free"),
            ("fer2013", "mobilenet_v2 frozen"),
        ),
        ("Does alignment help?", ("fer2013 aligned", "cnn4"), ("fer2013", "cnn4")),
        (
            "Do six emotions teach three classes better?",
            ("fer2013 of six emotions", "hog+svm"),
            ("fer2013", "hog+svm"),
        ),
    ],
)
def test_differences_are_those_of_the_means(page, seen, title, first, other):
    mark = {"fer2013": "", "fer2013 aligned": ", aligned"}.get(
        first[0], ", of six emotions"
    )
    against, difference, *_ = rows_of(page, title)[f"{first[1]}{mark}"]
    assert against == other[1]
    assert difference == f"{mean(seen[first]) - mean(seen[other]):+.3f}"


def test_page_says_what_taught_and_what_was_scored(page, table, arms):
    assert "2 seeds" in page
    assert "8 negative, 8 positive, 8 neutral of 48 negative, 12 positive" in page
    assert "24 negative, 6 positive, 6 neutral images of PrivateTest" in page
    assert "4 angry, 4 disgust, 4 fear, 4 happy, 4 sad, 4 neutral" in page
    assert "negative (angry, disgust, fear, sad), positive (happy), neutral" in page
    assert "left out: surprise." in page
    assert "Not run: resnet50, resnet101, which need their ImageNet weights" in page
    images = arms[2].load(table)
    images = images.take(images.split != "val")
    n_found = sum(map(is_found, images.images))
    assert 0 < n_found < len(images)
    assert f"{n_found} faces found in {len(images)} pictures by stub" in page


def test_page_and_pictures_come_of_outcomes_alone(store, page):
    again = load_results(store)
    assert "\n".join(study.page(again, False)) == page
    (figure,) = study.pictures(again).values()
    titles = {axes.get_title(loc="left") for axes in figure.axes}
    assert {"hog+svm, few", "cnn4, few"} <= titles
    assert "the most frequent class, none" not in titles


def test_faces_are_cut_out_once_and_keep_their_rows(table, arms, store):
    before, plain = Stub.n_asked, arms[2].load(table)
    cut_out = arms[4].load(table)
    assert Stub.n_asked == before
    same = plain.take(plain.split != "val")
    assert np.array_equal(cut_out.rows, same.rows)
    assert np.array_equal(cut_out.y, same.y)
    changed = (cut_out.X != same.X).any(axis=1)
    assert changed.tolist() == [is_found(row) for row in same.X]


def test_a_seed_draws_the_same_images_with_and_without_alignment(table, arms, store):
    def drawn(arm, seed):
        data, names = arm.load(table), ("dummy", study.FEW)
        train = data.part("train")
        strategy = arm.strategies[study.FEW]
        model = make_estimator(data, "dummy", strategy, seed, names)
        model.fit(train.X, train.y)
        return train.rows[model.named_steps["balance"].sample_indices_].tolist()

    plain, aligned = arms[2], arms[4]
    assert drawn(plain, 0) == drawn(aligned, 0)
    assert drawn(plain, 0) != drawn(plain, 1)
    assert len(set(drawn(plain, 0))) == 3 * PER_CLASS


def test_other_images_share_no_ground():
    def outcome(dataset, y_true, rows):
        trial = Trial(dataset, "svm", "few", 0)
        facts = {"data": {"fingerprint": "5f2c", "notes": {}}}
        classes = ("negative", "positive", "neutral")
        guesses = np.zeros(3, dtype=int)
        arrays = {"rows": rows, "y_true": y_true, "y_pred": guesses}
        return Outcome(trial, DONE, classes=classes, facts=facts, **arrays)

    labels, rows = np.arange(3), np.arange(3)
    plain = outcome("fer2013", labels, rows)
    found = valences.on_one_ground([plain, outcome("fer2013 aligned", labels, rows)])
    assert [one.trial.model for one in found] == ["svm", "svm, aligned"]
    for other in (labels[::-1], rows), (labels, rows + 1):
        with pytest.raises(DataError, match="not scored on the images"):
            valences.on_one_ground([plain, outcome("fer2013 aligned", *other)])


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "Not run yet."),
        ([(0.1, 0.01)], "**Yes.** Better: cnn (+0.100)."),
        ([(-0.1, 0.01)], "**No.** Worse: cnn (-0.100)."),
        ([(0.1, 0.5)], "**Not shown.** Not told apart: cnn (+0.100)."),
        (
            [(-0.1, 0.01), (0.2, 0.2)],
            "**Not shown.** Worse: cnn (-0.100). Not told apart: cnn (+0.200).",
        ),
        (
            [(0.1, 0.01), (-0.2, 0.2)],
            "**Sometimes.** Better: cnn (+0.100). Not told apart: cnn (-0.200).",
        ),
    ],
)
def test_answers_follow_from_signs_and_p_values(found, said):
    comparisons = [
        Comparison(
            *("faces", "cnn", "svm", "f1_macro", 99, 3, 3, 0.5 + difference, 0.5),
            *(difference, -1.0, 1.0, p, p, 1.0, 1.0, 1.0),
        )
        for difference, p in found
    ]
    assert study.answer(comparisons) == said

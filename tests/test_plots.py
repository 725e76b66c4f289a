"""Pictures: the right numbers on them, readable, and the same bytes each time."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_outcomes import made_outcomes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from sklearn.metrics import confusion_matrix, f1_score

from fercompare.errors import DataError
from fercompare.report.blocks import blocks
from fercompare.report.calibration_plots import reliability
from fercompare.report.class_plots import class_counts, class_deltas, confusions
from fercompare.report.curve_plots import learning_curves
from fercompare.report.figures import as_svg, new_figure, save_figure, signed
from fercompare.report.grounds import grounds
from fercompare.report.leaderboard import score
from fercompare.report.pictures import PICTURES, draw_pictures, file_name, ranks_of
from fercompare.report.runs import runs
from fercompare.report.score_plots import cost_and_score, heat_map, pareto_front
from fercompare.report.significance import critical_difference

MANY = tuple(f"model-number-{k}-of-a-long-name" for k in range(12))
SIXTEEN = ("none", *(f"strategy-{k}@pixels" for k in range(15)))


@pytest.fixture(scope="module")
def outcomes():
    return made_outcomes(n_test=80)


@pytest.fixture(scope="module")
def ground(outcomes):
    (found,) = grounds(outcomes)
    return found


def texts(axes):
    return [text.get_text() for text in axes.texts]


def drawn(figure):
    """Return a function from texts to the boxes that they stand in."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    return lambda labels: [label.get_window_extent(renderer) for label in labels]


def overlaps(boxes):
    return [
        (one.bounds, other.bounds)
        for one, other in combinations(boxes, 2)
        if one.shrunk(0.9, 0.9).overlaps(other.shrunk(0.9, 0.9))
    ]


def seen_by(outcomes):
    """Return what was said by seed, as pictures take it."""
    return [run.predictions() for run in runs(outcomes)]


def fits_of(outcomes, *names):
    return [o for o in outcomes if (o.trial.model, o.trial.strategy) == names]


def table_of(models, strategies):
    """Return a ranking of models with strategies, made up."""
    rng = np.random.default_rng(0)
    names = [(model, strategy) for model in models for strategy in strategies]
    table = pd.DataFrame(names, columns=["model", "strategy"])
    seconds = 10 ** rng.uniform(-1, 3, len(table))
    scores = 0.3 + 0.1 * np.log10(seconds) + 0.05 * rng.random(len(table))
    return table.assign(seeds=1, fit_seconds=seconds, f1_macro=scores)


def test_a_heat_map_shows_means_and_differences(outcomes, ground):
    shown = texts(heat_map(ground.table).axes[0])
    none, smote = (
        np.mean([score(o)["f1_macro"] for o in fits_of(outcomes, "cnn", strategy)])
        for strategy in ("none", "smote")
    )
    assert f"{none:.3f}" in shown
    assert f"{smote:.3f}\n{signed(smote - none)}" in shown


def test_the_best_strategy_of_each_model_is_bold_where_lower_is_better_too(ground):
    for metric, best in (("f1_macro", max), ("log_loss", min)):
        axes = heat_map(ground.table, metric).axes[0]
        bold = [t.get_text() for t in axes.texts if t.get_weight() == "bold"]
        wanted = ground.table.groupby("model")[metric].agg(best)
        assert sorted(text[:5] for text in bold) == sorted(f"{v:.3f}" for v in wanted)


def test_a_missing_pair_leaves_its_cell_blank():
    table = table_of(["svm", "cnn"], ["none", "smote"])
    assert texts(heat_map(table[:3]).axes[0]).count("–") == 1


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1))
def test_the_front_is_of_those_that_nobody_beats(points):
    costs, gains = np.array(points).T
    found = {(int(costs[k]), int(gains[k])) for k in pareto_front(costs, gains)}
    wanted = {
        (cost, gain)
        for cost, gain in points
        if not any(
            c <= cost and g >= gain and (c, g) != (cost, gain) for c, g in points
        )
    }
    assert found == wanted


def test_confusions_are_shares_of_the_truth_and_mean_counts(outcomes):
    of_cnn = fits_of(outcomes, "cnn", "none")
    shown = texts(confusions({"cnn": seen_by(of_cnn)}, of_cnn[0].classes).axes[0])
    counts = sum(confusion_matrix(o.y_true, o.y_pred, labels=range(7)) for o in of_cnn)
    share, mean = counts[0, 0] / counts[0].sum(), counts[0, 0] / 2
    assert shown[0] == f"{share:.2f}\n{mean:,.0f}"
    assert len(shown) == 49


def test_class_deltas_are_of_the_f1_against_none(outcomes, ground):
    figure = class_deltas(ground.predictions, ground.classes)
    f1 = {
        strategy: np.mean(
            [
                f1_score(o.y_true, o.y_pred, average=None, labels=range(7))
                for o in fits_of(outcomes, "cnn", strategy)
            ],
            axis=0,
        )
        for strategy in ("none", "smote")
    }
    axes = next(axes for axes in figure.axes if axes.get_title(loc="left") == "cnn")
    wanted = [signed(delta, 2) for delta in f1["smote"] - f1["none"]]
    assert texts(axes)[:7] == wanted


def test_class_counts_tell_real_rows_from_made_ones(outcomes):
    figure = class_counts(outcomes)
    assert len(figure.axes) == 2
    first = next(o for o in outcomes if o.trial.strategy == "smote")
    rows = list(first.facts["balancing"]["rows"].values())
    before, real, made = figure.axes[0].containers
    assert [bar.get_height() for bar in before] == [row["before"] for row in rows]
    assert [bar.get_height() for bar in real] == [row["real"] for row in rows]
    assert [bar.get_height() for bar in made] == [
        row["after"] - row["real"] for row in rows
    ]


def test_a_reliability_diagram_says_the_calibration_error(outcomes):
    of_cnn = fits_of(outcomes, "cnn", "none")
    error = np.mean([score(o)["expected_calibration_error"] for o in of_cnn])
    assert texts(reliability({"cnn": seen_by(of_cnn)}).axes[0]) == [f"ECE {error:.3f}"]


def test_learning_curves_are_drawn_as_far_as_all_seeds_got(outcomes):
    fits = fits_of(outcomes, "cnn", "none")
    short = {name: row[:5] for name, row in fits[1].facts["training_curve"].items()}
    stopped = replace(fits[1], facts=fits[1].facts | {"training_curve": short})
    figure = learning_curves({"cnn": [fits[0], stopped]})
    lengths = sorted(len(line.get_xdata()) for line in figure.axes[0].lines)
    assert lengths == [5] * 6 + [20] * 3


def test_there_is_no_picture_of_what_is_not_there():
    plain = made_outcomes(["no-proba"], ["none"], n_seeds=1, n_test=40)
    (ground,) = grounds(plain)
    drawn = {name: picture.draw(ground) for name, picture in PICTURES.items()}
    there = {name for name, figure in drawn.items() if figure is not None}
    assert there == {"heat-map", "cost", "confusion"}
    assert ranks_of([ground]) is None


def test_a_metric_that_nobody_has_has_no_picture():
    table = table_of(["svm"], ["none"]).assign(log_loss=np.nan)
    assert heat_map(table, "log_loss") is None
    assert cost_and_score(table, "log_loss") is None


def test_ranks_over_data_sets_are_those_of_the_test():
    many = [
        outcome
        for name in ("one", "two", "three")
        for outcome in made_outcomes(n_seeds=1, n_test=40, dataset=name)
    ]
    axes = ranks_of(grounds(many)).axes[0]
    found = critical_difference(blocks(many, "f1_macro"))
    for name, rank in zip(found.names, found.ranks):
        assert any(name in t and f"{rank:.2f}" in t for t in texts(axes))


@pytest.mark.parametrize("shape", [(MANY, SIXTEEN), (MANY[:2], ("none",))])
def test_labels_do_not_overlap(shape):
    figure = heat_map(table_of(*shape))
    (axes,), boxes = figure.axes, drawn(figure)
    assert not overlaps(boxes(axes.get_yticklabels()))
    assert not overlaps(boxes(axes.texts))
    width, height = figure.get_size_inches() * figure.dpi
    for box in boxes([*axes.get_xticklabels(), *axes.get_yticklabels()]):
        assert box.x0 > -1
        assert box.x1 < width + 1
        assert box.y1 < height + 1


def test_numbers_on_the_front_do_not_overlap():
    figure = cost_and_score(table_of(MANY, SIXTEEN))
    labels = figure.axes[0].texts
    assert len(labels) > 3
    assert not overlaps(drawn(figure)(labels))


@pytest.mark.parametrize("n_classes", [3, 8])
def test_class_names_do_not_overlap(n_classes):
    made = made_outcomes(["svm"], SIXTEEN[:2], n_test=40, n_classes=n_classes)
    classes = made[0].classes
    of_each = {
        ("svm", name): seen_by(fits_of(made, "svm", name)) for name in SIXTEEN[:2]
    }
    for figure in (
        confusions({"svm": of_each["svm", "none"]}, classes),
        class_deltas(of_each, classes),
        class_counts(made),
    ):
        axes, boxes = figure.axes[0], drawn(figure)
        assert not overlaps(boxes(axes.get_yticklabels()))
        starts = [box.x1 for box in boxes(axes.get_xticklabels())]
        assert np.diff(starts).min() > 12


def test_every_picture_of_which_there_is_something_is_written(ground, tmp_path):
    paths = [*draw_pictures([ground], tmp_path, ["svg"])]
    assert {path.name for path in paths} == {f"faces-{name}.svg" for name in PICTURES}
    assert all(path.read_text().startswith("<?xml") for path in paths)


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_same_scores_give_the_same_bytes(form, tmp_path):
    table = table_of(["svm", "cnn"], ["none", "smote"])
    for which in ("once", "again"):
        save_figure(heat_map(table), tmp_path / which, [form])
    once, again = (tmp_path / f"{which}.{form}" for which in ("once", "again"))
    assert once.read_bytes() == again.read_bytes()


def test_names_with_formulas_and_signs_are_drawn_as_they_are():
    names = (r"$\frac{1}$", "_hidden", "<b>&", r"a$b\c$d")
    table = table_of(names, ("none", "$x"))
    made = made_outcomes(names[:1], n_seeds=1, n_test=20, n_classes=3)
    of_each = dict.fromkeys(names, seen_by(made[:1]))
    sheet_of_all = confusions(of_each, ("#000000", *made[0].classes[1:]))
    for figure in (heat_map(table), cost_and_score(table), sheet_of_all):
        element = as_svg(figure, "names")
        assert "&lt;b&gt;&amp;" in element
        assert r"$\frac{1}$" in element
        assert r"a$b\c$d" in element
    assert ">#000000<" in as_svg(sheet_of_all, "names")


def test_data_sets_of_one_name_have_files_of_their_own():
    first = made_outcomes(["svm"], ["none"], n_test=20)
    other = {"data": first[0].facts["data"] | {"fingerprint": "77aa" * 16}}
    both = first + made_outcomes(["svm"], ["none"], n_test=20, **other)
    found = grounds(both)
    assert len(found) == 2
    assert file_name(found[0], found) == f"faces-{'5f2c' * 3}-test-{found[0].images}"
    assert file_name(found[1], found) == f"faces-{'77aa' * 3}-test-{found[1].images}"
    assert file_name(found[0], found[:1]) == "faces"


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(DataError, match="gif is no format"):
        save_figure(new_figure(1, 1), tmp_path / "picture", ["png", "gif"])
    with pytest.raises(DataError, match="gif is no format"):
        next(draw_pictures([], tmp_path, ["gif"]))
    assert not list(tmp_path.iterdir())


def test_outcomes_without_predictions_are_refused():
    with pytest.raises(DataError, match="none of 0 outcomes"):
        grounds([])

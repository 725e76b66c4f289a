"""Our networks alone and together: what the page says, and that arms make the like."""

from dataclasses import replace

import numpy as np
import pytest
import study_networks
from reference import by_seed

from fercompare import load_results, make_model
from fercompare.errors import DataError
from fercompare.evaluation.trials import FAILED

USAGES = {"Training": 70, "PublicTest": 14, "PrivateTest": 42}
TINY = "cnn(epochs=1, width=2, blocks=1, resolutions=())"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What three seeds of a tiny network leave behind, on small FER2013."""
    folder = tmp_path_factory.mktemp("networks")
    rng = np.random.default_rng(0)
    lines = ["emotion,pixels,Usage"]
    for usage, n in USAGES.items():
        for k in range(n):
            pixels = rng.integers(0, 30 * (k % 7) + 60, 48 * 48)
            lines.append(f"{k % 7},{' '.join(map(str, pixels))},{usage}")
    (folder / "fer2013.csv").write_text("\n".join([*lines, ""]))
    arm = replace(study_networks.arms(full=False)[0], models={"cnn": TINY})
    for seed, one in by_seed([arm]):
        one.run(folder / "store", folder, seeds=[seed])
    return load_results(folder / "store")


def row(lines, name):
    """Return the cells of the first row of a page that begins with a name."""
    line = next(line for line in lines if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line[1:-1].split("|")][1:]


def test_together_they_say_the_mean_of_what_each_says(outcomes):
    *alone, together = study_networks.gather(outcomes)
    assert [one.trial.model for one in (*alone, together)] == ["cnn"] * 3 + ["3*cnn"]
    mean = np.mean([one.proba for one in alone], axis=0)
    assert np.array_equal(together.y_pred, mean.argmax(axis=1))
    assert together.facts["fit_seconds"] == sum(o.facts["fit_seconds"] for o in alone)
    assert together.facts["parameters"] == 3 * alone[0].facts["parameters"]


def test_the_page_says_how_often_each_is_right(outcomes):
    gathered = study_networks.gather(outcomes)
    lines = study_networks.page(gathered, full=False)
    right = [100 * np.mean(one.y_pred == one.y_true) for one in gathered]
    cells = row(lines, "cnn")
    assert cells[0] == "3"
    told = f"{np.mean(right[:3]):.2f} ± {np.std(right[:3], ddof=1):.2f}"
    assert cells[1] == told
    assert row(lines, "3*cnn")[:2] == ["1", f"{right[3]:.2f}"]
    assert any(
        line.startswith("- On the 42 images of fer2013, 3*cnn") for line in lines
    )
    published = next(line for line in lines if "arXiv 1612.02903" in line)
    assert "0.75" in published
    figures = study_networks.pictures(gathered)
    assert list(figures) == ["fer2013-confusion"]


def test_what_failed_is_no_member(outcomes):
    failed = replace(outcomes[0].trial, seed=9)
    broken = study_networks.changed(outcomes[0], trial=failed, status=FAILED)
    assert len(study_networks.gather([*outcomes, broken])) == 4
    assert len(study_networks.gather([outcomes[0], broken])) == 1


def test_members_that_saw_other_images_are_refused(outcomes):
    other = study_networks.changed(outcomes[1], rows=outcomes[1].rows + 1)
    with pytest.raises(DataError, match="seeds of cnn were asked of other images"):
        study_networks.averaged([outcomes[0], other])


@pytest.mark.parametrize("full", [False, True])
def test_arms_name_models_that_there_are(full):
    for arm in study_networks.arms(full):
        assert arm.keeps_probabilities
        (name,) = arm.models.values()
        model = make_model(name)
        assert model.flips
        assert (model.targets == "probability") == (arm.dataset == "ferplus")

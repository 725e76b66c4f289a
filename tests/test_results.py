"""What is published in results is what its outcomes say."""

import re
from filecmp import cmp
from pathlib import Path

import matplotlib
import pytest
from derive import derive
from PIL import Image

from fercompare import load_results

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
MATPLOTLIB = re.compile(r"[0-9]+(\.[0-9]+)+")


pytestmark = pytest.mark.xdist_group("results")  # derived once, not in each process


@pytest.fixture(scope="module")
def derived(tmp_path_factory):
    """Name to file of everything that `make results` writes."""
    folder = tmp_path_factory.mktemp("derived")
    paths = derive(folder, folder / "README.md")
    return {str(path.relative_to(folder)): path for path in paths}


def published(name):
    """Return where a derived file stands in the repository."""
    return ROOT / name if name == "README.md" else RESULTS / name


def test_every_page_says_what_its_outcomes_say(derived):
    texts = {name: path for name, path in derived.items() if path.suffix != ".png"}
    assert len(texts) >= 10
    for name, path in texts.items():
        assert published(name).read_text() == path.read_text(), name


def test_every_picture_shows_what_its_outcomes_say(derived):
    pictures = {name: path for name, path in derived.items() if path.suffix == ".png"}
    assert pictures
    for name, path in pictures.items():
        with Image.open(published(name)) as picture:
            version = MATPLOTLIB.search(picture.info["Software"])[0]
        if version == matplotlib.__version__:
            assert cmp(published(name), path, shallow=False), name


@pytest.mark.parametrize(
    "store", sorted(path for path in RESULTS.iterdir() if any(path.glob("*.json")))
)
def test_every_published_store_is_whole(store):
    outcomes = load_results(store)
    assert len(outcomes) == len(list(store.glob("*.json")))
    assert not [o.trial.key for o in outcomes if o.status == "failed"]

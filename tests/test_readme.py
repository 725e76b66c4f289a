"""What the README says can be typed, can be typed."""

import re
import shlex
from contextlib import chdir
from pathlib import Path
from shutil import copytree

import pytest
from commands import run_command
from made_films import moving_face, write_film

pytestmark = pytest.mark.xdist_group("the README")  # one process trains its model

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SHELL = "".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL))
COMMANDS = re.findall(r"^fercompare .*?(?=\s*(?:#.*)?$)", SHELL, flags=re.MULTILINE)
(TRAINING,) = [line for line in COMMANDS if "--out faces.fer" in line]
ENDLESS = "fercompare serve faces.fer"
SNIPPETS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
SEARCHED = """
dataset = "synthetic"
models = "hog+svm(C=3.0)"
balance = "none"
seeds = 1
option = { n = 300 }
"""
"""About what the README's search writes."""
LINK = re.compile(r"\]\(([^)#:]+)\)")


@pytest.fixture
def home(tmp_path, write_fer2013, write_images, a_model, a_store):
    """A folder with a small FER2013, two small sets of somebody's own, a store."""
    labels = list(range(7)) * 4
    usages = ["Training"] * 14 + ["PublicTest"] * 7 + ["PrivateTest"] * 7
    write_fer2013(tmp_path / "data" / "fer2013" / "fer2013.csv", labels, usages)
    classes = ("happy", "sad", "surprise")
    write_images([tmp_path / "pictures" / f"{k}.png" for k in range(3)])
    names = [f"S{k}_{shot}.png" for k in range(20) for shot in (1, 2)]
    faces = tmp_path / "my-faces"
    write_images([faces / label / name for label in classes for name in names])
    lines = [
        f"my-faces/{label}/{name},{label},{'test' if 'S1' in name else 'train'}"
        for label in classes
        for name in names
    ]
    text = "\n".join(["path,label,split", *lines])
    (tmp_path / "my-faces.csv").write_text(text)
    (tmp_path / "faces.fer").write_bytes(a_model.read_bytes())
    (tmp_path / "best.toml").write_text(SEARCHED)
    copytree(a_store, tmp_path / "results" / "bench")
    return tmp_path


@pytest.fixture(scope="module")
def a_model(tmp_path_factory):
    """What the README's line that trains leaves behind."""
    folder = tmp_path_factory.mktemp("trained")
    assert run(TRAINING, folder).stdout == "faces.fer\n"
    return folder / "faces.fer"


@pytest.fixture(scope="module")
def a_store(tmp_path_factory):
    """What `make bench` leaves behind, of fewer faces and models."""
    folder = tmp_path_factory.mktemp("benched")
    few = "--option n=300 --models hog+svm,dummy --balance none,smote --seeds 2"
    assert run(f"fercompare bench {few}", folder).status == 0
    return folder / "results" / "bench"


def run(line, home):
    name, *words = shlex.split(line)
    assert name == "fercompare"
    return run_command(words, home)


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if c not in (TRAINING, ENDLESS)]
)
def test_commands(home, command):
    if "talk.mp4" in command:
        pytest.importorskip("cv2")
        write_film(home / "talk.mp4", moving_face(6))
    done = run(command, home)
    assert done.status == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_python(home, snippet):
    if "load_dataset" in snippet and "import" not in snippet:
        snippet = "from fercompare import load_dataset\n" + snippet
    with chdir(home):
        exec(compile(snippet, "README.md", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize(
    "page",
    ["README.md", "CONTRIBUTING.md", "benchmarks/README.md", "results/README.md"],
)
def test_links_lead_somewhere(page):
    path = ROOT / page
    for target in LINK.findall(path.read_text()):
        assert (path.parent / target).exists(), target


def test_the_published_store_is_whole(tmp_path):
    store = copytree(ROOT / "results" / "synthetic", tmp_path / "synthetic")
    checked = run_command(["leaderboard", store, "--check"], tmp_path)
    assert checked.status == 0, checked.stdout
    assert "40 outcomes, 0 things wrong" in checked.stderr


def test_the_page_names_commands_and_snippets():
    assert len(COMMANDS) >= 7
    assert len(SNIPPETS) >= 3

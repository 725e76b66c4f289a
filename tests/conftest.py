"""Small files as users have them, and the real ones where this machine has them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import run_command
from PIL import Image

from fercompare.datasets.votes import VOTES
from fercompare.decoding import ImageReader

if "PYTEST_XDIST_WORKER" in os.environ:  # or two processes wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")
NAMED = os.environ.get("FERCOMPARE_DATA")
SHARED = Path(__file__).parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items):
    """Keep the tests of the real sets in one process, so that one lays them out."""
    for item in items:
        if "real_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("real data"))


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch):
    """Keep tests away from the user's copies and data."""
    monkeypatch.setenv("FERCOMPARE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FERCOMPARE_DATA", raising=False)


@pytest.fixture
def reader():
    return ImageReader()


@pytest.fixture
def lenient():
    return ImageReader(on_error="skip")


@pytest.fixture
def faces():
    """Return a function that makes ``n`` different grey images."""

    def make(n, shape=(48, 48), seed=0):
        rng = np.random.default_rng(seed)
        return rng.integers(0, 256, (n, *shape), dtype=np.uint8)

    return make


@pytest.fixture
def write_images(faces):
    """Return a function that writes one different image to each path."""

    def write(paths, shape=(48, 48)):
        for path, image in zip(paths, faces(len(paths), shape)):
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)

    return write


@pytest.fixture
def write_fer2013(faces):
    """Return a function that writes a csv in the layout of fer2013.csv."""

    def write(path, labels, usages, header="emotion,pixels,Usage", seed=0):
        images = faces(len(labels), seed=seed).reshape(len(labels), -1)
        order = [name.strip().lower() for name in header.split(",")]
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w") as stream:
            stream.write(header + "\n")
            for label, usage, image in zip(labels, usages, images):
                cells = {
                    "emotion": str(label),
                    "usage": usage,
                    "pixels": " ".join(map(str, image)),
                }
                stream.write(",".join(cells[name] for name in order) + "\n")
        return images

    return write


@pytest.fixture(scope="session")
def real_data(tmp_path_factory):
    """Return a folder with the real fer2013.csv and fer2013new.csv, or skip."""
    if NAMED:
        return Path(NAMED)
    folder = tmp_path_factory.mktemp("real")
    _lay_out(folder, "csv")
    labels = np.load(SHARED / "fer2013" / "labels.npz")
    with open(folder / "fer2013new.csv", "w") as stream:
        stream.write(",".join(["Usage", "Image name", *VOTES]) + "\n")
        rows = zip(labels["usage"], labels["ferplus_name"], labels["ferplus_votes"])
        for usage, name, votes in rows:
            stream.write(",".join([usage, name, *map(str, votes)]) + "\n")
    return folder


@pytest.fixture(scope="session")
def real_layouts(tmp_path_factory):
    """Return a folder with the first images of the real sets in every layout."""
    folder = tmp_path_factory.mktemp("layouts")
    _lay_out(folder, "csv", "folders", "ferplus", "--only", "300")
    return folder


def _lay_out(folder, *what):
    if not (SHARED / "lay_out.py").exists():
        pytest.skip("the real FER2013 is not on this machine")
    command = [sys.executable, str(SHARED / "lay_out.py"), str(folder), *what]
    subprocess.run(command, check=True)


@pytest.fixture
def call(tmp_path):
    """Return a function that runs ``fercompare`` in an empty folder."""

    def run(*words, status=0):
        done = run_command(words, tmp_path)
        assert done.status == status, done.stderr + done.stdout
        return done

    return run


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a function from a name in `MODELS` to the path of its file."""
    from saved_models import CARD, fitted

    from fercompare import save_model

    folder = tmp_path_factory.mktemp("saved")

    def save(name):
        path = folder / f"{name}.fer"
        if not path.exists():
            save_model(fitted(name), path, card=CARD)
        return path

    return save

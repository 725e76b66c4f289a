"""The network that comes with the package."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fercompare import load_dataset, load_model, read_card
from fercompare.saving.shipped import SHIPPED

MOST_BYTES = 3 * 2**20
WRONG_USE = 2


def test_it_is_small_and_says_what_it_is():
    assert SHIPPED.stat().st_size <= MOST_BYTES
    card = read_card(SHIPPED)
    assert (card.model, card.data, card.image_shape) == ("cnn", "fer2013", (48, 48))
    assert len(card.classes) == 7
    assert "FER2013" in card.terms
    confusion = np.array(card.confusion)
    assert confusion.sum() == 3589
    assert np.trace(confusion) / 3589 == pytest.approx(
        card.scores["PrivateTest accuracy"]
    )
    kept = card.scores["PrivateTest accuracy without copies"]
    assert 0.6 < kept < card.scores["PrivateTest accuracy"]


def test_it_predicts_before_anyone_has_trained_anything(call, tmp_path):
    faces = load_dataset("synthetic", n=300)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for k, image in enumerate(faces.images[:4]):
        Image.fromarray(image).save(folder / f"{k}.png")
    asked = call("predict", "pictures")
    table = pd.read_csv(io.StringIO(asked.stdout))
    model, classes = load_model(SHIPPED), read_card(SHIPPED).classes
    expected = [classes[k] for k in model.predict(faces.X[:4])]
    assert table["predicted"].tolist() == expected
    assert "the network of the package" in asked.stderr
    again = call("predict", SHIPPED, "pictures")
    assert again.stdout == asked.stdout
    assert "the network of the package" not in again.stderr
    alone = call("predict", SHIPPED, status=WRONG_USE)
    assert "no images to look at, only a model" in alone.stderr


def test_its_scores_are_those_of_its_card(real_data):
    test = load_dataset("fer2013", real_data).part("test")
    found = float(np.mean(load_model(SHIPPED).predict(test.X) == test.y))
    stated = read_card(SHIPPED).scores["PrivateTest accuracy"]
    assert found == pytest.approx(stated, abs=0.002)

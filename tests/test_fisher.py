"""Dense descriptors and Fisher vectors: what they must not change with, and peers."""

import numpy as np
import pytest
from skimage.feature import fisher_vector
from sklearn.mixture import GaussianMixture

from fercompare import load_dataset
from fercompare.errors import DataError
from fercompare.features import FisherVectors
from fercompare.features.descriptors import dense_descriptors
from fercompare.features.words import Words, learn_words, memberships

SMALL = {"n_words": 12, "n_components": 10, "random_state": 0}


@pytest.fixture(scope="module")
def faces():
    return load_dataset("synthetic", n=80)


def test_a_vector_is_scikit_images_of_the_same_descriptors(faces):
    """But for the sign of the second half, which is Perronnin's here."""
    feature = FisherVectors(mirrored=False, **SMALL).fit(faces.X)
    words = Words(feature.word_shares_, feature.word_means_, feature.word_variances_)
    mixture = GaussianMixture(12, covariance_type="diag")
    mixture.weights_, mixture.means_, mixture.covariances_ = words
    mixture.precisions_cholesky_ = 1 / np.sqrt(words.variances)
    descriptors, places = dense_descriptors(faces.images[:3])
    ours = feature.transform(faces.X[:3]).reshape(3, 12, 24)
    for image, vector in zip(descriptors, ours):
        rows = (image - feature.mean_) @ feature.components_
        rows = np.hstack([rows, places * feature.place_scale_])
        theirs = fisher_vector(rows, mixture, improved=False)[12:].reshape(2, 12, 12)
        expected = np.concatenate([theirs[0], -theirs[1]], axis=1)
        expected = np.sign(expected) * np.sqrt(np.abs(expected))
        expected /= np.linalg.norm(expected)
        np.testing.assert_allclose(vector, expected, atol=2e-4)


def test_memberships_are_those_of_a_mixture(faces):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 3)).astype(np.float32)
    words = learn_words(rows, 5, 0)
    mixture = GaussianMixture(5, covariance_type="diag")
    mixture.weights_, mixture.means_, mixture.covariances_ = words
    mixture.precisions_cholesky_ = 1 / np.sqrt(words.variances)
    np.testing.assert_allclose(
        memberships(rows, words), mixture.predict_proba(rows), atol=1e-4
    )


def test_words_find_what_was_mixed():
    rng = np.random.default_rng(1)
    means = np.array([[-4, 0], [4, 0], [0, 6]])
    rows = np.repeat(means, [600, 300, 100], axis=0) + rng.normal(size=(1000, 2)) / 2
    words = learn_words(rows.astype(np.float32), 3, random_state=0)
    order = np.argsort(-words.shares)
    np.testing.assert_allclose(words.means[order], means, atol=0.2)
    np.testing.assert_allclose(words.shares[order], [0.6, 0.3, 0.1], atol=0.02)
    np.testing.assert_allclose(words.variances, 0.25, atol=0.08)


def test_it_does_not_matter_which_way_a_face_looks(faces):
    feature = FisherVectors(**SMALL).fit(faces.X)
    flipped = faces.images[:, :, ::-1].reshape(len(faces), -1)
    there, back = feature.transform(faces.X), feature.transform(flipped)
    np.testing.assert_allclose(there, back, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(there, axis=1), 1, rtol=1e-5)
    plain = feature.set_params(mirrored=False)
    assert np.abs(plain.transform(faces.X) - plain.transform(flipped)).max() > 0.05


def test_descriptors_see_neither_brightness_nor_much_contrast(faces):
    images = faces.images[:5] // 2
    found, _ = dense_descriptors(images)
    brighter, _ = dense_descriptors(images + 60)
    np.testing.assert_allclose(found, brighter, atol=1e-6)
    blank, _ = dense_descriptors(np.full((1, 48, 48), 200, np.uint8))
    assert not blank.any()
    strong, _ = dense_descriptors(faces.images[:5])
    assert np.abs(found - strong).mean() < 0.03


def test_places_are_the_centres_of_the_patches():
    image = np.zeros((1, 40, 24), np.uint8)
    image[0, 22:26, 10:14] = 255
    descriptors, places = dense_descriptors(image)
    strongest = places[descriptors[0].sum(axis=1).argmax()]
    expected = np.array([24 - 20, 12 - 12]) * 2 / 40
    assert np.abs(strongest - expected).max() <= 0.3
    assert places[:, 0].min() == pytest.approx((8 - 20) * 2 / 40)
    assert places[:, 1].max() == pytest.approx((16 - 12) * 2 / 40)


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (16, 16), (17, 30), (20, 20, 3)])
def test_images_of_any_shape_have_finite_features(shape):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (4, np.prod(shape)), dtype=np.uint8)
    rows[0] = 7
    feature = FisherVectors(image_shape=shape, **SMALL)
    found = feature.fit_transform(rows)
    assert found.dtype == np.float32 and np.isfinite(found).all()
    assert found.shape[1] == 2 * len(feature.word_shares_) * 12


def test_the_same_seed_gives_the_same_words_and_another_others(faces):
    first, again = (FisherVectors(**SMALL).fit(faces.X) for _ in range(2))
    other = FisherVectors(**SMALL | {"random_state": 1}).fit(faces.X)
    assert np.array_equal(first.word_means_, again.word_means_)
    assert not np.array_equal(first.word_means_, other.word_means_)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"stride": 3}, "cell=4, stride=3; choose a stride that divides it"),
        ({"n_words": 0}, "n_words=0"),
        ({"cell": 0}, "cell=0"),
    ],
)
def test_what_cannot_be_is_said(faces, options, problem):
    with pytest.raises(DataError, match=problem):
        FisherVectors(**SMALL | options).fit(faces.X)

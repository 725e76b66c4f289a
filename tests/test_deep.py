"""Networks: what they learn, from what, and that nothing else changes it."""

import warnings
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.nn import functional

from fercompare import CNNClassifier, TorchClassifier, make_model, rebalance
from fercompare.deep import devices, losses
from fercompare.deep.augment import Augmentation
from fercompare.deep.inputs import Normalization, as_images
from fercompare.deep.networks import block_network, residual_network
from fercompare.deep.optimizers import SCHEDULES, orthogonal
from fercompare.deep.training import scaled
from fercompare.errors import DataError, UnknownName

TINY = {"blocks": 1, "width": 4, "dense": (), "batch_size": 16, "random_state": 0}
RESIDUAL = {**TINY, "residual": True, "optimizer": "muon", "learning_rate": 0.2}


def patterns(n=48, side=8, seed=0):
    """Return noisy images that lie, stand or do neither, and their classes."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    images = rng.integers(0, 120, (n, side, side), dtype=np.uint8)
    stripes = np.where(np.arange(side) % 4 < 2, 130, 0).astype(np.uint8)
    images[y == 0] += stripes[:, np.newaxis]
    images[y == 1] += stripes
    return images.reshape(n, -1), np.array(["lies", "stands", "neither"])[y]


X, Y = patterns()
OTHERS, THEIRS = patterns(30, seed=1)


def weights_of(model):
    return torch.cat([p.detach().flatten() for p in model.network_.parameters()])


@pytest.mark.parametrize("options", [TINY, RESIDUAL, {**TINY, "batch_norm": False}])
def test_networks_learn_what_can_be_seen(options):
    options = {"learning_rate": 0.01, **options, "epochs": 15}
    model = CNNClassifier(**options).fit(*patterns(side=16))
    rows, truth = patterns(30, side=16, seed=1)
    assert model.score(rows, truth) > 0.9
    proba = model.predict_proba(rows)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert np.array_equal(model.classes_[proba.argmax(1)], model.predict(rows))
    assert [row["epoch"] for row in model.history_] == list(range(1, 16))


def test_the_same_seed_is_the_same_network_and_touches_no_drawing():
    rich = {
        "dropout": 0.2,
        "augmentation": "standard",
        "mixup": 0.3,
        "averaging": 0.9,
        "targets": "probability",
        "epochs": 2,
    }
    torch.manual_seed(5)
    np.random.seed(5)
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    first = CNNClassifier(**RESIDUAL, **rich).fit(X, Y)
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])
    torch.rand(3)
    second = CNNClassifier(**RESIDUAL, **rich).fit(X, Y)
    assert torch.equal(weights_of(first), weights_of(second))
    third = clone(second).set_params(random_state=1).fit(X, Y)
    assert not torch.equal(weights_of(first), weights_of(third))


def test_bytes_and_floats_are_the_same_images_in_any_layout():
    expected = CNNClassifier(**TINY, epochs=2).fit(X, Y)
    for rows in (X.astype(np.float64), np.asfortranarray(X), X.tolist()):
        other = CNNClassifier(**TINY, epochs=2).fit(rows, Y)
        np.testing.assert_array_equal(
            other.predict_proba(OTHERS), expected.predict_proba(OTHERS)
        )
    frozen = X.copy()
    frozen.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CNNClassifier(**TINY, epochs=1).fit(frozen, Y)


def test_colour_and_shapes_that_are_not_square():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (12, 5 * 9 * 3), dtype=np.uint8)
    model = CNNClassifier(**RESIDUAL, epochs=1, image_shape=(5, 9, 3))
    assert model.fit(rows, np.arange(12) % 2).decision_function(rows).shape == (12,)
    images = as_images(rows, (5, 9, 3), torch.device("cpu"))
    assert images.dtype == torch.uint8
    assert np.array_equal(images[1, 2], rows[1].reshape(5, 9, 3)[:, :, 2])


@pytest.mark.parametrize("kind", ["dataset", "image", "unit"])
def test_normalizations_are_what_they_say(kind):
    images = as_images(X, (8, 8), torch.device("cpu"))
    seen = Normalization.learn(images, kind)(images)
    if kind == "unit":
        np.testing.assert_allclose(seen[:, 0].flatten(1), X / np.float32(255))
    else:
        over = (1, 2, 3) if kind == "image" else (0, 1, 2, 3)
        np.testing.assert_allclose(seen.mean(over), 0, atol=1e-5)
        np.testing.assert_allclose(seen.std(over, correction=0), 1, rtol=1e-4)
    blank = torch.full((1, 1, 8, 8), 7, dtype=torch.uint8)
    assert torch.isfinite(Normalization.learn(blank, kind)(blank)).all()


def test_a_network_of_ones_own_in_few_lines():
    own = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    start = own[1].weight.detach().clone()
    model = TorchClassifier(own, epochs=20, learning_rate=0.05, random_state=0)
    assert model.fit(X, Y).score(OTHERS, THEIRS) > 0.9
    assert torch.equal(own[1].weight, start)
    search = GridSearchCV(
        CNNClassifier(**TINY, learning_rate=0.01), {"epochs": [1, 8]}, cv=2
    )
    assert search.fit(X, Y).best_params_ == {"epochs": 8}


def test_layers_may_learn_their_size_from_the_first_image():
    lazy = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    model = TorchClassifier(lazy, epochs=20, learning_rate=0.05, random_state=0)
    assert model.fit(X, Y).score(OTHERS, THEIRS) > 0.9


def test_rows_without_weight_teach_nothing_even_in_a_blend():
    wrong = np.roll(np.unique(Y), 1)[np.searchsorted(np.unique(Y), Y)]
    rows, labels = np.concatenate([X, X]), np.concatenate([Y, wrong])
    weights = np.repeat([1.0, 0.0], len(X))
    options = {**TINY, "epochs": 25, "learning_rate": 0.02, "mixup": 1.0}
    model = CNNClassifier(**options).fit(rows, labels, weights)
    assert model.score(OTHERS, THEIRS) > 0.8


def test_a_fit_that_fails_leaves_nothing_that_predicts():
    model = CNNClassifier(**TINY, epochs=1).fit(X, Y)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full(X.shape, np.nan), Y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_what_is_cut_off_to_validate_is_no_copy_of_what_stays():
    cut = CNNClassifier(**TINY, epochs=1, validation_fraction=0.25)
    kept, (held, _) = cut._cut(
        *(np.repeat(part, 2, axis=0) for part in (X, Y)), None, 0
    )
    stay = {row.tobytes() for row in np.repeat(X, 2, axis=0)[kept]}
    assert not stay & {row.tobytes() for row in held}
    with pytest.raises(DataError, match="leaves no row that is no copy of another"):
        cut.fit(np.zeros_like(X), Y)


def test_pictures_of_two_sides_are_shrunk_alike():
    rows, labels = patterns(side=16)
    wide = np.repeat(rows.reshape(-1, 16, 16), 2, axis=2).reshape(len(rows), -1)
    options = {**RESIDUAL, "epochs": 1, "image_shape": (16, 32)}
    CNNClassifier(**options, resolutions=(16, 32)).fit(wide, labels)
    assert scaled((16, 32), 16) == (8, 16)


@pytest.mark.parametrize("strategy", ["random_over", "smote", "class_weight"])
def test_networks_stand_behind_samplers(strategy):
    kept = np.flatnonzero((Y != "stands") | (np.arange(len(Y)) < 24))
    model = rebalance(CNNClassifier(**TINY, epochs=10, learning_rate=0.02), strategy)
    assert model.fit(X[kept], Y[kept]).score(OTHERS, THEIRS) > 0.8


def test_validation_chooses_the_epoch_and_is_never_learned_from():
    noise = np.random.default_rng(3).permutation(THEIRS)
    options = {**TINY, "epochs": 12, "learning_rate": 0.02, "patience": 3}
    model = CNNClassifier(**options).fit(X, Y, validation=(OTHERS, noise))
    losses_seen = [row["val_loss"] for row in model.history_]
    assert model.best_epoch_ == int(np.argmin(losses_seen)) + 1
    assert len(model.history_) == min(12, model.best_epoch_ + 3) < 12
    found = functional.cross_entropy(
        torch.from_numpy(model.predict_proba(OTHERS)).log(),
        torch.from_numpy(np.searchsorted(model.classes_, noise)),
    )
    assert float(found) == pytest.approx(min(losses_seen), rel=1e-4)
    stopped = {**options, "epochs": model.best_epoch_, "schedule": "constant"}
    with pytest.warns(UserWarning, match="patience=3 has no validation"):
        alone = CNNClassifier(**stopped).fit(X, Y)
    watched = CNNClassifier(**stopped).fit(X, Y, validation=(OTHERS, THEIRS))
    if watched.best_epoch_ == len(watched.history_):
        assert torch.equal(weights_of(alone), weights_of(watched))


def test_the_training_rows_are_all_used_unless_asked_otherwise():
    seen = []

    class Counting(Augmentation):
        def __call__(self, images, generator):
            seen.append(len(images))
            return images

    CNNClassifier(**TINY, epochs=1, augmentation=Counting()).fit(X, Y)
    assert sum(seen) == len(X)
    seen.clear()
    cut = CNNClassifier(**TINY, epochs=1, augmentation=Counting())
    cut.set_params(validation_fraction=0.25).fit(X, Y)
    assert sum(seen) == 36
    assert "val_loss" in cut.history_[0]


def test_averaged_weights_predict_and_lag_behind():
    plain = CNNClassifier(**TINY, epochs=3, schedule="constant").fit(X, Y)
    slow = clone(plain).set_params(averaging=0.999).fit(X, Y)
    start = clone(plain).set_params(learning_rate=0.0).fit(X, Y)
    moved = [(weights_of(m) - weights_of(start)).norm() for m in (plain, slow)]
    assert 0 < moved[1] < moved[0]


def test_small_images_come_first_and_all_are_right():
    options = {**RESIDUAL, "epochs": 15, "batch_size": 8}
    model = CNNClassifier(**options, resolutions=(12, 16))
    model.fit(*patterns(side=16))
    assert model.score(*patterns(30, side=16, seed=1)) > 0.9


def test_flips_make_mirror_images_alike():
    model = CNNClassifier(**TINY, epochs=2).fit(X, Y)
    mirrored = OTHERS.reshape(-1, 8, 8)[:, :, ::-1].reshape(len(OTHERS), -1)
    assert not np.allclose(model.predict_proba(OTHERS), model.predict_proba(mirrored))
    mean = (model.predict_proba(OTHERS) + model.predict_proba(mirrored)) / 2
    model.set_params(flips=True)
    np.testing.assert_allclose(model.predict_proba(OTHERS), mean, rtol=1e-5)
    np.testing.assert_allclose(model.predict_proba(mirrored), mean, rtol=1e-5)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_both_precisions_learn(precision):
    options = {**TINY, "epochs": 12, "learning_rate": 0.02, "precision": precision}
    assert CNNClassifier(**options).fit(X, Y).score(OTHERS, THEIRS) > 0.8


@pytest.mark.parametrize(("groups", "chosen"), [(1, "bfloat16"), (4, "float32")])
def test_a_processor_learns_filters_of_one_channel_in_float32(
    monkeypatch, groups, chosen
):
    monkeypatch.setattr(devices, "_cpu_multiplies_bfloat16", lambda: True)
    layers = [nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=groups), nn.Flatten()]
    network = nn.Sequential(*layers, nn.LazyLinear(3))
    model = TorchClassifier(network, epochs=1, device="cpu", random_state=0)
    assert model.fit(X, Y).precision_ == chosen
    model.set_params(precision="float32").fit(X, Y)
    assert model.precision_ == "float32"


def test_scores_are_not_rounded_to_bfloat16():
    model = CNNClassifier(**TINY, epochs=1, precision="bfloat16").fit(X, Y)
    scores = torch.from_numpy(model.decision_function(OTHERS))
    assert (scores != scores.bfloat16()).float().mean() > 0.5


class Adds(nn.Module):
    """A network whose sum takes no other type than that of what it adds to."""

    def __init__(self):
        super().__init__()
        self.scores = nn.Linear(64, 3)

    def forward(self, images):
        """Return scores."""
        scores = self.scores(images.flatten(1))
        rows = torch.arange(3).expand(len(images), 3)
        return torch.zeros(len(images), 3).scatter_add(1, rows, scores)


def test_a_network_is_tried_in_the_precision_of_the_training():
    options = {"epochs": 1, "device": "cpu", "random_state": 0}
    TorchClassifier(Adds(), **options, precision="float32").fit(X, Y)
    with pytest.raises(DataError, match=r"in bfloat16: .*precision='float32'"):
        TorchClassifier(Adds(), **options, precision="bfloat16").fit(X, Y)


class Hungry(nn.Module):
    """A network that runs out of memory on so many images."""

    def __init__(self, most, error):
        super().__init__()
        self.most, self.error = most, error
        self.scores = nn.Linear(64, 3)

    def forward(self, images):
        """Return scores."""
        if len(images) > self.most:
            raise self.error
        return self.scores(images.flatten(1))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("could not create a memory object"),
        MemoryError("Unable to allocate 7.00 TiB"),
    ],
)
def test_out_of_memory_says_what_to_try(error):
    options = {"epochs": 1, "batch_size": 16, "random_state": 0}
    with pytest.raises(DataError, match="batch_size=16; try batch_size=8"):
        TorchClassifier(Hungry(8, error), **options).fit(X, Y)
    model = TorchClassifier(Hungry(16, error), **options).fit(X, Y)
    with pytest.raises(DataError, match="while predicting; predict fewer rows"):
        model.predict(OTHERS)
    other = RuntimeError("something else")
    with pytest.raises(RuntimeError, match="something else"):
        TorchClassifier(Hungry(8, other), **options).fit(X, Y)


class Counts(nn.Module):
    """A network that notes how many images it is shown at once."""

    def __init__(self):
        super().__init__()
        self.scores = nn.Linear(1, 3)
        self.seen = []

    def forward(self, images):
        """Return scores."""
        self.seen.append(len(images))
        return self.scores(images.mean(dim=(2, 3)))


@pytest.mark.parametrize(("side", "most"), [(8, 512), (64, 512), (256, 32)])
def test_large_images_are_predicted_in_smaller_batches(side, most):
    rows = np.zeros((most + 1, side * side), np.uint8)
    model = TorchClassifier(Counts(), epochs=1, batch_size=8, random_state=0)
    model.fit(rows[:8] + np.arange(8, dtype=np.uint8)[:, None], np.arange(8) % 3)
    model.network_.seen.clear()
    model.predict(rows)
    assert model.network_.seen == [most, 1]


@pytest.mark.parametrize("seed", range(4))
def test_what_is_cut_off_leaves_a_row_of_each_class(seed):
    rare = np.array(["common"] * 40 + ["rare"] * 2 + ["single"])
    options = {**TINY, "random_state": seed, "validation_fraction": 0.5}
    few = CNNClassifier(**options, epochs=1).fit(X[:3], ["a", "a", "b"])
    assert few.history_[0]["val_loss"] > 0
    rows = np.array([*range(40), 100, 101, 200], np.uint8)[:, None]
    Taught.seen.clear()
    model = TorchClassifier(Taught(), normalization="unit", epochs=1)
    model.set_params(random_state=seed, validation_fraction=0.5).fit(rows, rare)
    assert model.classes_.tolist() == ["common", "rare", "single"]
    taught = {round(255 * pixel) for pixel in Taught.seen}
    assert 200 in taught
    assert taught & {100, 101}
    assert len(taught) in (21, 22, 23)


class Taught(nn.Module):
    """A network that notes the pixels that it learns from."""

    seen: ClassVar = set()

    def __init__(self):
        super().__init__()
        self.scores = nn.Linear(1, 3)

    def forward(self, images):
        """Return scores."""
        if self.training:
            self.seen.update(images.flatten().tolist())
        return self.scores(images.flatten(1))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"blocks": 0}, "blocks=0; choose a whole number from 1"),
        ({"blocks": 2.5}, "blocks=2.5; choose a whole number from 1"),
        ({"width": 0, "residual": True}, "width=0; choose a whole number from 1"),
        ({"dense": 5}, r"dense=5; pass a tuple of whole numbers from 1"),
        ({"dense": (4, 0)}, r"dense=\(4, 0\); pass a tuple"),
        ({"dropout": 2}, "dropout=2; choose a number from 0, below 1"),
        ({"class_weight": {"lies": np.nan}}, "class_weight=.*pass finite weights"),
        ({"class_weight": {"lies": -1.0}}, "class_weight=.*none of them below 0"),
        (
            {"class_weight": dict.fromkeys(["lies", "stands", "neither"], 0)},
            "class_weight=.*not all of them 0",
        ),
    ],
)
def test_sizes_and_weights_that_make_no_sense_are_refused(options, said):
    with pytest.raises(DataError, match=said):
        CNNClassifier(**TINY | {"epochs": 1} | options).fit(X, Y)


def test_a_head_learns_rows_of_its_own_width_alone():
    model = CNNClassifier(**TINY, epochs=1).fit(X, Y)
    Z = model.embed(X)
    with pytest.raises(DataError, match="rows of 2 numbers for a layer that takes"):
        model.fit_head(Z[:, :2], Y)
    Z[0, 0] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        model.fit_head(Z, Y)


def test_a_row_of_weight_two_weighs_as_two_in_one_batch():
    options = {**TINY, "epochs": 3, "batch_size": 200, "batch_norm": False}
    options |= {"dropout": 0.0, "normalization": "unit"}
    twice = np.concatenate([X, X[:10]]), np.concatenate([Y, Y[:10]])
    weights = np.where(np.arange(len(X)) < 10, 2, 1)
    first = CNNClassifier(**options).fit(*twice).predict_proba(OTHERS)
    second = CNNClassifier(**options).fit(X, Y, weights).predict_proba(OTHERS)
    np.testing.assert_allclose(first, second, rtol=1e-3)


# Losses --------------------------------------------------------------------------

scores_and_shares = st.integers(0, 2**31 - 1).map(
    lambda seed: (
        torch.randn(6, 4, generator=torch.Generator().manual_seed(seed)) * 3,
        torch.rand(6, 4, generator=torch.Generator().manual_seed(seed + 1)).softmax(1),
    )
)
EVEN = torch.full((4,), 0.25)


@settings(deadline=None, max_examples=30)
@given(scores_and_shares)
def test_losses_are_those_of_torch_and_of_the_papers(drawn):
    scores, shares = drawn
    own = losses.CrossEntropy()(scores, shares, EVEN)
    theirs = functional.cross_entropy(scores, shares, reduction="none")
    torch.testing.assert_close(own, theirs)
    torch.testing.assert_close(losses.Focal(0.0)(scores, shares, EVEN), theirs)
    assert (losses.Focal(2.0)(scores, shares, EVEN) <= own + 1e-6).all()
    torch.testing.assert_close(losses.LogitAdjusted()(scores, shares, EVEN), theirs)
    smooth = losses.smooth(losses.most_voted(shares), 0.2)
    torch.testing.assert_close(
        losses.CrossEntropy()(scores, smooth, EVEN),
        functional.cross_entropy(
            scores, shares.argmax(1), label_smoothing=0.2, reduction="none"
        ),
    )
    likeliest = losses.AnyOf()(scores, shares, EVEN)
    torch.testing.assert_close(likeliest, -scores.log_softmax(1).amax(1))
    one = losses.most_voted(shares)
    torch.testing.assert_close(
        losses.AnyOf()(scores, one, EVEN), losses.CrossEntropy()(scores, one, EVEN)
    )


def test_logit_adjustment_asks_more_of_frequent_classes():
    prior = torch.tensor([0.9, 0.1])
    scores = torch.zeros(2, 2)
    frequent, rare = losses.LogitAdjusted()(scores, torch.eye(2), prior)
    assert float(frequent) == pytest.approx(-np.log(0.9), rel=1e-5)
    assert float(rare) == pytest.approx(-np.log(0.1), rel=1e-5)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 3), min_size=8, max_size=40))
def test_balanced_weights_are_those_of_scikit_learn(labels):
    classes, own = np.unique(labels, return_inverse=True)
    prior = torch.from_numpy(np.bincount(own) / len(own))
    found = losses.class_weights("balanced", prior, classes)
    expected = compute_class_weight("balanced", classes=classes, y=np.array(labels))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_drawn_labels_follow_the_votes():
    shares = torch.tensor([[0.2, 0.8, 0.0]]).repeat(4000, 1)
    drawn = losses.draw_labels(shares, torch.Generator().manual_seed(0))
    assert set(drawn.sum(dim=1).tolist()) == {1.0}
    np.testing.assert_allclose(drawn.mean(dim=0), [0.2, 0.8, 0], atol=0.03)


@pytest.mark.parametrize("targets", losses.TARGETS)
def test_votes_say_more_than_labels(targets):
    """Every class-0 row has votes for class 1 too; only `majority` must not know."""
    own = np.searchsorted(np.unique(Y), Y)
    votes = np.eye(3)[own]
    votes[own == 0] = [0.55, 0.45, 0]
    options = {**TINY, "epochs": 25, "learning_rate": 0.02, "targets": targets}
    model = CNNClassifier(**options).fit(X, Y, votes=votes)
    second = model.predict_proba(X)[own == 0, 1].mean()
    if targets == "majority":
        assert second < 0.2
    elif targets != "multi_target":
        assert 0.3 < second < 0.6
    assert model.score(OTHERS, THEIRS) > 0.5


@pytest.mark.parametrize("loss", [*losses.LOSSES, losses.Focal(gamma=0.5)])
def test_every_loss_learns(loss):
    options = {**TINY, "epochs": 12, "learning_rate": 0.02, "loss": loss}
    assert CNNClassifier(**options).fit(X, Y).score(OTHERS, THEIRS) > 0.9


def test_balanced_batches_show_rare_classes_as_often():
    kept = np.flatnonzero((Y != "stands") | (np.arange(len(Y)) < 9))
    options = {**TINY, "epochs": 15, "learning_rate": 0.02, "batches": "balanced"}
    model = CNNClassifier(**options).fit(X[kept], Y[kept])
    assert model.score(OTHERS, THEIRS) > 0.8


# Augmentation --------------------------------------------------------------------


def drawing(seed=0):
    return torch.Generator().manual_seed(seed)


FACES = torch.rand(400, 1, 12, 10, generator=drawing(9))
STILL = {
    name: 0
    for name in Augmentation().get_params()
    if name not in ("probability", "mirror")
}


def test_without_chance_nothing_changes():
    still = Augmentation(0.0)(FACES, drawing())
    torch.testing.assert_close(still, FACES, rtol=0, atol=1e-5)
    nothing = Augmentation(1.0, mirror=False, **STILL)(FACES, drawing())
    assert torch.equal(nothing, FACES)


def test_each_change_does_what_it_says_to_about_as_many_as_asked():
    mirrored = Augmentation(0.5, **STILL)(FACES, drawing())
    is_same = (mirrored - FACES).abs().amax((1, 2, 3)) < 1e-5
    is_mirrored = (mirrored - FACES.flip(3)).abs().amax((1, 2, 3)) < 1e-5
    assert (is_same ^ is_mirrored).all()
    assert 0.4 < is_mirrored.float().mean() < 0.6
    for name, amount in {"brightness": 0.05, "contrast": 0.05, "erasing": 0.2}.items():
        changed = Augmentation(1.0, mirror=False, **{**STILL, name: amount})(
            FACES, drawing()
        )
        change = changed - FACES
        if name == "brightness":
            inner = (FACES > 0.06) & (FACES < 0.94)
            of_each = change[inner].abs()
            assert 0 < of_each.max() <= 0.05 + 1e-6
        elif name == "contrast":
            assert change.abs().max() <= 0.05 + 1e-6
        else:
            covered = (change != 0).float().mean((1, 2, 3))
            assert 0.05 < covered.mean() < 0.15
            assert covered.max() <= 0.3


def test_turning_and_moving_keep_shapes_in_pictures_that_are_not_square():
    """A disc turned by anything is that disc; moved by a tenth, it lies a tenth off."""
    down, across = torch.meshgrid(torch.arange(40.0), torch.arange(80.0), indexing="ij")
    disc = (((down - 19.5) ** 2 + (across - 39.5) ** 2) < 12**2).float()
    discs = disc.expand(32, 1, 40, 80)
    turned = Augmentation(1.0, mirror=False, **{**STILL, "rotation": 90})(
        discs, drawing()
    )
    assert ((turned - discs).abs().mean((1, 2, 3)) < 0.01).all()
    moved = Augmentation(1.0, mirror=False, **{**STILL, "translation": 0.1})(
        discs, drawing()
    )
    centre = (moved * across).sum((1, 2, 3)) / moved.sum((1, 2, 3)) - 39.5
    assert 6 < centre.abs().max() <= 8.1
    nearer = Augmentation(1.0, mirror=False, **{**STILL, "scale": 0.2})(
        discs, drawing()
    )
    growth = nearer.sum((1, 2, 3)) / disc.sum()
    assert (growth > 0.99).all()
    assert 1.3 < growth.max() <= 1 / 0.8**2 + 0.05


# Rates and steps -----------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_stay_between_nothing_and_all(name):
    factors = [SCHEDULES[name](done) for done in np.linspace(0, 1, 101)]
    assert max(factors) == pytest.approx(1, abs=0.02)
    assert min(factors) > 0


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 12), st.integers(2, 30), st.integers(0, 1000))
def test_steps_of_muon_turn_all_directions_alike(rows, columns, seed):
    matrix = torch.randn(rows, columns, generator=drawing(seed))
    values = torch.linalg.svdvals(orthogonal(matrix, n_steps=8))
    kept = torch.linalg.svdvals(matrix)
    strong = kept > 0.1 * kept[0]
    assert (values[strong] > 0.5).all()
    assert (values < 1.35).all()


# Networks ------------------------------------------------------------------------


@pytest.mark.parametrize("make", [block_network, residual_network])
@pytest.mark.parametrize("shape", [(48, 48), (1, 7), (5, 3)])
def test_no_image_is_too_small(make, shape):
    network = make(1, shape, 7, blocks=6, width=4, most_width=8).eval()
    assert network(torch.zeros(2, 1, *shape)).shape == (2, 7)


def test_names_are_networks_too():
    for n in (3, 4, 5, 6):
        model = make_model(f"cnn{n}", image_shape=(48, 48), random_state=4)
        network = block_network(1, (48, 48), 7, blocks=model.blocks, dense=model.dense)
        halvings = [m for m in network.modules() if isinstance(m, nn.MaxPool2d)]
        assert len(halvings) == n
        assert (model.random_state, model.patience) == (4, 8)
    assert make_model("cnn").residual


# Bad input -----------------------------------------------------------------------

REFUSED = {
    "epochs": (0, "epochs=0; choose a number from 1"),
    "batch_size": (1, "batch_size=1; choose a number from 2"),
    "resolutions": (8, r"resolutions=8; pass whole numbers"),
    "learning_rate": (-1, "learning_rate=-1; choose"),
    "label_smoothing": (2, "label_smoothing=2; choose"),
    "patience": (0, "patience=0; choose"),
    "targets": ("votes", "targets='votes'; choose one of"),
    "normalization": ("z", "normalization='z'; choose one of dataset"),
    "precision": ("float8", "precision='float8'; choose one of auto"),
    "device": ("gpu", "device='gpu' cannot be used"),
    "class_weight": ("even", "class_weight='even'; choose 'balanced'"),
    "image_shape": ((5, 5), r"rows of 64 numbers are not images of shape \(5, 5\)"),
    "validation_fraction": (1.0, "validation_fraction=1.0 of 48 rows is 48 rows"),
    "augmentation": (Augmentation(2), "probability=2 of the augmentation; choose"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_parameters_that_make_no_sense_are_refused(name):
    value, message = REFUSED[name]
    with pytest.raises(DataError, match=message):
        CNNClassifier(**{**TINY, name: value}).fit(X, Y)


@pytest.mark.parametrize(
    "name", ["optimizer", "schedule", "loss", "monitor", "batches"]
)
def test_unknown_names_are_named(name):
    with pytest.raises(UnknownName, match="'nothing'"):
        CNNClassifier(**{**TINY, name: "nothing"}).fit(X, Y)


def test_cuda_is_asked_for_and_absent():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(DataError, match=r"device='cuda' cannot be used.*choose device"):
        CNNClassifier(**TINY, device="cuda").fit(X, Y)


def test_what_cannot_be_learned_from_is_refused():
    model = CNNClassifier(**TINY, epochs=1)
    with pytest.raises(DataError, match="1 class; pass rows of at least two"):
        model.fit(X[:3], ["lies"] * 3)
    with pytest.raises(DataError, match="zero for all"):
        model.fit(X, Y, np.zeros(len(X)))
    with pytest.raises(DataError, match=r"votes of shape \(48, 2\) for 48 rows of 3"):
        model.fit(X, Y, votes=np.ones((48, 2)))
    with pytest.raises(DataError, match="votes that are negative"):
        model.fit(X, Y, votes=np.zeros((48, 3)))
    with pytest.raises(DataError, match=r"validation has the class .*'other'"):
        model.fit(X, Y, validation=(X, np.where(Y == "lies", "other", Y)))
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.where(X > 200, np.nan, X.astype(float)), Y)
    twice = {"class_weight": "balanced", "loss": losses.LogitAdjusted()}
    for option in ({"loss": "logit_adjusted", "batches": "balanced"}, twice):
        with pytest.raises(
            DataError, match="answer the imbalance of the classes twice"
        ):
            CNNClassifier(**TINY, **option).fit(X, Y)
    with pytest.raises(DataError, match=r"pixels from 0 to 1 with augmentation"):
        CNNClassifier(**TINY, augmentation="standard").fit(X / X.max(), Y)
    with pytest.raises(DataError, match="'muon' and a network without batch norm"):
        CNNClassifier(**TINY, optimizer="muon", batch_norm=False).fit(X, Y)
    with pytest.raises(DataError, match="class_weight names"):
        CNNClassifier(**TINY, class_weight={"lo": 2.0}).fit(X, Y)
    with pytest.raises(DataError, match="targets='multi_target' with loss='focal'"):
        CNNClassifier(**TINY, targets="multi_target", loss="focal").fit(X, Y)
    for option in ("label_smoothing", "mixup"):
        blurred = CNNClassifier(**TINY, targets="multi_target", **{option: 0.1})
        with pytest.raises(DataError, match="which give every class a share"):
            blurred.fit(X, Y)


def test_a_network_that_does_not_fit_is_refused_before_it_trains():
    deep = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(9), nn.Flatten())
    with pytest.raises(DataError, match=r"cannot take images.*fewer halvings"):
        TorchClassifier(deep).fit(X, Y)
    narrow = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    with pytest.raises(DataError, match=r"cannot take images of \(1, 4, 4\)"):
        CNNClassifier(**TINY, resolutions=(4, 8)).fit(X, Y)
    with pytest.raises(DataError, match=r"scores of shape .* for 3 classes; end it"):
        TorchClassifier(narrow).fit(X, Y)
    stiff = nn.Sequential(nn.Flatten(), nn.Linear(64, 3)).requires_grad_(False)
    with pytest.raises(DataError, match="no parameter of the network may be learned"):
        TorchClassifier(stiff).fit(X, Y)


def test_a_training_that_explodes_says_so():
    model = TorchClassifier(
        nn.Sequential(nn.Flatten(), nn.Linear(64, 3)),
        optimizer="sgd",
        learning_rate=1000.0,
        epochs=50,
        schedule="constant",
        weight_decay=10.0,
    )
    with pytest.raises(DataError, match=r"the loss is .* try a smaller learning_rate"):
        model.fit(X, Y)


def test_a_last_batch_of_one_row_is_no_batch():
    model = CNNClassifier(**{**TINY, "batch_size": 47, "dense": (4,)}, epochs=1)
    assert len(model.fit(X, Y).history_) == 1

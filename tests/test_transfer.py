"""Networks that others trained: their blocks, weights and features, and new heads."""

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision
from imblearn.over_sampling import SMOTE
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from torch import nn

from fercompare import (
    BackboneFeatures,
    CNNClassifier,
    TorchClassifier,
    TransferClassifier,
    load_model,
    make_model,
    rebalance,
    save_model,
)
from fercompare.deep import extraction, weights
from fercompare.deep.augment import Augmentation
from fercompare.deep.backbones import (
    Backbone,
    blocks_of,
    list_backbones,
    make_backbone,
)
from fercompare.deep.efficientnet_lite import SCALES, EfficientNetLite
from fercompare.deep.inputs import Normalization
from fercompare.deep.optimizers import make_optimizers
from fercompare.deep.recipe import Recipe
from fercompare.deep.weights import PACKAGES, load_weights, weights_normalization
from fercompare.errors import DataError, UnknownName
from fercompare.tensors import pack_arrays

TINY = "shufflenet_v2_x0_5"
LIVELY = "squeezenet1_1"
"""Whose drawn weights do not shrink what they see to next to nothing."""
QUICK = {
    "weights": None,
    "size": 32,
    "head": (8,),
    "epochs": 2,
    "batch_size": 16,
    "normalization": "dataset",
    "random_state": 0,
}
CNN = {"blocks": 2, "width": 4, "dense": (), "epochs": 1, "random_state": 0}
FAMILIES = [
    *("alexnet", "vgg11_bn", "resnet18", "squeezenet1_1", "densenet121"),
    *("googlenet", "inception_v3", "mobilenet_v2", "mobilenet_v3_small"),
    *("mnasnet0_5", "shufflenet_v2_x0_5", "efficientnet_b0", "efficientnet_v2_s"),
    *("convnext_tiny", "swin_t", "swin_v2_t", "vit_b_32", "maxvit_t"),
    *("efficientnet_lite0", "efficientnet_lite2"),
]


def drawn(n=32, side=12, channels=1, seed=0):
    """Return rows of noise that is brighter above in one class, below in the other."""
    rng = np.random.default_rng(seed)
    stack = rng.integers(0, 120, (n, side, side, channels), dtype=np.uint8)
    y = np.arange(n) % 2
    stack[y == 0, : side // 2] += 100
    stack[y == 1, side // 2 :] += 100
    return stack.reshape(n, -1), y


X, Y = drawn()


def numbers(module):
    """Return copies of all that a module has learned."""
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(before, module):
    """Return the names of what is no longer bit for bit what it was."""
    now = module.to("cpu").state_dict()
    return {name for name, value in before.items() if not torch.equal(value, now[name])}


def start_of(model):
    """Return what the base of a fitted model was before its training."""
    seed = np.random.RandomState(model.random_state).randint(2**31 - 1)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return numbers(model._make_network(1, 2).features)


@pytest.fixture(scope="module")
def base():
    return CNNClassifier(**CNN).fit(X, Y)


def load_file(path):
    return torch.load(path, weights_only=True)


@pytest.fixture
def tiny_file(tmp_path):
    """Return a function that writes a file of weights of a network of torchvision."""

    def write(name=TINY, path="weights.pth", change=None, **options):
        with torch.random.fork_rng([]):
            torch.manual_seed(1)
            state = torchvision.models.get_model(name, **options).state_dict()
        state = change(state) if change else state
        path = tmp_path / path
        if path.suffix == ".safetensors":
            arrays = {name: value.numpy() for name, value in state.items()}
            path.write_bytes(pack_arrays(arrays))
        else:
            torch.save(state, path)
        return path

    return write


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_cut_before_its_last_layer(name):
    with torch.device("meta"):
        backbone = make_backbone(name)
        found = backbone(torch.zeros(2, 1, 48, 48))
    assert found.shape == (2, backbone.n_features)
    assert len(blocks_of(backbone.layers)) >= 7
    assert all(
        any(True for module in block for _ in module.parameters())
        for block in blocks_of(backbone.layers)
    )


def test_features_are_what_the_last_layer_of_torchvisions_network_sees(tiny_file):
    path = tiny_file()
    whole = torchvision.models.get_model(TINY)
    whole.load_state_dict(load_file(path))
    whole.eval()
    seen = []
    whole.fc.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    rows, _ = drawn(4, side=32, channels=3)
    images = torch.from_numpy(rows.reshape(4, 32, 32, 3)).permute(0, 3, 1, 2).float()
    mean, std = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    normalize = torchvision.transforms.Normalize(mean, std)
    with torch.no_grad():
        whole(normalize(images / 255))
    extractor = BackboneFeatures(TINY, weights=path, size=32, image_shape=(32, 32, 3))
    found = extractor.fit_transform(rows)
    assert found.dtype == np.float32
    largest = seen[0].abs().max()
    np.testing.assert_allclose(found / largest, seen[0] / largest, atol=1e-4)


def test_grey_images_are_seen_as_their_three_equal_channels():
    grey, _ = drawn(3)
    colour = np.repeat(grey[:, :, None], 3, axis=2).reshape(3, -1)
    options = {"weights": None, "size": 32, "random_state": 0}
    of_grey = BackboneFeatures(TINY, **options).fit_transform(grey)
    in_colour = BackboneFeatures(TINY, **options, image_shape=(12, 12, 3))
    np.testing.assert_allclose(
        of_grey, in_colour.fit_transform(colour), rtol=1e-4, atol=1e-5
    )


def test_a_grey_backbone_sees_how_bright_a_colour_is(base):
    grey, _ = drawn(3)
    colour = np.repeat(grey[:, :, None], 3, axis=2).reshape(3, -1)
    of_grey = BackboneFeatures(FrozenEstimator(base)).fit_transform(grey)
    in_colour = BackboneFeatures(FrozenEstimator(base), image_shape=(12, 12, 3))
    np.testing.assert_allclose(
        of_grey, in_colour.fit_transform(colour), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("mode", ["features", "frozen", "finetune"])
def test_each_mode_learns_and_repeats_itself(mode):
    options = {**QUICK, "epochs": 12, "batch_size": 8, "head": (), "mode": mode}
    model = TransferClassifier(LIVELY, **options).fit(X, Y)
    again = TransferClassifier(LIVELY, **options).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))
    assert model.score(X, Y) > 0.9
    assert len(model.history_) == 12


def test_a_frozen_base_stays_bit_for_bit_what_it_was():
    model = TransferClassifier(TINY, mode="frozen", averaging=0.9, **QUICK).fit(X, Y)
    before = start_of(model)
    assert any(name.endswith("running_var") for name in before)
    assert not changed(before, model.network_.features)


def test_finetuning_moves_the_last_blocks_and_no_others():
    model = TransferClassifier(TINY, mode="finetune", unfreeze=2, **QUICK).fit(X, Y)
    layers = model.network_.features.layers
    *_, before_last, last = blocks_of(layers)
    free = {id(part) for module in (*before_last, *last) for part in module.modules()}
    names = {
        f"layers.{name}.{own}"
        for name, module in layers.named_modules()
        if id(module) in free
        for own in module.state_dict()
        if "." not in own
    }
    assert changed(start_of(model), model.network_.features) == names


def test_finetuning_all_moves_everything():
    model = TransferClassifier(TINY, mode="finetune", **QUICK).fit(X, Y)
    before = start_of(model)
    assert changed(before, model.network_.features) == set(before)


def test_the_base_learns_more_slowly():
    model = TransferClassifier(TINY, mode="finetune", base_rate=0.25, **QUICK)
    network = model._make_network(1, 2)
    (optimizer,) = make_optimizers(network, Recipe(learning_rate=0.1))
    rates = {group["lr"]: len(group["params"]) for group in optimizer.param_groups}
    assert rates == {
        0.1: len([*network.head.parameters()]),
        0.025: len([*network.features.parameters()]),
    }


def test_loose_weights_learn_only_where_all_do():
    with torch.device("meta"):
        backbone = make_backbone("vit_b_32")
    everything = len([*backbone.parameters()])
    backbone.unfreeze(len(blocks_of(backbone.layers)))
    free = [p for p in backbone.parameters() if p.requires_grad]
    assert len(free) == everything - 2
    backbone.unfreeze(0)
    assert not any(p.requires_grad for p in backbone.parameters())


def test_augmentation_and_mixup_work_where_images_are_seen():
    options = {**QUICK, "augmentation": Augmentation(), "mixup": 0.2, "flips": True}
    model = TransferClassifier(TINY, mode="frozen", **options).fit(X, Y)
    assert np.isfinite(model.predict_proba(X)).all()


@pytest.fixture
def forwards(monkeypatch):
    """Return a list that grows by each batch that a backbone sees."""
    seen = []
    forward = Backbone.forward

    def counting(self, images):
        seen.append(len(images))
        return forward(self, images)

    monkeypatch.setattr(Backbone, "forward", counting)
    return seen


def kept_files():
    return sorted(Path(os.environ["FERCOMPARE_CACHE"], "features").iterdir())


def test_features_are_computed_once(forwards):
    model = TransferClassifier(TINY, **QUICK)
    first = model.fit(X, Y).predict_proba(X)
    assert len(X) in forwards
    (file,) = kept_files()
    written = file.stat().st_mtime_ns
    forwards.clear()
    other_head = model.set_params(head=(4,)).fit(X, Y)
    assert set(forwards) == {1}, "one blank image, to count the features"
    assert kept_files() == [file] and file.stat().st_mtime_ns == written
    assert not np.array_equal(other_head.predict_proba(X), first)


def test_other_pixels_weights_and_sizes_have_features_of_their_own():
    def fit(X=X, **options):
        TransferClassifier(TINY, **{**QUICK, "epochs": 1, **options}).fit(X, Y)
        return len(kept_files())

    assert [fit(), fit(X ^ 1), fit(random_state=1), fit(size=40)] == [1, 2, 3, 4]
    assert fit(normalization="unit") == 5
    assert fit() == 5


def damage_end(content):
    return content[:-5]


def damage_middle(content):
    return content[:500] + bytes([content[500] ^ 1]) + content[501:]


@pytest.mark.parametrize(
    "damage", [damage_end, damage_middle, lambda content: b"", lambda content: b"x"]
)
def test_a_damaged_file_of_features_is_made_again(damage):
    model = TransferClassifier(TINY, **QUICK)
    first = model.fit(X, Y).predict_proba(X)
    (file,) = kept_files()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    np.testing.assert_array_equal(model.fit(X, Y).predict_proba(X), first)
    assert kept_files() == [file] and file.read_bytes() == whole


def test_nothing_is_left_of_features_that_could_not_be_kept(monkeypatch):
    def full(stream):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(extraction.os, "fsync", full)
    with pytest.raises(DataError, match=r"No space left.*FERCOMPARE_CACHE"):
        TransferClassifier(TINY, **QUICK).fit(X, Y)
    assert not kept_files()


def test_features_mapped_from_disk_are_those_in_memory():
    options = {"weights": None, "size": 32, "random_state": 0}
    kept = BackboneFeatures(TINY, cache=True, **options).fit_transform(X)
    assert isinstance(kept, np.memmap) and not kept.flags.writeable
    np.testing.assert_array_equal(
        kept, BackboneFeatures(TINY, **options).fit(X, Y).transform(X)
    )


def test_validation_rows_choose_the_epoch_in_the_space_of_features():
    options = {**QUICK, "epochs": 4, "patience": 1, "learning_rate": 0.1}
    other, labels = drawn(20, seed=1)
    model = TransferClassifier(TINY, **options).fit(X, Y, validation=(other, labels))
    assert "val_accuracy" in model.history_[0]
    assert len(kept_files()) == 2
    best = min(model.history_, key=lambda row: row["val_loss"])
    assert model.best_epoch_ == best["epoch"]
    right = model.score(other, labels)
    assert right == pytest.approx(best["val_accuracy"])


def test_from_one_set_to_another_with_other_classes(base, tmp_path):
    save_model(base, tmp_path / "base.fer")
    loaded = load_model(tmp_path / "base.fer")
    rows, _ = drawn(30, side=16)
    labels = np.repeat(["joy", "rage", "grief"], 10)
    options = {"epochs": 1, "batch_size": 10, "head": (), "random_state": 0}
    model = TransferClassifier(loaded, mode="frozen", **options).fit(rows, labels)
    assert set(model.predict(rows)) <= {"joy", "rage", "grief"}
    assert model.normalization_ == base.normalization_
    own = base.network_.features.state_dict()
    for name, value in model.network_.features.layers.state_dict().items():
        torch.testing.assert_close(value, own[name], rtol=0, atol=0)
    once_more = TransferClassifier(model, mode="finetune", unfreeze=1, **options)
    assert once_more.fit(X, Y).predict(X).shape == Y.shape


def test_a_backbone_that_was_fitted_is_not_touched(base):
    before = numbers(base.network_)
    TransferClassifier(base, mode="finetune", epochs=1, random_state=0).fit(X, Y)
    assert not changed(before, base.network_)
    assert all(p.requires_grad for p in base.network_.parameters())


def test_grids_search_modes_and_sizes_of_a_frozen_estimator(base):
    grid = {"mode": ["features", "finetune"], "head": [(), (4,)]}
    model = TransferClassifier(FrozenEstimator(base), epochs=1, random_state=0)
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, Y)
    assert search.best_estimator_.predict(X).shape == Y.shape


def test_features_stand_in_pipelines_and_after_samplers():
    extractor = BackboneFeatures(TINY, weights=None, size=32, random_state=0)
    model = make_model([extractor, "linear-svm"])
    assert model.steps[0][0] == "backbonefeatures"
    assert model.fit(X, Y).score(X, Y) > 0.9
    few = np.r_[np.flatnonzero(Y == 0), np.flatnonzero(Y == 1)[:8]]
    balanced = rebalance(model, SMOTE(k_neighbors=3, random_state=0))
    assert balanced.fit(X[few], Y[few]).predict(X).shape == Y.shape


def test_a_model_is_made_by_the_name_of_its_backbone():
    model = make_model("mobilenet_v3_small+linear-svm", random_state=3)
    assert model[0].backbone == "mobilenet_v3_small"
    assert model[0].random_state == 3
    model.set_params(mobilenet_v3_small__weights=None, mobilenet_v3_small__size=32)
    assert model.fit(X, Y).predict(X).shape == Y.shape
    with pytest.raises(UnknownName, match="did you mean 'resnet50'"):
        make_model("resnet5+svm")


def test_models_without_a_backbone_do_without_torch():
    code = "import sys, fercompare; fercompare.make_model('hog+lbp+svm'); "
    code += "sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_saved_models_need_no_file_of_weights(tiny_file, tmp_path):
    path = tiny_file()
    options = {**QUICK, "weights": str(path), "epochs": 1}
    model = TransferClassifier(TINY, **options).fit(X, Y)
    expected = model.predict_proba(X)
    save_model(model, tmp_path / "model.fer")
    path.unlink()
    loaded = load_model(tmp_path / "model.fer")
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)


def test_every_file_of_weights_gives_the_same_features(tiny_file):
    def wrapped(state):
        return {f"module.{name}": value for name, value in state.items()}

    paths = [
        tiny_file(),
        tiny_file(path="weights.safetensors"),
        tiny_file(path="wrapped.pth", change=lambda s: {"state_dict": wrapped(s)}),
    ]
    found = [
        BackboneFeatures(TINY, weights=path, size=32).fit_transform(X) for path in paths
    ]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    drawn_anew = BackboneFeatures(TINY, weights=None, size=32, random_state=0)
    assert not np.allclose(found[0], drawn_anew.fit_transform(X))


def test_a_last_layer_of_other_classes_is_left_out_and_said(tiny_file):
    path = tiny_file(num_classes=8)
    with pytest.warns(UserWarning, match="last layer, of 8 classes, is left out"):
        load_weights(make_backbone(TINY, 32), path)


def without(name):
    return lambda state: {k: v for k, v in state.items() if k != name}


def with_nan(state):
    state["conv1.0.weight"][0] = torch.nan
    return state


def test_names_of_older_versions_are_understood(tiny_file):
    def older(state):
        renamed = (re.sub(r"(norm|conv)([12]\.)", r"\1.\2", name) for name in state)
        return dict(zip(renamed, state.values()))

    path = tiny_file("densenet121", change=older)
    load_weights(make_backbone("densenet121", 32), path)
    assert any("conv.1" in name for name in load_file(path))


@pytest.mark.parametrize("path", ["weights.pth", "weights.safetensors"])
def test_networks_that_read_the_version_of_a_file_find_one(tiny_file, path):
    load_weights(make_backbone("mnasnet0_5", 32), tiny_file("mnasnet0_5", path))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (without("conv5.0.weight"), "1 arrays are not there, such as 'conv5.0.weight'"),
        (
            lambda s: s | {"more": torch.zeros(1)},
            "1 arrays are unknown, such as 'more'",
        ),
        (
            lambda s: s | {"conv1.0.weight": torch.zeros(1)},
            r"has the shape \(1,\), not",
        ),
        (with_nan, "'conv1.0.weight' is not finite"),
        (lambda s: {"epoch": 3, "network": 1}, "holds more than named weights"),
        (lambda s: [1, 2], "holds more than named weights"),
    ],
)
def test_files_that_do_not_fit_are_refused(tiny_file, change, found):
    path = tiny_file(change=change)
    with pytest.raises(DataError, match=found) as error:
        load_weights(make_backbone(TINY, 32), path)
    assert error.value.file == path


def test_a_file_of_another_network_is_recognised(tiny_file):
    path = tiny_file("resnet34")
    with pytest.raises(DataError, match=r"no weights of resnet18: .*like resnet34"):
        load_weights(make_backbone("resnet18", 32), path)


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("cut", [0, 1, 100, -100])
def test_a_truncated_file_is_refused(tiny_file, cut):
    path = tiny_file()
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match="no file of weights, or not a whole one"):
        load_weights(make_backbone(TINY, 32), path)


def test_a_truncated_safetensors_file_is_refused(tiny_file):
    path = tiny_file(path="weights.safetensors")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="header says"):
        load_weights(make_backbone(TINY, 32), path)


def test_nothing_in_a_file_is_executed(tiny_file, tmp_path):
    marker = tmp_path / "marker"
    path = tiny_file(change=lambda s: s | {"evil": Evil(marker)})
    with pytest.raises(DataError, match="no file of weights"):
        load_weights(make_backbone(TINY, 32), path)
    assert not marker.exists()


def test_a_file_that_is_not_there_and_a_model_in_its_place(tmp_path, base):
    with pytest.raises(DataError, match="no such file of weights"):
        load_weights(make_backbone(TINY, 32), tmp_path / "none.pth")
    path = tmp_path / "model.fer"
    save_model(base, path)
    with pytest.raises(DataError, match=r"backbone=load_model\(path\)"):
        load_weights(make_backbone(TINY, 32), path)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Return torch's folder of downloads, empty, on a machine without a network."""

    def offline(url, *args, **options):
        raise URLError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    return tmp_path / "hub" / "hub" / "checkpoints"


def test_without_a_network_it_is_said_what_to_put_where(hub):
    url = torchvision.models.ShuffleNet_V2_X0_5_Weights.IMAGENET1K_V1.url
    name = url.rsplit("/", 1)[1]
    with pytest.raises(DataError) as error:
        TransferClassifier(TINY, size=32).fit(X, Y)
    start = name.rsplit("-", 1)[1].removesuffix(".pth")
    for told in (url, start, str(hub / name), "weights=PATH"):
        assert told in str(error.value)


def test_what_was_downloaded_is_checked_and_used(hub, monkeypatch, tiny_file):
    content = tiny_file().read_bytes()
    start = hashlib.sha256(content).hexdigest()[:8]
    entry = torchvision.models.ShuffleNet_V2_X0_5_Weights.IMAGENET1K_V1
    entry = replace(entry.value, url=f"https://example.org/tiny-{start}.pth")
    monkeypatch.setattr(weights, "_published", lambda name: entry)
    hub.mkdir(parents=True)
    path = hub / f"tiny-{start}.pth"
    path.write_bytes(content)
    load_weights(make_backbone(TINY, 32), "imagenet")
    path.write_bytes(content[:-1])
    with pytest.raises(DataError, match=r"damaged.*delete it"):
        load_weights(make_backbone(TINY, 32), "imagenet")


def test_weights_are_looked_for_without_a_download(hub, monkeypatch):
    name = torchvision.models.ShuffleNet_V2_X0_5_Weights.IMAGENET1K_V1.url
    assert weights.find_imagenet(TINY) is None
    assert not hub.exists()
    hub.mkdir(parents=True)
    path = hub / name.rsplit("/", 1)[1]
    path.write_bytes(b"")
    assert weights.find_imagenet(TINY) == path
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert weights.find_imagenet("efficientnet_lite0") is None


def test_every_published_file_tells_its_hash_and_place(hub):
    for name in torchvision.models.list_models(module=torchvision.models):
        if name not in PACKAGES:
            with pytest.raises(DataError, match=r"begins with [0-9a-f]{8,}\) and put"):
                weights.imagenet_file(name)


def test_packages_that_are_not_installed_are_named(hub, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for name, package in PACKAGES.items():
        with pytest.raises(DataError, match=f"--no-deps {package.distribution}"):
            weights.imagenet_file(name)


def test_a_package_with_another_file_is_refused(tmp_path):
    package = replace(PACKAGES["mobilenet_v2"], module="fercompare", file="seeds.py")
    with pytest.raises(DataError, match="not the file that was published"):
        package.find()


def needs(name):
    if importlib.util.find_spec(PACKAGES[name].module) is None:
        pytest.skip(f"{PACKAGES[name].distribution} is not installed")


@pytest.mark.parametrize("name", PACKAGES)
def test_installed_weights_know_a_cup_of_espresso(name):
    needs(name)
    from skimage.data import coffee

    picture = coffee()[:, 100:500]
    extractor = BackboneFeatures(name, size=224, image_shape=picture.shape)
    features = extractor.fit_transform(picture.reshape(1, -1))
    state = load_file(weights.imagenet_file(name))
    cut = extractor.network_.cut
    scores = (
        torch.from_numpy(features) @ state[f"{cut}.weight"].T + state[f"{cut}.bias"]
    )
    espresso = 967
    assert scores.softmax(1)[0, espresso] > 0.85


@pytest.mark.parametrize("name", SCALES)
def test_the_lite_networks_are_timm_s(name):
    timm = pytest.importorskip("timm")
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        theirs = timm.create_model(f"tf_{name}", pretrained=False).eval()
        for layer in theirs.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.normal_(0, 0.1)
                layer.running_var.uniform_(0.5, 2)
        images = torch.randn(2, 3, 67, 50)
    ours = EfficientNetLite(*SCALES[name]).eval()
    in_order = zip(ours.state_dict(), theirs.state_dict().values(), strict=True)
    ours.load_state_dict(dict(in_order))
    with torch.no_grad():
        found, expected = ours(images), theirs(images)
    assert expected.std() > 0
    torch.testing.assert_close(found / expected.std(), expected / expected.std())


def test_pixels_are_normalized_as_the_weights_were_trained():
    lite = weights_normalization("efficientnet_lite1")
    pixels = torch.tensor([127.0, 255.0]).view(1, 1, 1, 2)
    assert lite(pixels)[0, 0, 0].tolist() == [0.0, 1.0]
    halves = Normalization("dataset", (127.5,) * 3, (127.5,) * 3)
    assert weights_normalization("efficientnet_v2_l") == halves
    assert weights_normalization("inception_v3") == halves
    assert weights_normalization("resnet18").mean == pytest.approx(
        (123.675, 116.28, 103.53)
    )


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (
            {"backbone": "vgg11", "size": 16},
            "vgg11 cannot take images of .*larger size",
        ),
        ({"backbone": "vit_b_32", "size": 64}, "takes size=224 only"),
        ({"size": 2}, "size=2; choose one from 4"),
        ({"size": 32.5}, r"size=32\.5"),
        ({"mode": "finetune", "unfreeze": 99}, "has 18 blocks; choose a number from 0"),
        ({"mode": "finetune", "unfreeze": -1}, "unfreeze=-1"),
        ({"base_rate": 0}, "base_rate=0"),
        ({"augmentation": "standard"}, "mode='frozen' or 'finetune'"),
        ({"mode": "frozen", "resolutions": (16,)}, "choose its size"),
        ({"weights": 5}, "weights=5; pass 'imagenet'"),
        ({"weights": "imagnet"}, "no such file of weights; pass 'imagenet'"),
        ({"normalization": "best"}, "normalization='best'"),
        ({"backbone": nn.Linear(2, 2)}, "backbone=Linear; pass a name"),
        ({"backbone": CNNClassifier()}, "is not fitted; fit it first.*FrozenEstimator"),
    ],
)
def test_what_cannot_be_is_said_in_time(options, found):
    options = {"backbone": TINY, **QUICK, **options}
    with pytest.raises(DataError, match=found):
        TransferClassifier(**options).fit(X, Y)


def test_unknown_names_list_the_close_ones():
    with pytest.raises(UnknownName, match="did you mean 'resnet18'"):
        TransferClassifier("resnet-18", **QUICK).fit(X, Y)
    with pytest.raises(UnknownName, match="did you mean 'finetune'"):
        TransferClassifier(TINY, mode="fintune", **QUICK).fit(X, Y)
    assert {"vgg16", "vgg19", "convnext_tiny"} <= set(list_backbones())


def test_a_network_without_features_is_no_backbone():
    module = nn.Sequential(nn.Flatten(), nn.Linear(144, 2))
    model = TorchClassifier(module, epochs=1, random_state=0).fit(X, Y)
    with pytest.raises(DataError, match="has no features"):
        TransferClassifier(model, epochs=1).fit(X, Y)


def test_predicting_waits_for_fitting():
    with pytest.raises(NotFittedError):
        TransferClassifier(TINY).predict(X)

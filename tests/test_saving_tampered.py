"""Files that were tampered with: each is refused, quickly, and runs nothing.

Whoever tampers with a file can also renew its checksums, so most of the files here are
sealed again after the change: it is the meaning that has to give them away.
"""

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from saved_models import OTHERS, fitted, members, refused, same, sealed, step

from fercompare.containers.archive import ARRAYS, MANIFEST, pack
from fercompare.saving import (
    ModelFileError,
    load_model,
    read_card,
)

# What is done to the bytes.


def flip(place):
    """Return a change of one bit, ``place`` of the way through the file."""

    def change(content):
        content[int(place * (len(content) - 1))] ^= 4

    return change


def zipped(*named, method=zipfile.ZIP_STORED):
    """Return an ordinary zip."""
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", method) as file:
        warnings.simplefilter("ignore")
        for name, content in named:
            file.writestr(name, content)
    return packed.getvalue()


class Payload:
    """Leaves a mark if it is ever unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


BYTES = {f"flipped at {place}": flip(place) for place in np.linspace(0, 1, 13)}
CUTS = [0, 1, 29, 30, 43, 200, 1000, 0.3, 0.5, 0.9, 0.999, -200, -22, -1]


@pytest.mark.parametrize("change", BYTES.values(), ids=BYTES)
def test_a_flipped_bit(saved, tmp_path, change):
    content = bytearray(saved("hog+svm").read_bytes())
    change(content)
    refused(tmp_path / "m.fer", content)


@pytest.mark.parametrize("length", CUTS)
def test_a_file_cut_short(saved, tmp_path, length):
    content = saved("forest").read_bytes()
    end = int(length * len(content)) if 0 < length < 1 else length
    refused(tmp_path / "m.fer", content[:end])


def _containers(manifest, arrays):
    whole = b"".join(pack(manifest, arrays))
    bomb = b"\0" * 2**24
    twice = [(MANIFEST, manifest), (ARRAYS, arrays)]
    return {
        "no file at all": b"",
        "text": b"a model, honestly",
        "a zip with nothing": zipped(),
        "swapped members": zipped((ARRAYS, arrays), (MANIFEST, manifest)),
        "the contents swapped": b"".join(pack(arrays[:1000], manifest)),
        "a member missing": zipped((MANIFEST, manifest)),
        "a member twice": zipped(*twice, (MANIFEST, manifest)),
        "arrays twice": zipped(*twice, (ARRAYS, arrays)),
        "a third member": zipped(*twice, ("readme.txt", b"hello")),
        "compressed": zipped(*twice, method=zipfile.ZIP_DEFLATED),
        "a bomb": zipped((MANIFEST, bomb), (ARRAYS, bomb), method=zipfile.ZIP_DEFLATED),
        "up and out": zipped(("../manifest.json", manifest), (ARRAYS, arrays)),
        "absolute": zipped(("/etc/cron.d/job", manifest), (ARRAYS, arrays)),
        "junk before": b"#!/bin/sh\n" + whole,
        "junk behind": whole + b"\0",
        "a comment": whole[:-2] + b"\5\0hello",
        "another zip behind": whole + whole,
        "length beyond the file": whole[:22] + struct.pack("<L", 2**31) + whole[26:],
        "encrypted": whole[:6] + b"\1\0" + whole[8:],
        "other directory": whole.replace(b"PK\1\2", b"PK\1\3", 1),
        "a manifest of nothing": b"".join(pack(b"", arrays)),
        "a manifest of null": b"".join(pack(b"null", arrays)),
        "not utf-8": sealed('{"a": "\udcff"}'.encode("utf-8", "surrogateescape").decode(
            "latin-1"), arrays),
        "arrays of nothing": sealed(json.loads(manifest), b""),
    }  # fmt: skip


CONTAINERS = list(_containers(b'{"a": 1}', b"....."))


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_that_save_model_does_not_write(saved, tmp_path, name):
    with zipfile.ZipFile(saved("hog+svm")) as file:
        manifest, arrays = file.read(MANIFEST), file.read(ARRAYS)
    content = _containers(manifest, arrays)[name]
    refused(tmp_path / "m.fer", content)
    with pytest.raises(ModelFileError):
        read_card(tmp_path / "m.fer") if name != "arrays of nothing" else load_model(
            tmp_path / "m.fer"
        )


def test_links_folders_pipes_and_nothing(saved, tmp_path):
    link = tmp_path / "link.fer"
    link.symlink_to(saved("forest"))
    assert "is a link" in refused(link)
    assert "is no file" in refused(tmp_path)
    assert "does not exist" in refused(tmp_path / "none.fer")
    os.mkfifo(tmp_path / "pipe.fer")
    assert "is no file" in refused(tmp_path / "pipe.fer")


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "huge.fer"
    with open(path, "wb") as stream:
        stream.truncate(2**42)
    assert "4,398,046,511,104 bytes" in refused(path)
    with open(path, "wb") as stream:  # well-formed, and all zeros
        head = b"".join(pack(b"{}", b""))[:45]
        stream.write(head + struct.pack("<4s5H", b"PK\3\4", 20, 0, 0, 0, 33))
        stream.truncate(2**31)
    refused(path)


@pytest.mark.parametrize("member", [MANIFEST, ARRAYS])
@pytest.mark.parametrize("kind", ["pickle", "array of objects", "whole file"])
def test_a_pickle_is_never_loaded(saved, tmp_path, member, kind):
    marker = tmp_path / "marker"
    payload = pickle.dumps(Payload(marker))
    if kind == "array of objects":
        packed = io.BytesIO()
        np.save(packed, np.array([Payload(marker)], object), allow_pickle=True)
        payload = packed.getvalue()
    with zipfile.ZipFile(saved("forest")) as file:
        manifest, arrays = file.read(MANIFEST), file.read(ARRAYS)
    if kind == "whole file":
        content = payload
    elif member == MANIFEST:
        content = b"".join(pack(payload, arrays))
    else:
        content = sealed(json.loads(manifest), payload)
    refused(tmp_path / "m.fer", content)
    assert not marker.exists()


# What is done to the header of the arrays.


def _entry(dtype="F64", shape=(2,), start=0, end=16):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


HEADERS = {
    "a tebibyte": {"a": _entry(shape=(2**37,))},
    "a tebibyte, said twice": {"a": _entry(shape=(2**37,), end=2**40)},
    "product beyond 64 bits": {"a": _entry(shape=(2**62, 2**62))},
    "sides below 0": {"a": _entry(shape=(-1, -2))},
    "place below 0": {"a": _entry(start=-16, end=0)},
    "end before start": {"a": _entry(start=16, end=0)},
    "beyond the data": {"a": _entry(start=8, end=24)},
    "overlapping": {"a": _entry(), "b": _entry(start=8, end=24)},
    "the same place": {"a": _entry(), "b": _entry()},
    "a hole": {"a": _entry(shape=(1,), end=8), "b": _entry(start=16, end=32)},
    "bytes left": {"a": _entry(shape=(1,), end=8)},
    "objects": {"a": _entry(dtype="O")},
    "complex": {"a": _entry(dtype="C64")},
    "bfloat": {"a": _entry(dtype="BF16", shape=(8,))},
    "dtype a list": {"a": _entry() | {"dtype": ["F64"]}},
    "true for a side": {"a": _entry(shape=(True, 2))},
    "a real side": {"a": _entry(shape=(2.0,))},
    "many sides": {"a": _entry(shape=(1,) * 60 + (2,))},
    "no place": {"a": {"dtype": "F64", "shape": [2]}},
    "more than is known": {"a": _entry() | {"path": "/etc/passwd"}},
    "metadata": {"__metadata__": {"a": "b"}, "a": _entry()},
    "a name of a path": {"../../a": _entry()},
    "a list": [_entry()],
    "thousands": {f"a{k}": _entry(shape=(0,), end=0) for k in range(6_001)},
}
RAW_HEADERS = {
    "a length beyond the file": struct.pack("<Q", 2**63) + b"{}",
    "a length of 0": struct.pack("<Q", 0) + b"\0" * 16,
    "a header twice in one": struct.pack("<Q", 13) + b'{"a":1,"a":1}',
    "deep": struct.pack("<Q", 4000) + b'{"a":' + b"[" * 3995,
    "huge number": struct.pack("<Q", 5006) + b'{"a":' + b"9" * 5000 + b"}",
    "not JSON": struct.pack("<Q", 16) + b"{" * 16,
}


@pytest.mark.parametrize("name", [*HEADERS, *RAW_HEADERS])
def test_a_header_that_lies(saved, tmp_path, name):
    body, _ = members(saved("forest"))
    packed = RAW_HEADERS.get(name)
    if packed is None:
        header = json.dumps(HEADERS[name]).encode()
        packed = struct.pack("<Q", len(header)) + header + bytes(16)
    refused(tmp_path / "m.fer", sealed(body, packed))


# What is done to the manifest.


def settings_of(body):
    """Return the parameters of the last step."""
    return step(body, -1)


def put(**values):
    """Return a change of parameters of the last step."""
    return lambda body, arrays: settings_of(body).update(values)


def named(name):
    """Return a change of the last step's class."""

    def change(body, arrays):
        body["model"]["parameters"]["steps"][-1]["tuple"][1]["model"]["class"] = name

    return change


def card(**values):
    """Return a change of the card."""
    return lambda body, arrays: body["card"].update(values)


def _nest(body, arrays):
    for _ in range(12):
        body["model"] = body["model"] | {
            "class": "pipeline",
            "parameters": {"steps": [{"tuple": ["a", {"model": body["model"]}]}]},
        }


def _crowd(body, arrays):
    steps = body["model"]["parameters"]["steps"]
    union = [{"tuple": [f"hog {k}", steps[0]["tuple"][1]]} for k in range(1000)]
    record = {
        "class": "features",
        "parameters": {"transformer_list": union},
        "fitted": {},
    }
    steps[0]["tuple"][1] = {"model": record}


def _move(name):
    def change(body, arrays):
        steps = body["model"]["parameters"]["steps"]
        steps.insert(0, steps.pop(name))

    return change


MANIFESTS = {
    "an unknown name": named("quantum-svm"),
    "a path of Python": named("os.system"),
    "a path to a class": named("sklearn.svm._classes.SVC"),
    "a class that is a list": named(["svm"]),
    "a class of another shape": named("linear-svm"),
    "a sampler at the end": named("smote"),
    "an unknown parameter": put(__class__="x"),
    "a method as a parameter": put(fit="x"),
    "many threads": lambda body, arrays: step(body, 0).update(n_jobs=10**6),
    "a memory": lambda body, arrays: body["model"]["parameters"].update(memory="cache"),
    "a kernel": put(kernel="precomputed"),
    "a kernel that is a list": put(kernel=["rbf"]),
    "parameters a list": lambda body, arrays: body["model"].update(parameters=[]),
    "no steps": lambda body, arrays: body["model"]["parameters"].update(steps=[]),
    "steps a text": lambda body, arrays: body["model"]["parameters"].update(steps="a"),
    "a step a text": lambda body, arrays: body["model"]["parameters"].update(
        steps=[{"tuple": ["a", "import os"]}]
    ),
    "a step twice": lambda body, arrays: body["model"]["parameters"]["steps"].append(
        body["model"]["parameters"]["steps"][0]
    ),
    "the classifier first": _move(-1),
    "the scaler first": _move(1),
    "nested without end": _nest,
    "steps without end": _crowd,
    "another tag": put(C={"eval": "1"}),
    "two tags": put(C={"float": "inf", "tuple": []}),
    "a float that is none": put(C={"float": "1"}),
    "an array for a parameter": put(C={"array": "nowhere"}),
    "an array of a list": put(C={"array": ["0"]}),
    "texts that are none": put(C={"texts": [1], "dtype": "O"}),
    "texts of a dtype": put(C={"texts": ["1"], "dtype": "V8"}),
    "a dict of lists": put(class_weight={"dict": [[[1], 2]]}),
    "the state of a stranger": lambda body, arrays: step(body, -1, "fitted").update(
        predict="x"
    ),
    "a private attribute": lambda body, arrays: step(body, -1, "fitted").update(
        __dict__={"dict": []}
    ),
    "an attribute missing": lambda body, arrays: step(body, -1, "fitted").pop("gamma_"),
    "a size that is a text": lambda body, arrays: step(body, 0, "fitted").update(
        n_features_in_="144"
    ),
    "images of a gigabyte": lambda body, arrays: step(body, 0, "fitted").update(
        n_features_in_=2**30
    ),
    "images of another size": lambda body, arrays: step(body, 0, "fitted").update(
        n_features_in_=225
    ),
    "a million directions": lambda body, arrays: step(body, 0).update(
        orientations=10**9
    ),
    "cells of nothing": lambda body, arrays: step(body, 0).update(
        pixels_per_cell={"tuple": [0, 0]}
    ),
    "many looks": lambda body, arrays: (
        step(body, 0).update(pixels_per_cell=[{"tuple": [2048, 2048]}] * 2),
        step(body, 0, "fitted").update(n_features_in_=2**22),
    ),
    "other cells": lambda body, arrays: step(body, 0).update(
        pixels_per_cell={"tuple": [3, 3]}
    ),
    "scales by the dozen": lambda body, arrays: step(body, 0).update(
        pixels_per_cell=[{"tuple": [4, 4]}] * 17
    ),
    "features by the million": lambda body, arrays: step(body, 0).update(
        orientations=4096,
        pixels_per_cell={"tuple": [1, 1]},
        cells_per_block={"tuple": [4, 4]},
    ),
    "a part more": lambda body, arrays: body.update(code="import os"),
    "no card": lambda body, arrays: body.pop("card"),
    "a card of text": lambda body, arrays: body.update(card="fine"),
    "a field more on the card": card(homepage="http://"),
    "classes of another head": card(classes=["one", "two"]),
    "classes twice": card(classes=["a", "a", "b"]),
    "a class with control characters": card(classes=["a", "b", "\x1b[2J"]),
    "another shape on the card": card(image_shape=[48, 48]),
    "a shape of 2**80": card(image_shape=[2**40, 2**40]),
    "a day that is none": card(created="yesterday"),
    "scores that are texts": card(scores={"accuracy": "best"}),
}


@pytest.mark.parametrize("change", MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_that_lies(saved, tmp_path, change):
    body, arrays = members(saved("hog+svm"))
    change(body, arrays)
    refused(tmp_path / "m.fer", sealed(body, arrays))


TEXTS = {
    "NaN": ('"C": 5.0', '"C": NaN'),
    "Infinity": ('"C": 5.0', '"C": -Infinity'),
    "beyond double": ('"C": 5.0', '"C": 1e999'),
    "a huge number": ('"C": 5.0', '"C": ' + "9" * 100_000),
    "beyond 64 bits": ('"C": 5.0', '"C": 18446744073709551616'),
    "deep": ('"C": 5.0', '"C": ' + "[" * 100_000),
    "deep and closed": ('"C": 5.0', '"C": ' + "[" * 500 + "]" * 500),
    "crowded": ('"C": 5.0', '"C": [' + "[]," * 100_000 + "0]"),
    "long": ('"C": 5.0', '"C": [' + "0," * 200_000 + "0]"),
    "a name twice": ('"C": 5.0', '"C": 5.0, "C": 6.0'),
    "a name twice, escaped": ('"C": 5.0', '"C": 5.0, "\\u0043": 6.0'),
    "a text without end": ('"C": 5.0', '"C": "'),
    "half a pair": ('"C": 5.0', '"C": "\\ud800"'),
    "too long": ('"C": 5.0', '"C": "' + "a" * 500_000 + '"'),
    "behind the end": ('"C": 5.0', '"C": 5.0}}}}}}}}}}}}}}}'),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_manifest_that_is_no_json_of_ours(saved, tmp_path, name):
    body, arrays = members(saved("hog+svm"))
    text = json.dumps(body | {"arrays": "@arrays"})
    assert '"C": 5.0' in text
    assert load_model_of(tmp_path, sealed(text, arrays))
    refused(tmp_path / "m.fer", sealed(text.replace(*TEXTS[name]), arrays))


def load_model_of(folder, content):
    """Return the model of a file of this content."""
    folder.joinpath("sound.fer").write_bytes(content)
    return load_model(folder / "sound.fer")


def test_arrays_of_another_file(saved, tmp_path):
    body, arrays = members(saved("hog+svm"))
    text = json.dumps(body | {"arrays": "0" * 64})
    assert "not those that were written" in refused(
        tmp_path / "m.fer", sealed(text, arrays)
    )


@pytest.mark.parametrize("version", [0, 2, 999_999, 10**9, "1.0"])
def test_other_versions(saved, tmp_path, version):
    said = refused(tmp_path / "m.fer", sealed(*members(saved("forest")), version))
    assert ("install a newer fercompare" in said) == (version in (2, 999_999))


# What is done to the arrays.


def array(arrays, name):
    """Return the key of the last array of an attribute."""
    keys = [key for key in sorted_keys(arrays) if key.endswith(f".{name}")]
    return keys[-1]


def sorted_keys(arrays):
    """Return the keys in the order of saving."""
    return sorted(arrays, key=lambda key: int(key.split(".")[0]))


def changed(name, change):
    """Return a change of one array, in place or for another."""

    def tamper(body, arrays):
        key = array(arrays, name)
        found = change(arrays[key])
        if found is not None:
            arrays[key] = np.ascontiguousarray(found)

    return tamper


def entry_is(name, place, value):
    """Return a change of one number of an array."""

    def write(found):
        found[place] = value

    return changed(name, write)


def whole(name):
    """Return where the root of a forest's last tree lies, and its own arrays."""
    return lambda arrays: arrays[array(arrays, name)]


def at_inner(name, value):
    """Return a change of the first node that has children."""

    def tamper(body, arrays):
        inner = int(np.argmax(whole("node_left_child")(arrays) != -1))
        found = whole(name)(arrays)
        found[inner] = value(arrays, inner) if callable(value) else value

    return tamper


def at_leaf(name, value):
    """Return a change of the first leaf."""

    def tamper(body, arrays):
        leaf = int(np.argmax(whole("node_left_child")(arrays) == -1))
        whole(name)(arrays)[leaf] = value

    return tamper


def extra(body, arrays):
    """Add an array of no step."""
    arrays["99.extra"] = np.zeros(3)


def missing(body, arrays):
    """Leave out an array."""
    del arrays[sorted_keys(arrays)[-1]]


def shared(body, arrays):
    """Let two attributes point to one array."""
    text = json.dumps(body)
    keys = sorted_keys(arrays)
    body.clear()
    body.update(json.loads(text.replace(f'"{keys[-1]}"', f'"{keys[-2]}"')))
    del arrays[keys[-1]]


def _chain(body, arrays):
    """Make the last tree one long branch, a leaf at each node."""
    n_inner = 20_000
    n = 2 * n_inner + 1
    k = whole("node_values")(arrays).shape[1]
    left, right = np.full(n, -1), np.full(n, -1)
    left[0:-1:2], right[0:-1:2] = np.arange(1, n, 2), np.arange(2, n, 2)
    inner = left != -1
    counts = np.ones(n, np.int64)
    counts[::2] = np.arange(n_inner + 1, 0, -1)
    new = {
        "tree_sizes": np.array([n]),
        "tree_seeds": np.array([1]),
        "node_left_child": left,
        "node_right_child": right,
        "node_feature": np.where(inner, 0, -2),
        "node_threshold": np.where(inner, 0.5, -2.0),
        "node_impurity": np.zeros(n),
        "node_n_node_samples": counts,
        "node_weighted_n_node_samples": counts.astype(float),
        "node_missing_go_to_left": np.zeros(n, np.uint8),
        "node_values": np.full((n, k), 1 / k),
    }
    body["model"]["parameters"]["n_estimators"] = 1
    for name, values in new.items():
        arrays[array(arrays, name)] = values


FOREST = {
    "a child beyond the tree": at_inner("node_left_child", 10**6),
    "a child far beyond": at_inner("node_right_child", 2**62),
    "a child before": at_inner("node_left_child", -7),
    "a node its own child": at_inner("node_left_child", lambda arrays, inner: inner),
    "a cycle": entry_is("node_right_child", 2, 0),
    "one child": at_inner("node_right_child", -1),
    "the same child twice": at_inner(
        "node_left_child",
        lambda arrays, inner: whole("node_right_child")(arrays)[inner],
    ),
    "a feature beyond": at_inner("node_feature", 144),
    "a feature far beyond": at_inner("node_feature", 2**40),
    "a feature below 0": at_inner("node_feature", -1),
    "a leaf with a feature": at_leaf("node_feature", 3),
    "a leaf with a threshold": at_leaf("node_threshold", 0.5),
    "a threshold NaN": at_inner("node_threshold", np.nan),
    "a threshold infinite": at_inner("node_threshold", np.inf),
    "missing to nowhere": entry_is("node_missing_go_to_left", 0, 7),
    "values NaN": entry_is("node_values", (0, 0), np.nan),
    "values of 2": entry_is("node_values", (0, 0), 2.0),
    "values below 0": changed("node_values", lambda v: v * [[-1, 1, 1]]),
    "other counts": at_inner("node_n_node_samples", 10**6),
    "no samples": at_leaf("node_n_node_samples", 0),
    "other weights": at_inner("node_weighted_n_node_samples", 1e9),
    "weights below 0": at_leaf("node_weighted_n_node_samples", -1.0),
    "a tree of nothing": entry_is("tree_sizes", 0, 0),
    "trees below 0": entry_is("tree_sizes", 0, -5),
    "trees beyond 64 bits": entry_is("tree_sizes", slice(None), 2**62),
    "a tree too long": changed("tree_sizes", lambda sizes: sizes + 1),
    "a tree fewer": changed("tree_sizes", lambda sizes: sizes[:-1]),
    "seeds below 0": entry_is("tree_seeds", 0, -1),
    "nodes fewer": changed("node_feature", lambda values: values[:-1]),
    "nodes in two dimensions": changed("node_feature", lambda v: v[:, np.newaxis]),
    "a head too wide": changed("node_values", lambda v: np.hstack([v, 0 * v[:, :1]])),
    "a head too narrow": changed("node_values", lambda values: values[:, :-1]),
    "classes fewer": changed("classes_", lambda classes: classes[:-1]),
    "classes unsorted": changed("classes_", lambda classes: classes[::-1]),
    "a class twice": entry_is("classes_", 1, 0),
    "classes NaN": changed("classes_", lambda c: np.array([0.0, 1.0, np.nan])),
    "classes below 0": entry_is("classes_", 0, -4),
    "no classes": changed("classes_", lambda classes: classes[:0]),
    "children of float": changed("node_left_child", lambda v: v.astype(float)),
    "children of 32 bits": changed("node_left_child", lambda v: v.astype(np.int32)),
    "a branch without end": _chain,
    "a forest fewer": lambda body, arrays: body["model"]["parameters"].update(
        n_estimators=4
    ),
    "max_features_ beyond": lambda body, arrays: body["model"]["fitted"].update(
        max_features_=10**6
    ),
    "fewer features": lambda body, arrays: body["model"]["fitted"].update(
        n_features_in_=3
    ),
    "an array more": extra,
    "an array fewer": missing,
    "an array twice": shared,
}
HOG_SVM = {
    "scale 0": entry_is("scale_", 3, 0.0),
    "scale NaN": entry_is("scale_", 3, np.nan),
    "scale infinite": entry_is("scale_", 3, np.inf),
    "scale below 0": entry_is("scale_", 3, -1.0),
    "scale too short": changed("scale_", lambda scale: scale[:-1]),
    "no scale": lambda body, arrays: (
        step(body, 1, "fitted").pop("scale_"),
        arrays.pop(array(arrays, "scale_")),
    ),
    "support too narrow": changed("support_vectors_", lambda v: v[:, :-1]),
    "support too few": changed("support_vectors_", lambda v: v[:-1]),
    "support of whole numbers": changed("support_vectors_", lambda v: v.astype(int)),
    "support NaN": entry_is("support_vectors_", (0, 0), np.nan),
    "counts of others": entry_is("n_support_", 0, 1),
    "counts below 0": changed("n_support_", lambda n: np.add(n, [100, -100, 0])),
    "counts fewer": changed("n_support_", lambda n: n[:-1]),
    "dual_coef_ too few": changed("dual_coef_", lambda values: values[:-1]),
    "dual_coef_ flat": changed("dual_coef_", np.ravel),
    "intercept_ too few": changed("intercept_", lambda values: values[:-1]),
    "gamma_ 0": lambda body, arrays: step(body, -1, "fitted").update(gamma_=0.0),
    "gamma_ below 0": lambda body, arrays: step(body, -1, "fitted").update(gamma_=-1),
    "gamma_ infinite": lambda body, arrays: step(body, -1, "fitted").update(
        gamma_={"float": "inf"}
    ),
    "temperature_ 0": lambda body, arrays: step(body, -1, "fitted").update(
        temperature_=0
    ),
    "temperature_ gone": lambda body, arrays: step(body, -1, "fitted").pop(
        "temperature_"
    ),
}
SVC_ARRAYS = {
    "support_ beyond": entry_is("support_", 0, 10**6),
    "support_ below 0": entry_is("support_", 0, -1),
    "counts below 0": changed(
        "n_support_", lambda n: np.add(n, [50, -50, 0], dtype="i")
    ),
    "counts of 64 bits": changed("n_support_", lambda n: n.astype(np.int64)),
    "vectors of 32 bits": changed("support_vectors_", lambda v: v.astype(np.float32)),
    "vectors too narrow": changed("support_vectors_", lambda v: v[:, :-1]),
    "dual_coef_ too narrow": changed("dual_coef_", lambda values: values[:, :-1]),
    "intercept_ too many": changed("intercept_", lambda v: np.r_[v, v]),
    "probA_ too many": changed("probA_", lambda values: np.ones(2)),
    "a degree": put(degree=2**31),
    "a degree below 0": put(degree=-1),
}
OTHER_ARRAYS = {
    "logistic": {
        "components too narrow": changed("components_", lambda values: values[:-1]),
        "variance below 0": entry_is("explained_variance_", 0, -1.0),
        "a plane fewer": changed("coef_", lambda values: values[:-1]),
        "an intercept more": changed("intercept_", lambda v: np.r_[v, 0.0]),
    },
    "pixels+nystroem": {
        "normalization too small": changed("normalization_", lambda v: v[:-1]),
        "landmarks too few": changed("components_", lambda values: values[:-1]),
        "landmarks too narrow": changed("components_", lambda v: v[:, :-1]),
    },
    "dummy": {
        "shares of 2": changed("class_prior_", lambda shares: shares * 2),
        "shares too few": changed("class_prior_", lambda shares: shares[:-1]),
        "two outputs": lambda body, arrays: body["model"]["fitted"].update(
            n_outputs_=2
        ),
    },
    "circles": {
        "other classes in the forest": entry_is("classes_", 2, 9),
        "a cycle": at_inner("node_left_child", 0),
        "no forest": lambda body, arrays: (
            step(body, -1, "fitted").update(forest_=7),
            [arrays.pop(key) for key in sorted_keys(arrays)[1:]],
        ),
        "a grid of millions": lambda body, arrays: step(body, 0).update(P=1e9),
    },
    "hog+lbp+rf": {
        "features of other images": lambda body, arrays: step(body, 0)[
            "transformer_list"
        ][1]["tuple"][1]["model"]["fitted"].update(n_features_in_=100)
    },
    "union": {"a drop of all": lambda body, arrays: step(body, 0).update(
        transformer_list=[])},
}  # fmt: skip
ALL_ARRAYS = [
    *(("forest", name, change) for name, change in FOREST.items()),
    *(("hog+svm", name, change) for name, change in HOG_SVM.items()),
    *(("svc", name, change) for name, change in SVC_ARRAYS.items()),
    *(
        (model, name, change)
        for model, changes in OTHER_ARRAYS.items()
        for name, change in changes.items()
    ),
]


@pytest.mark.parametrize("model", sorted({model for model, _, _ in ALL_ARRAYS}))
def test_a_sealed_file_is_a_sound_one(saved, tmp_path, model):
    content = sealed(*members(saved(model)))
    assert same(load_model_of(tmp_path, content), fitted(model))


@pytest.mark.parametrize(
    ("model", "change"),
    [(model, change) for model, _, change in ALL_ARRAYS],
    ids=[f"{model}: {name}" for model, name, _ in ALL_ARRAYS],
)
def test_arrays_that_mean_no_model(saved, tmp_path, model, change):
    body, arrays = members(saved(model))
    change(body, arrays)
    said = refused(tmp_path / "m.fer", sealed(body, arrays))
    assert "unsound" not in said, "an error nobody thought of"
    assert "no sound model" not in said


LIMITED = """
import resource, sys
from pathlib import Path
from fercompare.saving import ModelFileError, load_model
now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 300 * 2**20,) * 2)
for path in sys.argv[1:]:
    try:
        load_model(path)
    except ModelFileError:
        continue
    sys.exit(f"{path} was not refused")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits as on Linux")
def test_hostile_files_cost_no_memory(saved, tmp_path):
    paths = []

    def add(content):
        paths.append(tmp_path / f"{len(paths)}.fer")
        paths[-1].write_bytes(content)

    body, arrays = members(saved("hog+svm"))
    for name in ("a tebibyte", "product beyond 64 bits", "thousands"):
        header = json.dumps(HEADERS[name]).encode()
        add(sealed(body, struct.pack("<Q", len(header)) + header + bytes(16)))
    for name in ("images of a gigabyte", "a million directions"):
        body, arrays = members(saved("hog+svm"))
        MANIFESTS[name](body, arrays)
        add(sealed(body, arrays))
    for name in ("a branch without end", "a cycle", "trees beyond 64 bits"):
        body, arrays = members(saved("forest"))
        FOREST[name](body, arrays)
        add(sealed(body, arrays))
    with zipfile.ZipFile(saved("hog+svm")) as file:
        manifest, packed = file.read(MANIFEST), file.read(ARRAYS)
    add(_containers(manifest, packed)["a bomb"])
    paths.append(tmp_path / "sparse.fer")
    with open(paths[-1], "wb") as stream:
        stream.truncate(2**42)
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *map(str, paths)],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@settings(
    max_examples=150,
    deadline=1000,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_random_bytes_are_refused_or_change_nothing(saved, tmp_path, data):
    content = bytearray(saved("forest").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    _refused_or_same(tmp_path, content)


@settings(
    max_examples=150,
    deadline=1000,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_random_numbers_under_right_checksums_never_crash(saved, tmp_path, data):
    body, arrays = members(saved("forest"))
    key = data.draw(st.sampled_from(sorted_keys(arrays)))
    found = arrays[key].reshape(-1)
    place = data.draw(st.integers(0, len(found) - 1))
    raw = data.draw(st.binary(min_size=found.itemsize, max_size=found.itemsize))
    found[place] = np.frombuffer(raw, found.dtype)[0]
    path = tmp_path / "m.fer"
    path.write_bytes(sealed(body, arrays))
    try:
        model = load_model(path)
    except ModelFileError:
        return
    assert np.isfinite(model.predict_proba(OTHERS)).all()


def _refused_or_same(folder, content):
    path = folder / "m.fer"
    path.write_bytes(content)
    try:
        model = load_model(path)
    except ModelFileError:
        return
    assert same(model, fitted("forest"))

"""Who trains and who reports: folds, parts, and studies made small."""

import json
from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline

from fercompare import load_results, run_benchmark
from fercompare.datasets.base import Dataset
from fercompare.errors import DataError, UnknownName
from fercompare.evaluation import backends
from fercompare.evaluation.parts import divide, fold_numbers
from fercompare.evaluation.protocol import protocol_for
from fercompare.evaluation.reach import open_in_reach, put_in_reach
from fercompare.evaluation.store import Store
from fercompare.evaluation.study import plan_study
from fercompare.evaluation.trials import DONE, Outcome, Trial

N = 120


def make(seed=0, grouped=True, parts=False):
    rng = np.random.default_rng(seed)
    return Dataset(
        "people",
        rng.integers(0, 256, (N, 16), dtype=np.uint8),
        rng.permutation(np.resize([0, 0, 0, 1, 1, 2], N)),
        ("happy", "sad", "fear"),
        (4, 4),
        groups=np.repeat([f"S{k}" for k in range(N // 6)], 6) if grouped else None,
        split=np.resize(["train", "train", "val", "test"], N) if parts else None,
    )


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 1000),
    cv=st.integers(2, 6),
    group=st.sampled_from(["subject", "none"]),
)
def test_each_row_is_reported_once_and_never_trains_its_own_fold(seed, cv, group):
    data = make(seed)
    protocol = protocol_for(data, cv=cv, group=group)
    reported = []
    for fold in protocol.folds:
        parts = divide(data, protocol, seed, fold)
        assert parts.validation is None
        assert not set(parts.training.rows) & set(parts.reporting.rows)
        assert len(parts.training) + len(parts.reporting) == N
        shared = set(parts.training.groups) & set(parts.reporting.groups)
        assert not (shared and group == "subject")
        reported += parts.reporting.rows.tolist()
    assert sorted(reported) == list(range(N))


def test_folds_have_the_class_shares_of_the_whole():
    data = make(grouped=False)
    folds = fold_numbers(data, protocol_for(data, cv=5), seed=0)
    for fold in range(5):
        assert np.bincount(data.y[folds == fold]).tolist() == [12, 8, 4]


def test_folds_depend_on_the_pictures_and_the_seed_alone():
    data = make(grouped=False)
    protocol = protocol_for(data, cv=4)
    order = np.random.default_rng(1).permutation(N)
    one, other = (fold_numbers(d, protocol, seed=0) for d in (data, data.take(order)))
    assert np.array_equal(one[order], other)
    assert not np.array_equal(one, fold_numbers(data, protocol, seed=1))


def test_a_copy_in_another_fold_is_no_leak_free_row():
    data = make(grouped=False)
    X = data.X.copy()
    X[1] = X[0]
    data = replace(data, X=X, y=np.where(np.arange(N) < 2, 0, data.y))
    protocol = protocol_for(data, cv=4)
    apart = [s for s in range(20) if len(set(fold_numbers(data, protocol, s)[:2])) == 2]
    leaking = []
    for fold in protocol.folds:
        parts = divide(data, protocol, apart[0], fold)
        leaking += parts.reporting.rows[~parts.leak_free].tolist()
    assert sorted(leaking) == [0, 1]


def test_folds_depend_on_what_subjects_are_called_and_not_on_how(tmp_path, monkeypatch):
    numbers = np.repeat(np.arange(N // 6), 6)
    texts = numbers.astype(str)
    protocol = protocol_for(replace(make(), groups=texts), cv=5)
    dealt = fold_numbers(replace(make(), groups=texts), protocol, 0)
    for groups in (numbers, numbers.astype(object), texts.astype(object)):
        data = replace(make(), groups=groups)
        assert protocol_for(data, cv=5) == protocol
        opened = open_in_reach(put_in_reach({"d": data}, tmp_path)["d"])
        for one in (data, opened):
            assert np.array_equal(fold_numbers(one, protocol, 0), dealt)

    def run_here(function, tasks, n_jobs):
        return ((task, function(task)) for task in tasks)

    monkeypatch.setattr(backends, "run_in_processes", run_here)
    data = {"d": replace(make(), groups=numbers.astype(object))}
    asked = data, ["dummy"], ["none"], 1
    for options in ({"n_jobs": 1, "limit": 2}, {"n_jobs": 2}):
        outcomes = run_benchmark(*asked, cv=5, store=tmp_path / "out", **options)
    rows = np.concatenate([outcome.rows for outcome in outcomes])
    assert sorted(rows) == list(range(N))


def test_rows_without_a_label_are_in_no_fold():
    data = make()
    data = replace(data, y=np.where(np.arange(N) < 5, -1, data.y))
    protocol = protocol_for(data, cv=3)
    seen = [divide(data, protocol, 0, k).reporting.rows for k in protocol.folds]
    assert sorted(np.concatenate(seen)) == list(range(5, N))


def bench(store, data=None, model=None, seeds=2, **asked):
    models = {"m": model or DummyClassifier()}
    data = make() if data is None else data
    return run_benchmark({"d": data}, models, ["none"], seeds, store=store, **asked)


def test_a_fold_is_a_trial_of_its_own_and_is_run_once(tmp_path):
    outcomes = bench(tmp_path, cv=3, group="subject")
    assert [(o.trial.seed, o.trial.fold) for o in outcomes] == [
        (seed, fold) for seed in (0, 1) for fold in (0, 1, 2)
    ]
    assert {o.status for o in outcomes} == {DONE}
    assert outcomes[4].trial.name == "d-m-none-1-fold1"
    assert outcomes[0].facts["reported_on"] == "3 folds"
    for seed in (0, 1):
        rows = [row for o in outcomes if o.trial.seed == seed for row in o.rows]
        assert Counter(rows) == Counter(range(N))
    again = bench(tmp_path, cv=3)
    assert [o.checksum for o in again] == [o.checksum for o in outcomes]
    assert len(load_results(tmp_path)) == 6


def test_other_folds_parts_or_samples_are_never_passed_off(tmp_path):
    data = make(parts=True)
    bench(tmp_path, data)
    with pytest.warns(UserWarning, match=r"differ in cv \(nothing stored, 3 asked"):
        bench(tmp_path, data, cv=3, parts="train+val+test")
    with pytest.warns(UserWarning, match=r"cv \(3 stored, 4 asked for\);"):
        bench(tmp_path, data, cv=4, parts="train+val+test")
    with pytest.warns(UserWarning, match=r"group \(subject stored, none asked for\)"):
        bench(tmp_path, data, cv=4, parts="train+val+test", group="none")
    with pytest.warns(UserWarning, match=r"parts \(nothing stored, train::val asked"):
        bench(tmp_path, data, parts="train::val")
    with pytest.warns(UserWarning, match=r"quick \(nothing stored, True asked for\)"):
        bench(tmp_path, data, quick=True)
    assert len(load_results(tmp_path)) == 2 + 6 + 8 + 8 + 2 + 1


def test_other_subjects_are_other_folds(tmp_path):
    data = make()
    others = replace(data, groups=np.repeat([f"S{k}" for k in range(N // 3)], 3))
    assert data.fingerprint == others.fingerprint
    bench(tmp_path, data, cv=3)
    with pytest.warns(UserWarning, match=r"differ in subjects \("):
        bench(tmp_path, others, cv=3)
    assert len(load_results(tmp_path)) == 12


def test_parts_say_who_trains_selects_and_reports(tmp_path):
    data = make(parts=True)
    (outcome,) = bench(tmp_path, data, parts="train::val", seeds=1)
    assert outcome.facts["reported_on"] == "val"
    assert set(outcome.rows) == set(np.flatnonzero(data.split == "val"))
    both = divide(data, protocol_for(data, parts="train+val::test"))
    assert (len(both.training), both.validation) == (90, None)
    assert both.reported_on == "test"
    written = divide(data, protocol_for(data, parts="train:val:test"))
    assert (len(written.training), len(written.validation)) == (60, 30)
    assert protocol_for(data, parts="train:val:test") == protocol_for(data)


@pytest.mark.parametrize(
    ("asked", "parts", "kind", "message"),
    [
        ({"parts": "train:test:test"}, True, DataError, "'test' twice"),
        ({"parts": "train+val:val:test"}, True, DataError, "'val' twice"),
        ({"parts": "train"}, True, DataError, "TRAIN:SELECT:REPORT"),
        ({"parts": "train:val:"}, True, DataError, "TRAIN:SELECT:REPORT"),
        ({"parts": "train:vall:test"}, True, UnknownName, "did you mean 'val'"),
        ({"parts": "train::test"}, False, DataError, "has no part train"),
        ({}, False, DataError, "folds with cv=10"),
        ({"group": "subject"}, True, DataError, "give cv"),
        ({"cv": 3}, True, DataError, "would mix them"),
        ({"cv": 1}, False, DataError, "2 folds are the fewest"),
        ({"cv": "3"}, False, DataError, "no whole number"),
        ({"cv": 3, "parts": "train:val:test"}, True, UnknownName, "unknown part"),
        ({"cv": 3, "group": "person"}, False, UnknownName, "unknown group"),
        ({"cv": 61}, False, DataError, "people"),
    ],
)
def test_what_cannot_be_divided_is_said(tmp_path, asked, parts, kind, message):
    with pytest.raises(kind, match=message):
        bench(tmp_path, make(parts=parts), **asked)


def test_subjects_are_asked_for_where_nobody_knows_them():
    with pytest.raises(DataError, match="says nothing of its subjects"):
        protocol_for(make(grouped=False), cv=3, group="subject")
    assert protocol_for(make(grouped=False), cv=3).group == "none"
    assert protocol_for(make(), cv=3).group == "subject"


def test_every_set_may_be_divided_in_its_own_way(tmp_path):
    sets = {"folded": make(), "parted": make(parts=True)}
    models = {"m": DummyClassifier()}
    asked = {"cv": {"folded": 2}, "parts": {"parted": "train::val"}}
    outcomes = run_benchmark(sets, models, ["none"], 1, store=tmp_path, **asked)
    told = [o.facts["reported_on"] for o in outcomes]
    assert told == ["2 folds", "2 folds", "val"]


class Trained(DummyClassifier):
    """Would take its time."""

    def __init__(self, epochs=100):
        super().__init__()
        self.epochs = epochs

    def fit(self, X, y):
        assert self.epochs == 1
        return super().fit(X, y)


def test_quick_studies_are_small(tmp_path):
    for model in (Trained(), make_pipeline(Trained())):
        study = plan_study({"d": make()}, {"m": model}, ["none"], 5, cv=10, quick=True)
        assert len(study.datasets["d"]) == 60
        assert [(t.seed, t.fold) for t in study.trials] == [(0, 0), (0, 1)]
        meant = study.trials[0].specification
        assert meant["quick"]
        assert 1 in meant["parameters"].values()
    outcomes = bench(tmp_path, model=Trained(), quick=True, cv=10)
    assert [outcome.status for outcome in outcomes] == [DONE, DONE]


def test_outcomes_of_a_time_without_folds_are_found_and_read(tmp_path):
    trial = Trial("d", "m", "none", 0, {"data": "5f2c"})
    assert trial.key == "d-m-none-0-316409879a4d"
    one = Outcome(trial, "failed", "out of luck")
    Store(tmp_path).save(one)
    path = tmp_path / f"{trial.key}.json"
    record = json.loads(path.read_text())
    del record["trial"]["fold"]
    text = json.dumps(record, indent=1)
    from fercompare.evaluation.stored import digest_of

    digest = digest_of(trial.key, text.encode())
    path.write_text(text.replace(record["sha256"], digest, 1))
    (read,) = load_results(tmp_path)
    assert read.trial == trial
    assert asdict(read.trial)["fold"] is None

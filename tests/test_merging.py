"""Stores of several machines: merged whole, never against each other."""

from dataclasses import replace

import numpy as np
import pytest
from made_outcomes import failure, made_outcomes

from fercompare import load_results
from fercompare.errors import DataError
from fercompare.evaluation.merging import load_stores, merge_stores
from fercompare.evaluation.store import Store
from fercompare.report.leaderboard import scores


@pytest.fixture
def outcomes():
    return made_outcomes(("cnn",), ("none", "smote"), n_seeds=2, n_test=60)


@pytest.fixture
def stored(tmp_path):
    """Return a function that writes outcomes to a store and returns its folder."""

    def write(name, outcomes):
        store = Store(tmp_path / name)
        for outcome in outcomes:
            store.save(outcome)
        return store.path

    return write


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def otherwise(outcome, **arrays):
    return replace(outcome, **arrays)


def test_a_merged_store_holds_what_the_sources_hold(stored, outcomes, tmp_path):
    one, two = stored("one", outcomes[:3]), stored("two", outcomes[2:])
    before = contents(one), contents(two)
    target = tmp_path / "all"
    assert merge_stores([one, two], target) == 4
    assert scores(load_results(target)).equals(scores(load_stores([one, two])))
    assert (contents(one), contents(two)) == before
    assert contents(target) == before[0] | before[1]
    assert merge_stores([one, two], target) == 0


def test_a_merge_goes_on_where_it_was_interrupted(stored, outcomes, monkeypatch):
    one, target = stored("one", outcomes), stored("target", outcomes[:1])
    save, n_saved = Store.save, []

    def fail_later(store, outcome):
        if len(n_saved) == 1:
            raise KeyboardInterrupt
        n_saved.append(outcome)
        save(store, outcome)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "save", fail_later)
        with pytest.raises(KeyboardInterrupt):
            merge_stores([one], target)
    assert len(load_results(target)) == 2
    assert merge_stores([one], target) == 2
    assert contents(target) == contents(one)


def test_a_done_outcome_counts_before_a_failed_one(stored, outcomes):
    done = outcomes[0]
    failed = replace(failure(), trial=done.trial)
    target, other = stored("target", [failed]), stored("other", [done])
    for paths in ([target, other], [other, target]):
        assert [one.status for one in load_stores(paths)] == ["done"]
    assert merge_stores([other], target) == 1
    assert load_results(target)[0].status == "done"
    assert merge_stores([stored("failed", [failed])], target) == 0


def test_the_same_trial_with_other_seconds_is_the_same(stored, outcomes):
    slower = replace(outcomes[0], facts=outcomes[0].facts | {"fit_seconds": 99.0})
    near = np.nextafter(outcomes[0].proba, np.float32(1))
    one = stored("one", outcomes[:1])
    two = stored("two", [otherwise(slower, proba=near)])
    (found,) = load_stores([one, two])
    assert found.facts["fit_seconds"] == outcomes[0].facts["fit_seconds"]


@pytest.mark.parametrize("what", ["y_pred", "proba", "no proba"])
def test_other_predictions_of_the_same_trial_are_a_conflict(stored, outcomes, what):
    first = outcomes[0]
    arrays = {
        "y_pred": {"y_pred": (first.y_pred + 1) % 7},
        "proba": {"proba": first.proba[:, ::-1]},
        "no proba": {"proba": None},
    }[what]
    one, two = stored("one", outcomes), stored("two", [otherwise(first, **arrays)])
    with pytest.raises(DataError, match="1 trials with the same specification"):
        load_stores([one, two])
    target = stored("target", outcomes[1:])
    before = contents(target)
    with pytest.raises(DataError, match="none was taken"):
        merge_stores([one, two], target)
    assert contents(target) == before


def test_what_is_damaged_is_named_and_left_out(stored, outcomes, tmp_path):
    one = stored("one", outcomes)
    victim = sorted(one.glob("*.npz"))[0]
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    with pytest.warns(UserWarning, match="is damaged"):
        assert merge_stores([one], tmp_path / "target") == 3


def test_no_folder_is_said(tmp_path):
    with pytest.raises(DataError, match="no folder of outcomes"):
        merge_stores([tmp_path / "nowhere"], tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_the_command_reads_several_stores_and_merges_them(call, stored, outcomes):
    one, two = stored("one", outcomes[:2]), stored("two", outcomes[2:])
    both = call("leaderboard", one, two, "--csv")
    merged = call("leaderboard", one, two, "--into", "all", "--csv")
    assert merged.stdout == both.stdout
    assert "4 outcomes were written to all" in merged.stderr
    assert call("leaderboard", "all", "--csv").stdout == both.stdout

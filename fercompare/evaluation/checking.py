"""What is wrong with a set of outcomes: missing, failed, doubled, of other data."""

import itertools
import re
import warnings
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from fercompare.evaluation.store import NAME, load_results
from fercompare.evaluation.stored import ASIDE
from fercompare.evaluation.trials import DONE, FAILED

DIGITS = 12
"""Of a fingerprint."""
SET_ASIDE = re.compile(rf"(.*)\.(json|npz){re.escape(ASIDE)}-\d+")
HARMLESS = ("other versions",)
"""Kinds of findings that leave a leaderboard as it is, but are worth knowing."""


class Finding(NamedTuple):
    """Something that a reader of the outcomes should know.

    Attributes
    ----------
    kind : {"missing", "failed", "doubled", "damaged", "other data", "other versions"}
    dataset, model, strategy : str
    seed : int or None
    fold : int or None
    text : str
    """

    kind: str
    dataset: str
    model: str
    strategy: str
    seed: int | None
    fold: int | None
    text: str


def check(outcomes):
    """Return what is missing, failed, doubled, of other data or other versions.

    Missing is what would fill the grid: every model with every strategy, seed and fold
    that any other one of the same data has. A trial that was skipped, since the two do
    not go together, is there.

    Parameters
    ----------
    outcomes : list of Outcome

    Returns
    -------
    list of Finding

    Examples
    --------
    >>> from fercompare.evaluation.trials import FAILED, Outcome, Trial
    >>> found = check([Outcome(Trial("faces", "svm", "none", 0), FAILED, "no memory"),
    ...                Outcome(Trial("faces", "cnn", "smote", 0), FAILED, "no memory")])
    >>> [(one.kind, one.model, one.strategy) for one in found]
    [('missing', 'svm', 'smote'), ('missing', 'cnn', 'none'),
     ('failed', 'svm', 'none'), ('failed', 'cnn', 'smote')]
    """
    placed = _by_data(outcomes)
    return [
        *_missing(placed),
        *(f for same in placed.values() for f in _failed(same)),
        *(f for same in placed.values() for f in _doubled(same)),
        *_of_other_data(placed),
        *_of_other_versions(outcomes),
    ]


def damaged(paths):
    """Return a `Finding` for each outcome in stores that is not as it was written.

    Reading sets such files aside, where it may. They count until they are removed,
    though the trial may have been run again since.

    Parameters
    ----------
    paths : list of path

    Returns
    -------
    list of Finding
    """
    texts = []
    for path in map(Path, paths):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            sound = {outcome.path.name for outcome in load_results(path)}
        names = sorted(one.name for one in path.iterdir())
        texts += [
            f"{path / name} is not as it was written: remove it, and run the trial"
            for name in names
            if NAME.fullmatch(name) and name not in sound
        ]
        aside = {name: found for name in names if (found := SET_ASIDE.fullmatch(name))}
        for trial in dict.fromkeys(found[1] for found in aside.values()):
            files = ", ".join(n for n, found in aside.items() if found[1] == trial)
            again = "it was run again since" if f"{trial}.json" in sound else "run it"
            texts.append(f"{trial} in {path} was damaged: {again}, and remove {files}")
    return [Finding("damaged", "", "", "", None, None, text) for text in texts]


def _by_data(outcomes):
    """Return {(data set, fingerprint): outcomes}, most outcomes first.

    One that does not say which data it is of is counted to most of its name.
    """
    placed, unknown = defaultdict(list), []
    for outcome in outcomes:
        meant = outcome.trial.specification.get("data")
        known = outcome.facts.get("data", {}).get("fingerprint", meant)
        if known is None:
            unknown.append(outcome)
        else:
            placed[outcome.trial.dataset, known[:DIGITS]].append(outcome)
    placed = dict(sorted(placed.items(), key=lambda one: -len(one[1])))
    for outcome in unknown:
        dataset = outcome.trial.dataset
        place = next((one for one in placed if one[0] == dataset), (dataset, ""))
        placed.setdefault(place, []).append(outcome)
    return placed


def _missing(placed):
    for (dataset, fingerprint), outcomes in placed.items():
        trials = [outcome.trial for outcome in outcomes]
        models, strategies, repeats = (
            dict.fromkeys(column)
            for column in zip(
                *((t.model, t.strategy, (t.seed, t.fold)) for t in trials)
            )
        )
        here = {(t.model, t.strategy, (t.seed, t.fold)) for t in trials}
        text = f"others of the same data ({fingerprint}) have it"
        for lacking in itertools.product(models, strategies, repeats):
            if lacking not in here:
                model, strategy, repeat = lacking
                yield Finding("missing", dataset, model, strategy, *repeat, text)


def _failed(outcomes):
    for outcome in outcomes:
        if outcome.status == FAILED:
            yield _finding("failed", outcome.trial, outcome.reason)


def _doubled(outcomes):
    alike = defaultdict(list)
    for outcome in outcomes:
        alike[outcome.trial.names].append(outcome)
    for same in alike.values():
        if len(same) > 1:
            text = f"{len(same)} outcomes of this name, with different settings or code"
            yield _finding("doubled", same[0].trial, text)


def _of_other_data(placed):
    main = {}
    for (dataset, fingerprint), outcomes in placed.items():
        most = main.setdefault(dataset, (fingerprint, len(outcomes)))
        if most[0] != fingerprint:
            text = (
                f"{len(outcomes)} outcomes are of data {fingerprint}, "
                f"{most[1]} of {most[0]}"
            )
            yield Finding("other data", dataset, "", "", None, None, text)


def _of_other_versions(outcomes):
    made = defaultdict(lambda: defaultdict(int))
    for outcome in outcomes:
        if outcome.status == DONE:
            made[outcome.trial.dataset][_versions(outcome)] += 1
    for dataset, counts in made.items():
        if len(counts) > 1:
            told = "; ".join(f"{n} with {versions}" for versions, n in counts.items())
            yield Finding("other versions", dataset, "", "", None, None, told)


def _versions(outcome):
    machine = outcome.facts.get("machine", {})
    packages = machine.get("packages", {})
    told = [
        f"fercompare {machine.get('fercompare')}",
        f"python {machine.get('python')}",
    ]
    return ", ".join([*told, *(f"{name} {v}" for name, v in sorted(packages.items()))])


def _finding(kind, trial, text):
    names = (trial.dataset, trial.model, trial.strategy, trial.seed, trial.fold)
    return Finding(kind, *names, text)

"""One trial of a search: drawn, fitted on what trains, scored on what chooses."""

import functools
import math
import time
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
from optuna.trial import TrialState
from sklearn.base import clone

from fercompare.balancing.wrappers import innermost, watches_validation
from fercompare.datasets.base import Dataset
from fercompare.errors import FercompareError
from fercompare.evaluation.fitting import make_estimator, run_trial
from fercompare.evaluation.protocol import Protocol
from fercompare.evaluation.quick import short
from fercompare.evaluation.ranges import Choice
from fercompare.evaluation.searched import (
    ASKED,
    REASON,
    SearchFile,
    facts_of,
    number_of,
)
from fercompare.evaluation.spaces import Space
from fercompare.evaluation.tasks import parts_of
from fercompare.evaluation.trials import DONE, Trial
from fercompare.metrics import METRICS

PLAIN = bool | int | float | str | None
OF_EPOCHS = {
    "accuracy": "val_accuracy",
    "f1_macro": "val_f1_macro",
    "auroc_ovr_macro": "val_auroc",
    "log_loss": "val_loss",
}
"""Metric to what a network says of it after each epoch."""
BALANCE = "balance"
MODEL, STRATEGY, PARAMETERS = "model", "strategy", "parameters"
SECONDS, SELECTED_ON = "seconds", "selected_on"
"""What is asked of a trial, and facts of one that ended."""


class Question(NamedTuple):
    """All that a process needs for a trial; ``data`` may be a file of a `Dataset`.

    The data have no test part any more.
    """

    data: Dataset | Path
    protocol: Protocol
    space: Space
    strategies: tuple
    metric: str
    seed: int
    prune: bool
    quick: bool
    n_trials: int
    path: Path
    specification: dict

    @property
    def label(self):
        """The model as it was named, in the one way that names are written."""
        return self.space.name({word: {} for word in self.space.words})

    @property
    def names(self):
        """What the search is called."""
        return [self.opened().name, self.label, ", ".join(self.strategies)]

    def open(self):
        """Return the `SearchFile`, to be entered."""
        epochs = innermost(self.estimator(self.space.model)).get_params().get("epochs")
        n_steps = self.protocol.cv or epochs or 1
        return SearchFile(
            self.path,
            self.names,
            self.specification,
            METRICS[self.metric].higher_is_better,
            warm_up=math.ceil(n_steps / 3),
        )

    def estimator(self, model, strategy=None, name=None):
        """Return the unfitted estimator of a model with a strategy, as `bench` does."""
        strategy = strategy or self.strategies[0]
        names = name or self.label, strategy
        made = make_estimator(self.opened(), model, strategy, self.seed, names)
        return short(made) if self.quick else made

    def opened(self):
        """Return the data set."""
        return _open(self.data) if isinstance(self.data, Path) else self.data


class Pruned(Exception):
    """Ends the training of a network that is worse than others were."""


def run_next(question, file):
    """Run the next trial of a search, and note in the file what came of it.

    Parameters
    ----------
    question : Question
    file : SearchFile

    Returns
    -------
    number : int or None
        None where there is nothing left to run.
    """
    space, drawn = question.space, {}

    def begin(number, trial):
        nothing = {word: {} for word in space.words}
        drawn.update(space.draw(trial) if number else nothing)
        strategy = question.strategies[0]
        if number and len(question.strategies) > 1:
            strategy = Choice(question.strategies).draw(trial, BALANCE)
        return {
            MODEL: space.name(drawn),
            STRATEGY: strategy,
            PARAMETERS: {
                f"{word}.{option}" if word else option: _as_json(value)
                for word, options in drawn.items()
                for option, value in options.items()
            },
        }

    with file.next_trial(question.n_trials, begin) as trial:
        if trial is None:
            return None
        state, score, facts = _known(file, trial) or _run(question, trial, drawn)
        file.tell(trial, state, score, **facts)
        return number_of(trial)


def _known(file, trial):
    """Return how an earlier trial of the same name and strategy ended, if one did.

    What it told on the way is told again, so that others are pruned by it.
    """
    asked = trial.user_attrs[ASKED]
    for earlier in file.trials():
        facts = facts_of(earlier)
        is_same = all(facts.get(name) == asked[name] for name in (MODEL, STRATEGY))
        if is_same and earlier.state == TrialState.COMPLETE:
            kept = {SELECTED_ON: facts[SELECTED_ON], SECONDS: 0.0, REASON: ""}
            for step, value in earlier.intermediate_values.items():
                trial.report(value, step)
            return earlier.state, earlier.value, kept
    return None


def _run(question, trial, drawn):
    """Return the state, the score and the facts of a trial."""
    name, strategy = (trial.user_attrs[ASKED][fact] for fact in (MODEL, STRATEGY))
    try:
        model = name
        if not isinstance(question.space.model, str):
            model = clone(question.space.model).set_params(**drawn[""])
        make = functools.partial(question.estimator, model, strategy, name)
        estimators = [make() for _ in question.protocol.folds]
    except (FercompareError, ValueError, TypeError) as error:
        return TrialState.FAIL, None, {REASON: f"{type(error).__name__}: {error}"}
    started, outcomes, score = time.perf_counter(), [], None
    state, why = TrialState.COMPLETE, ""
    for fold, estimator in zip(question.protocol.folds, estimators):
        stopped = _report_epochs(question, trial, estimator) if fold is None else []
        one = Trial(question.names[0], name, strategy, question.seed, fold=fold)
        outcomes.append(run_trial(one, _parts(question, fold), estimator))
        state, score, why = _judged(question, trial, outcomes, stopped)
        if state != TrialState.COMPLETE:
            break
    facts = {SECONDS: time.perf_counter() - started, REASON: why}
    if state == TrialState.COMPLETE:
        facts[SELECTED_ON] = outcomes[0].facts["selected_on"]
    return state, score, facts


def _judged(question, trial, outcomes, stopped):
    """Return the state, the score and why it is over, after one more outcome."""
    if stopped:
        return TrialState.PRUNED, None, stopped[0]
    if outcomes[-1].status != DONE:
        return TrialState.FAIL, None, outcomes[-1].reason
    score = score_of(outcomes, question.metric)
    if not math.isfinite(score):
        why = f"{question.metric} is {score} on the rows that choose"
        return TrialState.FAIL, None, why
    n_folds = question.protocol.cv or 1
    if question.prune and len(outcomes) < n_folds:
        trial.report(score, len(outcomes))
        if trial.should_prune():
            why = f"after {len(outcomes)} of {n_folds} folds"
            return TrialState.PRUNED, None, why
    return TrialState.COMPLETE, score, ""


def _parts(question, fold):
    """Return who trains and who is scored; what is scored is also what chooses."""
    seed = 0 if fold is None else question.seed
    parts = parts_of(question.opened(), question.protocol, seed, fold)
    return parts if fold is not None else parts._replace(validation=parts.reporting)


def _report_epochs(question, trial, estimator):
    """Have a network tell of its epochs; return a list that says why it was stopped."""
    network, column = innermost(estimator), OF_EPOCHS.get(question.metric)
    stopped, epochs = [], []
    tells = "progress" in network.get_params(deep=False)
    if not (question.prune and column and tells and watches_validation(estimator)):
        return stopped

    def report(history):
        epoch, score = history[-1]["epoch"], history[-1].get(column, math.nan)
        if not math.isfinite(score) or epoch in epochs:
            return
        epochs.append(epoch)
        trial.report(score, epoch)
        if epoch < network.epochs and trial.should_prune():
            stopped.append(f"after {epoch} of {network.epochs} epochs")
            raise Pruned(stopped[0])

    network.set_params(progress=report)
    return stopped


def score_of(outcomes, name):
    """Return a metric of one outcome, or of the folds of one: pooled, as ranked."""
    metric, sets = METRICS[name], []
    for one in outcomes:
        sets.append((one.y_true, one.y_pred, one.proba))
    if not metric.orders_rows:
        y_true, y_pred, proba = zip(*sets)
        proba = None if proba[0] is None else np.concatenate(proba)
        sets = [(np.concatenate(y_true), np.concatenate(y_pred), proba)]
    n_classes = len(outcomes[0].classes)
    return float(np.mean([metric.function(*one, n_classes) for one in sets]))


def _as_json(value):
    return value if isinstance(value, PLAIN | list | tuple) else repr(value)


@functools.lru_cache(maxsize=1)
def _open(path):
    return joblib.load(path, mmap_mode="r")

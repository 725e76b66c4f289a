"""What a search found: the best, and every trial."""

import math
from typing import NamedTuple

import pandas as pd
from optuna.trial import TrialState

from fercompare.balancing.decisions import VALIDATION
from fercompare.evaluation.choosing import (
    MODEL,
    PARAMETERS,
    SECONDS,
    SELECTED_ON,
    STRATEGY,
)
from fercompare.evaluation.searched import REASON, facts_of, number_of
from fercompare.evaluation.trials import DONE, FAILED
from fercompare.metrics import METRICS

PRUNED, RUNNING = "pruned", "running"
STATES = {
    TrialState.COMPLETE: DONE,
    TrialState.FAIL: FAILED,
    TrialState.PRUNED: PRUNED,
}
COLUMNS = ("number", "status", "score", "model", "strategy", "seconds", "reason")


class SearchResult(NamedTuple):
    """What a search found.

    Attributes
    ----------
    model, strategy : str or None
        The best, by names that `make_model` and `rebalance` take; None where no trial
        came to a score.
    parameters : dict
        What was drawn for it, by the lines of the space.
    score : float
        Of the best, on the rows that chose it: it flatters.
    metric : str
    scored_on, selected_on : str
        Which rows these are, and what else they chose.
    trials : DataFrame
        One row a trial: ``number``, ``status`` (done, failed, pruned, running),
        ``score`` (of a pruned one its last), ``model``, ``strategy``, ``seconds``,
        ``reason``, and a column for each line of the space.
    """

    model: str | None
    strategy: str | None
    parameters: dict
    score: float
    metric: str
    scored_on: str
    selected_on: str
    trials: pd.DataFrame


def row_of(trial):
    """Return a line of the table for one of Optuna's trials."""
    facts = facts_of(trial)
    score = trial.value
    if score is None and trial.intermediate_values:
        score = trial.intermediate_values[max(trial.intermediate_values)]
    return _parameters(trial) | {
        "number": number_of(trial),
        "status": STATES.get(trial.state, RUNNING),
        "score": math.nan if score is None else score,
        "model": facts.get(MODEL),
        "strategy": facts.get(STRATEGY),
        "seconds": facts.get(SECONDS, math.nan),
        "reason": facts.get(REASON, ""),
    }


def _parameters(trial):
    """Return what a trial was made with; of a list in json a tuple was made."""
    found = facts_of(trial).get(PARAMETERS, {})
    return {k: tuple(v) if isinstance(v, list) else v for k, v in found.items()}


def result_of(question, trials, scored_on):
    """Return the `SearchResult` of what a file holds."""
    rows = [row_of(trial) for trial in trials]
    done = [row for row in rows if row["status"] == DONE]
    sign = 1 if METRICS[question.metric].higher_is_better else -1
    best = max(done, key=lambda row: sign * row["score"], default=None)
    columns = [*COLUMNS, *(c for row in rows for c in row if c not in COLUMNS)]
    table = pd.DataFrame(rows, columns=list(dict.fromkeys(columns)))
    if best is None:
        nothing = (None, None, {}, math.nan)
        return SearchResult(*nothing, question.metric, scored_on, "", table)
    trial = trials[rows.index(best)]
    n_scored = sum(not math.isnan(row["score"]) for row in rows)
    selected_on = f"{scored_on}: the settings, of {n_scored} trials"
    by, _, also = facts_of(trial)[SELECTED_ON].partition(": ")
    if by == VALIDATION:
        selected_on += f"; and {also}"
    return SearchResult(
        *(best["model"], best["strategy"], _parameters(trial), best["score"]),
        *(question.metric, scored_on, selected_on, table),
    )

"""Figures from the literature, each with the protocol behind it.

A figure, ours or theirs, is ranked only where it was scored on the official images, is
known not to have been chosen on them, and is known to have used no other data. What a
source does not state is not assumed. Test-time augmentation and ensembles are shown as
such.
"""

from importlib.resources import files

import numpy as np
import pandas as pd

from fercompare.report.protocols import NONE, NOT_STATED, OFFICIAL
from fercompare.report.runs import find_metric

REPORTING = {"fer2013": "PrivateTest"}
"""What reports, in the literature's words."""
SHOWN = ("part", "split", "chosen_on", "members", "extra_data", "test_time", "note")
"""What is shown of the protocol of ours."""


def published(dataset, metric="accuracy"):
    """Return the published figures of a data set, best first.

    Parameters
    ----------
    dataset : str
    metric : str, default="accuracy"

    Returns
    -------
    DataFrame
        With the protocol of each, and ``note``: why it is not comparable, if so.

    Examples
    --------
    >>> table = published("fer2013")
    >>> table.loc[table["note"] == "", "model"].tolist()[-1]
    'always the largest class'
    """
    everything = _read()
    table = everything[
        everything[["dataset", "metric"]].eq([dataset, metric]).all(axis=1)
    ]
    table = table.sort_values(
        "value", ascending=not _higher(metric), kind="stable", ignore_index=True
    )
    return table.assign(note=[_note(one) for one in table.itertuples()])


def beside(ranked, by="accuracy"):
    """Return one ranking with the published figures of its data set among it.

    Parameters
    ----------
    ranked : DataFrame
        One ranking of `fercompare.report.leaderboard.rank`.
    by : str, default="accuracy"

    Returns
    -------
    DataFrame
        ``rank`` anew among all that may be compared; ``source`` is empty for ours. A
        published figure is compared only where ours are of the official test part, and
        ours are compared only as theirs are: see `fercompare.report.protocols`.
    """
    first = ranked.iloc[0]
    theirs = published(first["dataset"], by).drop(columns=["caveat", "metric"])
    if (first["part"], first["split"]) != ("test", OFFICIAL):
        other = (
            f"ours are of {first['n_test']} images of {first['part']} in "
            f"{first['n_classes']} classes, split {first['split']}"
        )
        theirs["note"] = [
            f"{other}; {note}" if note else other for note in theirs["note"]
        ]
    theirs = theirs.rename(columns={"value": by})
    ours = ranked[["dataset", "model", "strategy", by, *SHOWN]]
    ours = ours.assign(note=[_note_of_ours(one) for one in ours.itertuples()])
    table = pd.concat([ours, theirs], ignore_index=True)
    words = [name for name in table if name != by]
    table = table.fillna(dict.fromkeys(words, ""))
    higher = _higher(by)
    table["_unranked"] = table["note"] != ""
    table = table.sort_values(
        ["_unranked", by], ascending=[True, not higher], kind="stable"
    )
    compared = table[by].where(~table["_unranked"], np.nan)
    table.insert(
        0, "rank", compared.rank(method="min", ascending=not higher).astype("Int64")
    )
    return table.drop(columns="_unranked").reset_index(drop=True)


def _read():
    with files("fercompare.report").joinpath("published.csv").open() as stream:
        return pd.read_csv(stream, keep_default_na=False, dtype={"members": str})


def _higher(metric):
    return find_metric(metric)[0].higher_is_better


def _note(one):
    """Return why a published figure is ranked with no other, or nothing."""
    reasons = []
    if one.part != REPORTING.get(one.dataset):
        reasons.append(f"scored on: {one.part}")
    if one.chosen_on == one.part != NOT_STATED:
        reasons.append("chosen on the images it is scored on")
    return "; ".join([*reasons, *_unknown(one), *([one.caveat] if one.caveat else [])])


def _note_of_ours(one):
    return "; ".join([*([one.note] if one.note else []), *_unknown(one)])


def _unknown(one):
    """Return what forbids any comparison, of a figure of theirs or of ours."""
    reasons = []
    if NOT_STATED in one.chosen_on.split("; "):
        reasons.append("what chose it is not stated")
    if one.extra_data != NONE:
        reasons.append(f"extra data: {one.extra_data}")
    return reasons

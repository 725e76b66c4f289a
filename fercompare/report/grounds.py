"""Outcomes sorted by what they were scored on: pictures and pages are made of these."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from fercompare.errors import DataError
from fercompare.report.leaderboard import rank
from fercompare.report.runs import runs

PLACE = ["dataset", "data", "part", "images"]
"""Columns of a ranking that say what was scored on."""


@dataclass(frozen=True)
class Ground:
    """The images that models were scored on, and how they fared there.

    Attributes
    ----------
    dataset, data, part, images : str
        The data set, the beginnings of the digests of its rows and of those that were
        predicted, and the part reported on.
    by : str
        The metric ranked by.
    table : DataFrame
        The lines of `fercompare.report.leaderboard.rank`.
    runs : dict of (model, strategy) to list of Run
        In the order of the table, one a seed.
    """

    dataset: str
    data: str
    part: str
    images: str
    by: str
    table: pd.DataFrame
    runs: dict

    @cached_property
    def first(self):
        """The first run, which tells what all have in common."""
        return next(iter(self.runs.values()))[0]

    @property
    def classes(self):
        """The names of the classes."""
        return self.first.classes

    @cached_property
    def predictions(self):
        """What the runs of each model and strategy said of the same images."""
        return {
            names: [run.predictions() for run in of_model]
            for names, of_model in self.runs.items()
        }

    @property
    def n_true(self):
        """How many of the images are of each class."""
        seen = next(iter(self.predictions.values()))[0]
        return np.bincount(seen.y_true, minlength=len(self.classes))

    @cached_property
    def leak_free(self):
        """Which of the images have no copy in another part."""
        masks = [one.leak_free for seen in self.predictions.values() for one in seen]
        return np.all(masks, axis=0)

    @property
    def ranked(self):
        """The lines of the table that may be ranked."""
        return self.table[self.table["note"] == ""]

    @cached_property
    def fits(self):
        """The outcomes of each model and strategy, one a seed and fold."""
        return {
            names: [outcome for run in of_model for outcome in run.outcomes]
            for names, of_model in self.runs.items()
        }

    @property
    def outcomes(self):
        """Every outcome, in the order of the table."""
        return [outcome for of_model in self.fits.values() for outcome in of_model]

    def best(self, of_each):
        """Return what there is of each model with its best strategy, by a title.

        Parameters
        ----------
        of_each : dict of (model, strategy) to list
            Such as ``predictions`` or ``fits``.
        """
        best = {}
        for model, strategy in self.runs:
            best.setdefault(model, strategy)
        return {
            f"{model}, {strategy}": of_each[model, strategy]
            for model, strategy in best.items()
        }


def grounds(outcomes, by="f1_macro"):
    """Return the `Ground` of every data set and part among outcomes, largest first.

    Parameters
    ----------
    outcomes : list of Outcome
    by : str, default="f1_macro"

    Returns
    -------
    list of Ground
    """
    table = rank(outcomes, by)
    if table.empty:
        raise DataError(
            f"none of {len(outcomes)} outcomes has predictions",
            remedy="run trials first; `fercompare bench` says why they failed",
        )
    models = defaultdict(list)
    for run in runs(outcomes):
        models[*run.names, run.images].append(run)
    found = []
    for place, lines in table.groupby(PLACE, sort=False):
        dataset, data, part, images = place
        names = list(zip(lines["model"], lines["strategy"]))
        of_each = {n: models[dataset, data, part, *n, images] for n in names}
        found.append(Ground(*place, by, lines, of_each))
    return found

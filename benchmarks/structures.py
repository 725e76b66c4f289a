"""Plain networks of more and fewer layers, and which of them validation rows like best.

A search leaves a table, ``structures.csv``, with a line for each trial, and keeps
itself beside it as SQLite, so that it goes on from there when it was broken off.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from reference import Arm, spelled
from scipy import stats

from fercompare import make_model
from fercompare.evaluation.search import search_model
from fercompare.evaluation.trials import DONE
from fercompare.report.leaderboard import scores

BLOCKS, CONVOLUTIONS, DENSE = (2, 3, 4, 5), (1, 2), (0, 1, 2, 3)
"""What is searched: blocks, convolutions in each, dense layers before the last."""
TRIALS, MORE_TRIALS = 16, 60
METRIC = "accuracy"
NARROW = {
    "width": 8,
    "epochs": 25,
    "patience": None,
    "optimizer": "muon",
    "learning_rate": 0.05,
    "schedule": "linear",
    "precision": "float32",
}
"""Eight filters are too few for bfloat16 to be any faster."""
NARROW_DENSE, WIDE_DENSE = 64, 256
AUGMENTED = {"augmentation": "standard", "dropout": 0.25}
LONG = {"epochs": 100, "dropout": 0.1}
"""Of narrow networks with augmentation. After the 25 epochs in which the others know
their images by heart, and with a dropout of 0.25, they were right in a third of what
they learned from."""
RUNNERS_UP = 1
FOUND = "structures.csv"


class Structure(NamedTuple):
    """A plain network: blocks that halve the picture, dense layers, and the last."""

    blocks: int
    convolutions: int
    dense: int

    @property
    def name(self):
        """What it is called in the tables."""
        return f"{self.blocks}x{self.convolutions} convolutions {self.dense} dense"

    @property
    def augmented(self):
        """What it is called with augmentation and dropout."""
        return f"{self.name} augmented"

    def model(self, full, **changes):
        """Return the name of its model, which has no dropout but for the changes."""
        dense = (WIDE_DENSE if full else NARROW_DENSE,) * self.dense
        own = self._asdict() | {"dense": dense, "dropout": 0.0}
        return spelled("cnn4", own | ({} if full else NARROW) | changes)


THEIRS = Structure(4, 1, 3)


@dataclass(frozen=True)
class Search:
    """A search of structures, its table kept in the store, and an arm of what won."""

    full: bool
    seeds: int
    loading: tuple
    protocol: tuple

    def run(self, store, root, n_jobs=1, only="", seeds=None):
        """Run what is missing of it in a store."""
        path = Path(store, FOUND)
        if not path.exists() and only in "search":
            search(path, self._arm({}).load(root), self.full)
        if path.exists():
            models = self._models(pd.read_csv(path))
            self._arm(models).run(store, root, n_jobs, only, seeds)

    def _arm(self, models):
        return Arm(
            models, seeds=self.seeds, loading=self.loading, protocol=self.protocol
        )

    def _models(self, table):
        first, *others = ranked(table)
        chosen = first, *others[:RUNNERS_UP], THEIRS
        models = {one.name: one.model(self.full) for one in chosen}
        how = AUGMENTED if self.full else AUGMENTED | LONG
        for one in (first, THEIRS):
            models[one.augmented] = one.model(self.full, **how)
        return models


def search(path, data, full=False):
    """Search for the structure with the best validation score; theirs is the first.

    Parameters
    ----------
    path : Path
        Of the table.
    data : Dataset
    full : bool, default=False
    """
    model = make_model(THEIRS.model(full), random_state=None)
    width = model.dense[0]
    space = {
        "blocks": list(BLOCKS),
        "convolutions": list(CONVOLUTIONS),
        "dense": [(width,) * n for n in DENSE],
    }
    n_trials = MORE_TRIALS if full else TRIALS
    options = {"metric": METRIC, "prune": False, "store": path.with_suffix(".sqlite")}
    found = search_model(model, data, n_trials, space=space, progress=_tell, **options)
    lines = []
    for line in found.trials[found.trials["status"] == DONE].to_dict("records"):
        drawn = THEIRS
        if line["number"]:
            n_dense = len(line["dense"])
            drawn = Structure(int(line["blocks"]), int(line["convolutions"]), n_dense)
        kept = {name: line[name] for name in ("number", "score", "seconds")}
        lines.append(drawn._asdict() | kept | {"images": data.part_sizes()["val"]})
    pd.DataFrame(lines).to_csv(path, index=False)


def ranked(table):
    """Return structure to score, the best first; one drawn twice scores the same.

    Examples
    --------
    >>> lines = [(4, 1, 3, 0.4), (3, 2, 1, 0.5), (4, 1, 3, 0.4)]
    >>> table = pd.DataFrame(lines, columns=[*Structure._fields, "score"])
    >>> [one.name for one in ranked(table)]
    ['3x2 convolutions 1 dense', '4x1 convolutions 3 dense']
    """
    found = {
        Structure(*(int(line[name]) for name in Structure._fields)): line["score"]
        for line in table.to_dict("records")
    }
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def noise(outcomes, names):
    """Return by how much two fits that differ in the seed alone differ, 19 times of 20.

    That is of the standard deviation over seeds, pooled over models.

    Parameters
    ----------
    outcomes : list of Outcome
    names : list of str
        The models to go by.

    Returns
    -------
    float
        nan where none of them has two seeds.
    """
    own = scores(outcomes)
    seeds = own[own["model"].isin(names)].groupby("model")[METRIC]
    free = seeds.count() - 1
    if not free.sum():
        return np.nan
    variance = (seeds.var().fillna(0.0) * free).sum() / free.sum()
    return float(stats.t.ppf(0.975, free.sum()) * np.sqrt(2 * variance))


def lines_of(table, apart):
    """Return the lines of Markdown of a search, and which structures are as good.

    Parameters
    ----------
    table : DataFrame
        As `search` writes it; empty if it was not run.
    apart : float
        What is within `noise`.
    """
    if table.empty:
        return ["Not run yet.", ""]
    found = ranked(table)
    first = next(iter(found))
    lines = [
        f"{len(table)} trials of {len(found)} structures, one seed of each, scored on"
        f" the {table['images'].iloc[0]:,} images of the validation half, took"
        f" {table['seconds'].sum() / 60:.0f} minutes. A structure is blocks,"
        " convolutions in each, and dense layers before the last.",
        "",
        f"| structure | {METRIC} | less than the first | within noise |",
        "| --- | ---: | ---: | --- |",
    ]
    for one, score in found.items():
        less = "" if one == first else f"{found[first] - score:.3f}"
        near = "yes" if less and found[first] - score <= apart else ""
        lines.append(f"| {one.name} | {score:.3f} | {less} | {near} |")
    told = "Noise is not known yet: no structure was run with two seeds."
    if not np.isnan(apart):
        told = (
            f"Noise is {apart:.3f}: two fits that differ in the seed alone differ by"
            " less 19 times of 20, as the seeds of the structures below do on"
            " PrivateTest. The first of many is flattered, so that more of them may be"
            " as good."
        )
    return [*lines, "", told, ""]


def _tell(n_ended, n_trials, row):
    print(f"{n_ended}/{n_trials} {row['model']} {row['score']:.4f}", flush=True)

"""What the answers to the reference studies share: arms, a store, and a page.

    python benchmarks/study_NAME.py --root FOLDER          what two cores can keep
    python benchmarks/study_NAME.py --root FOLDER --full   the same with more of it
    python benchmarks/study_NAME.py --page                 the page anew, nothing run

Outcomes go to ``results/NAME`` (``results/NAME-full``), trials that are there already
are not run again, and the page and its pictures are made of nothing but those. Stored
outcomes keep what was predicted, not the probabilities, unless an arm says so: a tenth
of the size, and most pages need no more.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import pandas as pd

from fercompare import load_dataset, load_results, run_benchmark
from fercompare.evaluation.store import Store
from fercompare.evaluation.trials import DONE, Outcome
from fercompare.naming import canonical, with_options
from fercompare.report.boards import class_boards, grid_boards, rankings
from fercompare.report.comparison import compare, label
from fercompare.report.exports import to_csv, to_markdown
from fercompare.report.figures import save_figure
from fercompare.report.latex import to_latex
from fercompare.report.significance import holm

RESULTS = Path(__file__).parents[1] / "results"


@dataclass(frozen=True)
class Arm:
    """Models with strategies on one data set: a part of a study.

    Attributes
    ----------
    models : dict of str to str
        What a model is called in the tables, and its name with options.
    strategies : tuple of str, or dict as ``models``
    seeds : int
    dataset : str
    called : str
        The data set's name in the outcomes, where one arm loads it otherwise than
        another; its own if not given.
    loading, protocol : dict
        Options of `load_dataset`, and of `run_benchmark`: cv, group, parts.
    keeps_probabilities : bool
        Whether the store keeps them, for pages that need them.
    """

    models: dict
    strategies: tuple | dict = ("none",)
    seeds: int = 3
    dataset: str = "fer2013"
    called: str | None = None
    loading: tuple = ()
    protocol: tuple = ()
    keeps_probabilities: bool = False

    def run(self, store, root, n_jobs=1, only="", seeds=None):
        """Run what is missing of it in a store."""
        models = {name: model for name, model in self.models.items() if only in name}
        if not models:
            return
        run_benchmark(
            {self.called or self.dataset: self.load(root)},
            models,
            self.strategies,
            range(self.seeds) if seeds is None else seeds,
            store=store,
            n_jobs=n_jobs,
            progress=_tell,
            **dict(self.protocol),
        )
        if not self.keeps_probabilities:
            forget_probabilities(store)

    def load(self, root):
        """Return its data set."""
        return load_dataset(self.dataset, root, **dict(self.loading))


@dataclass(frozen=True)
class Study:
    """A question, what others found, and the arms that answer it.

    Attributes
    ----------
    name : str
        Of its folder and page in ``results``.
    arms : callable
        Takes whether it is the full study, returns a list of `Arm`.
    page : callable
        Takes outcomes and whether they are of the full study, returns lines of
        Markdown.
    pictures : callable
        Takes outcomes, returns name to figure.
    options : dict of str to (default, help)
        More of the command line, which ``arms`` takes by name.
    gather : callable
        Takes outcomes as they are stored, returns those that all is made of; as they
        are if not given.
    """

    name: str
    arms: Callable
    page: Callable
    pictures: Callable
    options: dict = field(default_factory=dict)
    gather: Callable = list

    def store(self, full=False):
        """Return the folder of its outcomes."""
        return RESULTS / (f"{self.name}-full" if full else self.name)


def main(study):
    """Run a study as the command line says, then write its page."""
    parser = argparse.ArgumentParser(description=study.name)
    parser.add_argument("--root", help="Folder or file of the data set.")
    parser.add_argument("--full", action="store_true", help="For a GPU, or days.")
    parser.add_argument("--jobs", type=int, default=1, help="Trials at a time.")
    parser.add_argument("--only", default="", help="Models with this in their name.")
    parser.add_argument("--store", type=Path, help="To try it: no page is written.")
    parser.add_argument("--page", action="store_true", help="Run nothing.")
    for name, (default, told) in study.options.items():
        parser.add_argument(f"--{name}", type=type(default), default=default, help=told)
    options = parser.parse_args()
    store = options.store or study.store(options.full)
    own = {name: getattr(options, name) for name in study.options}
    for seed, arm in [] if options.page else by_seed(study.arms(options.full, **own)):
        arm.run(store, options.root, options.jobs, options.only, [seed])
    if options.store is None:
        write_page(study, options.full)


def by_seed(arms):
    """Return seeds with arms, so that a study broken off has whole seeds.

    Examples
    --------
    >>> by_seed([Arm({"svm": "hog+svm"}, seeds=2), Arm({"cnn": "cnn5"}, seeds=1)])[2][0]
    1
    """
    return sorted(
        ((seed, arm) for arm in arms for seed in range(arm.seeds)),
        key=lambda pair: pair[0],
    )


def write_page(study, full=False, folder=RESULTS):
    """Write a study's page, table and pictures, of its outcomes alone.

    Returns the files: the page, its numbers as csv for other programs, its first grid
    for LaTeX, and the pictures.
    """
    outcomes = study.gather(load_results(study.store(full)))
    name = study.store(full).name
    figures = {f"{name}-{key}": one for key, one in study.pictures(outcomes).items()}
    shown = [f"![{picture}](pictures/{picture}.png)\n" for picture in figures]
    texts = {
        "md": "\n".join([*study.page(outcomes, full), "", *shown]),
        "csv": to_csv(pd.concat(rankings(outcomes), ignore_index=True)),
        "tex": "\n".join(to_latex(b.sheet, b.title) for b in grid_boards(outcomes)),
    }
    paths = []
    for ending, text in texts.items():
        path = folder / f"{name}.{ending}"
        path.write_text(text)
        paths.append(path)
    for picture, figure in figures.items():
        paths += save_figure(figure, folder / "pictures" / picture, ["png"])
    return paths


def forget_probabilities(store):
    """Keep of the outcomes in a store what was predicted alone."""
    store = Store(store)
    for outcome in store.load():
        if outcome.proba is not None:
            store.save(changed(outcome, proba=None))


def changed(outcome, **changes):
    """Return a copy of an outcome, as it may be stored, with other values of fields."""
    kept = {field.name: getattr(outcome, field.name) for field in fields(Outcome)}
    return Outcome(**kept | changes)


def spelled(name, options):
    """Return a model's name with options.

    Examples
    --------
    >>> spelled("cnn5", {"dense": (64,), "optimizer": "muon"})
    'cnn5(dense=(64,), optimizer=muon)'
    """
    return canonical(with_options(name, [f"{k}={v!r}" for k, v in options.items()]))


def grids(outcomes, by="f1_macro", **options):
    """Return the lines of Markdown of a model by strategy table."""
    return _lines(grid_boards(outcomes, by, **options))


def classes(outcomes):
    """Return the lines of Markdown of the F1 of each class."""
    return _lines(class_boards(outcomes))


def verdicts(outcomes, pairs, metric="f1_macro"):
    """Return the `Comparison` of each pair that was run, after Holm for all of them.

    Parameters
    ----------
    outcomes : list of Outcome
    pairs : list of (str, str)
        As ``model:strategy``.
    metric : str
    """
    of_name = defaultdict(list)
    for outcome in outcomes:
        if outcome.status == DONE:
            of_name[label(outcome.trial)].append(outcome)
    found = [
        compare(of_name[a], of_name[b], metric)
        for a, b in pairs
        if a in of_name and b in of_name
    ]
    corrected = holm([one.p for one in found])
    return [replace(one, p_holm=float(p)) for one, p in zip(found, corrected)]


def verdict_table(comparisons, first="a", second="b"):
    """Return the lines of Markdown of comparisons and what each may claim."""
    if not comparisons:
        return ["Not run yet.", ""]
    titles = first, second, "difference", "95 % interval", "p (Holm)", "the first is"
    lines = [f"| {' | '.join(titles)} |", "| --- | --- | ---: | --- | ---: | --- |"]
    for one in comparisons:
        cells = one.a, one.b, *cells_of(one), verdict(one)
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def cells_of(one):
    """Return a comparison as cells: difference, interval, p; empty ones for None.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> cells_of(SimpleNamespace(difference=0.1, low=0.05, high=0.15, p_holm=0.001))
    ('+0.100', '+0.050 to +0.150', '0.001')
    """
    if one is None:
        return "", "", ""
    interval = f"{one.low:+.3f} to {one.high:+.3f}"
    return f"{one.difference:+.3f}", interval, f"{one.p_holm:.2g}"


def verdict_grid(comparisons, start=None):
    """Return the lines of Markdown of differences, a row a model, a column a strategy.

    Bold is what the data tell apart, after Holm. ``start`` names a first column with
    the value of the second of the two.
    """
    if not comparisons:
        return ["Not run yet.", ""]
    cells, titles = defaultdict(dict), {}
    for one in comparisons:
        row, column = one.a.rsplit(":", 1)
        if start:
            cells[row][start] = f"{one.value_b:.3f}"
        told = f"{one.difference:+.3f}"
        cells[row][column] = f"**{told}**" if one.differs else told
        titles |= dict.fromkeys(cells[row])
    rows = [[row, *(line.get(t, "") for t in titles)] for row, line in cells.items()]
    return table(["", *titles], rows)


def table(titles, rows):
    """Return the lines of Markdown of a table whose first column is words.

    Examples
    --------
    >>> table(["", "F1"], [["svm", ".5"]])
    ['|  | F1 |', '| --- | ---: |', '| svm | .5 |', '']
    """
    lines = [f"| {' | '.join(titles)} |", f"| --- |{' ---: |' * (len(titles) - 1)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def counted(comparisons):
    """Return how many are better, worse, and not told apart, in words."""
    n = Counter(map(verdict, comparisons))
    return (
        f"{n['better']} of {len(comparisons)} are better, {n['worse']} worse, and "
        f"{n['not told apart']} cannot be told apart"
    )


def verdict(comparison):
    """Return in a word what may be said of the first of two."""
    if not comparison.differs:
        return "not told apart"
    return "better" if comparison.difference > 0 else "worse"


def said(comparison):
    """Return the same with what the first of two was compared with."""
    told = verdict(comparison)
    joint = "from" if told == "not told apart" else "than"
    return f"{told} {joint} {comparison.b}"


def _lines(boards):
    lines = []
    for board in boards:
        lines += [f"**{board.title}**", "", to_markdown(board.sheet), ""]
    return lines


def _tell(n_done, n_trials, outcome):
    told = f"{outcome.trial.name} {outcome.status} {outcome.reason}"
    print(f"{n_done}/{n_trials} {told}", flush=True)

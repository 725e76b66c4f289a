"""How much of a score was knowing the persons: folds of single images against folds
that keep persons whole, on the same rows."""

import numpy as np
from by_person import by_model, differences, score, sources_of
from reference import cells_of, table

from fercompare.report.figures import COLOURS, new_figure, open_axes, shown
from fercompare.report.resampling import interval

APART, MIXED = "compiled, persons apart", "compiled, random folds"
"""What the set is called in outcomes, by its folds."""


class Leakage:
    """The models that were run both ways.

    Parameters
    ----------
    outcomes : list of Outcome
    metric : str, default="f1_macro"
    source : str, optional
        On the rows that are from this set alone.

    Attributes
    ----------
    apart, mixed : dict of str to Estimate
    leaked : dict of str to Difference
        Random folds less folds that keep persons apart.
    """

    def __init__(self, outcomes, metric="f1_macro", source=None):
        self.metric = metric
        ways = [by_model(outcomes, name) for name in (APART, MIXED)]
        both = [name for name in ways[0] if name in ways[1]]
        self.apart, self.mixed = (
            {name: score(way[name], metric, source) for name in both} for way in ways
        )
        pairs = {
            (name, "persons apart"): (self.mixed[name], self.apart[name])
            for name in both
        }
        self.leaked = {one.a: one for one in differences(pairs)}

    def table(self):
        """Return lines of Markdown."""
        titles = ["", "random folds", "persons apart", "leakage"]
        rows = [
            [
                name,
                f"{self.mixed[name].mean:.3f}",
                f"{self.apart[name].mean:.3f}",
                *cells_of(one),
            ]
            for name, one in self.leaked.items()
        ]
        return table([*titles, "95 % interval", "p (Holm)"], rows)

    def conclusion(self):
        """Return lines that say how much of which scores was leakage."""
        found = [one for one in self.leaked.values() if one.differs]
        more = [one for one in found if one.difference > 0]
        n = len(self.leaked)
        if not more:
            return [f"No score of {n} is told to have leaked.", ""]
        lines = [f"{len(more)} of {n} scores leaked:", ""]
        for one in more:
            lines.append(
                f"- {one.a}: of {self.mixed[one.a].mean:.3f}, {one.difference:.3f} "
                f"({one.low:.3f} to {one.high:.3f}) is knowing the persons."
            )
        return [*lines, ""]

    def picture(self):
        """Return a figure of both scores of each model, with their intervals."""
        names = list(self.leaked)[::-1]
        figure = new_figure(7.5, 1.4 + 0.5 * len(names))
        axes = figure.subplots()
        ways = {"persons apart": self.apart, "random folds": self.mixed}
        for shift, (way, colour) in enumerate(zip(ways, COLOURS)):
            spreads = [interval(ways[way][name]) for name in names]
            values = np.array([spread.value for spread in spreads])
            reach = [
                [s.value - s.low for s in spreads],
                [s.high - s.value for s in spreads],
            ]
            places = np.arange(len(names)) + 0.2 * (shift - 0.5)
            axes.errorbar(
                values, places, xerr=reach, fmt="o", color=colour, capsize=3, label=way
            )
        axes.set_yticks(range(len(names)), [shown(name) for name in names])
        axes.set_xlabel(f"{self.metric}, 95 % interval over persons and seeds")
        open_axes(axes, "x")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
        return figure


def by_source(outcomes):
    """Return lines of Markdown: accuracies on the rows of each set, and what leaked."""
    sources = dict.fromkeys(sources_of(outcomes[0]).tolist())
    leaks = {name: Leakage(outcomes, "accuracy", name) for name in sources}
    titles = ["", *(f"{name}: random → apart" for name in sources)]
    rows = [
        [
            model,
            *(
                f"{leak.mixed[model].mean:.3f} → {leak.apart[model].mean:.3f}"
                for leak in leaks.values()
            ),
        ]
        for model in next(iter(leaks.values())).leaked
    ]
    told = [
        f"{sum(one.differs and one.difference > 0 for one in leak.leaked.values())} of "
        f"{len(rows)} on {name}"
        for name, leak in leaks.items()
    ]
    return [*table(titles, rows), f"Told to have leaked: {', '.join(told)}.", ""]

"""How much less a network knows of new persons than of the rows that it learned from.

Networks are called by how pixels and layers are normalised and by how they are
regularised, as in ``unit + batch norm, dropout``. All is told as the mean over one of
the two for each of the other, paired by seed and by person.
"""

import numpy as np
import pandas as pd
from by_person import differences, mean_of, score
from reference import cells_of, table
from sklearn.metrics import f1_score

from fercompare import CNNClassifier
from fercompare.report.resampling import Estimate
from fercompare.report.runs import runs
from fercompare.report.score_plots import heat_map

LEARNED = "f1_macro_learned"
REFERENCES = "dataset", "none"
"""The normalisation and the regulariser that others are compared with."""
BETWEEN = ", "
"""What stands between the two words of a network's name."""


class SelfScored(CNNClassifier):
    """A `CNNClassifier` that is asked for the rows it learned from when it is done.

    The scores in a history are of a network under way, dropout and all: less than it
    knows in the end. Outcomes keep the history, and with it the score of the end.

    Attributes
    ----------
    history_ : list of dict
        Each with ``f1_macro_learned``, which is that of the end in all.

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> faces = load_dataset("synthetic", n=60)
    >>> model = SelfScored(blocks=1, width=2, dense=(), epochs=1, random_state=0)
    >>> 0 <= model.fit(faces.X, faces.y).history_[-1]["f1_macro_learned"] <= 1
    True
    """

    def fit(self, X, y):
        """Train the network, then score it on the same rows."""
        super().fit(X, y)
        known = f1_score(y, self.predict(X), average="macro")
        self.history_ = [row | {LEARNED: float(known)} for row in self.history_]
        return self


def is_self_scored(outcome):
    """Return whether an outcome is of a `SelfScored`."""
    return LEARNED in (outcome.facts["training_curve"] or ())


def learned_score(outcomes):
    """Return the `Estimate` of macro-F1 on the rows learned, a mean over the folds.

    Which rows these were is not drawn again: seeds alone make it uncertain.
    """
    values = [
        np.mean([one.facts["training_curve"][LEARNED][-1] for one in run.outcomes])
        for run in runs(outcomes)
    ]
    return Estimate(np.array(values), np.mean(values), 0, (0, 1))


class Overfitting:
    """What networks know of rows they learned from and of new persons, by their names.

    Parameters
    ----------
    of_model : dict of str to list of Outcome
        Those of other models are left out.

    Attributes
    ----------
    learned, new, gaps : dict of (str, str) to Estimate
        Macro-F1 on the rows learned, that on new persons, and what is between them.
    """

    def __init__(self, of_model):
        self.learned, self.new, self.gaps = {}, {}, {}
        for name, outcomes in of_model.items():
            if not is_self_scored(outcomes[0]):
                continue
            place = tuple(name.split(BETWEEN))
            learned, new = learned_score(outcomes), score(outcomes)
            self.learned[place], self.new[place] = learned, new
            self.gaps[place] = new._replace(
                values=learned.values - new.values,
                resampled=learned.resampled - new.resampled,
                limits=(-1, 1),
            )

    def levels(self, part):
        """Return the names of normalisations (0) or regularisers (1)."""
        names = dict.fromkeys(place[part] for place in self.new)
        return sorted(names, key=lambda name: name != REFERENCES[part])

    def mean(self, estimates, part, level):
        """Return the mean over all that has one level in common."""
        return mean_of(
            [one for place, one in estimates.items() if place[part] == level]
        )

    def effects(self, part):
        """Return level to the `Difference` of gap and score from the reference's."""
        first, *levels = self.levels(part)
        kinds = {"gap": self.gaps, "score": self.new}
        found = differences(
            {
                (f"{kind} of {level}", f"{kind} of {first}"): (
                    self.mean(estimates, part, level),
                    self.mean(estimates, part, first),
                )
                for kind, estimates in kinds.items()
                for level in levels
            }
        )
        return dict(zip(levels, zip(found, found[len(levels) :])))

    def grid(self):
        """Return lines of Markdown: new persons, and the rows learned in brackets."""
        rows = [
            [
                normalised,
                *(self._cell((normalised, regular)) for regular in self.levels(1)),
            ]
            for normalised in self.levels(0)
        ]
        return table(["", *self.levels(1)], rows)

    def effect_table(self, part):
        """Return lines of Markdown of the `effects`."""
        titles = "learned", "new persons", "gap"
        kinds = self.learned, self.new, self.gaps
        effects, rows = self.effects(part), []
        for level in self.levels(part):
            means = [f"{self.mean(one, part, level).mean:.3f}" for one in kinds]
            gap, new = map(cells_of, effects.get(level, (None, None)))
            rows.append([level, *means[:2], *new, means[2], *gap])
        less = f"less that of {self.levels(part)[0]}", "95 % interval", "p (Holm)"
        return table(["", *titles[:2], *less, titles[2], *less], rows)

    def heat_map(self):
        """Return a picture of macro-F1 on new persons."""
        lines = [
            {
                "model": normalised,
                "strategy": regular,
                "seeds": len(one.values),
                "f1_macro": one.mean,
            }
            for (normalised, regular), one in self.new.items()
        ]
        return heat_map(pd.DataFrame(lines))

    def _cell(self, place):
        if place not in self.new:
            return ""
        return f"{self.new[place].mean:.3f} ({self.learned[place].mean:.3f})"


def conclusion(effects):
    """Return what the effects of regularisers say against what was found before.

    Parameters
    ----------
    effects : dict of str to (Difference, Difference)
        See `Overfitting.effects`.
    """
    if not effects:
        return ["Not run yet.", ""]
    smaller = [
        name for name, (gap, _) in effects.items() if gap.differs and gap.difference < 0
    ]
    unpaid = [
        name
        for name in smaller
        if not (effects[name][1].differs and effects[name][1].difference < 0)
    ]
    if unpaid:
        told = f"Otherwise than they found, {_joined(unpaid)} made overfitting less"
        told += ", with no loss told on new persons."
    elif smaller:
        told = f"The gap became smaller by {_joined(smaller)}, and so did the score on"
        told += " new persons: less was learned, not better."
    else:
        told = "As they found, no regulariser made overfitting less, as far as these"
        told += " persons tell."
    lines = [told, ""]
    for name, (gap, new) in effects.items():
        size = _word(gap, "smaller", "larger")
        better = _word(new, "worse", "better")
        lines.append(
            f"- {name}: the gap is {size} ({gap.difference:+.3f}), the score on new "
            f"persons {better} ({new.difference:+.3f})."
        )
    return [*lines, ""]


def _word(one, negative, positive):
    if not one.differs:
        return "not told apart"
    return negative if one.difference < 0 else positive


def _joined(names):
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last

"""The page of study 5: what was found before, what was run, and what differs."""

import numpy as np
from by_person import by_model, differences, persons_of, sources_of
from leakage import APART, MIXED, Leakage, by_source
from overfitting import Overfitting, conclusion, is_self_scored
from reference import classes, said, verdict_table

from fercompare.report.runs import runs

SETTINGS = (
    *("blocks", "width", "convolutions", "dense", "batch_size"),
    *("optimizer", "learning_rate", "schedule"),
)
DRAWN = "drawn"
"""Name of a note of sets whose faces are."""
TRANSFER = "transfer"
TITLE = "# CK+, JAFFE and SFEW as one set: overfitting, and what leaked"
THEIRS = """\
**They found** (CK+48, JAFFE and SFEW joined, contempt dropped, the training part evened
out by augmented images, rows divided at random): F1 0.50; regularisation did not reduce
overfitting, and transfer did not help. What others published on these sets differs by
who is in the training part: HOG and a support vector machine are right on 96.7 % of
CK+'s frames in random folds, LBP and one on 88.9 % (seven classes) of persons that were
not learned from; Gabor filters on 92 % of JAFFE's pictures of known women, and on 75 %
of new ones.
"""
OF_DRAWN = """\
**The faces here are drawn**, laid out as the files of the three sets are, which cannot
be passed on. Figures show that the study runs and what its protocol does to scores;
they say nothing about people. `python benchmarks/study_compiled.py --root FOLDER` runs
it on the sets themselves.
"""


def page(outcomes, full):
    """Return the lines of the page."""
    if not _is_run(outcomes):
        return [TITLE, "", THEIRS, "Not run yet.", ""]
    apart = by_model(outcomes, APART)
    nets, leak = Overfitting(apart), Leakage(outcomes)
    return [
        *_what_they_found(outcomes),
        *_what_was_run(outcomes, full),
        "## Normalisation and regularisation",
        "",
        "Macro-F1 on persons that were not learned from, and in brackets that on the",
        "rows learned, changed copies among them:",
        "",
        *nets.grid(),
        "## Does regularisation make overfitting less?",
        "",
        "Means over the normalisations. The gap is what is known of the rows learned",
        "less what is known of new persons; intervals and tests are paired, with whole",
        "persons drawn again.",
        "",
        *nets.effect_table(1),
        *conclusion(nets.effects(1)),
        "## And normalisation?",
        "",
        *nets.effect_table(0),
        "## What was leakage",
        "",
        "Macro-F1 of the same rows, each predicted once a seed in both:",
        "",
        *leak.table(),
        *leak.conclusion(),
        "Accuracy on the rows of each set:",
        "",
        *by_source(outcomes),
        "## Does transfer help?",
        "",
        *_transfer(leak, apart),
        "## F1 of each class",
        "",
        *classes([one for name in leak.leaked for one in apart[name]]),
    ]


def pictures(outcomes):
    """Return scores both ways, and the heat map of the networks."""
    if not _is_run(outcomes):
        return {}
    nets = Overfitting(by_model(outcomes, APART))
    return {"leakage": Leakage(outcomes).picture(), "networks": nets.heat_map()}


def _is_run(outcomes):
    """Return whether there are networks both ways."""
    ways = {one.trial.dataset for one in outcomes if is_self_scored(one)}
    return ways == {APART, MIXED}


def _what_they_found(outcomes):
    drawn = DRAWN in outcomes[0].facts["data"]["notes"]
    return [TITLE, "", *([OF_DRAWN] if drawn else []), THEIRS]


def _what_was_run(outcomes, full):
    first = next(one for one in outcomes if is_self_scored(one))
    of_first = runs(by_model(outcomes, APART)[first.trial.model])
    y_true = of_first[0].predictions().y_true
    persons, sources = persons_of(first), sources_of(first)
    sets = [
        f"{np.sum(sources == name):,} of {name} with "
        f"{len(set(persons[sources == name]))} persons or films"
        for name in dict.fromkeys(sources.tolist())
    ]
    counts = zip(first.classes, np.bincount(y_true).tolist())
    specification = first.trial.specification
    which = "the full study" if full else "what two cores can keep"
    n_epochs = len(first.facts["training_curve"]["loss"])
    return [
        f"**We ran** {which}: {len(y_true):,} images ({'; '.join(sets)}), of which "
        f"{', '.join(f'{n:,} {name}' for name, n in counts)}; "
        f"{specification['cv']} folds, {_seeds(len(of_first))}, strategy "
        f"`{first.trial.strategy}`. Networks: {n_epochs} epochs, "
        f"{_settings(specification)}.",
        "",
    ]


def _seeds(n):
    return "1 seed" if n == 1 else f"{n} seeds"


def _settings(specification):
    """Return in words what all of the networks have in common."""
    own = {k.rpartition("__")[2]: v for k, v in specification["parameters"].items()}
    return ", ".join(f"{name.replace('_', ' ')} {own[name]}" for name in SETTINGS)


def _transfer(leak, apart):
    if TRANSFER not in leak.apart:
        return ["Not run: no weights for it were installed.", ""]
    others = [name for name in leak.apart if name != TRANSFER]
    found = differences(
        {(TRANSFER, name): (leak.apart[TRANSFER], leak.apart[name]) for name in others}
    )
    told = "; ".join(map(said, found))
    what = apart[TRANSFER][0].trial.specification["model"]
    return [
        f"Of persons that were not learned from, `{what}`:",
        "",
        *verdict_table(found, "", "against"),
        f"They found that transfer does not help. Here it is {told}.",
        "",
    ]

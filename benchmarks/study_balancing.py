"""Balancing strategies against plain augmentation, on FER2013 (reference study 1).

    python benchmarks/study_balancing.py --root FOLDER_WITH_FER2013

See `reference` for the options. On two cores a fifth of the Training part teaches
narrow networks for a fixed number of epochs, in about two hours; ``--full`` takes
all of it and the networks of the study, and wants a GPU. PublicTest is not used by
networks of a fixed number of epochs; PrivateTest reports.
"""

from dataclasses import fields, replace

from reference import (
    Arm,
    Study,
    classes,
    counted,
    grids,
    main,
    spelled,
    verdict,
    verdict_grid,
    verdict_table,
    verdicts,
)

from fercompare.evaluation.trials import Outcome
from fercompare.report.grounds import grounds
from fercompare.report.pictures import PICTURES

STRATEGIES = ("none", "class_weight", "over_under", "smote", "smote_enn", "augment")
NARROW = {
    "width": 8,
    "convolutions": 1,
    "dense": (64,),
    "dropout": 0.1,
    "patience": None,
    "optimizer": "muon",
    "learning_rate": 0.05,
    "schedule": "linear",
}
"""What two cores can keep. Muon gets in 12 epochs on a third of the Training part where
Adam, as the study had it, does not: 54.9 % against 49.9 % of PublicTest, one seed of
five blocks."""
SHORT, LONG = {"epochs": 10}, {"epochs": 25}
"""Augmented networks go on learning for longer. So do the others, as it turned out: one
length for all, long enough, is what the next run needs."""
AUGMENT = {"augmentation": "standard"}
AUGMENTED, LONGER = " augmented", f", {LONG['epochs']} epochs"
AUGMENTED_SHORT = f"{AUGMENTED}, {SHORT['epochs']} epochs"
BLOCKS = (3, 4, 5, 6)
CLASSICAL = {
    "hog+svm": "hog+svm(probability=False)",
    "lbp+svm": "lbp+svm(probability=False)",
    "hog+rf": "hog+rf",
    "hog+lbp+svm": "hog+lbp+svm(probability=False)",
}
FLY, FLY_SHORT = "augmented on the fly", f"augmented, {SHORT['epochs']} epochs"
SHOWN = {
    (AUGMENTED, "none"): FLY,
    (AUGMENTED, "class_weight"): "augmented on the fly, class_weight",
    (AUGMENTED_SHORT, "none"): FLY_SHORT,
    (LONGER, "none"): f"none{LONGER}",
}
"""What tables call a network that was trained otherwise: its answer to imbalance."""
AGAINST_AUGMENTATION = [
    (f"cnn{n}:{s}", f"cnn{n}:{FLY}") for n in BLOCKS for s in STRATEGIES
]
AGAINST_NONE = [
    *((f"{m}:{s}", f"{m}:none") for m in CLASSICAL for s in STRATEGIES[1:]),
    *((f"cnn{n}:{s}", f"cnn{n}:none") for n in BLOCKS for s in (*STRATEGIES[1:], FLY)),
]
DEPTHS = [(f"cnn5:{FLY}", f"cnn{n}:{FLY}") for n in BLOCKS if n != 5]
LENGTHS = [
    (f"cnn5:{FLY_SHORT}", "cnn5:none"),
    (f"cnn5:none{LONGER}", "cnn5:none"),
    (f"cnn5:{FLY}", f"cnn5:none{LONGER}"),
    (f"cnn5:{SHOWN[AUGMENTED, 'class_weight']}", f"cnn5:{FLY}"),
]
LOADING = (("share", 0.2),)
THEIRS = """\
# Balancing, or simply augmentation?

**They found** (a 5-block CNN on FER2013, 67 %): SMOTE, SMOTE-ENN, mixtures of them and
class weights are all significantly worse than simple data augmentation, and networks
of 3, 4 and 6 blocks generalise worse than one of 5. How many seeds, and by which test,
is not said.
"""


def arms(full):
    """Return hand-made features, plain networks, and the same with augmentation."""
    loading, seeds = ((), 5) if full else (LOADING, 3)
    plain, short, long = ({}, {}, {}) if full else (NARROW, SHORT, LONG)

    def networks(told, blocks, **changes):
        return {f"cnn{n}{told}": spelled(f"cnn{n}", plain | changes) for n in blocks}

    found = [
        Arm(CLASSICAL, STRATEGIES, seeds, loading=loading),
        Arm(networks("", BLOCKS, **short), STRATEGIES, seeds, loading=loading),
        Arm(
            networks(AUGMENTED, BLOCKS, **AUGMENT, **long), seeds=seeds, loading=loading
        ),
    ]
    both = networks(AUGMENTED, (5,), **AUGMENT, **long)
    found.append(Arm(both, ("class_weight",), seeds if full else 1, loading=loading))
    if not full:
        quick = networks(AUGMENTED_SHORT, (5,), **AUGMENT, **short)
        longer = networks(LONGER, (5,), **long)
        found.append(Arm(quick | longer, seeds=1, loading=loading))
    return found


def page(outcomes, full):
    """Return the lines of the page."""
    outcomes = answers(outcomes)
    against = verdicts(outcomes, AGAINST_AUGMENTATION)
    gained = verdicts(outcomes, AGAINST_NONE)
    correct = verdicts(outcomes, AGAINST_NONE, "accuracy")
    depths = verdicts(outcomes, DEPTHS)
    lengths = verdicts(outcomes, LENGTHS)
    shown = [o for o in outcomes if o.trial.strategy in (*STRATEGIES, FLY)]
    return [
        THEIRS,
        *_what_was_run(outcomes, _seeds(gained), full),
        "**We find**, by macro-F1 on images and seeds, each table corrected for all of "
        "its comparisons after Holm:",
        "",
        "- Against augmentation on the fly alone, of the other ways to train networks, "
        f"{counted(against)}.",
        "- Against the same model without balancing, of all answers to imbalance, "
        f"{counted(gained)}; by accuracy, {counted(correct)}.",
        "- Augmented networks of five blocks against those of three, four and six: "
        f"{counted(depths)}.",
        "",
        *_of_length(lengths),
        "",
        *grids(shown),
        "## Against augmentation alone",
        "",
        *verdict_table(against, "network and answer", "against"),
        "## What each answer brings",
        "",
        "Macro-F1 less that of the same model without it; bold is told apart.",
        "",
        *verdict_grid(gained, start="none"),
        "Accuracy likewise.",
        "",
        *verdict_grid(correct, start="none"),
        "## How deep",
        "",
        *verdict_table(depths),
        "## How long, and both together",
        "",
        *_of_how_many_seeds(lengths),
        *verdict_table(lengths),
        "## F1 of each class",
        "",
        *classes(shown),
        "## What SMOTE-ENN leaves of the classes",
        "",
        *_what_is_left(outcomes),
        "## Macro-F1 without the images that have a copy in another part",
        "",
        *grids(shown, "f1_macro_leak_free"),
    ]


def _of_how_many_seeds(comparisons):
    if not comparisons or min(one.seeds_a for one in comparisons) > 1:
        return []
    return ["One seed of the first: this is about the fits at hand, not others.", ""]


def front(outcomes):
    """Return the lines of the project's front page: one table, what may be claimed.

    Networks are not in it while how long they learn decides more than their answer.
    """
    shown = answers(outcomes)
    lengths = verdicts(shown, LENGTHS)
    pairs = [(a, b) for a, b in AGAINST_NONE if not (lengths and a.startswith("cnn"))]
    gained = verdicts(shown, pairs)
    n_rows = sum(outcomes[0].facts["data"]["training_counts"].values())
    return [
        f"Macro-F1 on FER2013's PrivateTest ({gained[0].n_images:,} images), mean of "
        f"{_seeds(gained)} seeds, learned from {n_rows:,} images of its Training "
        "part: without balancing, and what each answer to imbalance adds to that. Bold "
        "is what images and seeds tell apart, after Holm for all comparisons here.",
        "",
        *verdict_grid(gained, start="none"),
        *_of_length(lengths),
        "",
    ]


def _of_length(lengths):
    """Return a line on what learning for longer does, where that was looked at."""
    found = {(one.a, one.b): one for one in lengths}
    longer = found.get((f"cnn5:none{LONGER}", "cnn5:none"))
    alike = found.get((f"cnn5:{FLY}", f"cnn5:none{LONGER}"))
    if not longer or not alike:
        return []
    return [
        "**Of networks nothing is claimed yet.** How long they learn matters as much "
        f"as any answer: without balancing, {LONG['epochs']} epochs are "
        f"{verdict(longer)} than {SHORT['epochs']} ({longer.difference:+.3f}, five "
        f"blocks), and augmentation on the fly for as long is {verdict(alike)} than "
        f"that ({alike.difference:+.3f}; {alike.seeds_b} seed). SMOTE and `augment` "
        "take more steps in an epoch too, so that differences among networks are of "
        "steps as well as of answers."
    ]


def _seeds(comparisons):
    """Return how many seeds each of two has, in words."""
    found = [n for one in comparisons for n in (one.seeds_a, one.seeds_b)]
    fewest, most = min(found, default=0), max(found, default=0)
    return str(most) if fewest == most else f"{fewest} to {most}"


def pictures(outcomes):
    """Return the heat map and the changes of each class."""
    shown = [o for o in answers(outcomes) if o.trial.strategy in (*STRATEGIES, FLY)]
    (ground,) = grounds(shown)
    drawn = {name: PICTURES[name].draw(ground) for name in ("heat-map", "class-deltas")}
    (ground,) = grounds([o for o in shown if o.trial.model in CLASSICAL])
    return drawn | {"hand-made": PICTURES["heat-map"].draw(ground)}


def answers(outcomes):
    """Return outcomes with augmentation, and training for longer, as strategies."""
    return [_answer(outcome) for outcome in outcomes]


def _answer(outcome):
    trial = outcome.trial
    name, told = trial.model[:4], (trial.model[4:], trial.strategy)
    if told not in SHOWN:
        return outcome
    renamed = replace(trial, model=name, strategy=SHOWN[told])
    kept = {field.name: getattr(outcome, field.name) for field in fields(Outcome)}
    return Outcome(**kept | {"trial": renamed})


def _what_was_run(outcomes, seeds, full):
    counts = outcomes[0].facts["data"]["training_counts"]
    told = ", ".join(f"{n:,} {name}" for name, n in counts.items())
    which = "the full study" if full else "what two cores can keep"
    lines = [
        f"**We ran** {which}: {sum(counts.values()):,} images of FER2013's Training "
        f"part ({told}), {seeds} seeds; PrivateTest reports, PublicTest was looked "
        "at for the settings only."
    ]
    if not full:
        settings = ", ".join(f"{name} {value}" for name, value in NARROW.items())
        lines.append(
            f"Networks are narrow ({settings}) and learn for {SHORT['epochs']} epochs, "
            f"with augmentation for {LONG['epochs']}, which is not fair to the others; "
            "how long is a section below."
        )
    return [" ".join(lines), ""]


def _what_is_left(outcomes):
    """Return a table of rows before and after, and how many of these are real."""
    lines = [
        "Rows for training before, after, and how many real images are among these:",
        "",
    ]
    seen = {}
    for outcome in outcomes:
        report = outcome.facts.get("balancing")
        if outcome.trial.strategy == "smote_enn" and report:
            seen.setdefault(outcome.trial.model, report["rows"])
    if not seen:
        return ["Not run yet.", ""]
    names = list(next(iter(seen.values())))
    lines += [f"| | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
    first = next(iter(seen.values()))
    before = " | ".join(f"{first[name]['before']:,}" for name in names)
    lines.append(f"| before | {before} |")
    for model, rows in seen.items():
        cells = " | ".join(f"{rows[n]['after']:,} ({rows[n]['real']:,})" for n in names)
        lines.append(f"| {model} | {cells} |")
    return [*lines, ""]


STUDY = Study("balancing", arms, page, pictures)

if __name__ == "__main__":
    main(STUDY)

"""Balancing strategies against plain augmentation, on FER2013 (reference study 1).

    python benchmarks/study_balancing.py --root FOLDER_WITH_FER2013

See `reference` for the options. On two cores a fifth of the Training part teaches
narrow networks for a fixed number of epochs, in about three hours; ``--full`` takes
all of it and the networks of the study, and wants a GPU. PublicTest is not used by
networks of a fixed number of epochs; PrivateTest reports.
"""

from dataclasses import replace

from reference import (
    Arm,
    Study,
    changed,
    classes,
    counted,
    grids,
    main,
    said,
    spelled,
    table,
    verdict,
    verdict_grid,
    verdict_table,
    verdicts,
)

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
EPOCHS = 25
"""One length for all networks."""
OTHERS = {f", {epochs} epochs": epochs for epochs in (10, 44)}
LONGEST = list(OTHERS)[-1]
"""Of five blocks without balancing, to tell what learning for longer does by itself: 44
epochs are as many steps as SMOTE takes in 25."""
AUGMENT = {"augmentation": "standard"}
AUGMENTED = " augmented"
BLOCKS = (3, 4, 5, 6)
CLASSICAL = {
    "hog+svm": "hog+svm(probability=False)",
    "lbp+svm": "lbp+svm(probability=False)",
    "hog+rf": "hog+rf",
    "hog+lbp+svm": "hog+lbp+svm(probability=False)",
}
FLY = "augmented on the fly"
BOTH = f"{FLY}, class_weight"
SHOWN = {
    (AUGMENTED, "none"): FLY,
    (AUGMENTED, "class_weight"): BOTH,
    **{(told, "none"): f"none{told}" for told in OTHERS},
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
    *((f"cnn5:none{told}", "cnn5:none") for told in OTHERS),
    *((f"cnn5:{answer}", f"cnn5:none{LONGEST}") for answer in ("smote", FLY)),
    (f"cnn5:{BOTH}", f"cnn5:{FLY}"),
]
NETWORKS = [f"cnn{n}" for n in BLOCKS]
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

    def networks(told, blocks, epochs=EPOCHS, **changes):
        options = changes if full else NARROW | changes | {"epochs": epochs}
        return {f"cnn{n}{told}": spelled(f"cnn{n}", options) for n in blocks}

    both = networks(AUGMENTED, (5,), **AUGMENT)
    found = [
        Arm(CLASSICAL, STRATEGIES, seeds, loading=loading),
        Arm(networks("", BLOCKS), STRATEGIES, seeds, loading=loading),
        Arm(networks(AUGMENTED, BLOCKS, **AUGMENT), seeds=seeds, loading=loading),
        Arm(both, ("class_weight",), seeds, loading=loading),
    ]
    for told, epochs in () if full else OTHERS.items():
        found.append(Arm(networks(told, (5,), epochs), seeds=seeds, loading=loading))
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
        "- Hand-made features with each answer against the same without: "
        f"{_both(gained, correct, CLASSICAL)}.",
        "- Networks with each answer against the same without: "
        f"{_both(gained, correct, NETWORKS)}.",
        "- Against augmentation on the fly alone, of the other ways to train networks: "
        f"{counted(against)}.",
        "- Augmented networks of five blocks against those of three, four and six: "
        f"{counted(depths)}.",
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


def _both(gained, correct, models):
    """Return what models gain by macro-F1 and by accuracy, counted."""
    of_theirs = [
        counted([one for one in found if one.a.split(":")[0] in models])
        for found in (gained, correct)
    ]
    return "; by accuracy, ".join(of_theirs)


def front(outcomes):
    """Return the lines of the project's front page: one table, what may be claimed."""
    shown = answers(outcomes)
    gained = verdicts(shown, AGAINST_NONE)
    n_rows = sum(outcomes[0].facts["data"]["training_counts"].values())
    return [
        f"Macro-F1 on FER2013's PrivateTest ({gained[0].n_images:,} images), mean of "
        f"{_seeds(gained)} seeds, learned from {n_rows:,} images of its Training "
        "part: without balancing, and what each answer to imbalance adds to that. Bold "
        "is what images and seeds tell apart, after Holm for all comparisons here.",
        "",
        *verdict_grid(gained, start="none"),
        *(line.removeprefix("- ") for line in _of_length(verdicts(shown, LENGTHS))),
        "",
    ]


def _of_length(lengths):
    """Return a line on what learning for longer does, where that was looked at."""
    longest = f"cnn5:none{LONGEST}"
    found = {(one.a, one.b): one for one in lengths}
    pairs = [(longest, "cnn5:none"), ("cnn5:smote", longest), (f"cnn5:{FLY}", longest)]
    if not all(pair in found for pair in pairs):
        return []
    longer, smote, fly = (found[pair] for pair in pairs)
    return [
        f"- All networks learn for {EPOCHS} epochs (ten were tried first and were too "
        "few, as PrivateTest showed), in which SMOTE and `augment` take more steps. "
        f"{OTHERS[LONGEST]} epochs without balancing are as many as SMOTE's: with five "
        f"blocks these are {said(replace(longer, b=str(EPOCHS)))} "
        f"({longer.difference:+.3f}), and against them SMOTE is {verdict(smote)} "
        f"({smote.difference:+.3f}), augmentation on the fly {verdict(fly)} "
        f"({fly.difference:+.3f})."
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
    return {name: PICTURES[name].draw(ground) for name in ("heat-map", "class-deltas")}


def answers(outcomes):
    """Return outcomes with augmentation, and training for longer, as strategies."""
    return [_answer(outcome) for outcome in outcomes]


def _answer(outcome):
    trial = outcome.trial
    name, told = trial.model[:4], (trial.model[4:], trial.strategy)
    if told not in SHOWN:
        return outcome
    return changed(outcome, trial=replace(trial, model=name, strategy=SHOWN[told]))


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
            f"Networks are narrow ({settings}) and learn for {EPOCHS} epochs each."
        )
    return [" ".join(lines), ""]


def _what_is_left(outcomes):
    """Return a table of rows before and after, and how many of these are real."""
    seen = {}
    for outcome in outcomes:
        report = outcome.facts.get("balancing")
        if outcome.trial.strategy == "smote_enn" and report:
            seen.setdefault(outcome.trial.model, report["rows"])
    if not seen:
        return ["Not run yet.", ""]
    first = next(iter(seen.values()))
    lines = [["before", *(f"{row['before']:,}" for row in first.values())]]
    for model, rows in seen.items():
        told = (f"{rows[n]['after']:,} ({rows[n]['real']:,})" for n in first)
        lines.append([model, *told])
    return [
        "Rows for training before, after, and how many real images are among these:",
        "",
        *table(["", *first], lines),
    ]


STUDY = Study("balancing", arms, page, pictures)

if __name__ == "__main__":
    main(STUDY)

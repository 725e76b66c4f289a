"""A network of one's own, or one trained on other pictures (reference study 3).

    python benchmarks/study_transfer.py --root FOLDER_WITH_FER2013

See `reference` for the options. Half of the Training part is validation, as in the
study: it chooses among structures of plain networks, and PrivateTest reports. On two
cores an eighth of the other half teaches, in an hour of both;
``--full`` takes all of it, and wants a GPU. VGG16 is run where torch's folder of
downloads has its ImageNet weights, or where ``--weights`` names their file; nothing is
downloaded.
"""

from dataclasses import replace
from statistics import mean

import pandas as pd
import structures
from reference import (
    Arm,
    Study,
    main,
    said,
    spelled,
    table,
    verdict,
    verdict_table,
    verdicts,
)
from structures import FOUND, METRIC, RUNNERS_UP, Search, lines_of, noise, ranked

from fercompare.deep.weights import find_imagenet
from fercompare.evaluation.trials import DONE
from fercompare.report.comparison import PLAIN, full_name
from fercompare.report.leaderboard import rank
from fercompare.report.score_plots import heat_map

THERE = "vgg16"
BACKBONES = ("mobilenet_v2", THERE)
UNFROZEN = (1, 2, 4, "all")
SHORT = {"size": 48, "epochs": 4, "batch_size": 32, "base_rate": 1.0}
"""In so few steps a base that learns ten times more slowly gets nowhere: all of it for
three epochs, 34.4 % of 1,500 validation images against 42.8 %, one seed."""
HALF = (("split", "half-train"),)
EIGHTH = (*HALF, ("share", 1 / 8))
UNWATCHED = (("parts", "train::test"),)
"""There are eight times as many validation rows as teach, and no epoch to choose."""
THEIR_ROWS = 14_354
THEIRS = """\
# A network of one's own, or transfer?

**They found** (FER2013, half of the Training part for validation): a network of 4
convolutional and 3 dense layers, which a search had chosen, is right in 52.7 %, with
augmentation and dropout in 56.6 %; VGG16 with stored features in 43.9 %, and end to end
with a frozen base in 39.3 %. Unfreezing some of it is what they proposed. How many
seeds, and which of these differences are more than chance, is not said.
"""
NOT_RUN = (
    "**was not run**: its ImageNet weights were not on the machine, and nothing is"
    " downloaded ([where they are looked for](../data/weights.md))."
)
CHOSEN = """\
How long narrow networks learn with augmentation, and their dropout of 0.1, were chosen
since after 25 epochs with 0.25 they were right in a third of the images that they
learned from. What that run scored on PrivateTest (0.294 and 0.375) had been seen by
then; nothing else here was chosen with PrivateTest in view.
"""
EXPECTED = {"augmentation": "better", "ways": "better", "transfer": "worse"}
"""Question to what they found the first of a pair to be."""


def arms(full, weights=""):
    """Return the search with its winners, and each backbone that has weights here."""
    how = {
        "seeds": 5 if full else 3,
        "loading": HALF if full else EIGHTH,
        "protocol": () if full else UNWATCHED,
    }
    files = {THERE: weights} if weights else {}
    here = [name for name in BACKBONES if name in files or find_imagenet(name)]
    transfer = [Arm(_ways(name, full, files.get(name)), **how) for name in here]
    return [Search(full, **how), *transfer]


def page(outcomes, full):
    """Return the lines of the page."""
    outcomes = [outcome for outcome in outcomes if outcome.status == DONE]
    found, answers = _found(outcomes), _answers(outcomes)
    apart = noise(outcomes, [one.name for one in found])
    return [
        THEIRS,
        *_what_was_run(outcomes, full),
        "## The search",
        "",
        *lines_of(_table(outcomes), apart),
        "## PrivateTest",
        "",
        *_scores(outcomes),
        "## Is the difference real?",
        "",
        f"Of {METRIC}, on the same images, corrected for all that this table compares:",
        "",
        *verdict_table([one for some in answers.values() for one in some]),
        "## What follows",
        "",
        *_conclusions(found, apart, answers, outcomes),
        *([CHOSEN, ""] if answers.get("augmentation") and not full else []),
        "## What the names mean",
        "",
        *_names(outcomes),
    ]


def pictures(outcomes):
    """Return what the structures scored."""
    lines = [
        (f"{one.blocks}x{one.convolutions}", f"{one.dense} dense", 1, score)
        for one, score in _found(outcomes).items()
    ]
    if not lines:
        return {}
    cells = pd.DataFrame(lines, columns=["model", "strategy", "seeds", METRIC])
    return {"search": heat_map(cells, METRIC)}


def _ways(name, full, file=None):
    """Return the models of a backbone: both ways of it, and unfreezing."""
    own = {"backbone": name} | ({} if full else SHORT)
    own |= {"weights": file} if file else {}
    modes = {way: {"mode": way} for way in ("features", "frozen")}
    for n in UNFROZEN:
        modes[f"unfrozen {n}"] = {"mode": "finetune", "unfreeze": n}
    return {f"{name} {way}": spelled("transfer", own | m) for way, m in modes.items()}


def _table(outcomes):
    """Return the table of the search in the outcomes' store, empty if there is none."""
    path = outcomes[0].path.with_name(FOUND)
    return pd.read_csv(path) if path.exists() else pd.DataFrame()


def _found(outcomes):
    return ranked(_table(outcomes))


def _pairs(outcomes):
    """Return question to pairs of models; not all of them need to have been run.

    Every way of transfer meets the structure that the validation half chose: to take
    the best of each by the test part would flatter both.
    """
    found, pairs = list(_found(outcomes)), {}
    if found:
        first = found[0]
        others = dict.fromkeys([*found[1 : 1 + RUNNERS_UP], structures.THEIRS])
        others.pop(first, None)
        pairs["structure"] = [(first.name, one.name) for one in others]
        both = dict.fromkeys([first, structures.THEIRS])
        pairs["augmentation"] = [(one.augmented, one.name) for one in both]
    pairs["ways"] = [(f"{b} features", f"{b} frozen") for b in BACKBONES]
    free = [(f"{b} unfrozen {n}", f"{b} frozen") for b in BACKBONES for n in UNFROZEN]
    pairs["unfreezing"] = free
    if found:
        pairs["transfer"] = [(a, first.name) for both in pairs["ways"] for a in both]
        pairs["unfrozen"] = [(name, first.name) for name, _ in free]
    return pairs


def _answers(outcomes):
    """Return question to comparisons, corrected for all of these together."""
    pairs, found = _pairs(outcomes), {}
    asked = [tuple(map(full_name, pair)) for some in pairs.values() for pair in some]
    for one in verdicts(outcomes, asked, METRIC):
        a, b = (name.removesuffix(f":{PLAIN}") for name in (one.a, one.b))
        found[a, b] = replace(one, a=a, b=b)
    return {
        question: [found[pair] for pair in some if pair in found]
        for question, some in pairs.items()
    }


def _what_was_run(outcomes, full):
    data = outcomes[0].facts["data"]
    counts, notes = data["training_counts"], data["notes"]
    n_rows = sum(counts.values())
    told = ", ".join(f"{n:,} {name}" for name, n in counts.items())
    which = "the full study" if full else "what two cores can keep"
    n_seeds = len({outcome.trial.seed for outcome in outcomes})
    chosen = sorted(set(rank(outcomes, METRIC)["chosen_on"]))
    by = " or ".join("fixed" if one == "nothing" else f"by the {one}" for one in chosen)
    lines = [
        f"**We ran** {which}: {n_rows:,} images of FER2013's Training part teach"
        f" ({told}; split {notes['split']}, share {notes.get('share', '1')}), {n_seeds}"
        f" seeds, {_epochs(outcomes)} ({by}); PrivateTest reports,"
        f" {len(outcomes[0].rows):,} images."
    ]
    if n_rows < THEIR_ROWS:
        lines.append(
            f"Fewer images teach here than there, {n_rows:,} of {THEIR_ROWS:,}: lay"
            " differences beside theirs, not percentages."
        )
    here = [name for name in BACKBONES if _of(outcomes, name)]
    lines += [f"`{name}` {NOT_RUN}" for name in BACKBONES if name not in here]
    if here and THERE not in here:
        lines.append(f"Transfer is of {' and '.join(here)} here, of {THERE} there.")
    return [" ".join(lines), ""]


def _epochs(outcomes):
    """Return how many epochs networks learned, in words."""
    kinds = "plain networks", "plain networks with augmentation", "transfer"
    epochs = {kind: set() for kind in kinds}
    for one in outcomes:
        is_changed = one.trial.specification["parameters"]["augmentation"] is not None
        kind = kinds[2 if _of([one], BACKBONES) else is_changed]
        epochs[kind].add(len(one.facts["training_curve"]["epoch"]))
    return ", ".join(
        f"{' to '.join(map(str, sorted({min(n), max(n)})))} epochs of {kind}"
        for kind, n in epochs.items()
        if n
    )


def _of(outcomes, names):
    return [one for one in outcomes if one.trial.model.startswith(names)]


def _scores(outcomes):
    """Return a table of both scores with intervals."""
    other = rank(outcomes, "f1_macro").set_index("model")
    names = "model", "seeds", METRIC, "95 %", "macro-F1", "95 %"
    rows = []
    for line in rank(outcomes, METRIC).to_dict("records"):
        name = line["model"]
        cells = [name, f"{line['seeds']}", *_interval(line, METRIC)]
        cells += _interval(other.loc[name], "f1_macro")
        rows.append(cells)
    minutes = sum(one.facts["trial_seconds"] for one in outcomes) / 60
    told = f"The {len(outcomes)} trials took {minutes:.0f} minutes, beside other work."
    return [*table(names, rows), told, ""]


def _interval(line, metric):
    low, high = (line[f"{metric}_{end}"] for end in ("low", "high"))
    return f"{line[metric]:.3f}", f"{low:.3f}–{high:.3f}"


def _conclusions(found, apart, answers, outcomes):
    lines = []
    if found:
        first, *others = found
        near = sum(found[first] - found[one] <= apart for one in others)
        lines.append(
            f"- The search ends at {first.name}; {near} of the {len(others)} other"
            " structures are within noise of it."
        )
    for question, some in answers.items():
        lines += [_sentence(one, EXPECTED.get(question)) for one in some]
        if question == "augmentation":
            lines += [_how_far(one, outcomes) for one in some]
    return [*lines, ""]


def _how_far(one, outcomes):
    """Return how well both of two models know at the end what they learned from."""
    changed, plain = (_known(outcomes, name) for name in (one.a, one.b))
    told = (
        f"- At the end {one.b} is right in {plain:.0%} of the images that it learns"
        f" from; with augmentation, which changes them every time, in {changed:.0%}"
    )
    if changed < one.value_b:
        told += ", too few to say what augmentation is worth"
    return f"{told}."


def _known(outcomes, name):
    of_name = [one for one in outcomes if one.trial.model == name]
    return mean(one.facts["training_curve"]["accuracy"][-1] for one in of_name)


def _sentence(one, expected):
    """Return what a comparison says, and whether that is what they found."""
    seen = verdict(one)
    text = f"- {one.a} is {said(one)} ({one.difference:+.3f})"
    if expected is None:
        return f"{text}."
    if seen == expected:
        return f"{text}, as they found."
    if seen == "not told apart":
        return f"{text}, where they found it {expected}."
    return f"{text}, the opposite of what they found."


def _names(outcomes):
    """Return a table of the models as they were asked for."""
    meant = {one.trial.model: one.trial.specification["model"] for one in outcomes}
    lines = [f"| {name} | `{meant[name]}` |" for name in sorted(meant)]
    return ["| in the tables | model |", "| --- | --- |", *lines]


OPTIONS = {"weights": ("", "File of VGG16's ImageNet weights.")}
STUDY = Study("transfer", arms, page, pictures, OPTIONS)

if __name__ == "__main__":
    main(STUDY)

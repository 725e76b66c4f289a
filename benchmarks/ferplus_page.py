"""The page and the pictures of study 2, FER+; `study_ferplus` runs it."""

from collections import defaultdict
from dataclasses import replace

from confused import change_table, changes, draw_shares, share_table, spread
from reference import classes, table, verdict, verdict_table, verdicts

from fercompare.report.class_plots import confusions
from fercompare.report.grounds import grounds
from fercompare.report.leaderboard import rank, scores

MODES = ("majority", "probability", "crossentropy", "multi_target")
MORE = "majority, more rows"
"""The largest vote of every row that teaches crossentropy: it tells the effect of the
rows that the majority rule throws away from the effect of the loss."""
QUESTIONS = {
    "The other modes against majority": [(mode, "majority") for mode in MODES[1:]],
    "The rows that majority throws away, taught too": [(MORE, "majority")],
    "The loss alone, on the same rows": [
        (mode, MORE) for mode in ("probability", "crossentropy")
    ],
}
CONFUSED = (("neutral", "sad"), ("surprise", "fear"), ("sad", "angry"))
THEIR_SCORES = {
    "accuracy": 0.8331,
    "precision_weighted": 0.8375,
    "recall_weighted": 0.8331,
    "f1_weighted": 0.8184,
    "f1_macro": None,
}
BARSOUM = {
    "majority": 0.8385,
    "probability": 0.8499,
    "crossentropy": 0.8472,
    "multi_target": 0.8397,
}
"""Accuracy, arXiv 1608.01041."""
THEIRS = """\
# FER+: what to make of ten viewers' votes

**They found** (a 5-block CNN on FER+, five augmentations at 50 %, dropout, early
stopping with patience 8, weight decay, batches of 64): 83.31 % accuracy, weighted
precision 0.8375, recall 0.8331 and F1 0.8184. How many seeds, and which images were
tested on, is not said. Barsoum et al. (2016), whose rules the four modes are, found
with a VGG13, in five runs and on 3,137 images with a majority: majority 83.85 %,
multi-target 83.97 %, crossentropy 84.72 %, probability 84.99 %.
"""


def page(outcomes, full):
    """Return the lines of the page, of outcomes as `gather` returns them."""
    if not outcomes:
        return [THEIRS, "Not run yet.", ""]
    found = {
        metric: _comparisons(outcomes, metric) for metric in ("accuracy", "f1_macro")
    }
    confused = _changes(outcomes)
    return [
        THEIRS,
        *_what_was_run(outcomes, full),
        *("## What may be said", ""),
        _against_theirs(outcomes, full),
        *_answers(found),
        *_against_barsoum(found["accuracy"]),
        *_less_confused(confused),
        *("", "## Rows that teach", ""),
        *_rows(outcomes),
        *("## Scores", ""),
        *_scores(outcomes),
        *("## Is the difference real?", ""),
        *_differences(found),
        *("## Who is taken for whom", ""),
        *_confusions(outcomes, confused),
        *("## F1 of each class", ""),
        *classes(outcomes),
    ]


def pictures(outcomes):
    """Return the confusion matrices, and pairs of classes that are confused."""
    seen, names = _seen(outcomes), outcomes[0].classes
    return {
        "confusion": confusions(seen, names),
        "pairs": draw_shares(seen, names, CONFUSED),
    }


def _seen(outcomes):
    """Return what each mode predicted, one a seed, in the order of the page."""
    (ground,) = grounds(outcomes)
    modes = dict.fromkeys(outcome.trial.model for outcome in outcomes)
    return {mode: ground.predictions[mode, "none"] for mode in modes}


def _comparisons(outcomes, metric):
    """Return the comparisons of all questions, after Holm for all of them."""
    pairs = [pair for of_one in QUESTIONS.values() for pair in of_one]
    named = [tuple(f"{mode}:none" for mode in pair) for pair in pairs]
    return [
        replace(one, a=one.a.removesuffix(":none"), b=one.b.removesuffix(":none"))
        for one in verdicts(outcomes, named, metric)
    ]


def _changes(outcomes):
    seen = {mode: of_mode for mode, of_mode in _seen(outcomes).items() if mode != MORE}
    return changes(seen, "majority", outcomes[0].classes, CONFUSED)


def _kept(outcome, part):
    """Return how many images of a part the rule left, before any were drawn."""
    told = outcome.facts["data"]["notes"]["rows kept"]
    return int(dict(size.split() for size in told.split(", "))[part])


def _taught(outcome):
    return outcome.facts["data"]["training_counts"]


def _what_was_run(outcomes, full):
    one = outcomes[0]
    asked, notes = one.trial.specification["parameters"], one.facts["data"]["notes"]
    n_seeds = len({outcome.trial.seed for outcome in outcomes})
    lengths = {len(each.facts["training_curve"]["epoch"]) for each in outcomes}
    epochs = sorted({min(lengths), max(lengths)})
    return [
        f"**We ran** {'the full study' if full else 'what two cores can keep'}: "
        f"{asked['blocks']} blocks (convolutions in each: {asked['convolutions']}, "
        f"filters in the first: {asked['width']}); dropout {asked['dropout']}, weight "
        f"decay {asked['weight_decay']}, batches of {asked['batch_size']}, "
        f"{asked['optimizer']}; faces mirrored, turned, moved, scaled, lit anew and "
        f"partly erased, each at 50 %; at most {asked['epochs']} epochs with patience "
        f"{asked['patience']}, of which {' to '.join(map(str, epochs))} were trained; "
        f"{n_seeds} seeds. Votes are those of `{notes['labels']}`.",
        "",
        f"PublicTest ({_kept(one, 'val'):,} images) chose the epoch, and PrivateTest "
        f"reports: **{len(one.rows):,} images**, those on which more than half of the "
        "votes agree, single ones not counted, and with that label, whatever the mode. "
        "The modes differ in which training images they keep, and in what they make "
        "of the votes.",
        "",
    ]


def _against_theirs(outcomes, full):
    theirs = THEIR_SCORES["accuracy"]
    lies = defaultdict(list)
    for _, ours in rank(outcomes, "accuracy").iterrows():
        low, high = ours["accuracy_low"], ours["accuracy_high"]
        where = "above" if theirs > high else "below" if theirs < low else "within"
        interval = f"({100 * low:.2f} to {100 * high:.2f})"
        lies[where].append(f"*{ours['model']}* {interval}")
    found = (f"{where} that of {', '.join(modes)}" for where, modes in lies.items())
    told = f"- Of the 95 % intervals of accuracy, their {100 * theirs:.2f} % lies "
    told += f"{' and '.join(found)}."
    small = " Ours is a narrow network on part of the images, so this is no answer."
    return told if full else told + small


def _answers(found):
    """Return a line for each question: which modes are better, worse, or neither."""
    lines = []
    for question, pairs in QUESTIONS.items():
        told = []
        for metric, comparisons in found.items():
            groups = {}
            for one in comparisons:
                if (one.a, one.b) in pairs:
                    groups.setdefault(verdict(one), []).append(f"*{one.a}*")
            of_each = [f"{', '.join(names)} {word}" for word, names in groups.items()]
            told += [f"by {metric} {'; '.join(of_each)}"] if of_each else []
        if told:
            lines.append(f"- {question}: {', and '.join(told)}.")
    return lines


def _against_barsoum(comparisons):
    lines = []
    for one in comparisons:
        if one.a in BARSOUM and one.b == "majority":
            gain = BARSOUM[one.a] - BARSOUM["majority"]
            held = [
                name
                for name, value in (("theirs", gain), ("no difference at all", 0))
                if one.low <= value <= one.high
            ]
            lines.append(
                f"- *{one.a}* less majority is {gain:+.4f} of accuracy in Barsoum et "
                f"al. and {one.difference:+.4f} here; the interval ({one.low:+.4f} to "
                f"{one.high:+.4f}) holds {' and '.join(held) or 'neither this nor 0'}."
            )
    return lines


def _less_confused(found):
    if not found:
        return []
    told = []
    for word in ("less", "more"):
        named = [f"*{c.model}* {'–'.join(c.pair)}" for c in found if c.verdict == word]
        listed = f" ({', '.join(named)})" if named else ""
        told.append(f"{len(named)} {word} often{listed}")
    return [
        f"- Of {len(found)} pairs of classes and modes, against majority "
        f"{' and '.join(told)} taken for each other."
    ]


def _rows(outcomes):
    first = {outcome.trial.model: outcome for outcome in reversed(outcomes)}
    rows = []
    for mode in dict.fromkeys(outcome.trial.model for outcome in outcomes):
        taught = _taught(first[mode])
        counts = _kept(first[mode], "train"), sum(taught.values()), *taught.values()
        rows.append([mode, *(f"{n:,}" for n in counts)])
    return [
        "Images of the Training part that each rule keeps, how many of them teach (one "
        "draw for all modes), and these by their largest vote:",
        "",
        *table(["", "kept", "teach", *outcomes[0].classes], rows),
        *_thrown_away(first),
    ]


def _thrown_away(first):
    if not {"majority", "crossentropy"} <= first.keys():
        return []
    few, many = first["majority"], first["crossentropy"]
    n_few, n_many = _kept(few, "train"), _kept(many, "train")
    lost = {name: 1 - _taught(few)[name] / n for name, n in _taught(many).items() if n}
    most = max(lost, key=lost.get)
    return [
        f"Majority keeps {n_few:,} of the {n_many:,} images that may teach "
        f"crossentropy and probability, {1 - n_few / n_many:.1%} fewer; of those that "
        f"teach here, {most} loses most, {lost[most]:.0%}. *{MORE}* learns the largest "
        "vote of all that teach crossentropy, so that the effect of these images and "
        "that of the loss can be told from each other.",
        "",
    ]


def _scores(outcomes):
    rows = []
    for mode, of_mode in scores(outcomes).groupby("model", sort=False):
        cells = [spread(of_mode[name]) for name in THEIR_SCORES]
        rows.append([mode, *cells, f"{BARSOUM[mode]:.4f}" if mode in BARSOUM else ""])
    theirs = ("" if v is None else f"{v:.4f}" for v in THEIR_SCORES.values())
    return [
        "Mean ± standard deviation over the seeds; weighted recall is accuracy by "
        "another name.",
        "",
        *table(
            ["", *THEIR_SCORES, "accuracy, Barsoum et al."],
            [*rows, ["*theirs*", *theirs, ""]],
        ),
    ]


def _differences(found):
    lines = [
        "Paired on the images, over images and seeds, Holm for all of a table "
        "together.",
        "",
    ]
    for metric, comparisons in found.items():
        lines += [f"**{metric}**", "", *verdict_table(comparisons, "mode", "against")]
    return lines


def _confusions(outcomes, found):
    lines = [
        "Share of the images of a class that is called another, mean ± standard "
        "deviation over the seeds:",
        "",
        *share_table(_seen(outcomes), outcomes[0].classes, CONFUSED),
    ]
    if not found:
        return lines
    return [
        *lines,
        "Against majority, of the images of both classes together, how much more often "
        f"one is called the other (paired as above, Holm for all {len(found)}):",
        "",
        *change_table(found),
    ]

"""Positive, negative or neutral, from few images (reference study 4).

    python benchmarks/study_three_classes.py --root FOLDER_WITH_FER2013

See `reference` for the options; ``--aligned FOLDER`` keeps the pictures whose faces
are cut out, which takes some minutes once. Each trial draws its own few images of each
class, since which ones they are makes a large difference with so few: the draw is a
step of the model, so that its seed is the trial's, and all are scored on the same
images. On two cores they are drawn from a share of the Training part. ResNets go on
from their ImageNet weights where torch has these; nothing is downloaded. Networks have
a fixed number of epochs: PublicTest is not used, PrivateTest reports.
"""

from dataclasses import replace

import numpy as np
from reference import Arm, Study, main, table, verdict, verdict_table, verdicts
from upright import FOLDER, UprightArm
from valences import (
    ALIGNED,
    MARKS,
    OF_SIX,
    PLAIN,
    SIX,
    VALENCE,
    VALENCE_OF,
    few,
    on_one_ground,
)

from fercompare.deep.weights import find_imagenet
from fercompare.evaluation.trials import DONE
from fercompare.report.grounds import grounds
from fercompare.report.leaderboard import rank
from fercompare.report.pictures import PICTURES

FEW, N_IMAGES, POOL = "few", 600, 1 / 4
"""The strategy that draws a few, how many in all, and of which share."""
GUESS, MAJORITY, SVM = "a guess", "the most frequent class", "hog+svm"
STILL = "resnet50 of drawn weights, frozen"
HAND_MADE = {name: name for name in (SVM, "hog+rf", "pixels+svm", "pixels+rf")}
NARROW = (
    "width=8, convolutions=1, dense=(64,), dropout=0.1, epochs=30, patience=None, "
    "optimizer=muon, learning_rate=0.05, schedule=linear"
)
WIDE = "patience=None"
SHORT, LONG = "size=64, epochs=8, batch_size=32", "size=224, epochs=20, batch_size=32"
DRAWN_SHORT = "weights=None, size=32, epochs=8, batch_size=32"
DRAWN_LONG = "weights=None, size=96, epochs=40, batch_size=32"
"""ResNets learn from scratch on smaller images, and nothing frozen knows anything."""
BACKBONES = ("mobilenet_v2", "resnet50", "resnet101")
FROZEN = "frozen"
QUICK = (*HAND_MADE, "cnn4", f"mobilenet_v2 {FROZEN}")
"""What is tried on aligned faces where there is not the time for all, and drawn."""
LADDER = {
    FROZEN: "mode=features",
    "1 block free": "mode=finetune, unfreeze=1",
    "2 blocks free": "mode=finetune, unfreeze=2",
    "4 blocks free": "mode=finetune, unfreeze=4",
    "all blocks free": "mode=finetune, unfreeze=all",
}
THEIRS = """\
# Three classes, few images

**They found**: of positive, negative and neutral, learned from few images, a support
vector machine knows most; ResNet50 and ResNet101 are right near 35 % of the time with
one or two layers unfrozen, where chance is a third. How many seeds, and which of the
differences are more than chance, is not said. For scale: a network that learned seven
emotions from all of FER2013 is right 82.4 % of the time on PublicTest without surprise
(balanced accuracy 80.9 %), when what it says is read as three classes.
"""


def arms(full, aligned=FOLDER):
    """Return chance, all models, some of six emotions, and those of aligned faces."""
    shared = {"seeds": 5 if full else 3, "protocol": (("parts", "train::test"),)}
    share = () if full else (("share", POOL),)
    three = shared | {"loading": (("labels", VALENCE), *share)}
    six = shared | {"loading": (("labels", SIX), *share), "called": OF_SIX}
    cut_out = three | {"called": ALIGNED, "folder": aligned}
    models, drawn = _models(full), {FEW: few(N_IMAGES, 3)}
    some = {name: models[name] for name in (SVM, "hog+rf", "cnn4")}
    quick = {name: model for name, model in models.items() if name in QUICK}
    return [
        Arm({MAJORITY: "dummy"}, **three | {"seeds": 1}),
        Arm({GUESS: "dummy(strategy=uniform)"}, drawn, **three),
        Arm(models, drawn, **three),
        Arm(some, {FEW: few(N_IMAGES, 6)}, **six),
        UprightArm(models if full else quick, drawn, **cut_out),
    ]


def page(outcomes, full):
    """Return the lines of the page."""
    shared = on_one_ground(outcomes)
    asked = questions(shared)
    lines = [
        THEIRS,
        *_what_was_run(outcomes, full),
        *_scores(shared),
        *_settings(shared),
    ]
    for title, found in asked.items():
        lines += [f"## {title}", "", *verdict_table(found, "model", "against")]
    answers = [f"- {title} {answer(found)}" for title, found in asked.items()]
    return [*lines, "## What may be said", "", *answers]


def pictures(outcomes):
    """Return who is taken for whom, on the images as they are, by a few models."""
    shown = [one for one in outcomes if one.trial.model in QUICK]
    (ground,) = grounds([one for one in shown if one.trial.dataset == PLAIN])
    return {"confusion": PICTURES["confusion"].draw(ground)}


def questions(shared):
    """Return each question with the comparisons that answer it, after Holm."""
    models = list(dict.fromkeys(one.trial.model for one in shared))
    models = [n for n in models if n not in (GUESS, MAJORITY)]
    plain = [name for name in models if not _is_marked(name)]
    steps = [(b, rung) for b in BACKBONES for rung in LADDER if rung != FROZEN]
    asked = {
        f"Is any better than {SVM}?": [(n, SVM) for n in plain if n != SVM],
        "Does it help to unfreeze blocks?": [
            (f"{b} {rung}", f"{b} {FROZEN}") for b, rung in steps
        ],
        "Does alignment help?": [(f"{n}{MARKS[ALIGNED]}", n) for n in plain],
        "Do six emotions teach three classes better?": [
            (f"{n}{MARKS[OF_SIX]}", n) for n in plain
        ],
    }
    found = {title: _verdicts(shared, pairs) for title, pairs in asked.items()}
    guess = _verdicts(shared, [(n, GUESS) for n in plain], "balanced_accuracy")
    found["Is it more than a guess (balanced accuracy)?"] = guess
    most = _verdicts(shared, [(n, MAJORITY) for n in plain], "accuracy")
    found["Is it right more often than always the most frequent class?"] = most
    return found


def answer(comparisons):
    """Return in a sentence or more what comparisons say, of the first of each two."""
    if not comparisons:
        return "Not run yet."
    said = {"better": [], "worse": [], "not told apart": []}
    for one in comparisons:
        said[verdict(one)].append(f"{one.a} ({one.difference:+.3f})")
    if said["better"]:
        word = "Yes" if len(said["better"]) == len(comparisons) else "Sometimes"
    else:
        word = "No" if len(said["worse"]) == len(comparisons) else "Not shown"
    told = [
        f"{key[0].upper()}{key[1:]}: {', '.join(names)}."
        for key, names in said.items()
        if names
    ]
    return " ".join([f"**{word}.**", *told])


def _models(full):
    """Return every model by name; networks are narrow and short but in the full."""
    chosen = (WIDE, LONG, DRAWN_LONG) if full else (NARROW, SHORT, DRAWN_SHORT)
    network, transfer, drawn = chosen
    models = dict(HAND_MADE)
    models["cnn4"] = f"cnn4({network})"
    models["cnn4 augmented"] = f"cnn4({network}, augmentation=standard)"
    for backbone in filter(find_imagenet, BACKBONES):
        for rung, how in LADDER.items():
            options = f"backbone={backbone}, {how}, {transfer}"
            models[f"{backbone} {rung}"] = f"transfer({options})"
    free, still = "mode=finetune, base_rate=1.0", "mode=features"
    models["resnet18 from scratch"] = f"transfer(backbone=resnet18, {free}, {drawn})"
    models[STILL] = f"transfer(backbone=resnet50, {still}, {drawn})"
    return models


def _verdicts(shared, pairs, metric="f1_macro"):
    """Return `verdicts`, which name models alone: strategies do not differ."""
    found = verdicts(shared, [tuple(map(_full_name, pair)) for pair in pairs], metric)
    return [replace(one, a=_short(one.a), b=_short(one.b)) for one in found]


def _is_marked(model):
    return model.endswith((MARKS[ALIGNED], MARKS[OF_SIX]))


def _full_name(model):
    return f"{model}:{'none' if model == MAJORITY else FEW}"


def _short(name):
    return name.rpartition(":")[0]


def _what_was_run(outcomes, full):
    """Return which images taught, which were scored, and what could not be run."""
    done = [outcome for outcome in outcomes if outcome.status == DONE]
    first = next(one for one in done if one.trial.dataset == PLAIN)
    counts = first.facts["data"]["training_counts"]
    drawn = {one.trial.dataset: _drawn(one) for one in done if _drawn(one)}
    n_seeds = len({outcome.trial.seed for outcome in outcomes})
    which = "the full study" if full else "what two cores can keep"
    scored = np.bincount(first.y_true, minlength=len(first.classes)).tolist()
    told = [
        f"**We ran** {which}: {n_seeds} seeds, each of which draws for each model",
        f"{_listed(drawn.get(PLAIN))} of {_listed(counts)} images of FER2013's",
        f"Training part. {_listed(dict(zip(first.classes, scored)))} images of",
        "PrivateTest report, in their natural numbers.",
        f"The classes are {', '.join(map(_of_valence, first.classes))}; left out:",
        f"{', '.join(_emotions(None))}.",
    ]
    if OF_SIX in drawn:
        told.append(
            f"Models “of six emotions” learn {_listed(drawn[OF_SIX])}, and what they "
            "say is read as three classes."
        )
    told += _of_alignment(outcomes)
    run = {outcome.trial.model for outcome in outcomes}
    absent = [name for name in BACKBONES if f"{name} {FROZEN}" not in run]
    if absent:
        told.append(
            f"Not run: {', '.join(absent)}, which need their ImageNet weights here."
        )
    return [" ".join(told), ""]


def _drawn(outcome):
    """Return how many images of each class a trial drew, nothing if it drew none."""
    report = outcome.facts.get("balancing")
    return report and {name: n["after"] for name, n in report["rows"].items()}


def _of_alignment(outcomes):
    notes = {one.facts["data"]["notes"].get("aligned") for one in outcomes}
    return [f"Aligned: {note}." for note in sorted(notes - {None})]


def _of_valence(valence):
    return f"{valence} ({', '.join(_emotions(valence))})"


def _emotions(valence):
    return [name for name, new in VALENCE_OF.items() if new == valence]


def _listed(counts):
    return ", ".join(f"{n:,} {name}" for name, n in (counts or {}).items())


def _scores(shared):
    """Return a table of how right each model is, best first."""
    titles = "model", "seeds", "macro-F1", "accuracy", "balanced acc.", "fit s"
    rows = []
    accuracy = rank(shared, "accuracy").set_index("model")
    for _, one in rank(shared, "f1_macro").iterrows():
        cells = (
            one["model"],
            f"{one['seeds']}",
            _with_interval(one, "f1_macro"),
            _with_interval(accuracy.loc[one["model"]], "accuracy"),
            f"{one['balanced_accuracy']:.3f}",
            f"{one['fit_seconds']:.0f}",
        )
        rows.append(cells)
    return [
        "## Scores on the same images",
        "",
        *table(titles, rows),
        "In brackets 95 % intervals that count images and draws.",
        "",
    ]


def _with_interval(line, by):
    return f"{line[by]:.3f} ({line[f'{by}_low']:.3f}–{line[f'{by}_high']:.3f})"


def _settings(shared):
    """Return a table of what the names of models stand for."""
    meant = {one.trial.model: one.trial.specification["model"] for one in shared}
    lines = [f"| {name} | `{meant[name]}` |" for name in meant if not _is_marked(name)]
    return ["## Settings", "", "| model | is |", "| --- | --- |", *lines, ""]


STUDY = Study(
    "three-classes",
    arms,
    page,
    pictures,
    {"aligned": (FOLDER, "Keeps the faces that are cut out.")},
)

if __name__ == "__main__":
    main(STUDY)

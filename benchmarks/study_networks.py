"""Our best network for the machine, alone and several averaged, on FER2013 and FER+.

    python benchmarks/study_networks.py --root FOLDER_WITH_FER2013_AND_FER+

See `reference` for the options. By default it is `cnn` for twenty epochs, in six to ten
minutes a seed and data set of two cores that multiply bfloat16; ``--full`` takes
`cnn-large`, and wants a GPU. Training learns, for a fixed number of epochs; PrivateTest
reports. What several say together is the mean of their probabilities: that is what an
`Ensemble` of them says, and costs no training beside theirs.
"""

from collections import defaultdict
from dataclasses import replace

import numpy as np
from reference import Arm, Study, changed, main, spelled, table, verdicts
from studies import mean_and_deviation

from fercompare.errors import DataError
from fercompare.evaluation.trials import DONE
from fercompare.report.boards import published_boards
from fercompare.report.class_plots import confusions
from fercompare.report.exports import to_markdown
from fercompare.report.grounds import grounds
from fercompare.report.leaderboard import rank, scores

EPOCHS = 20
VOTES = {"targets": "probability"}
ADDED = (
    *("fit_seconds", "warmup_seconds", "predict_seconds", "trial_seconds"),
    *("parameters", "file_bytes"),
)
"""Costs of several, one after the other, that are those of each added up."""
SHOWN = {
    "accuracy": "accuracy",
    "accuracy_leak_free": "leak-free",
    "f1_macro": "macro-F1",
    "balanced_accuracy": "balanced accuracy",
    "auroc_ovr_macro": "AUROC",
}


def arms(full):
    """Return an arm for each data set."""
    name, options = ("cnn-large", {}) if full else ("cnn", {"epochs": EPOCHS})
    seeds = 5 if full else 3
    kept = {"seeds": seeds, "keeps_probabilities": True}
    return [
        Arm({name: spelled(name, options)}, **kept),
        Arm(
            {name: spelled(name, options | VOTES)},
            dataset="ferplus",
            loading=(("mode", "crossentropy"),),
            **kept,
        ),
    ]


def gather(outcomes):
    """Return what was done, and what all seeds of a network say together."""
    of_network = defaultdict(list)
    for outcome in outcomes:
        if outcome.status == DONE:
            of_network[outcome.trial.dataset, outcome.trial.model].append(outcome)
    together = [averaged(seeds) for seeds in of_network.values() if len(seeds) > 1]
    return [outcome for seeds in of_network.values() for outcome in seeds] + together


def averaged(seeds):
    """Return the outcome of an ensemble whose members are the models of outcomes."""
    first, n = seeds[0], len(seeds)
    if any(not np.array_equal(one.rows, first.rows) for one in seeds):
        raise DataError(f"seeds of {first.trial.model} were asked of other images")
    proba = np.mean([one.proba for one in seeds], axis=0)
    costs = {name: sum(one.facts[name] for one in seeds) for name in ADDED}
    costs["images_per_second"] = len(first.rows) / costs["predict_seconds"]
    told = first.trial.specification
    parameters = told["parameters"] | {"members": n}
    trial = replace(
        first.trial,
        model=f"{n}*{first.trial.model}",
        seed=0,
        specification=told | {"parameters": parameters},
    )
    return changed(
        first,
        trial=trial,
        y_pred=proba.argmax(axis=1),
        proba=proba,
        facts=first.facts | costs,
    )


def page(outcomes, full):
    """Return the lines of the page, of outcomes as `gather` returns them."""
    lines = [
        "# Our networks, alone and together",
        "",
        f"`python benchmarks/study_networks.py{' --full' * full} --root FOLDER`. "
        "Training learns, for a number of epochs that was fixed before; PrivateTest "
        "reports; no other data. Each network says the mean over an image and its "
        "mirror image, which is test-time augmentation. A number and `*` before a name "
        "is the mean of what so many seeds say, as an ensemble of them would. Those of "
        "FER+ learn labels that are drawn anew from the votes; its PrivateTest are the "
        "images on which more than half of the votes agree, single ones not counted, "
        "and have that label.",
        "",
    ]
    for dataset in dict.fromkeys(outcome.trial.dataset for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.trial.dataset == dataset]
        lines += [f"## {dataset}", "", *_scores(own), *_together(own)]
        for board in published_boards(own):
            lines += [f"**{board.title}**", "", to_markdown(board.sheet), ""]
    return lines


def _scores(outcomes):
    ranked = rank(outcomes, "accuracy").set_index("model")
    rows = []
    for name, of_model in scores(outcomes).groupby("model", sort=False):
        low, high = ranked.loc[name, ["accuracy_low", "accuracy_high"]]
        cells = [mean_and_deviation(100 * of_model[metric]) for metric in SHOWN]
        minutes = mean_and_deviation(of_model["fit_seconds"] / 60)
        interval = f"{100 * low:.2f} to {100 * high:.2f}"
        rows.append([name, str(len(of_model)), *cells, interval, minutes])
    titles = ["", "seeds", *SHOWN.values(), "95 % interval of accuracy", "fit, minutes"]
    return [
        f"{len(outcomes[0].rows):,} images; per cent, mean ± standard deviation over "
        "the seeds; the interval counts images and seeds.",
        "",
        *table(titles, rows),
    ]


def _together(outcomes):
    """Return whether several are better than one, where there are several."""
    names = list(dict.fromkeys(outcome.trial.model for outcome in outcomes))
    pairs = [
        (f"{several}:none", f"{one}:none")
        for one in names
        for several in names
        if several.endswith(f"*{one}")
    ]
    found = [
        one
        for metric in ("accuracy", "f1_macro")
        for one in verdicts(outcomes, pairs, metric)
    ]
    return [f"- {one.claim}" for one in found] + [""]


def pictures(outcomes):
    """Return who is taken for whom by the best of each data set."""
    figures = {}
    for ground in grounds(outcomes):
        (model, _), seen = next(iter(ground.predictions.items()))
        figures[f"{ground.dataset}-confusion"] = confusions(
            {model: seen}, ground.classes
        )
    return figures


STUDY = Study("networks", arms, page, pictures, gather=gather)

if __name__ == "__main__":
    main(STUDY)

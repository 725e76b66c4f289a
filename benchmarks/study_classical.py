"""How far hand-made features go on FER2013, and what each step brought.

    python benchmarks/study_classical.py --root FOLDER_WITH_FER2013

Every model learns from the Training part with the settings written here. Settings were
chosen by their score on PublicTest (`val`); PrivateTest (`test`) is reported. A row is
written as soon as it is known, and rows that are in the table already are not run
again; ``--only`` runs the steps that contain a word. About an hour on two cores, since
the SVMs are fitted without probabilities, which change no prediction.
"""

import argparse
import csv
import statistics
import time
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from pathlib import Path

from fercompare import HOG, LBP, load_dataset, make_model
from fercompare.evaluation.fitting import training_rows
from fercompare.evaluation.trained import evaluate
from fercompare.report.leaderboard import score
from fercompare.saving import Card

TABLE = Path(__file__).parents[1] / "results" / "classical-fer2013.csv"


def steps():
    """Return name of a step to a function from a seed to a model."""

    def model(*words, **options):
        def make(seed):
            made = make_model(words, random_state=seed).set_params(**options)
            known = "svm__probability" in made.get_params()
            return made.set_params(svm__probability=False) if known else made

        return make

    def fisher(**options):
        return model(
            "fisher", "pca-svm", **{f"fisher__{k}": v for k, v in options.items()}
        )

    return {
        "dummy": lambda seed: make_model("dummy"),
        "pixels+svm": model("pixels", "svm"),
        "scikit-image's HOG, 6 x 6": model(HOG(), "svm"),
        "and bilinear votes": model(HOG(bilinear=True), "svm"),
        "and 12 signed directions": model(
            HOG(bilinear=True, signed=True, orientations=12), "svm"
        ),
        "and cells of 8 x 8: hog+svm": model("hog", "svm"),
        "scikit-image's uniform LBP, 8 x 8 grid": model(LBP(), "svm"),
        "nri_uniform at radius 2, 6 x 6, roots: lbp+svm": model("lbp", "svm"),
        "hog+lbp+svm": model("hog", "lbp", "svm"),
        "hog+nystroem": model("hog", "nystroem"),
        "hog+linear-svm": model("hog", "linear-svm"),
        "hog+rf": model("hog", "rf"),
        "lbp+rf": model("lbp", "rf"),
        "Fisher vectors, 32 words, not mirrored": fisher(n_words=32, mirrored=False),
        "and 128 words": fisher(mirrored=False),
        "and mirrored: classical-best": fisher(),
    }


SEEDS = {"and mirrored: classical-best": 3, "hog+rf": 3, "lbp+rf": 3}
"""Steps that are run with several seeds, and how many."""


SHOWN = ("val_accuracy", "test_accuracy", "test_f1_macro", "test_accuracy_leak_free")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    step: str
    seed: int
    val_accuracy: float
    val_f1_macro: float
    test_accuracy: float
    test_f1_macro: float
    test_accuracy_leak_free: float
    test_f1_macro_leak_free: float
    fit_seconds: float
    predict_ms_per_image: float


def run(step, seed, model, data):
    """Return the `Row` of a model."""
    rows = training_rows(data)
    started = time.perf_counter()
    model.fit(rows.X, rows.y)
    fit_seconds = time.perf_counter() - started
    card = Card(classes=data.classes, image_shape=data.image_shape)
    val = score(evaluate(model, card, data, "val"))
    test = evaluate(model, card, data, "test")
    whole, without_copies = score(test), score(test, test.leak_free)
    others = data.part("test")
    started = time.perf_counter()
    model.predict(others.X)
    seconds = time.perf_counter() - started
    return Row(
        step,
        seed,
        val["accuracy"],
        val["f1_macro"],
        whole["accuracy"],
        whole["f1_macro"],
        without_copies["accuracy"],
        without_copies["f1_macro"],
        fit_seconds,
        1000 * seconds / len(others),
    )


def main():
    """Run what is missing in the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--root")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--only", default="", help="Steps with this in their name.")
    parser.add_argument("--limit", type=int, help="Images, to try the script.")
    options = parser.parse_args()
    if options.limit and options.table == TABLE:
        parser.error("--limit is for trying: give it a --table of its own")
    data = load_dataset("fer2013", options.root, per_class=options.limit)
    known = read(options.table)
    for step, make in steps().items():
        for seed in range(SEEDS.get(step, 1)):
            if options.only in step and (step, seed) not in known:
                row = known[step, seed] = run(step, seed, make(seed), data)
                write(options.table, known)
                print(row, flush=True)


def read(table):
    """Return ``{(step, seed): Row}`` of a table that may not be there yet."""
    if not table.exists():
        return {}
    kinds = {field.name: field.type for field in fields(Row)}
    with table.open(newline="") as stream:
        rows = [
            Row(**{name: kinds[name](text) for name, text in line.items()})
            for line in csv.DictReader(stream)
        ]
    return {(row.step, row.seed): row for row in rows}


def write(table, known):
    """Write the rows in the order of the steps, whole or not at all."""
    order = list(steps())
    rows = sorted(known.values(), key=lambda row: (order.index(row.step), row.seed))
    scratch = table.with_suffix(".writing")
    with scratch.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Row)])
        writer.writeheader()
        for row in rows:
            values = asdict(row).items()
            writer.writerow(
                {k: round(v, 4) if isinstance(v, float) else v for k, v in values}
            )
    scratch.replace(table)
    table.with_suffix(".md").write_text(page(rows))


def page(rows):
    """Return the table as a page to read, seeds averaged."""
    lines = [
        "# Hand-made features on FER2013",
        "",
        "`python benchmarks/study_classical.py`, Training learns, PublicTest chose the",
        "settings, PrivateTest reports; no test-time augmentation, no other data. The",
        "last column leaves out those PrivateTest images of which an exact copy stands",
        "in another part. Where several seeds were run, mean ± standard deviation.",
        "",
        "| step | seeds | PublicTest | PrivateTest | macro-F1 | leak-free |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for step, same in groupby(rows, key=lambda row: row.step):
        same = list(same)
        cells = [
            mean_and_deviation([100 * getattr(row, name) for row in same])
            for name in SHOWN
        ]
        lines.append(f"| {step} | {len(same)} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def mean_and_deviation(values):
    """Return ``mean`` or ``mean ± standard deviation`` as text."""
    mean = f"{statistics.mean(values):.2f}"
    if len(values) == 1:
        return mean
    return f"{mean} ± {statistics.stdev(values):.2f}"


if __name__ == "__main__":
    main()

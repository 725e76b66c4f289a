"""How far hand-made features go on FER2013, and what each step brought.

    python benchmarks/study_classical.py --root FOLDER_WITH_FER2013

Every model learns from the Training part with the settings written here. Settings were
chosen by their score on PublicTest (`val`); PrivateTest (`test`) is reported. A row is
written as soon as it is known, and rows that are in the table already are not run
again. About 40 minutes on two cores.
"""

import argparse
import csv
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from fercompare import HOG, LBP, load_dataset, make_model
from fercompare.evaluation.runner import training_rows
from fercompare.evaluation.trained import evaluate
from fercompare.report.leaderboard import score
from fercompare.saving import Card

TABLE = Path(__file__).parents[1] / "results" / "classical-fer2013.csv"


def steps():
    """Return name of a step to a function from a seed to a model."""

    def named(name):
        return lambda seed: make_model(name, random_state=seed)

    def with_svm(*features):
        def make(seed):
            model = make_model([*features, "svm"], random_state=seed)
            return model.set_params(svm__probability=False)

        return make

    def fisher(**options):
        return lambda seed: make_model("fisher+pca-svm", random_state=seed).set_params(
            svm__probability=False, **{f"fisher__{k}": v for k, v in options.items()}
        )

    return {
        "dummy": named("dummy"),
        "pixels+svm": named("pixels+svm"),
        "scikit-image's HOG, 6 x 6": with_svm(HOG()),
        "and bilinear votes": with_svm(HOG(bilinear=True)),
        "and 12 signed directions": with_svm(
            HOG(bilinear=True, signed=True, orientations=12)
        ),
        "and cells of 8 x 8: hog+svm": named("hog+svm"),
        "scikit-image's uniform LBP, 8 x 8 grid": with_svm(LBP()),
        "nri_uniform at radius 2, 6 x 6, roots: lbp+svm": named("lbp+svm"),
        "hog+lbp+svm": named("hog+lbp+svm"),
        "hog+nystroem-svm": named("hog+nystroem-svm"),
        "hog+linear-svm": named("hog+linear-svm"),
        "hog+rf": named("hog+rf"),
        "lbp+rf": named("lbp+rf"),
        "Fisher vectors, 32 words, not mirrored": fisher(n_words=32, mirrored=False),
        "and 128 words": fisher(mirrored=False),
        "and mirrored: classical-best": named("classical-best"),
    }


SEEDS = {"and mirrored: classical-best": 3, "hog+rf": 3, "lbp+rf": 3}
"""Steps that depend on a seed, and how many are run."""


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
    parser.add_argument("--limit", type=int, help="Images, to try the script.")
    options = parser.parse_args()
    data = load_dataset("fer2013", options.root, per_class=options.limit)
    known = set()
    if options.table.exists():
        with options.table.open(newline="") as stream:
            known = {(row["step"], int(row["seed"])) for row in csv.DictReader(stream)}
    for step, make in steps().items():
        for seed in range(SEEDS.get(step, 1)):
            if (step, seed) in known:
                continue
            row = asdict(run(step, seed, make(seed), data))
            row = {
                k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()
            }
            is_new = not options.table.exists()
            with options.table.open("a", newline="") as stream:
                writer = csv.DictWriter(stream, list(row))
                if is_new:
                    writer.writeheader()
                writer.writerow(row)
            print(row, flush=True)


if __name__ == "__main__":
    main()

"""Train the network that comes with the package, and write its card.

    python benchmarks/train_shipped.py --root FOLDER_WITH_FER2013

It is the first seed of the longest step of `study_cnn`, whose table gets its row.
Training learns, PublicTest chose the settings, PrivateTest is in the card.
"""

import argparse
from pathlib import Path

import numpy as np
from studies import enter, run
from study_cnn import COLUMNS, LINES, TABLE, steps

from fercompare import load_dataset, save_model
from fercompare.evaluation.parts import training_rows
from fercompare.evaluation.trained import evaluate
from fercompare.report.leaderboard import score
from fercompare.saving import Card
from fercompare.saving.shipped import SHIPPED

LOG = TABLE.with_name("cnn-shipped-fer2013.csv")
STEP, SEED = list(steps())[-1], 0
TERMS = (
    "Weights: BSD-3-Clause like the package. They were learned from FER2013 "
    "(Goodfellow et al., 2013), whose images were collected from the web for research "
    "and whose owners have not been asked; no image is in the file. Not for deciding "
    "anything about a person."
)


def main():
    """Train, score and save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--root")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--log", type=Path, default=LOG)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--limit", type=int, help="Images, to try the script.")
    options = parser.parse_args()
    written = {options.out, options.log, options.table}
    if options.limit and written & {SHIPPED, LOG, TABLE}:
        parser.error("--limit is for trying: give it an --out, --log and --table")
    data = load_dataset("fer2013", options.root, per_class=options.limit)
    model = steps()[STEP](SEED).set_params(log=options.log)
    row = run(STEP, SEED, model, data)
    save_model(model.set_params(log=None), options.out, card=describe(model, data))
    enter(row, options.table, list(steps()), LINES, COLUMNS)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


def describe(model, data):
    """Return the card's fields."""
    known = {"classes": data.classes, "image_shape": data.image_shape}
    scores = {}
    for part, name in (("val", "PublicTest"), ("test", "PrivateTest")):
        outcome = evaluate(model, Card(**known), data, part)
        whole, kept = score(outcome), score(outcome, outcome.leak_free)
        for metric in ("accuracy", "f1_macro", "balanced_accuracy"):
            scores[f"{name} {metric}"] = whole[metric]
            scores[f"{name} {metric} without copies"] = kept[metric]
    confusion = np.zeros((len(data.classes),) * 2, dtype=int)
    np.add.at(confusion, (outcome.y_true, outcome.y_pred), 1)
    counts = np.bincount(training_rows(data).y, minlength=len(data.classes))
    return {
        **known,
        "model": "cnn",
        "strategy": "none",
        "data": data.name,
        "fingerprint": data.fingerprint,
        "counts": dict(zip(data.classes, counts.tolist())),
        "scores": scores,
        "confusion": confusion.tolist(),
        "terms": TERMS,
    }


if __name__ == "__main__":
    main()

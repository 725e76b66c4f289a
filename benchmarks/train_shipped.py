"""Train the network that comes with the package, and write its card.

    python benchmarks/train_shipped.py --root FOLDER_WITH_FER2013

Training learns, PublicTest chose the settings, PrivateTest is in the card.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from fercompare import load_dataset, make_model, save_model
from fercompare.evaluation.fitting import fit
from fercompare.evaluation.parts import training_rows, validation_rows
from fercompare.evaluation.trained import evaluate
from fercompare.report.leaderboard import score
from fercompare.saving.cards import make_card
from fercompare.saving.shipped import SHIPPED

EPOCHS = 40
NARROW = {"width": 32, "most_width": 512, "resolutions": ()}
"""What ``cnn`` was when the network in the package was trained."""
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
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", type=Path, help="To go on after a kill.")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--limit", type=int, help="Images, to try the script.")
    options = parser.parse_args()
    data = load_dataset("fer2013", options.root, per_class=options.limit)
    rows = training_rows(data)
    model = make_model("cnn", random_state=options.seed).set_params(
        **NARROW,
        epochs=options.epochs,
        checkpoint=options.checkpoint,
        log=options.log,
    )
    started, busy = time.perf_counter(), time.process_time()
    fit(model, rows, validation_rows(data))
    print(
        f"{options.epochs} epochs: {time.perf_counter() - started:.0f} s, "
        f"{time.process_time() - busy:.0f} s of processor time"
    )
    model.set_params(checkpoint=None, log=None)
    known = {"classes": data.classes, "image_shape": data.image_shape}
    scores = {}
    for part, name in (("val", "PublicTest"), ("test", "PrivateTest")):
        outcome = evaluate(model, make_card(known), data, part)
        whole, kept = score(outcome), score(outcome, outcome.leak_free)
        for metric in ("accuracy", "f1_macro", "balanced_accuracy"):
            scores[f"{name} {metric}"] = whole[metric]
            scores[f"{name} {metric} without copies"] = kept[metric]
    confusion = np.zeros((len(data.classes),) * 2, dtype=int)
    np.add.at(confusion, (outcome.y_true, outcome.y_pred), 1)
    counts = np.bincount(rows.y, minlength=len(data.classes))
    card = {
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
    save_model(model, options.out, card=card)
    for name, value in scores.items():
        print(f"{name}: {value:.4f}")
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

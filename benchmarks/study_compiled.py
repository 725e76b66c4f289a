"""CK+, JAFFE and SFEW as one set: overfitting, and what leaked (reference study 5).

    python benchmarks/study_compiled.py                  on drawn look-alikes
    python benchmarks/study_compiled.py --root FOLDER    on ckplus/, jaffe/ and sfew/

See `reference` for the options. The three sets are given to those who ask for them;
without them the study draws faces, and its page says so. Contempt is left out, and the
training part is evened out by changed copies of its images. Plain networks learn with
each normalisation and each regulariser, in folds that keep persons apart, and some
models in folds of single images too: the same rows, each predicted once a seed in both.
"""

import sys
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

from by_person import note_persons, whole_seeds
from compiled_page import DRAWN, TRANSFER, page, pictures
from leakage import APART, MIXED
from look_alikes import write_look_alikes
from overfitting import BETWEEN, REFERENCES, SelfScored
from reference import Arm, Study, main

from fercompare import load_dataset
from fercompare.deep.packages import PACKAGES

NORMALISATIONS = {
    "dataset": {"normalization": "dataset", "batch_norm": False},
    "dataset + batch norm": {"normalization": "dataset"},
    "image + batch norm": {"normalization": "image"},
}
"""Of pixels, and of layers where it says so."""
MORE_NORMALISATIONS = {
    "unit + batch norm": {"normalization": "unit"},
    "unit": {"normalization": "unit", "batch_norm": False},
    "image": {"normalization": "image", "batch_norm": False},
}
"""The first differs little from the dataset's, since batch norm undoes what scales all
pixels alike; the others want more epochs than two cores have time for."""
NARROW = {
    "blocks": 4,
    "width": 4,
    "convolutions": 1,
    "dense": (64,),
    "epochs": 7,
    "batch_size": 16,
    "learning_rate": 3e-3,
    "schedule": "linear",
}
NARROW_REGULARISERS = {"dropout": {"dropout": 0.1}, "decay": {"weight_decay": 1.0}}
WIDE = {"blocks": 5, "epochs": 40, "batch_size": 64}
WIDE_REGULARISERS = {"dropout": {"dropout": 0.25}, "decay": {"weight_decay": 0.1}}
NONE, BOTH, SMOOTHED = REFERENCES[1], "both", "label smoothing"
PLAIN = BETWEEN.join(["dataset + batch norm", NONE])
REGULARISED = BETWEEN.join(["dataset + batch norm", BOTH])
SVM, BACKBONE = "hog+svm", "mobilenet_v2"
BALANCED = ("augment",)
FOLDS = 3
SHARE = 1 / 3
"""Of the sizes of the real sets, where faces are drawn."""


@dataclass(frozen=True)
class Compiled(Arm):
    """An arm of the three sets joined, or of drawn faces where there is no folder."""

    dataset: str = "compiled"
    strategies: tuple = BALANCED
    share: float = SHARE

    def load(self, root):
        """Return the set, with notes of who is on its rows."""
        return joined(root, self.share)


@cache
def joined(root, share):
    """Return the compiled set of a folder, or of look-alikes if that is None."""
    if root is not None:
        return note_persons(load_dataset("compiled", root))
    with tempfile.TemporaryDirectory() as folder:
        data = load_dataset("compiled", write_look_alikes(folder, share))
    return note_persons(replace(data, notes=data.notes | {DRAWN: "yes"}))


def arms(full):
    """Return networks and others, persons apart, and some of them in random folds."""
    nets, rest = networks(full), others(full)
    both_ways = {name: nets[name] for name in (PLAIN, REGULARISED)} | rest
    shared = {"seeds": 5 if full else 3, "share": 1.0 if full else SHARE}
    folds = ("cv", FOLDS)
    return [
        Compiled(
            nets | rest, called=APART, protocol=(folds, ("group", "subject")), **shared
        ),
        Compiled(
            both_ways, called=MIXED, protocol=(folds, ("group", "none")), **shared
        ),
    ]


def networks(full):
    """Return every normalisation with every regulariser, by both names."""
    base = {"optimizer": "adamw", "dropout": 0.0, "weight_decay": 0.0}
    base |= WIDE if full else NARROW
    ways = WIDE_REGULARISERS if full else NARROW_REGULARISERS
    regular = {NONE: {}, **ways, BOTH: ways["dropout"] | ways["decay"]}
    normal = NORMALISATIONS
    if full:
        regular |= {SMOOTHED: {"label_smoothing": 0.1}}
        normal = NORMALISATIONS | MORE_NORMALISATIONS
    return {
        BETWEEN.join([pixels, way]): SelfScored(**base | normal[pixels] | regular[way])
        for pixels, way in product(normal, regular)
    }


def others(full):
    """Return what else was tried: hand-made features, and a network that is at hand."""
    size, epochs = (96, 20) if full else (48, 10)
    found = {SVM: SVM}
    if PACKAGES[BACKBONE].find():
        found[TRANSFER] = f"transfer(backbone={BACKBONE}, size={size}, epochs={epochs})"
    return found


LOOK_ALIKES, REAL = (
    Study(name, arms, page, pictures, gather=whole_seeds)
    for name in ("compiled-look-alikes", "compiled")
)

if __name__ == "__main__":
    of_people = any(word.split("=")[0] == "--root" for word in sys.argv)
    main(REAL if of_people else LOOK_ALIKES)

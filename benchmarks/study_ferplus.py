"""Four ways to learn from the ten votes of FER+ (reference study 2).

    python benchmarks/study_ferplus.py --root FOLDER_WITH_FER2013_AND_FER+

See `reference` for the options. On two cores a quarter of the Training part
teaches narrow networks, in an hour; ``--full`` takes all of it and the network of
the study, and wants a GPU. PublicTest chooses the epoch, PrivateTest reports, both
labelled by majority whatever the mode, as published.

Each mode keeps other images of the Training part, so that its data have a fingerprint
of their own; `gather` makes sure that the same images and labels judge all of them.
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from ferplus_page import MODES, MORE, page, pictures
from reference import Arm, Study, changed, main, spelled

from fercompare.errors import DataError
from fercompare.evaluation.trials import DONE
from fercompare.seeds import seed_for

NARROW = {
    "width": 16,
    "convolutions": 1,
    "dense": (64,),
    "dropout": 0.1,
    "epochs": 20,
    "optimizer": "muon",
    "learning_rate": 0.05,
    "schedule": "linear",
}
SHARE = 0.25
TAUGHT_BY = {
    "majority": {"majority": "majority"},
    "crossentropy": {
        "probability": "probability",
        "crossentropy": "crossentropy",
        MORE: "majority",
    },
    "multi_target": {"multi_target": "multi_target"},
}
"""Rule of the training rows to models, each with what it makes of the votes;
probability and crossentropy share one rule."""


@dataclass(frozen=True)
class RuleArm(Arm):
    """An arm whose training images are drawn before its rule throws some away.

    A share of what is left by each rule would be other images for each.
    """

    share: float = 1.0

    def load(self, root):
        """Return its data set."""
        data = super().load(root)
        rng = np.random.default_rng(seed_for("rows that teach"))
        drawn = rng.random(data.rows.max() + 1) < self.share
        return data.take((data.split != "train") | drawn[data.rows])


def arms(full):
    """Return an arm for each rule of the training rows."""
    options = {"augmentation": "standard"} | ({} if full else NARROW)
    return [
        RuleArm(
            {
                name: spelled("cnn5", options | {"targets": targets})
                for name, targets in models.items()
            },
            seeds=5 if full else 3,
            dataset="ferplus",
            called=f"ferplus by {rule}",
            loading=(("mode", rule),),
            share=1.0 if full else SHARE,
        )
        for rule, models in TAUGHT_BY.items()
    ]


def gather(outcomes):
    """Return those done as of one data set: what teaches differs, what judges does not.

    Raises where the images that judge, or their labels, are not the same.
    """
    done = [outcome for outcome in outcomes if outcome.status == DONE]
    judged = {_digest_of_what_judges(outcome) for outcome in done}
    if len(judged) > 1:
        raise DataError(
            "the modes were not judged by the same images with the same labels",
            remedy="run all of them on the same files of FER+",
        )
    names = (*MODES, MORE)
    done.sort(key=lambda one: (names.index(one.trial.model), one.trial.seed))
    return [_judged_as(one, digest) for digest in judged for one in done]


def _digest_of_what_judges(outcome):
    arrays = (outcome.rows, outcome.y_true)
    told = [np.asarray(array).astype("<i8").tobytes() for array in arrays]
    return hashlib.sha256(ascii(outcome.classes).encode() + b"".join(told)).hexdigest()


def _judged_as(outcome, digest):
    data = outcome.facts["data"] | {"fingerprint": digest}
    trial = replace(outcome.trial, dataset="ferplus")
    return changed(outcome, trial=trial, facts=outcome.facts | {"data": data})


STUDY = Study("ferplus", arms, page, pictures, gather=gather)

if __name__ == "__main__":
    main(STUDY)

"""The networks that have a name: what each is, and how it is trained."""

from fercompare.deep.augment import Augmentation
from fercompare.deep.classifier import CNNClassifier
from fercompare.deep.transfer import TransferClassifier

STUDY = {
    "width": 64,
    "most_width": 512,
    "dense": (256,),
    "dropout": 0.25,
    "epochs": 40,
    "batch_size": 64,
    "optimizer": "adam",
    "learning_rate": 1e-3,
    "schedule": "constant",
    "weight_decay": 1e-4,
    "patience": 8,
}
"""How the reference studies trained: Adam, and the best epoch by validation loss."""
FAST = {
    "residual": True,
    "dense": (),
    "dropout": 0.0,
    "optimizer": "muon",
    "learning_rate": 0.12,
    "schedule": "linear",
    "weight_decay": 5e-4,
    "label_smoothing": 0.1,
    "flips": True,
}
"""How ours are trained: a fixed number of epochs, the rate falling to nothing."""
MILD = Augmentation(0.5, brightness=0.1, contrast=0.1, erasing=0.0)

PRESETS = {
    **{f"cnn{n}": {**STUDY, "blocks": n} for n in (3, 4, 5, 6)},
    "cnn": {
        **FAST,
        "blocks": 3,
        "width": 64,
        "most_width": 128,
        "epochs": 15,
        "batch_size": 256,
        "resolutions": (32, 40, 48),
        "augmentation": MILD,
    },
    "cnn-small": {
        **FAST,
        "blocks": 3,
        "width": 16,
        "epochs": 8,
        "batch_size": 64,
        "augmentation": MILD,
    },
    "cnn-large": {
        **FAST,
        "blocks": 4,
        "width": 96,
        "convolutions": 3,
        "dropout": 0.2,
        "epochs": 60,
        "batch_size": 512,
        "averaging": 0.999,
        "augmentation": Augmentation(0.5, erasing=0.2),
    },
}
"""Name to the parameters of a `CNNClassifier`.

Of ``cnn`` the optimizer, the augmentation, the width and the sizes of the images were
chosen by short runs scored on FER2013's PublicTest, its rate was not; of ``cnn-small``
the rate and the epochs on the validation part of 2,400 drawn faces; ``cnn-large`` has
not been tuned at all.
"""


def make_network(name, image_shape, random_state):
    """Return the unfitted classifier of a name in `PRESETS`, or of ``transfer``."""
    options = {"image_shape": image_shape, "random_state": random_state}
    if name == "transfer":
        return TransferClassifier(**options)
    return CNNClassifier(**PRESETS[name], **options)

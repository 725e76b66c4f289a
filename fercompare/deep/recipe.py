"""What a training is to be like, checked before it begins."""

from dataclasses import dataclass
from numbers import Integral, Real

from fercompare.deep.losses import LogitAdjusted
from fercompare.deep.optimizers import SCHEDULES
from fercompare.errors import DataError, look_up

HIGHER_IS_BETTER = {"accuracy": True, "f1_macro": True, "auroc": True, "loss": False}
BATCHES = {
    "shuffled": "each row once",
    "balanced": "each class as often as any other",
}
LIMITS = {
    "epochs": (1, 100_000, Integral),
    "batch_size": (2, 2**20, Integral),
    "learning_rate": (0, 1e3, Real),
    "weight_decay": (0, 1e3, Real),
    "label_smoothing": (0, 1, Real),
    "mixup": (0, 100, Real),
    "averaging": (0, 1, Real),
    "patience": (1, 100_000, Integral),
}


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the fields are parameters of every deep classifier."""

    epochs: int = 20
    batch_size: int = 128
    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    weight_decay: float = 1e-2
    loss: object = "cross_entropy"
    targets: str = "majority"
    label_smoothing: float = 0.0
    class_weight: object = None
    batches: str = "shuffled"
    augmentation: object = None
    mixup: float = 0.0
    resolutions: tuple = ()
    averaging: float = 0.0
    patience: int | None = None
    monitor: str = "loss"

    def check(self):
        """Raise where a field makes no sense."""
        for name, (least, most, kind) in LIMITS.items():
            value = getattr(self, name)
            if name == "patience" and value is None:
                continue
            if not (isinstance(value, kind) and least <= value <= most):
                raise DataError(
                    f"{name}={value!r}",
                    remedy=f"choose a number from {least} to {most}",
                )
        sides = self.resolutions
        if not isinstance(sides, list | tuple) or not all(
            isinstance(side, Integral) and side > 0 for side in sides
        ):
            raise DataError(
                f"resolutions={sides!r}", remedy="pass whole numbers, as in (32, 48)"
            )
        look_up(self.schedule, SCHEDULES, "schedule")
        look_up(self.monitor, HIGHER_IS_BETTER, "monitor")
        look_up(self.batches, BATCHES, "kind of batches")
        answers = {
            "loss='logit_adjusted'": self.loss == "logit_adjusted"
            or isinstance(self.loss, LogitAdjusted),
            "class_weight": self.class_weight is not None,
            "batches='balanced'": self.batches == "balanced",
        }
        given = [name for name, is_given in answers.items() if is_given]
        if len(given) > 1:
            raise DataError(
                f"{' and '.join(given)} answer the imbalance of the classes twice",
                remedy="choose one of them",
            )
        if self.targets == "multi_target" and (self.label_smoothing or self.mixup):
            raise DataError(
                "targets='multi_target' with label_smoothing or mixup, which give "
                "every class a share",
                remedy="set both to 0",
            )

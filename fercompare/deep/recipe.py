"""What a training is to be like, checked before it begins."""

from dataclasses import dataclass
from numbers import Integral, Real

from fercompare.deep.optimizers import SCHEDULES
from fercompare.errors import DataError, look_up

HIGHER_IS_BETTER = {"accuracy": True, "f1_macro": True, "auroc": True, "loss": False}
BATCHES = {
    "shuffled": "each row once",
    "balanced": "each class as often as any other",
}
LIMITS = {
    "epochs": (1, 100_000, Integral),
    "batch_size": (1, 2**20, Integral),
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
    targets: str = "crossentropy"
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
        look_up(self.schedule, SCHEDULES, "schedule")
        look_up(self.monitor, HIGHER_IS_BETTER, "monitor")
        look_up(self.batches, BATCHES, "kind of batches")

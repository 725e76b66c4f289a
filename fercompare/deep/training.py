"""One plain loop that trains every network here."""

import copy
import math
import time
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import torch
from torch.nn import functional

from fercompare.deep import losses
from fercompare.deep.augment import Augmentation
from fercompare.deep.devices import computing_in
from fercompare.deep.optimizers import SCHEDULES, make_optimizers, set_rates
from fercompare.errors import DataError, look_up
from fercompare.metrics import METRICS
from fercompare.seeds import seed_for

WHITE = 255.0
PREDICT_ROWS = 512
"""Rows at once where nothing is learned."""
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


@dataclass(frozen=True)
class Examples:
    """What there is to learn from, on one device.

    Parameters
    ----------
    images : tensor of shape (n, channels, h, w)
        uint8, or floats of the same range.
    shares : float tensor of shape (n, k)
        Of each class in the label of each row.
    weights : float tensor of shape (n,), optional
        How much each row counts.
    """

    images: torch.Tensor
    shares: torch.Tensor
    weights: torch.Tensor | None = None

    def __len__(self):
        return len(self.images)


def train(
    network,
    examples,
    recipe,
    normalize,
    *,
    classes,
    seed,
    precision="float32",
    validation=None,
    run=None,
    on_epoch=None,
):
    """Train a network in place.

    Parameters
    ----------
    network : Module
        On the device of the examples.
    examples : Examples
    recipe : Recipe
    normalize : Normalization
    classes : array of shape (k,)
    seed : int
        All that is drawn for an epoch follows from it and the epoch's number. Call
        inside `fercompare.deep.devices.own_randomness`, which dropout draws from.
    precision : {"float32", "bfloat16"}
    validation : Examples, optional
        Scored after each epoch; chooses the epoch where ``recipe.patience`` is set.
    run : Run, optional
        A run that was interrupted, to go on with.
    on_epoch : callable, optional
        Called with the `Run` after each epoch.

    Returns
    -------
    Run
        Whose ``network`` predicts: the trained one, or an average over its past.
    """
    if run is None:
        run = Run.start(network, recipe)
    step = _Step(run, examples, recipe, normalize, classes, precision)
    while run.epoch < recipe.epochs and not run.is_stopped(recipe):
        torch.manual_seed(seed_for(seed, "dropout", run.epoch))
        row = _epoch(step, run, examples, recipe, seed)
        if validation is not None:
            scores = predict(run.best_guess, normalize, validation.images, precision)
            row |= {f"val_{k}": v for k, v in _quality(scores, validation).items()}
        run.end_epoch(row, recipe, has_validation=validation is not None)
        if on_epoch is not None:
            on_epoch(run)
    run.finish(recipe)
    return run


class Run:
    """A training under way: network, optimizers, average, best epoch and history."""

    def __init__(self, network, optimizers, average):
        self.network = network
        self.optimizers = optimizers
        self.average = average
        self.history = []
        self.best_epoch = None
        self.best_state = None
        self.n_steps = 0

    @classmethod
    def start(cls, network, recipe):
        """Return a run at its beginning."""
        average = copy.deepcopy(network) if recipe.averaging else None
        return cls(network, make_optimizers(network, recipe), average)

    @property
    def epoch(self):
        """How many epochs are done."""
        return len(self.history)

    @property
    def best_guess(self):
        """The network that predicts: the average where there is one."""
        return self.network if self.average is None else self.average

    def is_stopped(self, recipe):
        """Whether patience has run out."""
        if recipe.patience is None or self.best_epoch is None:
            return False
        return self.epoch - self.best_epoch >= recipe.patience

    def end_epoch(self, row, recipe, has_validation):
        """Keep the epoch's row, and its weights where it is the best so far."""
        if not math.isfinite(row["loss"]):
            raise DataError(
                f"the loss is {row['loss']} in epoch {self.epoch + 1}",
                remedy="try a smaller learning_rate",
            )
        self.history.append(row)
        if recipe.patience is None or not has_validation:
            return
        if self.best_epoch is None or _is_better(
            row, self.history[self.best_epoch - 1], recipe.monitor
        ):
            self.best_epoch = self.epoch
            self.best_state = copy.deepcopy(self.best_guess.state_dict())

    def move_average(self, decay):
        """Move the average a little towards the network; faster at the start."""
        self.n_steps += 1
        if self.average is None:
            return
        decay = min(decay, (1 + self.n_steps) / (10 + self.n_steps))
        here, there = self.average.state_dict(), self.network.state_dict()
        for name, value in here.items():
            if value.dtype.is_floating_point:
                value.lerp_(there[name], 1 - decay)
            else:
                value.copy_(there[name])

    def finish(self, recipe):
        """Put the weights of the best epoch into the network that predicts."""
        if self.best_state is not None:
            self.best_guess.load_state_dict(self.best_state)
        if self.average is not None:
            self.network = self.average
        self.network.eval()


class _Step:
    """One batch: drawn, changed, shown to the network, learned from."""

    def __init__(self, run, examples, recipe, normalize, classes, precision):
        self.run, self.recipe, self.normalize = run, recipe, normalize
        self.precision = precision
        self.device = examples.images.device
        self.loss = losses.find_loss(recipe.loss, recipe.targets)
        self.prior = _weighted_mean(examples.shares, examples.weights)
        self.class_weights = losses.class_weights(
            recipe.class_weight, self.prior, classes
        )
        self.augment = _augmentation(recipe.augmentation)

    def __call__(self, examples, rows, generator, done):
        """Learn from some rows; return the sum of their losses and the scores."""
        images, shares = self._draw(examples, rows, generator)
        images = _resized(images, self.recipe.resolutions, done)
        aim = losses.smooth(shares, self.recipe.label_smoothing)
        if self.recipe.mixup:
            images, aim = _mixed(images, aim, self.recipe.mixup, generator)
        weights = shares @ self.class_weights
        if examples.weights is not None:
            weights = weights * examples.weights[rows]
        with computing_in(self.precision, self.device):
            scores = self.run.network(images)
        scores = scores.float()
        row_losses = self.loss(scores, aim, self.prior) * weights
        loss = row_losses.sum() / weights.sum().clamp(min=1e-12)
        for optimizer in self.run.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer in self.run.optimizers:
            optimizer.step()
        self.run.move_average(self.recipe.averaging)
        return loss.detach(), scores.detach(), shares

    def _draw(self, examples, rows, generator):
        images = examples.images[rows]
        shares = examples.shares[rows]
        if self.recipe.targets == "probability":
            shares = losses.draw_labels(shares, generator)
        if self.augment is not None:
            images = self.augment(images.float() / WHITE, generator) * WHITE
        images = self.normalize(images)
        return images.to(memory_format=torch.channels_last), shares


def _epoch(step, run, examples, recipe, seed):
    device = examples.images.device
    generator = torch.Generator(device)
    generator.manual_seed(seed_for(seed, "epoch", run.epoch))
    batches = _batches(examples, recipe, generator)
    run.network.train()
    started = time.perf_counter()
    loss, n_right, n_rows = 0.0, 0, 0
    for number, rows in enumerate(batches):
        done = (run.epoch + number / len(batches)) / recipe.epochs
        set_rates(run.optimizers, recipe.schedule, done)
        batch_loss, scores, shares = step(examples, rows, generator, done)
        loss = loss + batch_loss * len(rows)
        n_right = n_right + (scores.argmax(1) == shares.argmax(1)).sum()
        n_rows += len(rows)
    seconds = time.perf_counter() - started
    return {
        "epoch": run.epoch + 1,
        "loss": float(loss) / n_rows,
        "accuracy": int(n_right) / n_rows,
        "rate": run.optimizers[0].param_groups[0]["lr"],
        "seconds": seconds,
        "images_per_second": n_rows / seconds,
    }


def _batches(examples, recipe, generator):
    """Return the rows of each batch of an epoch; no batch is of a single row."""
    n, device = len(examples), examples.images.device
    if recipe.batches == "balanced":
        of_class = examples.shares.sum(dim=0).clamp(min=1e-12)
        chances = (examples.shares / of_class).sum(dim=1)
        order = torch.multinomial(chances, n, replacement=True, generator=generator)
    else:
        order = torch.randperm(n, generator=generator, device=device)
    batches = list(order.split(recipe.batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def _augmentation(augmentation):
    if augmentation is None:
        return None
    if augmentation == "standard":
        augmentation = Augmentation()
    if hasattr(augmentation, "check"):
        augmentation.check()
    return augmentation


def _resized(images, resolutions, done):
    """Return images at the side that it is the turn of."""
    if not resolutions:
        return images
    side = resolutions[min(int(done * len(resolutions)), len(resolutions) - 1)]
    if side == images.shape[-1]:
        return images
    return functional.interpolate(
        images, size=(side, side), mode="bilinear", antialias=True, align_corners=False
    )


def _mixed(images, shares, amount, generator):
    """Return images blended with others of the batch, and shares likewise.

    One blend a batch, drawn from Beta(amount, amount) (Zhang et al., 2018).
    """
    own = torch.randint(2**31, (1,), generator=generator, device=images.device)
    part = np.random.default_rng(int(own)).beta(amount, amount)
    others = torch.randperm(len(images), generator=generator, device=images.device)
    return (
        part * images + (1 - part) * images[others],
        part * shares + (1 - part) * shares[others],
    )


@torch.inference_mode()
def predict(network, normalize, images, precision, flips=False):
    """Return class scores ``(n, k)`` as a float32 tensor on the CPU.

    With ``flips`` they are the logs of the mean probability over each image and its
    mirror image.
    """
    network.eval()
    found = []
    for chunk in images.split(PREDICT_ROWS):
        seen = normalize(chunk).to(memory_format=torch.channels_last)
        with computing_in(precision, images.device):
            scores = network(seen).float()
            if flips:
                mirrored = network(seen.flip(3)).float()
                both = torch.stack([scores, mirrored]).log_softmax(dim=2)
                scores = both.logsumexp(dim=0) - math.log(2)
        found.append(scores.cpu())
    return torch.cat(found)


def _quality(scores, validation):
    shares = validation.shares.cpu()
    truth = shares.argmax(dim=1).numpy()
    proba = scores.softmax(dim=1).numpy()
    loss = losses.CrossEntropy()(scores, shares, None)
    if validation.weights is not None:
        loss = loss * validation.weights.cpu()
    found = {"loss": float(loss.mean())}
    for name in ("accuracy", "f1_macro", "auroc"):
        found[name] = METRICS[name].function(
            truth, proba.argmax(axis=1), proba, proba.shape[1]
        )
    return found


def _is_better(row, best, monitor):
    name = f"val_{monitor}"
    if math.isnan(row[name]) or math.isnan(best[name]):
        return math.isnan(best[name])
    return (
        row[name] > best[name] if HIGHER_IS_BETTER[monitor] else row[name] < best[name]
    )


def _weighted_mean(shares, weights):
    if weights is None:
        return shares.mean(dim=0)
    return (shares * weights[:, None]).sum(dim=0) / weights.sum()

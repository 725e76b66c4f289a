"""One plain loop that trains every network here."""

import time
import warnings
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch

from fercompare.deep import losses
from fercompare.deep.augment import WHITE, find_augmentation
from fercompare.deep.devices import computing_in, seed_generators
from fercompare.deep.inputs import resized
from fercompare.deep.optimizers import set_rates
from fercompare.deep.runs import Run
from fercompare.deep.scoring import predict, quality
from fercompare.heap import reused_memory
from fercompare.seeds import seed_for


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
    on_batch=None,
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
    on_batch : callable, optional
        Called with the `Run` and the share of the epoch that is done after each batch.

    Returns
    -------
    Run
        Whose ``network`` predicts: the trained one, or an average over its past.
    """
    if recipe.patience is not None and validation is None:
        warnings.warn(
            f"patience={recipe.patience} has no validation data to watch, so all "
            f"{recipe.epochs} epochs are trained; hand fit some, or set "
            "validation_fraction",
            stacklevel=2,
        )
    if run is None:
        run = Run.start(network, recipe)
    step = _Step(run, examples, recipe, normalize, classes, precision)
    with reused_memory() if step.device.type == "cpu" else nullcontext():
        while run.epoch < recipe.epochs and not run.is_stopped(recipe):
            seed_generators(seed_for(seed, "dropout", run.epoch), step.device)
            row = _epoch(step, run, examples, recipe, seed, on_batch)
            if validation is not None:
                guess, images = run.best_guess, validation.images
                scores = predict(guess, normalize, images, precision)
                known = quality(scores, validation.shares)
                row |= {f"val_{name}": value for name, value in known.items()}
            run.end_epoch(row, recipe, has_validation=validation is not None)
            if on_epoch is not None:
                on_epoch(run)
    run.finish(recipe)
    return run


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
        self.augment = find_augmentation(recipe.augmentation)

    def __call__(self, examples, rows, generator, done):
        """Learn from some rows; return the sum of their losses and the scores."""
        images, shares = self._draw(examples, rows, generator)
        images = _resized(images, self.recipe.resolutions, done)
        weights = shares @ self.class_weights
        if examples.weights is not None:
            weights = weights * examples.weights[rows]
        aim = losses.smooth(shares, self.recipe.label_smoothing)
        if self.recipe.mixup:
            images, heavy = _mixed(
                images, aim * weights[:, None], self.recipe.mixup, generator
            )
            weights = heavy.sum(dim=1)
            aim = heavy / weights[:, None].clamp(min=1e-12)
        with computing_in(self.precision, self.device):
            scores = self.run.network(images)
        scores = scores.float()
        row_losses = self.loss(scores, aim, self.prior) * weights
        loss = row_losses.sum() / weights.sum().clamp(min=1e-12)
        for optimizer in self.run.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        with computing_in(self.precision, self.device):  # Muon multiplies matrices
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


def _epoch(step, run, examples, recipe, seed, on_batch):
    device = examples.images.device
    generator = torch.Generator(device)
    generator.manual_seed(seed_for(seed, "epoch", run.epoch))
    batches = _batches(examples, recipe, generator)
    run.network.train()
    started = time.perf_counter()
    loss, n_done = 0.0, 0
    said, truth = torch.empty(2, *examples.shares.shape, device=device)
    for number, rows in enumerate(batches):
        done = (run.epoch + number / len(batches)) / recipe.epochs
        set_rates(run.optimizers, recipe.schedule, done)
        batch_loss, scores, shares = step(examples, rows, generator, done)
        loss = loss + batch_loss * len(rows)
        here = slice(n_done, n_done + len(rows))
        said[here], truth[here] = scores, shares
        n_done += len(rows)
        if on_batch is not None:
            on_batch(run, (number + 1) / len(batches))
    loss = float(loss)  # a GPU is done only now
    seconds = time.perf_counter() - started
    return {
        "epoch": run.epoch + 1,
        **quality(said, truth),
        "loss": loss / n_done,
        "rate": run.optimizers[0].param_groups[0]["lr"],
        "seconds": seconds,
        "images_per_second": n_done / seconds,
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


def scaled(shape, width):
    """Return the height and width of pictures of a shape at another width.

    Examples
    --------
    >>> scaled((60, 40), 20)
    (30, 20)
    """
    return max(1, round(shape[0] * width / shape[1])), width


def _resized(images, resolutions, done):
    """Return images at the size that it is the turn of."""
    if not resolutions:
        return images
    width = resolutions[min(int(done * len(resolutions)), len(resolutions) - 1)]
    size = scaled(images.shape[2:], width)
    if size == tuple(images.shape[2:]):
        return images
    return resized(images, size)


def _mixed(images, shares, amount, generator):
    """Return images blended with others of the batch, and weighted shares likewise.

    One blend a batch, drawn from Beta(amount, amount) (Zhang et al., 2018).
    """
    own = torch.randint(2**31, (1,), generator=generator, device=images.device)
    part = np.random.default_rng(int(own)).beta(amount, amount)
    others = torch.randperm(len(images), generator=generator, device=images.device)
    return (
        part * images + (1 - part) * images[others],
        part * shares + (1 - part) * shares[others],
    )


def _weighted_mean(shares, weights):
    if weights is None:
        return shares.mean(dim=0)
    return (shares * weights[:, None]).sum(dim=0) / weights.sum()

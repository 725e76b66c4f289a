"""A training under way: all that the next epoch depends on."""

import copy
import math

from fercompare.deep.optimizers import make_optimizers
from fercompare.deep.recipe import HIGHER_IS_BETTER
from fercompare.errors import DataError


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


def _is_better(row, best, monitor):
    name = f"val_{monitor}"
    if math.isnan(row[name]) or math.isnan(best[name]):
        return math.isnan(best[name])
    return (
        row[name] > best[name] if HIGHER_IS_BETTER[monitor] else row[name] < best[name]
    )

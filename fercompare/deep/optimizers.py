"""Steps downhill by name, and the schedules of their rate."""

import math
from functools import partial

import torch

from fercompare.errors import DataError, look_up

WARM_UP = 0.1
"""Share of the training in which the rate of ``linear`` and ``cosine`` rises."""
LEAST_RATE = 1e-3


class Muon(torch.optim.Optimizer):
    """Momentum whose every step turns all directions of a filter bank alike.

    The momentum of each bank of filters, seen as a matrix, is replaced by the nearest
    orthogonal one (five Newton-Schulz steps, Jordan et al. 2024); before that the bank
    is scaled to a fixed norm, as batch norm behind it takes any scale. Only for
    filters that batch norm follows.
    """

    def __init__(self, params, lr=0.24, momentum=0.6):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure=None):
        """Take a step."""
        for group in self.param_groups:
            for filters in group["params"]:
                if filters.grad is None:
                    continue
                state = self.state[filters]
                if not state:
                    state["momentum"] = torch.zeros_like(filters)
                momentum = state["momentum"].mul_(group["momentum"]).add_(filters.grad)
                ahead = filters.grad.add(momentum, alpha=group["momentum"])
                filters.mul_(math.sqrt(len(filters)) / filters.norm().clamp(min=1e-7))
                step = orthogonal(ahead.reshape(len(ahead), -1)).view_as(filters)
                filters.add_(step, alpha=-group["lr"])


def orthogonal(matrix, n_steps=5):
    """Return roughly the orthogonal matrix nearest to ``matrix``.

    Examples
    --------
    >>> near = orthogonal(torch.tensor([[3.0, 0.0], [0.0, 0.1]]))
    >>> bool((near.diagonal() > 0.6).all())
    True
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix / (matrix.norm() + 1e-7)
    is_tall = x.shape[0] > x.shape[1]
    x = x.T if is_tall else x
    for _ in range(n_steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if is_tall else x


OPTIMIZERS = {
    "sgd": partial(torch.optim.SGD, momentum=0.9, nesterov=True),
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
}
MUON = "muon"
BATCH_NORMS = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)
ADAMW_RATE = 3e-3
"""Beside Muon, for the parameters that are no filters."""
LEAST_CHANNELS = 4
"""Filters that look at so few channels are no matrix worth turning."""

SCHEDULES = {
    "constant": lambda done: 1.0,
    "linear": lambda done: _warmed_up(done, lambda left: left),
    "cosine": lambda done: _warmed_up(
        done, lambda left: (1 - math.cos(math.pi * left)) / 2
    ),
    "steps": lambda done: 0.1 ** (int(done >= 0.5) + int(done >= 0.75)),
}
"""Name to the factor of the rate, given the share of the training that is done."""


def make_optimizers(network, recipe):
    """Return the optimizers of a network; each parameter belongs to one.

    A module may have ``rate_scale``, which multiplies the rate of its parameters.
    Parameters that need no gradient are left alone.

    Parameters
    ----------
    network : Module
    recipe : Recipe
    """
    look_up(recipe.optimizer, {**OPTIMIZERS, MUON: Muon}, "optimizer")
    if recipe.optimizer == MUON and not any(
        isinstance(module, BATCH_NORMS) for module in network.modules()
    ):
        raise DataError(
            "optimizer='muon' and a network without batch norm, whose filters it would "
            "rescale",
            remedy="choose 'adamw' or 'sgd'",
        )
    filters, others = {}, {}
    for parameter, scale in _with_scales(network):
        is_bank = parameter.ndim == 4 and parameter.shape[1] > LEAST_CHANNELS
        kind = filters if is_bank and recipe.optimizer == MUON else others
        kind.setdefault(scale, []).append(parameter)
    if not (filters or others):
        raise DataError(
            "no parameter of the network may be learned",
            remedy="let some of its parameters require a gradient",
        )
    decay = {"weight_decay": recipe.weight_decay}
    rate = recipe.learning_rate
    if recipe.optimizer == MUON:
        adamw = partial(torch.optim.AdamW, betas=(0.9, 0.95), **decay)
        wanted = [(Muon, filters, rate), (adamw, others, ADAMW_RATE)]
    else:
        wanted = [(partial(OPTIMIZERS[recipe.optimizer], **decay), others, rate)]
    made = [
        kind([{"params": p, "lr": rate * scale} for scale, p in groups.items()])
        for kind, groups, rate in wanted
        if groups
    ]
    for optimizer in made:
        for group in optimizer.param_groups:
            group["full_rate"] = group["lr"]
    return made


def set_rates(optimizers, schedule, done):
    """Set the rates for a share ``done`` of the training."""
    factor = look_up(schedule, SCHEDULES, "schedule")(done)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["full_rate"] * factor


def _warmed_up(done, falling):
    if done < WARM_UP:
        return max(done / WARM_UP, LEAST_RATE)
    return max(falling((1 - done) / (1 - WARM_UP)), LEAST_RATE)


def _with_scales(network):
    scales = {}
    for module in network.modules():
        scale = getattr(module, "rate_scale", None)
        if scale is not None:
            scales |= {id(p): scale for p in module.parameters()}
    return [
        (p, scales.get(id(p), 1.0)) for p in network.parameters() if p.requires_grad
    ]

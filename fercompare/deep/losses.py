"""How wrong a network is about a row: functions of scores and shares of the classes."""

from dataclasses import dataclass

import torch
from torch.nn import functional

from fercompare.errors import DataError, look_up


@dataclass(frozen=True)
class CrossEntropy:
    """Minus the log probability of the class; of several, by their shares."""

    def __call__(self, scores, shares, prior):
        """Return the loss of each row.

        Parameters
        ----------
        scores : float tensor of shape (n, k)
        shares : float tensor of shape (n, k)
            Of each class in the row's label; they add up to 1.
        prior : float tensor of shape (k,)
            Share of each class among the training rows.
        """
        return -(shares * functional.log_softmax(scores, dim=1)).sum(dim=1)


@dataclass(frozen=True)
class Focal:
    """Cross-entropy that counts a class less, the surer the network is of it.

    Lin et al. (2017).
    """

    gamma: float = 2.0

    def __call__(self, scores, shares, prior):
        """Return the loss of each row, see `CrossEntropy`."""
        logs = functional.log_softmax(scores, dim=1)
        unsure = (1 - logs.exp()).clamp(min=1e-6)  # of 0 a root has no gradient
        return -(shares * unsure.pow(self.gamma) * logs).sum(dim=1)


@dataclass(frozen=True)
class LogitAdjusted:
    """Cross-entropy of scores that a frequent class must earn (Menon et al., 2021).

    While training, ``tau`` times the log share of each class is added to the scores;
    the scores that predict go without, so that they suit even classes.
    """

    tau: float = 1.0

    def __call__(self, scores, shares, prior):
        """Return the loss of each row, see `CrossEntropy`."""
        head_start = self.tau * prior.clamp(min=1e-12).log()
        return -(shares * functional.log_softmax(scores + head_start, dim=1)).sum(dim=1)


@dataclass(frozen=True)
class PerClass:
    """Each class a question of its own: it, or one of the others?"""

    def __call__(self, scores, shares, prior):
        """Return the loss of each row, see `CrossEntropy`."""
        losses = functional.binary_cross_entropy_with_logits(
            scores, shares, reduction="none"
        )
        return losses.sum(dim=1)


@dataclass(frozen=True)
class AnyOf:
    """Cross-entropy of the likeliest of the classes that the label names.

    The multi-label rule of Barsoum et al. (2016): the network may choose.
    """

    def __call__(self, scores, shares, prior):
        """Return the loss of each row, see `CrossEntropy`."""
        logs = functional.log_softmax(scores, dim=1)
        return -logs.masked_fill(shares == 0, -torch.inf).amax(dim=1)


LOSSES = {
    "cross_entropy": CrossEntropy(),
    "focal": Focal(),
    "logit_adjusted": LogitAdjusted(),
    "per_class": PerClass(),
}
"""Name to function; your own object may stand in its place."""

TARGETS = ("crossentropy", "majority", "probability", "multi_target")


def find_loss(loss, targets):
    """Return the loss function for a name or an object, and for a rule of the votes."""
    if targets not in TARGETS:
        raise DataError(
            f"targets={targets!r}", remedy=f"choose one of {', '.join(TARGETS)}"
        )
    if targets != "multi_target":
        return look_up(loss, LOSSES, "loss") if isinstance(loss, str) else loss
    if loss != "cross_entropy":
        raise DataError(
            f"targets='multi_target' with loss={loss!r}",
            remedy="that rule is a loss of its own; leave loss='cross_entropy'",
        )
    return AnyOf()


def draw_labels(shares, generator):
    """Return each row's shares replaced by one class, drawn by them."""
    drawn = torch.multinomial(shares, 1, generator=generator)
    return torch.zeros_like(shares).scatter_(1, drawn, 1.0)


def smooth(shares, amount):
    """Return shares of which ``amount`` is spread over all classes evenly."""
    return shares if amount == 0 else shares * (1 - amount) + amount / shares.shape[1]


def most_voted(shares):
    """Return each row's shares replaced by its largest.

    Examples
    --------
    >>> most_voted(torch.tensor([[0.2, 0.8]]))
    tensor([[0., 1.]])
    """
    return functional.one_hot(shares.argmax(dim=1), shares.shape[1]).to(shares.dtype)


def class_weights(class_weight, prior, classes):
    """Return the weight of each class as a float tensor ``(k,)``.

    Parameters
    ----------
    class_weight : None, "balanced" or dict
        Of class to weight; classes left out weigh 1.
    prior : float tensor of shape (k,)
        Share of each class.
    classes : array of shape (k,)
    """
    if class_weight is None:
        return torch.ones_like(prior)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise DataError(
                f"class_weight={class_weight!r}",
                remedy="choose 'balanced', None or a dict of class to weight",
            )
        return 1 / (len(prior) * prior.clamp(min=1e-12))
    unknown = set(class_weight) - set(classes.tolist())
    if unknown:
        raise DataError(
            f"class_weight names {sorted(map(str, unknown))}, not among the classes "
            f"{', '.join(map(str, classes))}"
        )
    weights = prior.new_tensor([class_weight.get(c, 1.0) for c in classes.tolist()])
    if not (weights.isfinite().all() and (weights >= 0).all() and weights.any()):
        raise DataError(
            f"class_weight={class_weight!r}",
            remedy="pass finite weights, none of them below 0 and not all of them 0",
        )
    return weights

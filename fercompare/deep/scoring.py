"""What a network says of images, and how good that is."""

import math

import torch

from fercompare.deep.devices import computing_in
from fercompare.deep.losses import CrossEntropy
from fercompare.metrics import METRICS

SCORES = {"accuracy": "accuracy", "f1_macro": "f1_macro", "auroc": "auroc_ovr_macro"}
"""Name in a history to name in `METRICS`."""
PREDICT_ROWS = 512
PREDICT_PIXELS = PREDICT_ROWS * 64 * 64
"""Most at once where nothing is learned, unless the network has ``rows_at_once``."""


@torch.no_grad()
def predict(network, normalize, images, precision, flips=False):
    """Return class scores ``(n, k)`` as a float32 tensor on the CPU.

    The images go to the network's device a batch at a time. With ``flips`` the scores
    are the logs of the mean probability over each image and its mirror image.
    """
    network.eval()
    device = next((p.device for p in network.parameters()), images.device)
    found, n_done = None, 0
    for chunk in images.split(getattr(network, "rows_at_once", _rows_at_once(images))):
        seen = normalize(chunk.to(device)).to(memory_format=torch.channels_last)
        with computing_in(precision, device):
            scores = network(seen).float()
            if flips:
                mirrored = network(seen.flip(3)).float()
                both = torch.stack([scores, mirrored]).log_softmax(dim=2)
                scores = both.logsumexp(dim=0) - math.log(2)
        if found is None:  # whole, since small pieces would scatter the memory
            found = torch.empty(len(images), scores.shape[1])
        found[n_done : n_done + len(chunk)] = scores
        n_done += len(chunk)
    return found


def _rows_at_once(images):
    height, width = images.shape[2:]
    return max(1, min(PREDICT_ROWS, PREDICT_PIXELS // (height * width)))


def quality(scores, shares):
    """Return loss, accuracy, macro-F1 and AUROC of class scores.

    Parameters
    ----------
    scores, shares : float tensors of shape (n, k)
    """
    scores, shares = scores.cpu(), shares.cpu()
    truth = shares.argmax(dim=1).numpy()
    proba = scores.softmax(dim=1).numpy()
    found = {"loss": float(CrossEntropy()(scores, shares, None).mean())}
    for name, metric in SCORES.items():
        function = METRICS[metric].function
        found[name] = function(truth, proba.argmax(axis=1), proba, proba.shape[1])
    return found

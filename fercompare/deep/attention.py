"""Class-activation maps: which places of its last map a network's score comes from."""

from contextlib import contextmanager

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from fercompare.deep.devices import enough_memory, find_device
from fercompare.deep.inputs import as_images

LEAST_SIDE = 3
"""Of a map that is worth looking at; smaller ones serve where there is no other."""
ROWS_AT_ONCE = 64


def class_activations(classifier, X, places):
    """Return how much each place of a network's last map adds to a class's score.

    The score is taken less the mean of all classes' scores, since probabilities know
    nothing but differences. It is HiResCAM (Draelos and Carin, 2020): the last map,
    times how fast the score rises with each number in it, summed over the channels, in
    units of the score. Where nothing but a dense layer follows the map, or its mean
    over the picture, the mean of ours is the score less its bias; with the mean over
    the picture it is the class-activation map of Zhou et al. (2016), and Grad-CAM. Of
    a network with ``flips`` it is the mean over the image and its mirror image.

    Parameters
    ----------
    classifier : DeepClassifier
        Fitted.
    X : array-like of shape (n, h*w) or (n, h*w*3)
    places : int array of shape (n,)
        A place in ``classes_`` for each row.

    Returns
    -------
    maps : float64 array of shape (n, rows, columns), or None
        As coarse as the network's last map; None where it has none, as transformers.

    Examples
    --------
    >>> from fercompare import CNNClassifier, load_dataset
    >>> faces = load_dataset("synthetic", n=60).part("train")
    >>> model = CNNClassifier(blocks=3, width=4, epochs=1, random_state=0)
    >>> class_activations(model.fit(faces.X, faces.y), faces.X[:2], [0, 1]).shape
    (2, 6, 6)
    """
    check_is_fitted(classifier, "network_")
    device = find_device(classifier.device)
    network = classifier.network_.to(device).eval()
    images = as_images(np.asarray(X), classifier.image_shape_, torch.device("cpu"))
    places = torch.as_tensor(np.asarray(places), dtype=torch.long)
    found = []
    for some, wanted in zip(images.split(ROWS_AT_ONCE), places.split(ROWS_AT_ONCE)):
        seen = classifier.normalization_(some.to(device))
        with enough_memory(), torch.enable_grad():
            maps = _activations(network, seen, wanted.to(device))
            if maps is not None and classifier.flips:
                mirrored = _activations(network, seen.flip(3), wanted.to(device))
                maps = (maps + mirrored.flip(2)) / 2
        if maps is None:
            return None
        found.append(maps.double().cpu().numpy())
    return np.concatenate(found)


def _activations(network, images, places):
    with _noting_maps(network) as maps:
        # A copy, which a first layer may write to, of what gradients can be taken of.
        scores = network(images.requires_grad_().clone())
    last = _last_map(maps)
    if last is None:
        return None
    own = scores.gather(1, places[:, None])[:, 0] - scores.mean(dim=1)
    (slopes,) = torch.autograd.grad(own.sum(), last)
    n_places = last.shape[2] * last.shape[3]
    return n_places * (slopes * last).sum(dim=1).detach()


@contextmanager
def _noting_maps(network):
    """Give the list that the maps ``(n, channels, h, w)`` of all layers are added to.

    It begins anew where a layer gives a line of tokens, which have no place any more.
    """
    maps = []

    def note(module, inputs, output):
        if isinstance(output, torch.Tensor):
            if output.ndim == 3:
                maps.clear()
            elif output.ndim == 4:
                maps.append(output)

    hooks = [module.register_forward_hook(note) for module in network.modules()]
    try:
        yield maps
    finally:
        for hook in hooks:
            hook.remove()


def _last_map(maps):
    large = [m for m in maps if min(m.shape[2:]) >= LEAST_SIDE]
    several = [m for m in maps if m.shape[2] * m.shape[3] > 1]
    return (large or several or [None])[-1]

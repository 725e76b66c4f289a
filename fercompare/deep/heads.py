"""The last layer of a network by itself: what it is shown, and learning it anew."""

from dataclasses import replace

import numpy as np
import torch
from sklearn.utils import check_random_state, check_X_y
from sklearn.utils.validation import check_is_fitted
from torch import nn

from fercompare.deep.devices import enough_memory, find_device, own_randomness
from fercompare.deep.inputs import AS_THEY_ARE, as_tensor
from fercompare.deep.optimizers import ADAMW_RATE, MUON
from fercompare.deep.training import Examples, train
from fercompare.errors import DataError
from fercompare.seeds import seed_for

TOLERANCE = 0.02
"""Of what is computed in bfloat16, in units of the largest score."""


class HasHead:
    """The embedding of a fitted network's images, and its head retrained on others."""

    def embed(self, X):
        """Return what enters the last dense layer for each image.

        Parameters
        ----------
        X : array-like of shape (n, h*w) or (n, h*w*3)

        Returns
        -------
        embedding : float32 array of shape (n, d)
        """
        check_is_fitted(self, "network_")
        layer = _last_layer(self.network_)
        seen = []
        hook = layer.register_forward_pre_hook(
            lambda _, inputs: seen.append(inputs[0].detach().float().cpu())
        )
        try:
            scores = self._scores(X, flips=False)
        finally:
            hook.remove()
        embedding = torch.cat(seen)
        _check_is_last(layer, embedding, scores)
        return embedding.numpy()

    def fit_head(self, Z, y, *, epochs=10):
        """Train the last dense layer on rows of an embedding; all before it stays.

        It starts from what it is, and learns as the network did, but in float32, and
        without augmentation and patience; AdamW takes the place of Muon, which is for
        filters.

        Parameters
        ----------
        Z : array-like of shape (n, d)
            As `embed` returns them, or made of such rows.
        y : array-like of shape (n,)
            Of the classes that the network knows.
        epochs : int, default=10

        Returns
        -------
        self
        """
        check_is_fitted(self, "network_")
        layer = _last_layer(self.network_)
        Z, y = check_X_y(Z, y, dtype=np.float32, order="C")
        if Z.shape[1] != layer.in_features:
            raise DataError(
                f"rows of {Z.shape[1]} numbers for a layer that takes "
                f"{layer.in_features}",
                remedy="pass rows of the embedding that `embed` returns",
            )
        unknown = ~np.isin(y, self.classes_)
        if unknown.any():
            raise DataError(f"the network does not know the class {y[unknown][0]}")
        device = find_device(self.device)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        shares = torch.eye(len(self.classes_))[np.searchsorted(self.classes_, y)]
        images = as_tensor(Z)[:, :, None, None]
        head = nn.Sequential(nn.Flatten(), layer).to(device)
        with enough_memory(self.batch_size), own_randomness(seed, device):
            train(
                head,
                Examples(images.to(device), shares.to(device)),
                self._head_recipe(epochs),
                AS_THEY_ARE,
                classes=self.classes_,
                seed=seed_for(seed, "head"),
            )
        return self

    def _head_recipe(self, epochs):
        changes = {"targets": "majority", "patience": None, "averaging": 0.0}
        if self.optimizer == MUON:
            changes |= {"optimizer": "adamw", "learning_rate": ADAMW_RATE}
        recipe = replace(
            self._recipe(), epochs=epochs, augmentation=None, resolutions=(), **changes
        )
        recipe.check()
        return recipe


def _last_layer(network):
    layers = [m for m in network.modules() if isinstance(m, nn.Linear)]
    if not layers:
        raise DataError(
            f"{type(network).__name__} has no dense layer",
            remedy="end it with torch.nn.Linear",
        )
    return layers[-1]


def _check_is_last(layer, embedding, scores):
    """Refuse a network whose scores are not what its last dense layer says."""
    weight, bias = layer.weight.detach().cpu(), 0.0
    if layer.bias is not None:
        bias = layer.bias.detach().cpu()
    if len(embedding) == len(scores) and embedding.ndim == 2:
        apart = embedding @ weight.T.float() + bias - scores
        if apart.abs().max() <= TOLERANCE * scores.abs().max().clamp(min=1):
            return
    raise DataError(
        "the scores of the network are not what its last dense layer says",
        remedy="end it with torch.nn.Linear",
    )

"""The features of a trained network, as a transformer."""

import torch
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from fercompare.deep.backbones import make_backbone
from fercompare.deep.base import DTYPES
from fercompare.deep.devices import (
    enough_memory,
    find_device,
    find_precision,
    own_randomness,
)
from fercompare.deep.extraction import extract, extract_once
from fercompare.deep.inputs import as_images
from fercompare.deep.weights import find_normalization, load_weights
from fercompare.images import resolve_shape


class BackboneFeatures(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """What the last layer but one of a trained network says of images.

    Parameters
    ----------
    backbone, weights, size, normalization
        As in `TransferClassifier`.
    image_shape : tuple of int, optional
        Shape of the images behind the rows; square if not given.
    cache : bool, default=False
        Keep the features on disk and do not compute them twice for the same rows, as
        `fercompare.deep.extraction.extract_once` does.
    device : str, default="auto"
    precision : {"auto", "float32", "bfloat16"}, default="auto"
    random_state : int, default=None
        Draws the weights where ``weights=None``.

    Attributes
    ----------
    network_ : Backbone
    normalization_ : Normalization

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> faces = load_dataset("synthetic", n=50).X
    >>> small = {"weights": None, "size": 32, "random_state": 0}
    >>> BackboneFeatures("shufflenet_v2_x0_5", **small).fit_transform(faces).shape
    (50, 1024)
    """

    def __init__(
        self,
        backbone="resnet18",
        *,
        weights="imagenet",
        size=None,
        normalization="weights",
        image_shape=None,
        cache=False,
        device="auto",
        precision="auto",
        random_state=None,
    ):
        self.backbone = backbone
        self.weights = weights
        self.size = size
        self.normalization = normalization
        self.image_shape = image_shape
        self.cache = cache
        self.device = device
        self.precision = precision
        self.random_state = random_state

    def fit(self, X, y=None):
        """Fetch the network; nothing is learned, unless ``normalization`` asks for it.

        Parameters
        ----------
        X : array-like of shape (n, h*w) or (n, h*w*3)
            Images as rows.
        y : ignored

        Returns
        -------
        self
        """
        X = validate_data(self, X, dtype=DTYPES)
        self.image_shape_ = resolve_shape(X.shape[1], self.image_shape)
        device = find_device(self.device)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        images = as_images(X, self.image_shape_, device)
        with own_randomness(seed, device):
            network = make_backbone(self.backbone, self.size)
        if isinstance(self.backbone, str):
            load_weights(network, self.weights)
        self.precision_ = find_precision(self.precision, device, network)
        self.normalization_ = find_normalization(
            self.backbone, self.normalization, images
        )
        self.network_ = network.requires_grad_(False)
        self._n_features_out = network.n_features
        return self

    def transform(self, X):
        """Return the features of every image.

        Parameters
        ----------
        X : array-like of shape (n, h*w) or (n, h*w*3)

        Returns
        -------
        features : float32 array of shape (n, n_features)
            Mapped from disk where there is a cache.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=DTYPES)
        device = find_device(self.device)
        images = as_images(X, self.image_shape_, device)
        network = self.network_.to(device, memory_format=torch.channels_last)
        precision = find_precision(self.precision, device, network)
        found = extract_once if self.cache else extract
        with enough_memory():
            return found(network, self.normalization_, images, precision)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

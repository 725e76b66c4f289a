"""Networks that were trained on other pictures, put to work on faces."""

from dataclasses import replace
from numbers import Real

import torch
from torch import nn

from fercompare.deep.backbones import make_backbone
from fercompare.deep.base import DeepClassifier
from fercompare.deep.devices import find_precision
from fercompare.deep.extraction import extract_once
from fercompare.deep.inputs import AS_THEY_ARE, as_tensor
from fercompare.deep.networks import Network, check_dense
from fercompare.deep.optimizers import MUON
from fercompare.deep.weights import find_normalization, load_weights
from fercompare.errors import DataError, look_up

MODES = {
    "features": "computed once and kept, then a dense network on top",
    "frozen": "base and head end to end, of which the head learns",
    "finetune": "the last blocks of the base learn too, more slowly",
}


class TransferClassifier(DeepClassifier):
    """A trained network with a new head.

    Parameters
    ----------
    backbone : str or DeepClassifier, default="resnet18"
        A name in `fercompare.deep.backbones.list_backbones`: torchvision's, and
        ``efficientnet_lite0`` to ``2``. Or a fitted network of fercompare, such as
        `load_model` returns, whose features go on from there; wrap it in scikit-learn's
        `FrozenEstimator` where the model is cloned.
    mode : {"features", "frozen", "finetune"}, default="features"
        ``features`` computes what the backbone says of the training rows once, keeps it
        on disk and trains the head on that. The others train base and head end to end,
        so that augmentation works: with the base ``frozen``, batch norms too, or with
        its last blocks learning.
    unfreeze : int or "all", default="all"
        How many blocks learn in ``finetune``; batch norms of the others stand still.
    base_rate : float, default=0.1
        What the base's learning rate is multiplied with.
    head : tuple of int, default=(256,)
        Widths of the dense layers before the last.
    dropout : float, default=0.25
        After each of them.
    weights : "imagenet", path or None, default="imagenet"
        Of a named backbone, see `fercompare.deep.weights.load_weights`; or drawn.
    size : int, optional
        Side that images are resized to, on the device, a batch at a time. By default
        96, or the only one that the backbone takes; of a network of ours its own.
    image_shape : tuple of int, optional
        Shape of the images behind the rows; square if not given. Grey ones enter all
        three channels of a backbone that has them.
    normalization : {"weights", "dataset", "image", "unit"}, default="weights"
        What the backbone's weights were trained with, or as in `TorchClassifier`.
    epochs, batch_size, optimizer, learning_rate, schedule, weight_decay, loss, targets,
    label_smoothing, class_weight, batches, augmentation, mixup, resolutions, averaging,
    patience, monitor, validation_fraction, flips, device, precision, log, tensorboard,
    progress, checkpoint, random_state
        As in `TorchClassifier`; ``resolutions`` must be empty, and ``augmentation``
        None for ``features``.

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> faces = load_dataset("synthetic", n=60).part("train")
    >>> small = {"weights": None, "size": 32, "epochs": 1, "random_state": 0}
    >>> model = TransferClassifier("shufflenet_v2_x0_5", mode="frozen", **small)
    >>> model.fit(faces.X, faces.y).predict_proba(faces.X[:3]).shape
    (3, 7)
    """

    def __init__(
        self,
        backbone="resnet18",
        *,
        mode="features",
        unfreeze="all",
        base_rate=0.1,
        head=(256,),
        dropout=0.25,
        weights="imagenet",
        size=None,
        image_shape=None,
        normalization="weights",
        epochs=20,
        batch_size=128,
        optimizer="adamw",
        learning_rate=1e-3,
        schedule="cosine",
        weight_decay=1e-2,
        loss="cross_entropy",
        targets="majority",
        label_smoothing=0.0,
        class_weight=None,
        batches="shuffled",
        augmentation=None,
        mixup=0.0,
        resolutions=(),
        averaging=0.0,
        patience=None,
        monitor="loss",
        validation_fraction=None,
        flips=False,
        device="auto",
        precision="auto",
        log=None,
        tensorboard=None,
        progress=False,
        checkpoint=None,
        random_state=None,
    ):
        self.backbone = backbone
        self.mode = mode
        self.unfreeze = unfreeze
        self.base_rate = base_rate
        self.head = head
        self.dropout = dropout
        self.weights = weights
        self.size = size
        self.image_shape = image_shape
        self.normalization = normalization
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.loss = loss
        self.targets = targets
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.batches = batches
        self.augmentation = augmentation
        self.mixup = mixup
        self.resolutions = resolutions
        self.averaging = averaging
        self.patience = patience
        self.monitor = monitor
        self.validation_fraction = validation_fraction
        self.flips = flips
        self.device = device
        self.precision = precision
        self.log = log
        self.tensorboard = tensorboard
        self.progress = progress
        self.checkpoint = checkpoint
        self.random_state = random_state

    def _recipe(self):
        look_up(self.mode, MODES, "mode")
        if not (isinstance(self.base_rate, Real) and 0 < self.base_rate <= 1):
            raise DataError(
                f"base_rate={self.base_rate!r}", remedy="choose a number up to 1"
            )
        if self.resolutions:
            raise DataError(
                f"resolutions={self.resolutions!r} of a backbone",
                remedy="choose its size instead",
            )
        if self.mode == "finetune" and self.optimizer == MUON:
            raise DataError(
                "optimizer='muon' of a trained base, whose filters it would rescale",
                remedy="choose 'adamw' or 'sgd'",
            )
        if self.mode == "features" and self.augmentation is not None:
            raise DataError(
                "augmentation of images whose features are computed once",
                remedy="choose mode='frozen' or 'finetune'",
            )
        return super()._recipe()

    def _make_network(self, in_channels, n_classes):
        """Return the network with weights that are drawn, unless they are ours."""
        backbone = make_backbone(self.backbone, self.size)
        backbone.unfreeze(self.unfreeze if self.mode == "finetune" else 0)
        backbone.rate_scale = self.base_rate
        head = self._make_head(backbone.n_features, n_classes)
        network = Network(backbone, head)
        network.rows_at_once = backbone.rows_at_once
        return network

    def _make_head(self, n, n_classes):
        check_dense("head", self.head, self.dropout)
        # Features that stand still have a mean over all batches, not a moving one.
        momentum = 0.1 if self.mode == "finetune" else None
        layers = [nn.Flatten(), nn.BatchNorm1d(n, affine=False, momentum=momentum)]
        for wide in self.head:
            layers += [nn.Linear(n, wide, bias=False), nn.BatchNorm1d(wide)]
            layers += [nn.ReLU(inplace=True), nn.Dropout(self.dropout)]
            n = wide
        return nn.Sequential(*layers, nn.Linear(n, n_classes))

    def _train(self, examples, validation, recipe, seed):
        network = self._make_network(examples.images.shape[1], len(self.classes_))
        self.precision_ = find_precision(
            self.precision, examples.images.device, network
        )
        if isinstance(self.backbone, str):
            load_weights(network.features, self.weights)
        normalize = find_normalization(
            self.backbone, self.normalization, examples.images
        )
        if self.mode == "features":
            device = examples.images.device
            base = network.features.to(device, memory_format=torch.channels_last)
            examples = self._described(base, normalize, examples)
            if validation is not None:
                validation = self._described(base, normalize, validation)
            network.head = self._learn(
                network.head, AS_THEY_ARE, examples, validation, recipe, seed
            )
        else:
            network = self._learn(
                network, normalize, examples, validation, recipe, seed
            )
        self.network_, self.normalization_ = network, normalize

    def _described(self, base, normalize, examples):
        """Return examples with features, seen as images of one pixel, for images."""
        device = examples.images.device
        found = extract_once(base, normalize, examples.images, self.precision_)
        images = as_tensor(found)[:, :, None, None].to(device)
        return replace(examples, images=images)

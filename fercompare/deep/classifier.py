"""Networks as classifiers: any of yours, and convolutional ones from small to large."""

import copy

import torch

from fercompare.deep.base import DeepClassifier
from fercompare.deep.networks import block_network, residual_network


class TorchClassifier(DeepClassifier):
    """Any network of yours, trained and asked like every other model here.

    Parameters
    ----------
    network : Module, or callable
        What maps images ``(n, channels, h, w)`` to class scores ``(n, k)``. A module is
        copied, so that its weights are the start of every fit. A callable is called
        with ``(in_channels, image_shape, n_classes)`` and returns a module.
    image_shape : tuple of int, optional
        Shape of the images behind the rows; square if not given.
    normalization : {"dataset", "image", "unit"}, default="dataset"
        Pixels less the mean of the training pixels, in units of their deviation; or
        each image by its own; or divided by 255.
    epochs, batch_size : int
    optimizer : {"adamw", "adam", "sgd", "rmsprop", "muon"}, default="adamw"
        ``muon`` takes its own kind of step for filters, which batch norm must follow;
        its ``learning_rate`` is about 0.1. All else learns by AdamW at 0.003 then.
    learning_rate : float, default=1e-3
    schedule : {"cosine", "linear", "constant", "steps"}, default="cosine"
        The first two rise for a tenth of the training, then fall to nothing.
    weight_decay : float, default=1e-2
    loss : {"cross_entropy", "focal", "logit_adjusted", "per_class"} or callable
        See `fercompare.deep.losses`; ``Focal(gamma=1)`` and the like are objects.
    targets : {"majority", "crossentropy", "probability", "multi_target"}
        What is made of ``votes``: the largest alone, their shares as they are, one
        drawn for each epoch, or whichever of them the network likes best; the four
        rules of Barsoum et al. (2016). Without votes, ``y`` is learned.
    label_smoothing : float, default=0.0
        Share of each label that is spread over all classes.
    class_weight : dict or "balanced", default=None
    batches : {"shuffled", "balanced"}, default="shuffled"
        ``balanced`` draws each class as often as any other.
    augmentation : None, "standard" or Augmentation, default=None
    mixup : float, default=0.0
        Blend images and labels by Beta(mixup, mixup).
    resolutions : tuple of int, default=()
        Widths at which images are shown, each for an even share of the training; small
        ones first make the first epochs cheap. All at full size if empty.
    averaging : float, default=0.0
        The weights that predict are a moving average; this is its memory a step.
    patience : int, optional
        Stop after so many epochs without a better one on the validation data, and
        return to the best.
    monitor : {"loss", "accuracy", "f1_macro", "auroc"}, default="loss"
        What patience watches.
    validation_fraction : float, optional
        Cut so large a share of the training rows off for validation, where none is
        handed in; a row of each class stays.
    flips : bool, default=False
        Predict the mean over each image and its mirror image; scores after an epoch,
        which patience goes by, are of the image alone.
    device : str, default="auto"
        A GPU where there is one; or ``cpu``, ``cuda``, ``cuda:1`` …
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        bfloat16 where the device is fast at it.
    log : path, optional
        A CSV with a row for each epoch, written while the training runs; the next fit
        writes over it.
    tensorboard : path, optional
        A folder for TensorBoard's curves.
    progress : bool or callable, default=False
        Show a bar with the time left where standard error is a terminal; or a function,
        called with ``history_`` after each epoch, that ends the training by raising.
    checkpoint : path, optional
        A file that is written after each epoch. Where it is there already, training
        goes on from it, to the same weights on the CPU; it must be of the same
        parameters, rows and seed, so it is of no use in a grid search.
    random_state : int, default=None
        One seed, one network, on one machine with as many threads; on a GPU unless
        layers of yours add up in no fixed order (scatter, interpolation).

    Attributes
    ----------
    classes_ : array of shape (k,)
    network_ : Module
    history_ : list of dict
        One an epoch: losses, scores, rate, images a second.
    best_epoch_ : int
        Whose weights predict, counted from 1.

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> def bright_or_not(in_channels, image_shape, n_classes):
    ...     return nn.Sequential(nn.Flatten(), nn.Linear(16, n_classes))
    >>> X = np.repeat(np.array([[10], [200]], np.uint8), 16, axis=1).repeat(20, axis=0)
    >>> y = np.repeat(["dark", "bright"], 20)
    >>> model = TorchClassifier(bright_or_not, epochs=5, learning_rate=0.1)
    >>> model.fit(X, y).predict(X[[0, -1]])
    array(['dark', 'bright'], dtype='<U6')
    """

    def __init__(
        self,
        network,
        *,
        image_shape=None,
        normalization="dataset",
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
        self.network = network
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

    def _make_network(self, in_channels, n_classes):
        if isinstance(self.network, torch.nn.Module):
            return copy.deepcopy(self.network)
        return self.network(in_channels, self.image_shape_[:2], n_classes)


class CNNClassifier(DeepClassifier):
    """Convolutional networks from small to large.

    Parameters
    ----------
    blocks : int, default=5
        Each halves the side and doubles the width.
    width : int, default=64
        Filters of the first block.
    most_width : int, default=512
    convolutions : int, default=2
        In each block.
    residual : bool, default=False
        Our own network, see `fercompare.deep.networks.residual_network`, instead of
        the plain one of the textbooks.
    batch_norm : bool, default=True
        Ours always has it.
    dense : tuple of int, default=(256,)
        Widths of the layers before the last.
    dropout : float, default=0.25
    image_shape, normalization, epochs, batch_size, optimizer, learning_rate, schedule,
    weight_decay, loss, targets, label_smoothing, class_weight, batches, augmentation,
    mixup, resolutions, averaging, patience, monitor, validation_fraction, flips,
    device, precision, log, tensorboard, progress, checkpoint, random_state
        As in `TorchClassifier`.

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> faces = load_dataset("synthetic", n=300).part("train")
    >>> model = CNNClassifier(blocks=2, width=8, dense=(), epochs=1, random_state=0)
    >>> model.fit(faces.X, faces.y).predict_proba(faces.X[:3]).shape
    (3, 7)
    """

    def __init__(
        self,
        *,
        blocks=5,
        width=64,
        most_width=512,
        convolutions=2,
        residual=False,
        batch_norm=True,
        dense=(256,),
        dropout=0.25,
        image_shape=None,
        normalization="dataset",
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
        self.blocks = blocks
        self.width = width
        self.most_width = most_width
        self.convolutions = convolutions
        self.residual = residual
        self.batch_norm = batch_norm
        self.dense = dense
        self.dropout = dropout
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

    def _make_network(self, in_channels, n_classes):
        options = {
            "blocks": self.blocks,
            "width": self.width,
            "most_width": self.most_width,
            "convolutions": self.convolutions,
            "dense": self.dense,
            "dropout": self.dropout,
        }
        shape = self.image_shape_[:2]
        if self.residual:
            return residual_network(in_channels, shape, n_classes, **options)
        return block_network(
            in_channels, shape, n_classes, batch_norm=self.batch_norm, **options
        )

"""Networks as classifiers of image rows."""

import copy
from dataclasses import fields

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from fercompare.deep.devices import (
    enough_memory,
    find_device,
    find_precision,
    own_randomness,
)
from fercompare.deep.inputs import Normalization, as_images
from fercompare.deep.networks import block_network, residual_network
from fercompare.deep.training import PREDICT_ROWS, Examples, Recipe, predict, train
from fercompare.errors import DataError
from fercompare.images import resolve_shape

DTYPES = (np.float64, np.float32, np.uint8)


class DeepClassifier(ClassifierMixin, BaseEstimator):
    """What every network here shares: rows in, classes and probabilities out.

    A subclass has the fields of `Recipe` and the parameters below as its own, and a
    method ``_make_network(in_channels, n_classes)``.
    """

    def fit(self, X, y, sample_weight=None, *, validation=None, votes=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n, h*w) or (n, h*w*3)
            Images as rows; of uint8 they stay so until their batch.
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional
        validation : tuple (X, y) or (X, y, votes), optional
            Scored after each epoch and learned from never; with ``patience`` it
            chooses the epoch.
        votes : array-like of shape (n, k), optional
            Shares of the classes in each row's label, which ``targets`` makes use of;
            ``k`` are the classes of ``y``, sorted.

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, dtype=DTYPES)
        check_classification_targets(y)
        recipe = self._recipe()
        self.image_shape_ = resolve_shape(X.shape[1], self.image_shape)
        self.classes_, own = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError("1 class", remedy="pass rows of at least two classes")
        device = find_device(self.device)
        self.precision_ = find_precision(self.precision, device)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        weights = None
        if sample_weight is not None:
            weights = _checked_weights(sample_weight, len(X))
        if validation is None and self.validation_fraction:
            kept, validation = self._cut(X, y, votes, seed)
            X, own = X[kept], own[kept]
            votes = None if votes is None else np.asarray(votes)[kept]
            weights = None if weights is None else weights[kept]
        with enough_memory(recipe.batch_size), own_randomness(seed, device):
            examples = self._examples(X, own, votes, weights, device)
            if validation is not None:
                validation = self._validation(validation, device)
            self._train(examples, validation, recipe, seed)
        return self

    def decision_function(self, X):
        """Return the score of each class, ``(n, k)``; of two, their difference."""
        scores = self._scores(X).numpy()
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict_proba(self, X):
        """Return the probability of each class, ``(n, k)``."""
        return self._scores(X).double().softmax(dim=1).numpy()

    def predict(self, X):
        """Return the class with the highest score, ``(n,)``."""
        best = self._scores(X).argmax(dim=1).numpy()
        return self.classes_[best]

    def _train(self, examples, validation, recipe, seed):
        device = examples.images.device
        self.normalization_ = Normalization.learn(examples.images, self.normalization)
        network = self._make_network(examples.images.shape[1], len(self.classes_))
        network = network.to(device, memory_format=torch.channels_last)
        _check_network(network, examples, self.normalization_, len(self.classes_))
        run = train(
            network,
            examples,
            recipe,
            self.normalization_,
            classes=self.classes_,
            seed=seed,
            precision=self.precision_,
            validation=validation,
        )
        self.network_ = run.network
        self.history_ = run.history
        self.best_epoch_ = run.best_epoch or run.epoch

    def _scores(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=DTYPES)
        device = find_device(self.device)
        images = as_images(X, self.image_shape_, device)
        network = self.network_.to(device)
        with enough_memory(PREDICT_ROWS):
            return predict(
                network,
                self.normalization_,
                images,
                self.precision_,
                flips=self.flips,
            )

    def _recipe(self):
        values = {field.name: getattr(self, field.name) for field in fields(Recipe)}
        recipe = Recipe(**values)
        recipe.check()
        return recipe

    def _examples(self, X, own, votes, weights, device):
        n_classes = len(self.classes_)
        shares = np.eye(n_classes, dtype=np.float32)[own]
        if votes is not None and self.targets != "majority":
            shares = _shares(votes, len(X), n_classes)
        if weights is not None:
            weights = torch.from_numpy(weights).to(device)
        images = as_images(X, self.image_shape_, device)
        return Examples(images, torch.from_numpy(shares).to(device), weights)

    def _validation(self, validation, device):
        X, y, *votes = validation
        X = validate_data(self, X, reset=False, dtype=DTYPES)
        y = np.asarray(y)
        check_consistent_length(X, y)
        unknown = ~np.isin(y, self.classes_)
        if unknown.any():
            raise DataError(
                f"validation has the class {y[unknown][0]!r}, which is not among "
                f"those to learn: {', '.join(map(str, self.classes_))}"
            )
        own = np.searchsorted(self.classes_, y)
        return self._examples(X, own, votes[0] if votes else None, None, device)

    def _cut(self, X, y, votes, seed):
        """Return the rows that stay, and those that are cut off to validate."""
        order = np.random.default_rng(seed).permutation(len(X))
        n = round(self.validation_fraction * len(X))
        if not 0 < n < len(X):
            raise DataError(
                f"validation_fraction={self.validation_fraction!r} of {len(X)} rows "
                f"is {n} rows",
                remedy="choose a share between 0 and 1 that leaves both sides some",
            )
        cut, kept = order[:n], np.sort(order[n:])
        known = np.isin(y[cut], np.unique(y[kept]))
        cut = cut[known]
        held = (X[cut], y[cut])
        return kept, held if votes is None else (*held, np.asarray(votes)[cut])


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
        ``muon`` takes its own kind of step for filters that batch norm follows, and
        AdamW's for all else; its ``learning_rate`` is about 0.2.
    learning_rate : float, default=1e-3
    schedule : {"cosine", "linear", "constant", "steps"}, default="cosine"
        The first two rise for a tenth of the training, then fall to nothing.
    weight_decay : float, default=1e-2
    loss : {"cross_entropy", "focal", "logit_adjusted", "per_class"} or callable
        See `fercompare.deep.losses`; ``Focal(gamma=1)`` and the like are objects.
    targets : {"crossentropy", "majority", "probability", "multi_target"}
        What is made of ``votes``: their shares as they are, the largest alone, one
        drawn for each epoch, or whichever of them the network likes best; the four
        rules of Barsoum et al. (2016).
    label_smoothing : float, default=0.0
        Share of each label that is spread over all classes.
    class_weight : dict or "balanced", default=None
    batches : {"shuffled", "balanced"}, default="shuffled"
        ``balanced`` draws each class as often as any other.
    augmentation : None, "standard" or Augmentation, default=None
    mixup : float, default=0.0
        Blend images and labels by Beta(mixup, mixup).
    resolutions : tuple of int, default=()
        Sides at which images are shown, each for an even share of the training; small
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
        handed in.
    flips : bool, default=False
        Predict the mean over each image and its mirror image.
    device : str, default="auto"
        A GPU where there is one; or ``cpu``, ``cuda``, ``cuda:1`` …
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        bfloat16 where the device is fast at it.
    random_state : int, default=None

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
        targets="crossentropy",
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
    device, precision, random_state
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
        targets="crossentropy",
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


def _checked_weights(sample_weight, n_rows):
    weights = np.asarray(sample_weight, dtype=np.float32)
    if weights.shape != (n_rows,):
        raise DataError(f"sample_weight of shape {weights.shape} for {n_rows} rows")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise DataError("sample_weight that is negative, not finite, or zero for all")
    return weights


def _shares(votes, n_rows, n_classes):
    votes = np.asarray(votes, dtype=np.float32)
    if votes.shape != (n_rows, n_classes):
        raise DataError(
            f"votes of shape {votes.shape} for {n_rows} rows of {n_classes} classes"
        )
    total = votes.sum(axis=1, keepdims=True)
    if not (np.isfinite(votes).all() and (votes >= 0).all() and total.all()):
        raise DataError("votes that are negative, not finite, or none at all for a row")
    return votes / total


def _check_network(network, examples, normalize, n_classes):
    """Show the network one image before the training, to see that it fits."""
    try:
        scores = predict(network, normalize, examples.images[:1], "float32")
    except RuntimeError as error:
        shape = tuple(examples.images.shape[1:])
        raise DataError(
            f"the network cannot take images of {shape}: {error}",
            remedy="fewer halvings of the side, or larger images",
        ) from error
    if scores.shape != (1, n_classes):
        raise DataError(
            f"the network gives scores of shape {tuple(scores.shape[1:])} for "
            f"{n_classes} classes",
            remedy="end it with a layer of one score a class",
        )

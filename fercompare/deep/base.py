"""What every network has in common as a classifier of image rows."""

import hashlib
from dataclasses import fields

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from fercompare.deep.asked import what_is_asked
from fercompare.deep.augment import WHITE
from fercompare.deep.checkpoints import Checkpoint, in_turn
from fercompare.deep.devices import (
    enough_memory,
    find_device,
    find_precision,
    is_out_of_memory,
    own_randomness,
)
from fercompare.deep.heads import HasHead
from fercompare.deep.inputs import Normalization, as_images
from fercompare.deep.losses import most_voted
from fercompare.deep.recipe import Recipe
from fercompare.deep.scoring import predict
from fercompare.deep.training import Examples, scaled, train
from fercompare.deep.watching import watching
from fercompare.errors import DataError
from fercompare.images import resolve_shape

DTYPES = (np.float64, np.float32, np.uint8)


class DeepClassifier(HasHead, ClassifierMixin, BaseEstimator):
    """What every network here shares: rows in, classes and probabilities out.

    A subclass has the fields of `Recipe` and the parameters below as its own, and a
    method ``_make_network(in_channels, n_classes)``.
    """

    def fit(self, X, y, sample_weight=None, *, validation=None, votes=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n, h*w) or (n, h*w*3)
            Images as rows, pixels from 0 to 255; of uint8 they stay so until their
            batch.
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
        vars(self).pop("network_", None)
        X, y = validate_data(self, X, y, dtype=DTYPES)
        check_classification_targets(y)
        recipe = self._recipe()
        if recipe.augmentation is not None:
            _check_range(X)
        self.image_shape_ = resolve_shape(X.shape[1], self.image_shape)
        self.classes_, own = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError("1 class", remedy="pass rows of at least two classes")
        device = find_device(self.device)
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
        self.normalization_ = Normalization.learn(examples.images, self.normalization)
        network = self._make_network(examples.images.shape[1], len(self.classes_))
        self.precision_ = find_precision(
            self.precision, examples.images.device, network
        )
        self.network_ = self._learn(
            network, self.normalization_, examples, validation, recipe, seed
        )

    def _learn(self, network, normalize, examples, validation, recipe, seed):
        """Return the network, trained, and keep the history of it."""
        network = network.to(examples.images.device)
        self._check_network(network, normalize, examples.images[:1])
        network = network.to(memory_format=torch.channels_last)  # lazy layers know now
        run, save = self._resumed(network, examples, validation, recipe, seed)
        with watching(self, run.history if run else ()) as hooks:
            hooks["on_epoch"] = in_turn(hooks["on_epoch"], save)
            run = train(
                network,
                examples,
                recipe,
                normalize,
                classes=self.classes_,
                seed=seed,
                precision=self.precision_,
                validation=validation,
                run=run,
                **hooks,
            )
        self.history_ = run.history
        self.best_epoch_ = run.best_epoch or run.epoch
        return run.network

    def _resumed(self, network, examples, validation, recipe, seed):
        """Return the run of the checkpoint and what writes it; without one, nothing."""
        if self.checkpoint is None:
            return None, None
        asked = what_is_asked(self, network, examples, validation, seed)
        checkpoint = Checkpoint(self.checkpoint, asked)
        return checkpoint.start_or_go_on(network, recipe), checkpoint.save

    def _check_network(self, network, normalize, image):
        """Show the network a blank image of each size before the training.

        In the precision of the training: not every operation has all of them.
        """
        n_classes = len(self.classes_)
        shape = tuple(image.shape[2:])
        for size in [shape, *(scaled(shape, width) for width in self.resolutions)]:
            seen = image.new_zeros((1, image.shape[1], *size))
            try:
                scores = predict(network, normalize, seen, self.precision_)
            except RuntimeError as error:
                if is_out_of_memory(error):
                    raise
                raise DataError(
                    f"the network cannot take images of {tuple(seen.shape[1:])} in "
                    f"{self.precision_}: {error}",
                    remedy="fewer halvings of the side, larger images, all of one "
                    "size where dense layers follow, or precision='float32'",
                ) from error
            if scores.shape != (1, n_classes):
                raise DataError(
                    f"the network gives scores of shape {tuple(scores.shape[1:])} for "
                    f"{n_classes} classes",
                    remedy="end it with a layer of one score a class",
                )

    def _scores(self, X, flips=None):
        check_is_fitted(self, "network_")
        X = validate_data(self, X, reset=False, dtype=DTYPES)
        device = find_device(self.device)
        images = as_images(X, self.image_shape_, torch.device("cpu"))
        network = self.network_.to(device)
        precision = find_precision(self.precision, device, network)
        flips = self.flips if flips is None else flips
        with enough_memory():
            return predict(network, self.normalization_, images, precision, flips)

    def _recipe(self):
        values = {field.name: getattr(self, field.name) for field in fields(Recipe)}
        recipe = Recipe(**values)
        recipe.check()
        return recipe

    def _examples(self, X, own, votes, weights, device):
        n_classes = len(self.classes_)
        shares = torch.eye(n_classes)[own]
        if votes is not None:
            shares = torch.from_numpy(_shares(votes, len(X), n_classes))
            if self.targets == "majority":
                shares = most_voted(shares)
        if weights is not None:
            weights = torch.from_numpy(weights).to(device)
        images = as_images(X, self.image_shape_, device)
        return Examples(images, shares.to(device), weights)

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
        """Return the rows that stay, and those that are cut off to validate.

        One row of each class stays. Copies of rows that stay are in neither; a sampler
        makes them.
        """
        order = np.random.default_rng(seed).permutation(len(X))
        n = round(self.validation_fraction * len(X))
        if not 0 < n < len(X):
            raise DataError(
                f"validation_fraction={self.validation_fraction!r} of {len(X)} rows "
                f"is {n} rows",
                remedy="choose a share between 0 and 1 that leaves both sides some",
            )
        stays = np.zeros(len(X), dtype=bool)
        stays[order[n:]] = True
        backwards = order[::-1]
        stays[backwards[np.unique(y[backwards], return_index=True)[1]]] = True
        cut, kept = order[~stays[order]], np.flatnonzero(stays)
        learned = {_digest(row) for row in X[kept]}
        cut = cut[np.array([_digest(row) not in learned for row in X[cut]], dtype=bool)]
        if not len(cut):
            raise DataError(
                f"validation_fraction={self.validation_fraction!r} leaves no row that "
                "is no copy of another",
                remedy="hand fit validation data",
            )
        held = (X[cut], y[cut])
        return kept, held if votes is None else (*held, np.asarray(votes)[cut])


def _digest(row):
    """Return a short digest of a row."""
    return hashlib.blake2b(np.ascontiguousarray(row), digest_size=16).digest()


def _check_range(X):
    if X.dtype != np.uint8 and (X.min() < 0 or not 1 < X.max() <= WHITE):
        raise DataError(
            f"pixels from {X.min():.3g} to {X.max():.3g} with augmentation, which "
            "expects them from 0 to 255",
            remedy="multiply the rows, or set augmentation=None",
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

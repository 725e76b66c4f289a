"""Fisher vectors: in which way an image's patches differ from the usual ones."""

import numpy as np
from sklearn.utils import check_random_state

from fercompare.features.base import ImageTransformer
from fercompare.features.descriptors import dense_descriptors
from fercompare.features.grids import check_at_least_one
from fercompare.features.words import Words, learn_words, memberships

IMAGES_SEEN = 1500
PATCHES_SEEN = 150
"""Of each of these images, to learn the words from."""
IMAGES_AT_ONCE = 100


class FisherVectors(ImageTransformer):
    """Fisher vectors of dense gradient descriptors (Perronnin et al., 2010).

    Every image gives overlapping patches, described as SIFT does, shortened by their
    principal components and joined with their place in the image. A mixture of
    Gaussians over all patches gives the visual words. The features say for each word
    how the image's patches of that word differ from it in mean and variance: signed
    square roots, scaled to length 1.

    Parameters
    ----------
    n_words : int, default=128
    n_components : int, default=64
        Numbers that are kept of a descriptor.
    cell, stride, orientations
        As for `dense_descriptors`.
    mirrored : bool, default=True
        Give the mean of the image's and its mirror image's vector, so that it does not
        matter which way a face looks.
    image_shape : tuple, default=None
        ``(h, w)`` or ``(h, w, 3)``; None for square grey images.
    random_state : int, RandomState or None, default=None
        Draws the patches that the words are learned from.
    n_jobs : int, default=None
        Threads, as in scikit-learn.

    Attributes
    ----------
    mean_ : array of shape (n_descriptor,)
    components_ : array of shape (n_descriptor, n_components)
    place_scale_ : float
        What the places are multiplied with beside the components.
    word_shares_ : array of shape (n_words,)
    word_means_, word_variances_ : array of shape (n_words, n_components + 2)

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> faces = load_dataset("synthetic", n=60).X
    >>> FisherVectors(n_words=16, random_state=0).fit_transform(faces).shape
    (60, 2112)
    """

    def __init__(
        self,
        *,
        n_words=128,
        n_components=64,
        cell=4,
        stride=2,
        orientations=8,
        mirrored=True,
        image_shape=None,
        random_state=None,
        n_jobs=None,
    ):
        self.n_words = n_words
        self.n_components = n_components
        self.cell = cell
        self.stride = stride
        self.orientations = orientations
        self.mirrored = mirrored
        self.image_shape = image_shape
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _learn(self, stack):
        check_at_least_one(n_words=self.n_words, n_components=self.n_components)
        random = check_random_state(self.random_state)
        descriptors, places = self._sample(stack, random)
        self.mean_ = descriptors.mean(axis=0)
        centred = descriptors - self.mean_
        _, directions = np.linalg.eigh(centred.T @ centred)
        self.components_ = directions[:, : -self.n_components - 1 : -1].copy()
        rows = centred @ self.components_
        self.place_scale_ = float(2 * np.sqrt(rows.var(axis=0).mean()))
        rows = np.hstack([rows, places * np.float32(self.place_scale_)])
        words = learn_words(rows, min(self.n_words, len(rows)), random)
        self.word_shares_, self.word_means_, self.word_variances_ = words

    def _sample(self, stack, random):
        """Return descriptors and places of patches drawn at random."""
        chosen = random.permutation(len(stack))[:IMAGES_SEEN]
        drawn = []
        for start in range(0, len(chosen), IMAGES_AT_ONCE):
            some = stack[chosen[start : start + IMAGES_AT_ONCE]]
            descriptors, places = self._describe(some)
            shape = len(descriptors), min(PATCHES_SEEN, len(places))
            patches = random.randint(len(places), size=shape)
            found = np.take_along_axis(descriptors, patches[..., np.newaxis], axis=1)
            drawn.append((found.reshape(-1, found.shape[2]), places[patches.ravel()]))
        return tuple(map(np.concatenate, zip(*drawn)))

    def _describe(self, stack):
        return dense_descriptors(
            stack, cell=self.cell, stride=self.stride, orientations=self.orientations
        )

    def _extract(self, stack):
        vectors = self._encode(stack)
        if self.mirrored:
            vectors += self._encode(stack[:, :, ::-1])
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def _encode(self, stack):
        descriptors, places = self._describe(stack)
        n, n_patches, _ = descriptors.shape
        places = np.broadcast_to(
            places * np.float32(self.place_scale_), (n, *places.shape)
        )
        rows = (descriptors - self.mean_) @ self.components_
        rows = np.concatenate([rows, places], axis=2)
        words = Words(self.word_shares_, self.word_means_, self.word_variances_)
        belonging = memberships(rows.reshape(n * n_patches, -1), words)
        belonging = belonging.reshape(n, n_patches, -1)
        counts = belonging.sum(axis=1)[..., np.newaxis]
        sums = belonging.transpose(0, 2, 1) @ rows
        squares = belonging.transpose(0, 2, 1) @ (rows * rows)
        shares, means, variances = words
        first = (sums - means * counts) / np.sqrt(variances)
        second = (squares - 2 * means * sums + means**2 * counts) / variances - counts
        vectors = np.concatenate([first, second * np.float32(np.sqrt(0.5))], axis=2)
        vectors /= n_patches * np.sqrt(shares)[:, np.newaxis]
        vectors = np.sign(vectors) * np.sqrt(np.abs(vectors))
        vectors = vectors.reshape(n, -1)
        return vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)

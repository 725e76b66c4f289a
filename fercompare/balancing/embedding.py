"""Resampling where a network's last layer looks: in its embedding."""

from sklearn.base import clone

from fercompare.balancing.strategy import DoesNotApply
from fercompare.balancing.wrappers import Transparent, handed
from fercompare.errors import DataError


class EmbeddingResampled(Transparent):
    """A network whose last layer learns from rows that were resampled in front of it.

    The network is trained on the images as they are. What then enters its last dense
    layer for each training image is resampled, and that layer alone is trained on the
    result, as in the decoupled training of Kang et al. (2020).

    Parameters
    ----------
    estimator : DeepClassifier
        Any classifier with its methods ``embed`` and ``fit_head``.
    sampler : sampler
        Of imbalanced-learn's kind.
    head_epochs : int, default=10
        Of the last layer.

    Attributes
    ----------
    estimator_ : DeepClassifier
        Fitted.
    sampler_ : sampler
        As the fit left it, with its report.

    Examples
    --------
    >>> from fercompare import CNNClassifier, load_dataset
    >>> from imblearn.over_sampling import RandomOverSampler
    >>> faces = load_dataset("synthetic", n=100).part("train")
    >>> network = CNNClassifier(blocks=2, width=4, epochs=1, random_state=0)
    >>> model = EmbeddingResampled(network, RandomOverSampler(random_state=0))
    >>> model.fit(faces.X, faces.y).predict_proba(faces.X[:3]).shape
    (3, 7)
    """

    def __init__(self, estimator, sampler, *, head_epochs=10):
        self.estimator = estimator
        self.sampler = sampler
        self.head_epochs = head_epochs

    def fit(self, X, y, *, validation=None, votes=None):
        """Fit the network, resample its embedding, fit its last layer again.

        Parameters
        ----------
        X : array-like of shape (n, h*w) or (n, h*w*3)
        y : array-like of shape (n,)
        validation : tuple (X, y), optional
            For the network, which watches it; the last layer is trained without.
        votes : array-like of shape (n, k), optional
            For a network that learns from them; the last layer learns ``y``.

        Returns
        -------
        self
        """
        y = self._check_rows(X, y)
        network = clone(self.estimator)
        if not (hasattr(network, "embed") and hasattr(network, "fit_head")):
            raise DataError(
                f"{type(network).__name__} has no embedding",
                remedy="choose a network of fercompare",
            )
        extra = handed(network, y, validation=validation, votes=votes)
        network.fit(X, y, **extra)
        self.sampler_ = clone(self.sampler)
        Z, labels = self.sampler_.fit_resample(network.embed(X), y)
        self.estimator_ = network.fit_head(Z, labels, epochs=self.head_epochs)
        return self


def at_embedding(model, sampler, random_state):
    """Return a network with a sampler in front of its last layer."""
    if hasattr(model, "steps") or not hasattr(model, "fit_head"):
        name = "a pipeline" if hasattr(model, "steps") else type(model).__name__
        raise DoesNotApply(f"{name} has no embedding: that is a network's")
    return EmbeddingResampled(model, sampler)

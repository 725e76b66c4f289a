"""How far a score may be off: images drawn again, and seeds that differ.

The images of a test part are one draw, and so are the seeds. The variance of a score's
mean over seeds is taken as the sum of two: what a bootstrap over the images gives for
that mean, and the squared standard deviation over the seeds by their number. With one
seed the latter is not known, and an interval speaks of the fit at hand alone. Models
are scored on the same resamples, so that a difference of two is paired by image. Seeds
of two models have nothing to do with each other and are not paired. What a seed and an
image make of each other is counted in both variances, which errs on the safe side.
Intervals end where the metric does. With two seeds, what they say of their deviation is
so little (Student's t with one degree of freedom reaches 12.7 errors) that an interval
may span all there is: three seeds or more say something, five say it well.

What this does not cover: images of one person, or copies, within the test part are not
independent, and another training part would give other fits.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import stats

from fercompare.report.runs import find_metric, value
from fercompare.seeds import seed_for

N_RESAMPLES, N_OF_ORDER = 1000, 200
"""A standard error is known to 2 %, that of scores which order the rows to 5 %."""
CONFIDENCE = 0.95
ROUNDING = 1e-12
"""Share of a variance below which a smaller one is what arithmetic left of nothing."""


class Estimate(NamedTuple):
    """A score of every seed, of their mean on images drawn again, and its limits."""

    values: np.ndarray
    resampled: np.ndarray
    n_images: int
    limits: tuple = (-np.inf, np.inf)

    @property
    def mean(self):
        """Return the mean over the seeds."""
        return float(np.mean(self.values))

    @property
    def deviation(self):
        """Return the standard deviation over the seeds, nan where there is one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else np.nan

    @property
    def seed_variance(self):
        """Return the variance of the mean that the seeds make, 0 where unknown."""
        return self.deviation**2 / len(self.values) if len(self.values) > 1 else 0.0


class Spread(NamedTuple):
    """Values with their intervals, and how likely such values are where there is 0.

    ``reach`` is half of an interval's width before it is cut where the metric ends.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    reach: np.ndarray


@lru_cache(maxsize=2)
def image_weights(n):
    """Return how often each of ``n`` images is in each resample.

    Returns
    -------
    ndarray of shape (n, N_RESAMPLES), float32

    Examples
    --------
    >>> image_weights(5).sum(axis=0)[:3]
    array([5., 5., 5.], dtype=float32)
    """
    rng = np.random.default_rng(seed_for("images drawn again", n))
    drawn = rng.integers(0, n, (n, N_RESAMPLES)) * N_RESAMPLES + np.arange(N_RESAMPLES)
    counts = np.bincount(drawn.ravel(), minlength=n * N_RESAMPLES)
    weights = counts.reshape(n, N_RESAMPLES).astype(np.float32)
    weights.flags.writeable = False
    return weights


def estimate(seen, by):
    """Return the `Estimate` of a metric over the seeds of a model.

    Parameters
    ----------
    seen : list of Predictions
        One a seed, of the same images.
    by : str
        A metric's name, maybe with ``_leak_free`` behind it.
    """
    n = len(seen[0].rows)
    weights, metric = image_weights(n), find_metric(by)[0]
    if metric.orders_rows:
        weights = weights[:, :N_OF_ORDER]
    values = np.array([value(by, one) for one in seen])
    resampled = np.mean([value(by, one, weights) for one in seen], axis=0)
    return Estimate(values, resampled, n, (metric.lowest, metric.highest))


def interval(found, confidence=CONFIDENCE):
    """Return the `Spread` of one `Estimate`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spread = interval(Estimate(np.array([0.6]), rng.normal(0.6, 0.01, 1000), 100))
    >>> round(float(spread.low), 2), round(float(spread.high), 2)
    (0.58, 0.62)
    """
    return _spread(
        np.array(found.mean),
        np.var(found.resampled, ddof=1),
        np.array([found.seed_variance]),
        np.array([len(found.values)]),
        found.n_images,
        confidence,
        found.limits,
    )


def pairwise(estimates, confidence=CONFIDENCE):
    """Return the `Spread` of the difference of every two of n `Estimate`s.

    The p-value is of Student's t with Welch and Satterthwaite's degrees of freedom. It
    is nan where two differ and no resample does: so few images say nothing.

    Parameters
    ----------
    estimates : list of Estimate
        On the same images.
    confidence : float, default=0.95

    Returns
    -------
    Spread
        Of arrays of shape (n, n): the row's minus the column's.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> images = rng.normal(0, 0.01, 1000)
    >>> one = Estimate(np.array([0.60, 0.61]), 0.6 + images, 99)
    >>> other = Estimate(np.array([0.50, 0.51]), 0.5 + images, 99)
    >>> round(float(pairwise([one, other]).p[0, 1]), 3)
    0.005
    """
    means = np.array([found.mean for found in estimates])
    shared = np.atleast_2d(np.cov([found.resampled for found in estimates]))
    own = np.diagonal(shared)
    both = own[:, None] + own
    images = both - 2 * shared
    images[np.abs(images) <= ROUNDING * both] = 0
    of_seeds = np.array([found.seed_variance for found in estimates])
    n_seeds = np.array([len(found.values) for found in estimates])
    lowest, highest = estimates[0].limits
    return _spread(
        means[:, None] - means,
        images,
        np.stack(np.broadcast_arrays(of_seeds[:, None], of_seeds), axis=-1),
        np.stack(np.broadcast_arrays(n_seeds[:, None], n_seeds), axis=-1),
        estimates[0].n_images,
        confidence,
        (lowest - highest, highest - lowest),
    )


def _spread(found, images, of_seeds, n_seeds, n_images, confidence, limits):
    variance = images + of_seeds.sum(axis=-1)
    uncertain = images**2 / max(n_images - 1, 1) + np.sum(
        of_seeds**2 / np.maximum(n_seeds - 1, 1), axis=-1
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.where(uncertain > 0, variance**2 / uncertain, np.inf)
        error = np.sqrt(variance)
        p = 2 * stats.t.sf(np.abs(found) / error, freedom)
    reach = error * stats.t.ppf((1 + confidence) / 2, freedom)
    p = np.where(variance > 0, p, np.where(found == 0, 1.0, np.nan))
    low, high = (np.clip(end, *limits) for end in (found - reach, found + reach))
    return Spread(found, low, high, p, reach)

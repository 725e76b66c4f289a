"""What a strategy makes of rows, before anything learns from them."""

from typing import NamedTuple

import numpy as np
from sklearn.base import clone

from fercompare.balancing.embedding import EmbeddingResampled
from fercompare.balancing.ensemble import Ensemble
from fercompare.balancing.report import BalancingReport, balancing_report
from fercompare.balancing.strategy import steps_of
from fercompare.errors import DataError


class Preview(NamedTuple):
    """A report and, of a sampler that sees images, its rows.

    Parameters
    ----------
    report : BalancingReport
    rows : array of shape (n_new, n_pixels) or None
        None where the sampler sees no images.
    y : array of shape (n_new,) or None
    parents : array of shape (n_new,) or None
        The index of the real row that each row is, or was made from.
    is_made : bool array of shape (n_new,) or None
    """

    report: BalancingReport
    rows: np.ndarray | None = None
    y: np.ndarray | None = None
    parents: np.ndarray | None = None
    is_made: np.ndarray | None = None


def check_sees_images(model):
    """Refuse a balanced model whose sampler sees other rows than images."""
    if not hasattr(steps_of(_one_of(model))[0][1], "fit_resample"):
        raise DataError(
            "no image would be made",
            remedy="choose augment, or a strategy at the pixels, as smote@pixels",
        )


def preview(model, X, y):
    """Resample rows as a balanced model does when it is fitted.

    What stands before the sampler is fitted too, for ``@embedding`` the network; what
    stands behind it is not.

    Parameters
    ----------
    model : estimator
        As `rebalance` returns it; it is not changed. Of an `Ensemble` it is what one
        member makes of the rows.
    X : array-like of shape (n, n_pixels)
    y : array-like of shape (n,)

    Returns
    -------
    Preview

    Examples
    --------
    >>> from fercompare import load_dataset, make_model, rebalance
    >>> faces = load_dataset("synthetic", n=200).part("train")
    >>> made = preview(rebalance(make_model("hog+svm"), "augment"), faces.X, faces.y)
    >>> made.report.rows[1]["real"], made.is_made[made.y == 1].sum()
    (2, np.int64(33))
    """
    model = _one_of(model)
    steps = steps_of(model)
    places = [k for k, (_, step) in enumerate(steps) if hasattr(step, "fit_resample")]
    if not places:
        if not isinstance(model, EmbeddingResampled):
            raise DataError(
                "the strategy makes no rows and leaves none out",
                remedy="choose one at the rows or the images, as smote or augment",
            )
        return Preview(balancing_report(clone(model).fit(X, y)))
    rows, sampler = X, clone(steps[places[0]][1])
    for _, step in steps[: places[0]]:
        rows = clone(step).fit_transform(rows, y)
    rows, y_new = sampler.fit_resample(rows, y)
    parents = getattr(sampler, "parent_indices_", None)
    if places[0] or parents is None:
        return Preview(sampler.report_)
    is_made = np.any(rows != np.asarray(X)[parents], axis=1)
    return Preview(sampler.report_, rows, y_new, parents, is_made)


def _one_of(model):
    return model.estimator if isinstance(model, Ensemble) else model

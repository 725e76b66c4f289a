"""imbalanced-learn's and scikit-learn's own checks over every sampler."""

import pytest
from imblearn.utils import estimator_checks as imbalanced
from saved_models import seeded
from sklearn.utils import estimator_checks as learn

from fercompare.balancing.reporting import Reported
from fercompare.balancing.row_sampler import NumericSampler
from fercompare.balancing.samplers import SAMPLERS

DENSE = "images are dense rows; a sparse table is refused where distances are measured"
EXPECTED_FAILURES = {
    kind.__name__: {"check_samplers_pandas_sparse": DENSE}
    for kind in SAMPLERS.values()
    if issubclass(kind, NumericSampler)
}
OURS = [
    seeded(kind())
    for name, kind in SAMPLERS.items()
    if kind is not Reported and not name.startswith("imblearn-")
]


def excuses(sampler):
    """Return the checks that a sampler may fail, with the reason."""
    return EXPECTED_FAILURES.get(type(sampler).__name__, {})


@imbalanced.parametrize_with_checks(OURS, expected_failed_checks=excuses)
@pytest.mark.filterwarnings("ignore")
def test_imbalanced_learn_has_no_complaint(estimator, check):
    check(estimator)


@learn.parametrize_with_checks(OURS, expected_failed_checks=excuses)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_has_no_complaint(estimator, check):
    check(estimator)

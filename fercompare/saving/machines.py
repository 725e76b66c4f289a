"""scikit-learn's SVC: what it keeps for predicting, under the names it looks for.

It has no public door to be put together again, so this file alone knows its private
attributes (those of scikit-learn 1.6 to 1.9).
"""

import numpy as np

from fercompare.containers.refusal import Refused
from fercompare.saving.checks import check_above_zero, check_svm

KERNELS = ("linear", "poly", "rbf", "sigmoid")
MOST_DEGREE = 1000
SVC_LINES = {
    "n_features_in_": "size n",
    "classes_": "labels k",
    "support_": "int32 s",
    "support_vectors_": "float64 s n",
    "n_support_": "int32 k",
    "dual_coef_": "float64 others s",
    "intercept_": "float64 pairs",
    "probA_": "float64 known",
    "probB_": "float64 known",
    "class_weight_": "float64 k",
    "n_iter_": "int32 pairs",
    "gamma_": "number",
    "n_samples": "size rows",
    "fit_status_": "number",
}
"""The lines of an SVC's state."""


def take_svc(svc):
    """Return the state of a fitted SVC."""
    _check_kernel(svc)
    if svc._sparse:
        raise Refused("was fitted on sparse rows", "fit it on a dense array")
    same = (
        "n_features_in_ classes_ support_ support_vectors_ n_support_ dual_coef_ "
        "intercept_ class_weight_ n_iter_ fit_status_"
    )
    return {name: getattr(svc, name) for name in same.split()} | {
        "probA_": svc._probA,
        "probB_": svc._probB,
        "gamma_": svc._gamma,
        "n_samples": svc.shape_fit_[0],
    }


def build_svc(svc, state):
    """Fit ``svc``, which is unfitted, with the arrays of another."""
    _check_kernel(svc)
    own = {
        "probA_": "_probA",
        "probB_": "_probB",
        "gamma_": "_gamma",
        "n_support_": "_n_support",
    }
    for name, value in state.items():
        if name != "n_samples":
            setattr(svc, own.get(name, name), value)
    sign = -1 if len(svc.classes_) == 2 else 1
    svc._intercept_ = np.ascontiguousarray(sign * svc.intercept_)
    svc._dual_coef_ = np.ascontiguousarray(sign * svc.dual_coef_)
    svc._num_iter = svc.n_iter_
    svc._sparse = False
    svc._effective_probability = len(svc._probA) > 0
    svc.shape_fit_ = (state["n_samples"], svc.n_features_in_)


def check_svc(svc):
    """Refuse an SVC that could read beyond its arrays."""
    check_svm(svc)
    check_above_zero("gamma_", svc._gamma)
    if (svc.support_ < 0).any() or (svc.support_ >= svc.shape_fit_[0]).any():
        raise Refused("support_ names rows that it was not fitted on")
    if len(svc._probA) not in (0, len(svc.intercept_)):
        raise Refused(f"probA_ has {len(svc._probA)} numbers")


def _check_kernel(svc):
    if svc.kernel not in KERNELS:
        raise Refused(
            f"has the kernel {ascii(svc.kernel)[:40]}",
            f"only {', '.join(KERNELS)} can be saved",
        )
    if type(svc.degree) is not int or not 0 <= svc.degree <= MOST_DEGREE:
        raise Refused(f"has the degree {ascii(svc.degree)[:40]}")

"""Ensembles in files: every member with its own state."""

from fercompare.balancing.ensemble import Ensemble
from fercompare.containers.refusal import Refused
from fercompare.saving.checks import check_columns
from fercompare.saving.registry import Entry

FITTED = {"n_features_in_": "size n", "estimator_": "any", "others": "any"}


def take_ensemble(ensemble):
    """Return the state of a fitted `Ensemble`."""
    first, *others = ensemble.estimators_
    columns = ensemble.n_features_in_
    return {"n_features_in_": columns, "estimator_": first, "others": others}


def build_ensemble(ensemble, state):
    """Fit an `Ensemble` with the members of another."""
    others, ensemble.n_features_in_ = state["others"], state["n_features_in_"]
    if not isinstance(others, list):
        raise Refused("its other members are no list")
    ensemble.estimators_ = [state["estimator_"], *others]


def check_ensemble(ensemble):
    """Refuse members that give no probabilities, or of other columns or number."""
    if ensemble.members != len(ensemble.estimators_):
        raise Refused(f"has {len(ensemble.estimators_)} of {ensemble.members} members")
    for number, one in enumerate(ensemble.estimators_, start=1):
        if not (hasattr(one, "predict_proba") and hasattr(one, "classes_")):
            raise Refused(f"member {number} is no fitted classifier with probabilities")
        check_columns(f"member {number}", one, ensemble.n_features_in_)
    kinds = {one.classes_.dtype.kind for one in ensemble.estimators_}
    if len(kinds) > 1:
        raise Refused("its members have labels of different kinds")


ENSEMBLE = Entry(
    Ensemble,
    FITTED,
    check_ensemble,
    take_ensemble,
    build_ensemble,
    twins={"estimator": "estimator_"},
)

"""Running trials: fit on the training part, predict the test part, save at once.

`divide` is the one place that decides which rows a model may see. Everything that
learns, resampling and scaling included, is a step of the model and sees those alone.
"""

import time
import traceback
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fercompare import __version__
from fercompare.balancing.strategies import DoesNotApply, rebalance
from fercompare.datasets.base import Dataset
from fercompare.datasets.copies import leak_free
from fercompare.datasets.loading import load_dataset
from fercompare.errors import DataError
from fercompare.evaluation.provenance import machine
from fercompare.evaluation.store import Store
from fercompare.evaluation.trials import DONE, FAILED, SKIPPED, Outcome, plan
from fercompare.models import make_model
from fercompare.seeds import seed_for


def run_benchmark(
    datasets=("synthetic",),
    models=("hog+svm", "hog+rf"),
    strategies=("none", "class_weight", "smote"),
    seeds=2,
    *,
    store="results/bench",
    progress=None,
):
    """Run every model with every strategy and seed on every data set.

    What stands in the store already is not run again.

    Parameters
    ----------
    datasets, models, strategies : list of str, or dict of name to object
        Names from the catalogues, or your own Dataset, estimator, sampler.
    seeds : int or iterable of int, default=2
        How many, counted from 0, or which.
    store : path, default="results/bench"
    progress : callable, optional
        Called with ``(n_done, n_trials, outcome)`` after each trial.

    Returns
    -------
    list of Outcome
        One for each trial asked for, those from the store included.

    Examples
    --------
    >>> import tempfile
    >>> from fercompare import load_dataset, run_benchmark
    >>> faces = load_dataset("synthetic", n=300)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outcomes = run_benchmark({"few faces": faces}, ["hog+linear-svm"],
    ...                              ["none"], seeds=1, store=folder)
    >>> outcomes[0].status
    'done'
    """
    datasets = {name: _dataset(d) for name, d in _named(datasets).items()}
    models, strategies = _named(models), _named(strategies)
    seeds = range(seeds) if isinstance(seeds, int) else tuple(seeds)
    trials = plan(datasets, models, strategies, seeds)
    store = Store(store)
    stored = {outcome.trial.key: outcome for outcome in store.load()}
    parts = {name: divide(dataset) for name, dataset in datasets.items()}
    outcomes = []
    for done, trial in enumerate(trials, start=1):
        dataset = datasets[trial.dataset]
        trial, model = _specify(
            trial, dataset, models[trial.model], strategies[trial.strategy]
        )
        outcome = stored.get(trial.key)
        if outcome is None:
            outcome = run_trial(trial, parts[trial.dataset], model)
            store.save(outcome)
        outcomes.append(outcome)
        if progress is not None:
            progress(done, len(trials), outcome)
    return outcomes


def run_trial(trial, parts, model):
    """Fit a model on the training part and predict the test part.

    Parameters
    ----------
    trial : Trial
    parts : Parts
        What `divide` makes of the trial's data set.
    model : estimator, or DoesNotApply
        The latter makes the outcome a skip.

    Returns
    -------
    Outcome
        A failure of the model is an outcome too, with its traceback in ``facts``.
    """
    if isinstance(model, DoesNotApply):
        return Outcome(trial, SKIPPED, str(model), parts.dataset.classes)
    dataset, training, reporting, leak_free_rows = parts
    facts = _facts(dataset, training)
    try:
        started = time.perf_counter()
        model.fit(training.X, training.y)
        facts["fit_seconds"] = time.perf_counter() - started
        facts["engine"] = _engine(model)
        started = time.perf_counter()
        y_pred = model.predict(reporting.X)
        facts["predict_seconds"] = time.perf_counter() - started
        proba = class_probabilities(model, reporting.X, len(dataset.classes))
    except Exception as error:  # the trial failed, the study goes on
        facts["traceback"] = traceback.format_exc()
        reason = f"{type(error).__name__}: {error}"
        return Outcome(trial, FAILED, reason, dataset.classes, facts=facts)
    return Outcome(
        trial,
        DONE,
        classes=dataset.classes,
        rows=reporting.rows,
        y_true=reporting.y,
        y_pred=np.asarray(y_pred),
        proba=proba,
        leak_free=leak_free_rows,
        facts=facts,
    )


class Parts(NamedTuple):
    """A data set, its rows that train and that report, and which of these leak not."""

    dataset: Dataset
    training: Dataset
    reporting: Dataset
    leak_free: np.ndarray


def divide(dataset):
    """Return the `Parts` of a data set: what trains and what reports.

    The validation part is in neither: it is for choosing, and nothing chooses here.
    """
    missing = sorted({"train", "test"} - set(dataset.part_sizes()))
    if missing:
        raise DataError(
            f"data set {dataset.name!r} has no part {' and no part '.join(missing)}",
            remedy="load it with split='stratified' or split='subject'",
        )
    reporting = dataset.part("test")
    labelled = reporting.labelled
    return Parts(
        dataset,
        training_rows(dataset),
        reporting.take(labelled),
        leak_free(dataset, "test")[labelled],
    )


def training_rows(dataset):
    """Return the labelled rows of the training part, or of a set without parts."""
    training = dataset if dataset.split is None else dataset.part("train")
    return training.take(training.labelled)


def make_estimator(dataset, model, strategy, seed, names=None):
    """Return the unfitted estimator that a model, a strategy and a seed stand for.

    The random state comes from the names, so that no trial depends on another.
    """
    state = seed_for(*(names or (model, strategy)), seed)
    if isinstance(model, str):
        model = make_model(model, image_shape=dataset.image_shape, random_state=state)
    return rebalance(model, strategy, random_state=state)


def class_probabilities(model, X, n_classes):
    """Return ``(n, n_classes)`` float32, or None where the model has none to give."""
    if not hasattr(model, "predict_proba"):
        return None
    proba = np.zeros((len(X), n_classes), dtype=np.float32)
    proba[:, model.classes_] = model.predict_proba(X)
    return proba


def _specify(trial, dataset, model, strategy):
    """Return the trial with all that its names stand for, and its estimator."""
    names = trial.model, trial.strategy
    try:
        model = make_estimator(dataset, model, strategy, trial.seed, names)
        parameters = model.get_params()
    except DoesNotApply as reason:
        model = parameters = reason
    meant = f"data {dataset.fingerprint}, code {__version__}, model {parameters}"
    return replace(trial, specification=meant), model


def _engine(model):
    """Return which library solved the model, where it had a choice."""
    classifier = model.steps[-1][1] if hasattr(model, "steps") else model
    return getattr(classifier, "engine_", None)


def _named(things):
    return things if isinstance(things, dict) else {thing: thing for thing in things}


def _dataset(data):
    return load_dataset(data) if isinstance(data, str) else data


def _facts(dataset, training):
    counts = np.bincount(training.y, minlength=len(dataset.classes))
    return {
        "data": {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "notes": dataset.notes,
            "training_counts": dict(zip(dataset.classes, counts.tolist())),
        },
        "selected_on": "nothing: fixed settings",
        "reported_on": "test",
        "machine": machine(),
    }

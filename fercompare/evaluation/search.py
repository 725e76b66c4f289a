"""The search for settings of a model, by rows that choose and never by the test part.

Every trial is a model that has a name, made, fitted and asked as in the benchmark. The
first is the model as it was named, so that the best is never worse than that.
"""

import itertools
import math
import time
import warnings
from contextlib import closing
from pathlib import Path

import joblib

from fercompare.balancing.strategies import DoesNotApply
from fercompare.datasets.loading import load_dataset
from fercompare.datasets.splits import hold_out as cut_off
from fercompare.errors import DataError, keep_interrupts, look_up
from fercompare.evaluation.choosing import Question, run_next
from fercompare.evaluation.found import RUNNING, result_of, row_of
from fercompare.evaluation.protocol import protocol_for
from fercompare.evaluation.provenance import n_cores
from fercompare.evaluation.quick import FOLDS as QUICK_FOLDS
from fercompare.evaluation.quick import few_rows
from fercompare.evaluation.reach import scratch_folder
from fercompare.evaluation.spaces import make_space
from fercompare.evaluation.specification import specify
from fercompare.evaluation.tasks import parts_of
from fercompare.evaluation.workers import Died, run_in_processes
from fercompare.metrics import METRICS
from fercompare.models import make_model
from fercompare.naming import canonical
from fercompare.seeds import seed_for

FOLDS = 5
"""Where a set has no validation part."""
STORE = "results/search.sqlite"


@keep_interrupts()
def search_model(
    model,
    dataset="synthetic",
    n_trials=30,
    *,
    space=None,
    strategies=("none",),
    metric="f1_macro",
    cv=None,
    group=None,
    hold_out=None,
    seed=0,
    prune=True,
    quick=False,
    store=STORE,
    n_jobs=1,
    time_limit=None,
    progress=None,
):
    """Search for the settings of a model that suit a data set; the test is not touched.

    Trials are fitted on the training part and scored on the validation part, by which
    a network with ``patience`` also chooses its epoch. A set without one is scored on
    folds of its training part, whole subjects kept. The same search in the same file
    goes on to ``n_trials`` in all, as it would have without the interruption.

    Parameters
    ----------
    model : str or estimator
        A name; the options that it is written with stay. Or a classifier of yours.
    dataset : str or Dataset
        With a training part.
    n_trials : int, default=30
    space : dict, optional
        What is searched, instead of what `fercompare.evaluation.spaces.SPACES` has:
        ``"hog.orientations"``, or the name of an estimator's parameter, to a range such
        as ``"0.1..100:log"`` or ``"2..5"``, or to a list of choices.
    strategies : str or list of str, default=("none",)
        Answers to imbalance; several are searched too.
    metric : str, default="f1_macro"
        One of `fercompare.metrics.METRICS`.
    cv : int, optional
        Score on so many folds of the training part, which the seed deals.
    group : {"subject", "none"}, optional
        Whether folds keep subjects whole; if not given they do where these are known.
    hold_out : float, optional
        Score on so large a share of the training part, cut off by the seed.
    seed : int, default=0
        Of the models, and of what is drawn.
    prune : bool, default=True
        End trials that are worse than the median at their epoch, or fold, after a third
        of them. Epochs tell of accuracy, f1_macro, auroc_ovr_macro and log_loss.
    quick : bool, default=False
        See `fercompare.evaluation.quick`.
    store : path, default="results/search.sqlite"
        Any number of searches, each under what it was asked for.
    n_jobs : int, default=1
        Trials at a time, -1 for one a core. What is drawn then depends on who is first.
    time_limit : float, optional
        Seconds after which no trial starts.
    progress : callable, optional
        Called with ``(n_ended, n_trials, row)`` after each trial, a dict as in the
        table.

    Returns
    -------
    SearchResult

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> faces = load_dataset("synthetic", n=300)
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = search_model("hog+linear-svm", faces, 2, quick=True,
    ...                          store=Path(folder, "search.sqlite"))
    >>> found.scored_on, found.trials["status"].tolist()
    ('validation part', ['done', 'done'])
    """
    _check_number(n_jobs=n_jobs, n_trials=n_trials)
    deadline = time.monotonic() + (math.inf if time_limit is None else time_limit)
    data, protocol, scored_on = _rows(dataset, cv, group, hold_out, seed, quick)
    plain = model
    if isinstance(model, str):
        plain = make_model(model, image_shape=data.image_shape)
    strategies = [strategies] if isinstance(strategies, str) else strategies
    strategies = tuple(dict.fromkeys(canonical(name, "@") for name in strategies))
    question = Question(
        *(data, protocol, make_space(model, plain, space), strategies, metric, seed),
        *(prune, quick, n_trials, Path(store), {}),
    )
    _check(question)
    question = question._replace(specification=_specification(question))
    with question.open() as file:
        for other in file.others():
            warnings.warn(
                f"{file.path} has another search of {', '.join(file.names)}, which "
                f"differs in {other}; it stays there and is not used",
                stacklevel=2,
            )
        with closing(_run(question, file, n_jobs, deadline)) as numbers:
            for number in numbers:
                if progress is not None:
                    rows = {row["number"]: row for row in map(row_of, file.trials())}
                    ended = sum(row["status"] != RUNNING for row in rows.values())
                    progress(ended, n_trials, rows[number])
        return result_of(question, file.trials(), scored_on)


def without_test(dataset):
    """Return the rows that may train or choose, or raise where none report then.

    Examples
    --------
    >>> without_test(load_dataset("synthetic", n=300)).part_sizes()
    {'train': 210, 'val': 30}
    """
    if dataset.split is None or "train" not in dataset.part_sizes():
        raise DataError(
            f"data set {dataset.name!r} has no training part: what chose the settings "
            "would be what reports on them",
            remedy="load it with split='stratified' or split='subject'",
        )
    return dataset.take(dataset.split != "test")


def _rows(dataset, cv, group, hold_out, seed, quick):
    """Return the data without test part, their protocol, and who scores in words."""
    if cv is not None and hold_out is not None:
        raise DataError("cv and hold_out: folds, or a share cut off, not both")
    dataset = load_dataset(dataset) if isinstance(dataset, str) else dataset
    data = without_test(dataset)
    data = few_rows(data) if quick else data
    scored_on = "validation part"
    if hold_out is not None:
        n_rows = data.part_sizes()["train"]
        data = cut_off(data, hold_out, seed=seed)
        n_left = data.part_sizes()["train"]
        scored_on = f"{n_rows - n_left:,} of {n_rows:,} training images, held out"
    if cv is None and "val" not in data.part_sizes():
        cv = FOLDS
    if cv is not None and quick:
        cv = min(cv, QUICK_FOLDS)
    if cv is None:
        return data, protocol_for(data, parts="train::val", group=group), scored_on
    protocol = protocol_for(data, parts="train", cv=cv, group=group)
    return data, protocol, f"{cv} folds of the training part"


def _check(question):
    """Raise where no trial could come to a score."""
    measure = look_up(question.metric, METRICS, "metric")
    for strategy in question.strategies:
        try:
            estimator = question.estimator(question.space.model, strategy)
        except DoesNotApply as reason:
            raise DataError(
                f"{strategy} does not go with {question.label}: {reason}",
                remedy="leave it out",
            ) from reason
        if measure.needs_proba and not hasattr(estimator, "predict_proba"):
            raise DataError(
                f"{question.label} has no probabilities, which {question.metric} is of"
            )


def _specification(question):
    """Return what must be equal for it to be the same search."""
    space, strategies, seed = question.space, question.strategies, question.seed
    model = question.label if isinstance(space.model, str) else space.model
    parameters = question.estimator(space.model).get_params()
    state = seed_for(question.label, strategies[0], seed)
    meant = specify(question.data, model, list(strategies), parameters, state)
    meant |= question.protocol.specification
    meant |= {"metric": question.metric, "seed": seed, "pruning": question.prune}
    meant |= {"quick": True} if question.quick else {}
    return meant | {f"range of {line.key}": str(line.range) for line in space.lines}


def _run(question, file, n_jobs, deadline):
    """Return a generator of the numbers of trials, which are run here as they end."""
    n_jobs = n_cores() if n_jobs == -1 else n_jobs
    if n_jobs == 1:
        return _run_here(question, file, deadline)
    return _run_beside(question, file, deadline, n_jobs)


def _run_here(question, file, deadline):
    try:
        while time.monotonic() < deadline:
            number = run_next(question, file)
            if number is None:
                break
            yield number
    finally:
        parts_of.cache_clear()


def _run_beside(question, file, deadline, n_jobs):
    finished = False

    def goes_on(task=None):
        return time.monotonic() < deadline and file.next_number() < question.n_trials

    with scratch_folder() as folder:
        path = folder / "data.joblib"
        joblib.dump(question.data, path)
        asked = question._replace(data=path)
        file.sweep()
        try:
            while goes_on():
                tasks = itertools.takewhile(goes_on, itertools.repeat(asked))
                with closing(run_in_processes(_in_process, tasks, n_jobs)) as ended:
                    for _, number in ended:
                        if isinstance(number, Died):
                            file.sweep()
                        elif number is not None:
                            yield number
                file.sweep()
            finished = True
        finally:
            if not finished:  # the processes were ended here, and none died of a trial
                file.sweep(interrupted=True)


def _in_process(question):
    with question.open() as file:
        return run_next(question, file)


def _check_number(n_jobs, n_trials):
    if n_jobs < 1 and n_jobs != -1:
        raise DataError(
            f"n_jobs={n_jobs}", remedy="give 1 or more, or -1 for all cores"
        )
    if n_trials < 1:
        raise DataError(f"n_trials={n_trials}", remedy="ask for one or more")

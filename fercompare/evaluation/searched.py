"""The SQLite file of searches: each a study of Optuna's, of what it was asked for.

What two processes must not do at once, to look who died and to take the next number,
happens under a claim. A trial is claimed while it runs, so that one whose process is no
more is known; it is run again, once. The sampler is seeded by the number of the trial,
so that a search that goes on draws what it would have drawn.
"""

import hashlib
import itertools
import json
import sqlite3
import time
import warnings
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState, create_trial

from fercompare.errors import DataError
from fercompare.evaluation.claims import claim, holder
from fercompare.evaluation.specification import differences
from fercompare.seeds import seed_for

DIGITS = 12
LONGEST_NAME = 200
SECONDS_BETWEEN_LOOKS = 0.05
SECONDS_TO_TELL, SECONDS_TO_WAIT = 20, 60
"""For another process that writes: after which that is told, and given up."""
TRIALS_BEFORE_PRUNING = 4
NUMBER, ASKED, ENDED, INTERRUPTED = "number", "asked", "ended", "interrupted"
"""What is noted of a trial. A failure that did not end was lost: it does not count,
and its number, which is not Optuna's, is given out again."""
REASON = "reason"
TWICE = "its process ended in the midst of it, twice, as where memory is short"
REMEDY = "choose another file for the search"


class SearchFile:
    """One search in a file: the trials of a specification, each by one process.

    Parameters
    ----------
    path : path
        Made if it is not there, its folder too.
    names : list of str
        What the search is called: of the data, the model, the strategies.
    specification : dict
        What must be equal for it to be the same search; its ``seed`` draws.
    higher_is_better : bool
    warm_up : int
        Steps of a trial before it may be pruned.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with SearchFile(Path(folder, "few.sqlite"), ["x"], {"seed": 0}) as search:
    ...         with search.next_trial(1, lambda number, trial: {}) as trial:
    ...             search.tell(trial, TrialState.COMPLETE, 0.5)
    ...         [trial.value for trial in search.trials()]
    [0.5]
    """

    def __init__(self, path, names, specification, higher_is_better=True, warm_up=0):
        self.path = Path(path)
        self.names, self.specification = list(names), specification
        identity = json.dumps([self.names, specification], sort_keys=True)
        self.key = hashlib.sha256(identity.encode()).hexdigest()[:DIGITS]
        self._direction = "maximize" if higher_is_better else "minimize"
        self._warm_up = warm_up
        self._open, self._told = ExitStack(), set()

    def __enter__(self):
        with self._refusing(), self._open:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._alone():
                _check(self.path)
                self._storage = optuna.storages.RDBStorage(
                    "sqlite:///searches", {"creator": self._connect}
                )
                self._open.callback(self._storage.engine.dispose)
                self._open.callback(self._storage.remove_session)
                self._study = self._open_study()
            self._open = self._open.pop_all()
        return self

    def __exit__(self, *_):
        self._open.close()

    def others(self):
        """Return in what searches of the same names in this file differ, in words."""
        found = []
        for study in optuna.get_all_study_summaries(self._storage):
            asked = study.user_attrs
            stored = asked.get("specification", {})
            if asked.get("names") == self.names and stored != self.specification:
                found.append("; ".join(differences(stored, self.specification)))
        return found

    def trials(self):
        """Return Optuna's record of every trial that counts, by its number."""
        everything = self._study.get_trials(deepcopy=False)
        counted = [t for t in everything if NUMBER in t.user_attrs and not _is_lost(t)]
        return sorted(counted, key=number_of)

    def next_number(self):
        """Return the smallest number that no trial has which counts."""
        taken = {number_of(trial) for trial in self.trials()}
        return next(number for number in itertools.count() if number not in taken)

    @contextmanager
    def next_trial(self, n_trials, begin):
        """Hold the next trial while the block runs; it is lost unless told of there.

        Parameters
        ----------
        n_trials : int
            How many there are to be in all.
        begin : callable
            Called with the trial's number and Optuna's trial, from which it draws; it
            returns what is asked, a dict for json.

        Yields
        ------
        trial : optuna.Trial or None
            None where as many are run, or running.
        """
        with ExitStack() as held:
            with self._refusing(), self._alone():
                self._sweep()
                number = self.next_number()
                trial = self._ask(number, begin, held) if number < n_trials else None
            try:
                yield trial
            finally:
                if trial is not None and trial.number not in self._told:
                    with suppress(ValueError):  # Ctrl-C came while it was told
                        trial.set_user_attr(INTERRUPTED, True)
                        self._study.tell(trial, state=TrialState.FAIL)

    def tell(self, trial, state, score=None, **facts):
        """Note how a trial ended, with facts for json."""
        with self._refusing():
            trial.set_user_attr(ENDED, facts)
            self._study.tell(trial, score, state=state)
        self._told.add(trial.number)

    def sweep(self, interrupted=False):
        """Note which trials lost their process; the second time it is a failure.

        Parameters
        ----------
        interrupted : bool, default=False
            Whether that was asked for, as by Ctrl-C: then it is none of a failure.
        """
        with self._refusing(), self._alone():
            self._sweep(interrupted)

    def _sweep(self, interrupted=False):
        everything = self._study.get_trials(deepcopy=False)
        for trial in everything:
            if trial.state != TrialState.RUNNING:
                continue
            with claim(self.path.parent, self._claim_of(trial)) as is_dead:
                if not is_dead:
                    continue
                try:
                    if interrupted:
                        self._note_interrupt(trial)
                    self._study.tell(trial.number, state=TrialState.FAIL)
                except (ValueError, UpdateFinishedTrialError):  # it has ended meanwhile
                    continue
                is_second = any(_died_of(other, trial) for other in everything)
                if is_second and not interrupted:
                    self._study.add_trial(_failure(trial, TWICE))

    def _note_interrupt(self, trial):
        storage = self._storage
        study = storage.get_study_id_from_name(self._study.study_name)
        place = storage.get_trial_id_from_study_id_trial_number(study, trial.number)
        storage.set_trial_user_attr(place, INTERRUPTED, True)

    def _open_study(self):
        title = " ".join(map(str, self.names))[:LONGEST_NAME]
        study = optuna.create_study(
            storage=self._storage,
            study_name=f"{title} {self.key}",
            direction=self._direction,
            pruner=optuna.pruners.MedianPruner(
                n_startup_trials=TRIALS_BEFORE_PRUNING, n_warmup_steps=self._warm_up
            ),
            load_if_exists=True,
        )
        if not study.user_attrs:
            study.set_user_attr("names", self.names)
            study.set_user_attr("specification", self.specification)
        return study

    def _ask(self, number, begin, held):
        seed = seed_for("search", self.specification["seed"], number)
        self._study.sampler = optuna.samplers.TPESampler(seed=seed)
        trial = self._study.ask()
        held.enter_context(claim(self.path.parent, self._claim_of(trial)))
        trial.set_user_attr(NUMBER, number)
        trial.set_user_attr(ASKED, begin(number, trial))
        return trial

    def _claim_of(self, trial):
        return f"{self.path.name}.{self.key}-{trial.number}"

    def _connect(self):
        return sqlite3.connect(
            self.path, timeout=SECONDS_TO_WAIT, check_same_thread=False
        )

    @contextmanager
    def _alone(self):
        """Keep other processes from beginning a trial while the block runs."""
        key, tell_at = f"{self.path.name}.next", time.monotonic() + SECONDS_TO_TELL
        while True:
            with claim(self.path.parent, key) as is_mine:
                if is_mine:
                    yield
                    return
            if time.monotonic() > tell_at:
                who, tell_at = holder(self.path.parent, key), float("inf")
                warnings.warn(f"waiting for {who}", stacklevel=3)
            time.sleep(SECONDS_BETWEEN_LOOKS)

    @contextmanager
    def _refusing(self):
        """Turn what the file refuses within the block into one clear error."""
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            yield
        except (OSError, sqlite3.Error, optuna.exceptions.StorageInternalError) as why:
            found = why.__cause__ or why
            raise DataError(
                f"cannot be used: {getattr(found, 'orig', found)}",
                file=self.path,
                remedy=REMEDY,
            ) from why
        finally:
            optuna.logging.set_verbosity(before)


def _check(path):
    """Refuse a file that is of something else, or that cannot be written."""
    with closing(sqlite3.connect(path, timeout=SECONDS_TO_WAIT)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        tables = {name for (name,) in found}
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
    if tables and "studies" not in tables:
        raise DataError(
            f"is an SQLite file of something else, of {min(tables)!r}",
            file=path,
            remedy=REMEDY,
        )


def number_of(trial):
    """Return the number of a trial that counts, 0 for the model as it was named."""
    return trial.user_attrs[NUMBER]


def facts_of(trial):
    """Return what was asked of a trial, and how it ended."""
    return {**trial.user_attrs.get(ASKED, {}), **trial.user_attrs.get(ENDED, {})}


def _is_lost(trial):
    return trial.state == TrialState.FAIL and ENDED not in trial.user_attrs


def _died_of(other, trial):
    """Whether a process died of the same settings before."""
    mine, its = trial.user_attrs.get(ASKED), other.user_attrs.get(ASKED)
    is_same = mine is not None and mine == its
    return is_same and _is_lost(other) and INTERRUPTED not in other.user_attrs


def _failure(trial, reason):
    """Return the record of a failure with the settings of a trial that was lost."""
    return create_trial(
        state=TrialState.FAIL,
        params=trial.params,
        distributions=trial.distributions,
        user_attrs={**trial.user_attrs, ENDED: {REASON: reason}},
    )

"""What `fercompare bench` tells while it runs."""

import time

import click


class Progress:
    """Tells of each trial as it ends, and how far the study is.

    Parameters
    ----------
    quiet : bool
        Tell nothing.
    """

    def __init__(self, quiet):
        self.quiet = quiet
        self._n_done = self._n_failed = 0
        self._began = self._latest = time.monotonic()
        self.begin([], {}, n_jobs=1)

    def begin(self, left, listing, n_jobs):
        """Take note of what is to be run, and of what is known of its cost."""
        from fercompare.evaluation.pace import Pace

        self._left, self._n_jobs = {trial.key: trial for trial in left}, n_jobs
        self._pace = Pace(() if self.quiet else listing.values())
        self._seconds = self._seconds_left()

    def at_a_time(self, n_jobs):
        """Take note of how many trials run at a time from now on."""
        self._n_jobs = n_jobs
        self._seconds = self._seconds_left()

    def __call__(self, done, n_trials, outcome):
        """Tell of a trial that has ended."""
        if self.quiet:
            return
        if self._n_done == 0 and done > 1:
            click.echo(f"{done - 1} of {n_trials} trials are stored", err=True)
        self._n_done, self._latest = done, time.monotonic()
        self._n_failed += outcome.status == "failed"
        self._left.pop(outcome.trial.key, None)
        self._pace.add(outcome)
        self._seconds = self._seconds_left()
        click.echo(f"{done}/{n_trials} {_ended(outcome)}", err=True)

    def line(self):
        """Return in one line how far it is."""
        now = time.monotonic()
        running = min(self._n_jobs, len(self._left))
        told = [f"{len(self._left)} trials to go, {running} of them running"]
        if self._n_failed:
            told.append(f"{self._n_failed} failed")
        told.append(f"{in_words(now - self._began)} so far")
        if self._seconds is not None:
            seconds = max(0.0, self._seconds - (now - self._latest))
            told.append(f"about {in_words(seconds)} left")
        return ", ".join(told)

    def _seconds_left(self):
        """Return what like trials took, or None where nothing is known of them."""
        needs = self._pace.estimate(self._left.values())
        n_known = len(self._left) - needs.n_unlike
        if not n_known or not self._n_jobs:
            return None
        return needs.seconds * len(self._left) / n_known / self._n_jobs


def in_words(seconds):
    """Return a duration as people say it.

    Examples
    --------
    >>> in_words(40), in_words(300), in_words(8000)
    ('40 s', '5 min', '2 h 13 min')
    """
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return (
        f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
    )


def _ended(outcome):
    trial = outcome.trial
    fold = "" if trial.fold is None else f", fold {trial.fold}"
    seconds = outcome.facts.get("fit_seconds")
    took = f", fit in {seconds:.1f} s" if seconds is not None else ""
    why = f": {outcome.reason}" if outcome.reason else ""
    return (
        f"{trial.model}, {trial.strategy}, seed {trial.seed}{fold}: "
        f"{outcome.status}{took}{why}"
    )

"""What a sampler left of each class: read it before believing a score."""

import warnings
from dataclasses import dataclass

import numpy as np

from fercompare.balancing.targets import count

HALF = 0.5
INSIDE = ("best_estimator_", "estimator_", "estimator", "sampler_")


class LostRows(UserWarning):
    """A sampler left less than half of a class's real rows."""


@dataclass(frozen=True)
class BalancingReport:
    """Counts per class before and after a sampler, and what it cost.

    Parameters
    ----------
    step : str
        The class of the sampler.
    rows : dict of {label: dict}
        For each class ``before`` and ``after``, its numbers of rows, and ``real``: how
        many different rows of the training part are still among those after.
    seconds : float
    peak_megabytes : float or None
        The most memory that the process held meanwhile, where the system tells it.

    Examples
    --------
    >>> y, y_new = [0, 0, 0, 1], [0, 1, 1]
    >>> report = BalancingReport.of("Demo", y, y_new, [0, 3, -1], 0.25, 90.0)
    >>> report.rows[1]
    {'before': 1, 'after': 2, 'real': 1}
    >>> report.lossy
    [0]
    >>> print(report)
    Demo: 0.2 s, at most 90 MB held
    class  before  after  real
    0           3      1     1
    1           1      2     1
    all         4      3     2
    """

    step: str
    rows: dict
    seconds: float
    peak_megabytes: float | None

    @classmethod
    def of(cls, step, y, y_new, origins, seconds, peak_megabytes):
        """Return the report of rows with known origins.

        Parameters
        ----------
        step : str
        y, y_new : array-like of shape (n,) and (n_new,)
            Labels before and after.
        origins : array-like of shape (n_new,)
            The index of the row that each row is, or -1 for one that was made.
        seconds, peak_megabytes : float
        """
        y_new, origins = np.asarray(y_new), np.asarray(origins)
        before, after = count(y), count(y_new)
        is_real = origins >= 0
        places, first = np.unique(origins[is_real], return_index=True)
        real = count(y_new[is_real][first]) if len(places) else {}
        rows = {
            label: {
                "before": before.get(label, 0),
                "after": after.get(label, 0),
                "real": real.get(label, 0),
            }
            for label in sorted(before | after)
        }
        return cls(step, rows, seconds, peak_megabytes)

    @property
    def lossy(self):
        """The classes that lost more than half of their real rows."""
        return [
            label for label, n in self.rows.items() if n["real"] < HALF * n["before"]
        ]

    def warn(self, classes=None):
        """Warn of the classes that lost more than half of their real rows.

        Parameters
        ----------
        classes : sequence of str, optional
            The name of each label, where labels count from 0.
        """
        if self.lossy:
            names = {k: k if classes is None else classes[k] for k in self.lossy}
            of_each = "; ".join(
                f"class {name} has {self.rows[label]['real']:,} of its "
                f"{self.rows[label]['before']:,}"
                for label, name in names.items()
            )
            warnings.warn(
                f"{self.step} dropped more than half of the real rows of "
                f"{len(self.lossy)} of {len(self.rows)} classes: {of_each} left",
                LostRows,
                stacklevel=3,
            )

    def as_facts(self, classes=None):
        """Return the report as plain json.

        Parameters
        ----------
        classes : sequence of str, optional
            The name of each label, where labels count from 0.

        Returns
        -------
        facts : dict

        Examples
        --------
        >>> report = BalancingReport.of("Demo", [0, 1], [0, 1], [0, 1], 0.0, 90.0)
        >>> report.as_facts(("sad", "happy"))["rows"]["happy"]
        {'before': 1, 'after': 1, 'real': 1}
        """
        return {
            "strategy_step": self.step,
            "rows": {
                str(label if classes is None else classes[label]): dict(numbers)
                for label, numbers in self.rows.items()
            },
            "seconds": self.seconds,
            "peak_megabytes": self.peak_megabytes,
        }

    def __str__(self):
        names = ["before", "after", "real"]
        sums = [sum(n[name] for n in self.rows.values()) for name in names]
        lines = [[str(c), *(f"{n[k]:,}" for k in names)] for c, n in self.rows.items()]
        table = [["class", *names], *lines, ["all", *(f"{n:,}" for n in sums)]]
        widths = [max(map(len, column)) for column in zip(*table)]
        held = self.peak_megabytes
        memory = f", at most {held:,.0f} MB held" if held is not None else ""
        return "\n".join(
            [f"{self.step}: {self.seconds:.1f} s{memory}"]
            + [
                "  ".join(
                    [line[0].ljust(widths[0])]
                    + [text.rjust(w) for text, w in zip(line[1:], widths[1:])]
                )
                for line in table
            ]
        )


def balancing_report(model):
    """Return the report of the sampler in a fitted model.

    Parameters
    ----------
    model : estimator
        A pipeline, a sampler, or what holds one of these inside.

    Returns
    -------
    report : BalancingReport or None
        None where nothing was resampled.

    Examples
    --------
    >>> from fercompare.balancing.strategies import rebalance
    >>> from sklearn.naive_bayes import GaussianNB
    >>> model = rebalance(GaussianNB(), "random_over")
    >>> balancing_report(model.fit([[0], [1], [5]], [0, 0, 1])).rows[1]
    {'before': 1, 'after': 2, 'real': 1}
    """
    report = getattr(model, "report_", None)
    if isinstance(report, BalancingReport):
        return report
    inside = [step for _, step in getattr(model, "steps", [])]
    inside += [getattr(model, name, None) for name in INSIDE]
    for part in inside:
        found = balancing_report(part) if part is not None else None
        if found is not None:
            return found
    return None

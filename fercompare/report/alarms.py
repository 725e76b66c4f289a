"""What a reader must know before a figure is believed."""

from collections import Counter
from typing import NamedTuple

from fercompare.evaluation.trials import DONE, FAILED, SKIPPED
from fercompare.report.runs import LEAK_FREE

KEPT_TOO_FEW = 0.5
"""Of a class's real training rows: fewer, and resampling destroyed it."""
MACHINE = ("fercompare", "commit", "python", "system", "cores", "packages")


class Alarm(NamedTuple):
    """One thing to know: what it is, in a word and in a sentence, and where."""

    title: str
    text: str
    lines: list


def alarms(outcomes, found):
    """Return every `Alarm` that outcomes give rise to.

    Parameters
    ----------
    outcomes : list of Outcome
        Those that failed or were skipped too.
    found : list of Ground
        `fercompare.report.grounds.grounds` of them.
    """
    done = [outcome for outcome in outcomes if outcome.status == DONE]
    raised = [
        *_leaks(found),
        _not_ranked(found),
        _destroyed(done),
        _not_done(outcomes, FAILED, "failed and stand in no mean"),
        _not_done(outcomes, SKIPPED, "were left out"),
        _uneven(found),
        _mixed(done),
    ]
    return [alarm for alarm in raised if alarm is not None]


def count(n, name):
    """Return a number of things in words.

    Examples
    --------
    >>> count(1, "trial"), count(2, "strategy")
    ('1 trial', '2 strategies')
    """
    many = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
    return f"{n} {name if n == 1 else many}"


def _leaks(found):
    for ground in found:
        n, n_leaks = len(ground.leak_free), int((~ground.leak_free).sum())
        if not n_leaks:
            continue
        clean = f"{ground.by}{LEAK_FREE}"
        if ground.by.endswith(LEAK_FREE) or clean not in ground.table:
            continue
        lines = [
            f"{row['model']}, {row['strategy']}: {ground.by} {row[ground.by]:.3f}, "
            f"without them {row[clean]:.3f}"
            for _, row in ground.table.iterrows()
        ]
        changes = ground.table[clean] - ground.table[ground.by]
        told = (
            f"{n_leaks:,} of the {n:,} images of {ground.dataset} have a copy in "
            f"another part ({n_leaks / n:.1%}). Without them {ground.by} changes by "
            f"{changes.min():+.3f} to {changes.max():+.3f}."
        )
        yield Alarm("Leaks", told, lines)


def _not_ranked(found):
    lines = [
        f"{row['model']}, {row['strategy']} on {row['dataset']}: {row['note']}"
        for ground in found
        for _, row in ground.table.iterrows()
        if row["note"]
    ]
    return _counted("Not ranked", lines, "Shown, and ranked with no other")


def _destroyed(done):
    """Name the classes of which balancing left less than half of the real rows."""
    worst = {}
    for outcome in done:
        report = outcome.facts.get("balancing") or {"rows": {}}
        for name, counts in report["rows"].items():
            if counts["real"] < KEPT_TOO_FEW * counts["before"]:
                trial = outcome.trial
                key = trial.dataset, trial.strategy, name
                kept = counts["real"], counts["before"], trial.model
                worst[key] = min(worst.get(key, kept), kept)
    lines = [
        f"{strategy} on {dataset}: of {before:,} real rows of {name!r}, {real:,} are "
        f"left ({model})"
        for (dataset, strategy, name), (real, before, model) in worst.items()
    ]
    told = "Resampling left less than half of their real rows"
    return _counted("Classes destroyed", lines, told)


def _not_done(outcomes, status, told):
    reasons = Counter()
    for outcome in outcomes:
        if outcome.status == status:
            trial = outcome.trial
            name = f"{trial.model}, {trial.strategy} on {trial.dataset}"
            reasons[f"{name}: {outcome.reason}"] += 1
    lines = [f"{why} ({count(n, 'trial')})" for why, n in reasons.items()]
    n = sum(reasons.values())
    return (
        Alarm(status.capitalize(), f"{count(n, 'trial')} {told}.", lines) if n else None
    )


def _uneven(found):
    lines = []
    for ground in found:
        most = int(ground.table["seeds"].max())
        few = ground.table[ground.table["seeds"] < most]
        lines += [
            f"{row['model']}, {row['strategy']} on {ground.dataset}: {row['seeds']} of "
            f"{most}"
            for _, row in few.iterrows()
        ]
    return _counted("Fewer seeds", lines, "Means over fewer seeds than others are")


def _mixed(done):
    """Name what trials do not share of versions and machines, or what was changed."""
    values = {}
    for outcome in done:
        machine = outcome.facts.get("machine", {})
        fields = {name: machine.get(name, "not known") for name in MACHINE[:-1]}
        fields |= machine.get("packages", {})
        for name, value in fields.items():
            values.setdefault(name, Counter())[str(value)] += 1
    lines = []
    for name, counts in values.items():
        absent = len(done) - sum(counts.values())
        told = [f"{value} ({count(n, 'trial')})" for value, n in counts.most_common()]
        if absent:
            told.append(f"none ({count(absent, 'trial')})")
        changed = name == "commit" and any(value.endswith("-dirty") for value in counts)
        if len(told) > 1 or changed:
            lines.append(f"{name}: {', '.join(told)}")
    told = "Trials differ in where they ran or with what, or ran with changed code"
    return _counted("Not run alike", lines, told)


def _counted(title, lines, told):
    return Alarm(title, f"{told}: {len(lines)}.", lines) if lines else None

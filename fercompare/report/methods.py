"""A methods paragraph, filled in from what the outcomes say of themselves."""

from fercompare.datasets.catalogue import DATASETS
from fercompare.errors import DataError
from fercompare.evaluation.trials import DONE
from fercompare.report.protocols import OFFICIAL, split_of_run
from fercompare.report.resampling import N_OF_ORDER, N_RESAMPLES
from fercompare.report.runs import runs


def methods(outcomes):
    """Return how outcomes came about: data, counts, models, seeds, versions, licences.

    Parameters
    ----------
    outcomes : list of Outcome

    Returns
    -------
    str
        A paragraph for each data set, and one that holds for all.
    """
    found = runs(outcomes)
    if not found:
        raise DataError(
            "no outcome has predictions to tell of",
            remedy="run trials first; `fercompare bench` says why they failed",
        )
    grounds = {}
    for run in found:
        grounds.setdefault(run.names[:3], []).append(run)
    told = [_of_data(*ground, here) for ground, here in grounds.items()]
    return "\n\n".join([*told, _of_scores(found), _of_machines(outcomes)])


def _of_data(dataset, data, part, here):
    facts = here[0].facts["data"]
    card = DATASETS.get(dataset) or DATASETS.get(facts.get("name"))
    title = card.title.partition(":")[0] if card and card.cite else dataset
    cited = f" ({card.cite})" if card and card.cite else ""
    counts = facts.get("training_counts", {})
    n_folds = max(len(run.outcomes) for run in here)
    scored = sum(len(outcome.rows) for outcome in here[0].outcomes)
    clean = sum(int(outcome.leak_free.sum()) for outcome in here[0].outcomes)
    models = _listed(run.trial.model for run in here)
    strategies = _listed(run.trial.strategy for run in here)
    seeds = sorted({run.trial.seed for run in here})
    sentences = [f"Data were {title}{cited}, fingerprint {data}."]
    if counts:
        of_each = ", ".join(f"{name} {n:,}" for name, n in counts.items())
        where = " in the first of the folds" if n_folds > 1 else ""
        sentences.append(
            f"Models learned from {sum(counts.values()):,} images{where} ({of_each})."
        )
    told = f"{n_folds} folds" if n_folds > 1 else f"the part {part!r}"
    sentences.append(
        f"They were scored on the {scored:,} images of {told}, {scored - clean:,} of "
        f"which have a copy among the images that trained or chose{_split(here[0])}."
    )
    sentences.append(
        f"The models were {models}, the balancing strategies {strategies}, which saw "
        f"training rows alone; {_seeds(seeds)}."
    )
    chosen = sorted(
        {
            str(o.facts.get("selected_on")).partition(":")[0]
            for r in here
            for o in r.outcomes
        }
        - {"None", "nothing"}
    )
    if chosen:
        sentences.append(
            f"Where an epoch or a threshold was chosen, it was on: {_listed(chosen)}."
        )
    if card:
        sentences.append(f"Licence of the data: {card.licence}.")
    return " ".join(sentences)


def _split(run):
    """Return whether the images are those of the published part."""
    if run.trial.fold is not None:
        return ""
    if split_of_run(run) == OFFICIAL:
        return "; the split is the official one"
    return "; the split is not known to be a published one"


def _of_scores(found):
    pooled = any(len(run.outcomes) > 1 for run in found)
    folds = (
        "Predictions of the folds of a seed were pooled before they were scored; "
        "scores that order the images were averaged over the folds. "
        if pooled
        else ""
    )
    return (
        f"{folds}Scores are means over seeds. Intervals of 95 % and p-values are of "
        "Student's t with Satterthwaite's degrees of freedom; the variance is that of "
        f"{N_RESAMPLES:,} bootstrap resamples of the images, the same for every model "
        f"({N_OF_ORDER} for scores that order the images), plus that of the mean over "
        "the seeds. P-values were corrected for the number of comparisons after Holm."
    )


def _of_machines(outcomes):
    told = {}
    for outcome in outcomes:
        if outcome.status == DONE and (machine := outcome.facts.get("machine")):
            told.setdefault(_machine(machine), None)
    known = "; ".join(told) or "not known"
    return f"Software and machines: {known}."


def _machine(machine):
    packages = ", ".join(f"{n} {v}" for n, v in sorted(machine["packages"].items()))
    commit = f" (commit {machine['commit']})" if machine.get("commit") else ""
    return (
        f"fercompare {machine['fercompare']}{commit}, Python {machine['python']}, "
        f"{packages}, on {machine['system']} with {machine['cores']} cores"
    )


def _seeds(seeds):
    if len(seeds) == 1:
        return f"one seed, {seeds[0]}"
    together = seeds == list(range(seeds[0], seeds[-1] + 1))
    which = f"{seeds[0]} to {seeds[-1]}" if together else _listed(map(str, seeds))
    return f"{len(seeds)} seeds, {which}"


def _listed(names):
    *before, last = dict.fromkeys(names)
    return f"{', '.join(before)} and {last}" if before else last

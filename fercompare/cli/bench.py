"""`fercompare bench` and `fercompare leaderboard`."""

import sys

import click

from fercompare.cli.options import dataset_options

MODELS = "hog+svm,lbp+svm,hog+rf,dummy"
STRATEGIES = "none,class_weight,random_under,smote"
FEW_MINUTES = {"n": 2400}
"""How many faces are drawn unless asked otherwise."""
SHOWN = {
    "model": "model",
    "strategy": "strategy",
    "seeds": "seeds",
    "f1_macro": "macro-F1",
    "f1_macro_sd": "± sd",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced acc.",
    "rare_recall": "recall of {rare}",
    "f1_macro_leak_free": "macro-F1 leak-free",
    "fit_seconds": "fit s",
    "predict_ms_per_image": "ms an image",
}
WORK_FAILED, INTERRUPTED = 1, 130
"""The latter is what shells expect of a program that Ctrl-C ended."""


@click.command()
@click.option("--dataset", default="synthetic", help="A name from `data list`.")
@dataset_options()
@click.option("--models", default=MODELS, show_default=True, help="Names, by commas.")
@click.option("--balance", default=STRATEGIES, show_default=True, help="Strategies.")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="How many.",
)
@click.option("--store", default="results/bench", show_default=True, help="Folder.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Trials at a time; the cores are shared out.",
)
@click.option("--retry-failed", is_flag=True, help="Run failed trials again.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="No trial starts after so long.",
)
@click.option("--limit", type=click.IntRange(min=0), help="Most trials to run now.")
@click.option("--dry-run", is_flag=True, help="Say what would run, and how long.")
@click.option("--collect", is_flag=True, help="Rank what is stored, run nothing.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the leaderboard as csv.")
@click.option("--quiet", is_flag=True, help="No progress.")
def bench(
    dataset, loading, models, balance, seeds, store, dry_run, collect, as_csv, **running
):
    """Run models with balancing strategies on a data set, and rank them.

    Run it again and only what is missing runs.
    """
    from fercompare.datasets.loading import load_dataset

    if dry_run and collect:
        raise click.UsageError("--dry-run and --collect: one or the other")
    if dataset == "synthetic":
        loading = FEW_MINUTES | loading
    asked = (
        {dataset: load_dataset(dataset, **loading)},
        models.split(","),
        balance.split(","),
        seeds,
    )
    if dry_run:
        _print_plan(asked, store, **running)
        return
    outcomes = _collect(asked, store) if collect else _run(asked, store, **running)
    _print_ranking(outcomes, "f1_macro", as_csv)
    _finish(outcomes, _n_trials(asked), store)


@click.command()
@click.argument("store", type=click.Path(exists=True, file_okay=False))
@click.option("--by", default="f1_macro", show_default=True, help="Metric to rank by.")
@click.option("--csv", "as_csv", is_flag=True, help="Print csv.")
def leaderboard(store, by, as_csv):
    """Rank what a store holds, without running anything."""
    from fercompare.evaluation.store import load_results

    _print_ranking(load_results(store), by, as_csv)


def _run(asked, store, *, jobs, quiet, **limits):
    from fercompare.evaluation.runner import run_benchmark

    try:
        return run_benchmark(
            *asked, store=store, n_jobs=jobs, progress=Progress(quiet), **limits
        )
    except KeyboardInterrupt:
        click.echo(
            f"stopped; {len(_collect(asked, store))} of {_n_trials(asked)} trials are "
            f"in {store}; the same command goes on from there",
            err=True,
        )
        sys.exit(INTERRUPTED)


def _n_trials(asked):
    _, models, strategies, seeds = asked
    return len(set(models)) * len(set(strategies)) * seeds


def _collect(asked, store):
    from fercompare.evaluation.store import Store
    from fercompare.evaluation.study import collect, plan_study

    return list(collect(plan_study(*asked), Store(store).listing()).values())


def _print_plan(asked, store, *, jobs, retry_failed, limit, **_):
    from fercompare.evaluation.store import Store
    from fercompare.evaluation.study import collect, estimate, left_to_run, plan_study
    from fercompare.terminal import print_table

    study, listing = plan_study(*asked), Store(store).listing()
    stored = collect(study, listing)
    left = left_to_run(study, stored, retry_failed)[:limit]
    seeds = {}
    for trial in left:
        seeds.setdefault(trial.names[:3], []).append(str(trial.seed))
    if left:
        rows = [(*names, ", ".join(which)) for names, which in seeds.items()]
        print_table(rows, ["data set", "model", "strategy", "seeds"], title="To run")
    told = f"{len(study.trials)} trials: {len(stored)} stored, {len(left)} to run"
    needs = estimate(left, listing)
    if needs.n_unlike < len(left):
        told += f"; about {needs.seconds / jobs:.0f} s"
        if needs.megabytes == needs.megabytes:
            told += f" and {jobs * needs.megabytes:.0f} MB"
    if needs.n_unlike:
        told += f"; nothing is known of the cost of {needs.n_unlike}"
    click.echo(told)


class Progress:
    """Tells of each trial as it ends, and counts them."""

    def __init__(self, quiet):
        self.quiet, self.n_run = quiet, 0

    def __call__(self, done, n_trials, outcome):
        self.n_run += 1
        if self.quiet:
            return
        if self.n_run == 1 and done > 1:
            click.echo(f"{done - 1} of {n_trials} trials are stored", err=True)
        trial = outcome.trial
        seconds = outcome.facts.get("fit_seconds")
        took = f", fit in {seconds:.1f} s" if seconds is not None else ""
        why = f": {outcome.reason}" if outcome.reason else ""
        click.echo(
            f"{done}/{n_trials} {trial.model}, {trial.strategy}, seed {trial.seed}: "
            f"{outcome.status}{took}{why}",
            err=True,
        )


def _print_ranking(outcomes, by, as_csv):
    from fercompare.report.leaderboard import rank
    from fercompare.terminal import print_table

    ranked = rank(outcomes, by)
    if as_csv:
        click.echo(ranked.to_csv(index=False), nl=False)
    elif len(ranked):
        for (name, _, rare), table in ranked.groupby(["dataset", "data", "rare_class"]):
            shown = {key: title for key, title in SHOWN.items() if key in table}
            titles = [title.format(rare=rare) for title in shown.values()]
            print_table(
                [[_cell(row[key]) for key in shown] for _, row in table.iterrows()],
                titles,
                title=f"{name}: {table['n_test'].iloc[0]:.0f} test images, "
                "mean over seeds",
                numeric=titles[2:],
            )


def _cell(value):
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _finish(outcomes, n_trials, store):
    count = dict.fromkeys(("done", "failed", "skipped"), 0)
    for outcome in outcomes:
        count[outcome.status] += 1
    left = n_trials - len(outcomes)
    not_run = f", {left} not run: the same command goes on from here" if left else ""
    again = "; --retry-failed runs those again" if count["failed"] else ""
    click.echo(
        f"{count['done']} trials done, {count['skipped']} skipped, "
        f"{count['failed']} failed{again}{not_run}; outcomes are in {store}",
        err=True,
    )
    if count["failed"]:
        sys.exit(WORK_FAILED)

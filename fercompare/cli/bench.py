"""`fercompare bench`."""

import sys
from collections import Counter
from contextlib import nullcontext

import click

from fercompare.cli.leaderboard import print_ranking
from fercompare.cli.options import Number, dataset_options, loading_of
from fercompare.cli.progress import Progress, in_words
from fercompare.cli.stopping import stoppable
from fercompare.cli.suites import refuse_flags_beside, use_suite
from fercompare.cli.suites import write_suite as save_suite
from fercompare.naming import split_names

HELP = {
    "balance": "Strategies, by commas; `balance --list` says which there are.",
    "models": "Names, by commas; with options as in cnn(epochs=4).",
    "cv": "Cross-validate, each seed in folds of its own.",
    "group": "Whether folds keep subjects whole; they do where subjects are known.",
    "parts": "Who does what: train::val leaves the test part alone; with --cv, whose "
    "rows are dealt, as in train+val.",
    "quick": "Few rows, one seed, two folds, one epoch: does all of it work?",
}
MODELS = "hog+svm,lbp+svm,cnn-small,dummy"
STRATEGIES = "none,class_weight,smote,smote_enn,augment"
FEW_MINUTES = {"n": 2400}
"""How many faces are drawn unless asked otherwise."""
WORK_FAILED = 1


@click.command()
@click.option(
    "--suite",
    type=click.Path(exists=True, dir_okay=False),
    is_eager=True,
    callback=use_suite,
    help="TOML file of the same words, and [datasets.NAME] for several; flags win.",
)
@click.option("--dataset", default="synthetic", help="A name from `data list`.")
@dataset_options()
@click.option("--models", default=MODELS, show_default=True, help=HELP["models"])
@click.option("--balance", default=STRATEGIES, show_default=True, help=HELP["balance"])
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="How many.",
)
@click.option("--cv", type=click.IntRange(min=2), metavar="FOLDS", help=HELP["cv"])
@click.option("--group", type=click.Choice(["subject", "none"]), help=HELP["group"])
@click.option("--parts", metavar="TRAIN:SELECT:REPORT", help=HELP["parts"])
@click.option("--quick", is_flag=True, help=HELP["quick"])
@click.option("--store", help="Folder; results/bench, results/quick with --quick.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Trials at a time; the cores are shared out.",
)
@click.option(
    "--backend",
    type=click.Choice(["processes", "dask"]),
    default="processes",
    show_default=True,
    help="Where trials run: on this machine, or on a Dask cluster's workers.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Of the cluster: tcp://HOST:8786.")
@click.option("--energy", is_flag=True, help="Estimate what trials take: codecarbon.")
@click.option("--retry-failed", is_flag=True, help="Run failed trials again.")
@click.option(
    "--time-limit",
    type=Number(min=0),
    metavar="SECONDS",
    help="No trial starts after so long.",
)
@click.option("--limit", type=click.IntRange(min=0), help="Most trials to run now.")
@click.option("--dry-run", is_flag=True, help="Say what would run, and how long.")
@click.option("--collect", is_flag=True, help="Rank what is stored, run nothing.")
@click.option(
    "--write-suite",
    type=click.Path(dir_okay=False),
    help="Write what was asked for as a file for --suite.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print the leaderboard as csv.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def bench(context, suite, store, write_suite, dry_run, collect, as_csv, **words):
    """Run models with balancing strategies on data sets, and rank them.

    Run it again and only what is missing runs. `fercompare leaderboard STORE` in
    another window ranks what is done so far.
    """
    if dry_run and collect:
        raise click.UsageError("--dry-run and --collect: one or the other")
    refuse_flags_beside(context, suite)
    _refuse_half_a_cluster(words["backend"], words["scheduler"], words["jobs"])
    asked, running = _asked(suite, **words)
    store = store or ("results/quick" if asked["quick"] else "results/bench")
    if write_suite:
        save_suite(write_suite, context, suite)
    if dry_run:
        _print_plan(asked, store, **running)
        return
    outcomes = _collect(asked, store) if collect else _run(asked, store, **running)
    print_ranking(outcomes, "f1_macro", "csv" if as_csv else "table")
    _finish(outcomes, _n_trials(asked), store)


def _refuse_half_a_cluster(backend, scheduler, jobs):
    if backend == "dask" and scheduler is None:
        raise click.UsageError("--backend dask: say where, with --scheduler ADDRESS")
    if backend != "dask" and scheduler is not None:
        raise click.UsageError("--scheduler goes with --backend dask")
    if backend == "dask" and jobs != 1:
        raise click.UsageError(
            "--jobs goes with --backend processes: each worker runs a trial at a time"
        )


def _asked(tables, dataset, loading, models, balance, seeds, quick, **words):
    """Return what is to be run as `plan_study` takes it, and how it is run."""
    from fercompare.datasets.loading import load_dataset
    from fercompare.evaluation.study import check_names

    protocol = {word: words.pop(word) for word in ("cv", "group", "parts")}
    if tables is None:
        wanted = {dataset: (dataset, loading)}
    else:
        wanted, protocol = _of_tables(tables, protocol)
    models, strategies = split_names(models), split_names(balance)
    check_names([source for source, _ in wanted.values()], models, strategies)
    asked = {
        "datasets": {
            name: load_dataset(
                source, **(FEW_MINUTES if source == "synthetic" else {}) | loading
            )
            for name, (source, loading) in wanted.items()
        },
        "models": models,
        "strategies": strategies,
        "seeds": seeds,
        "quick": quick,
    }
    return asked | protocol, words


def _of_tables(tables, protocol):
    """Return how each data set of a suite is loaded, and its cv, group and parts."""
    wanted = {}
    protocols = {word: dict.fromkeys(tables, value) for word, value in protocol.items()}
    for name, table in tables.items():
        words = dict(table)
        for word in protocol.keys() & words.keys():
            protocols[word][name] = words.pop(word)
        wanted[name] = words.pop("dataset", name), loading_of(words)
    return wanted, protocols


def _run(asked, store, *, jobs, quiet, **limits):
    from fercompare.evaluation.runner import run_benchmark
    from fercompare.terminal import live_line

    progress = Progress(quiet)
    try:
        with (
            stoppable() as stopping,
            nullcontext() if quiet else live_line(progress.line),
        ):
            return run_benchmark(
                **asked, store=store, n_jobs=jobs, progress=progress, **limits
            )
    except KeyboardInterrupt:
        click.echo(
            f"stopped; {len(_collect(asked, store))} of {_n_trials(asked)} trials are "
            f"in {store}; the same command goes on from there",
            err=True,
        )
        sys.exit(stopping.status)


def _n_trials(asked):
    from fercompare.evaluation.study import plan_study

    return len(plan_study(**asked).trials)


def _collect(asked, store):
    from fercompare.evaluation.store import Store
    from fercompare.evaluation.study import collect, plan_study

    return list(collect(plan_study(**asked), Store(store).listing()).values())


def _print_plan(asked, store, *, jobs, retry_failed, limit, **_):
    from fercompare.evaluation.pace import Pace
    from fercompare.evaluation.store import Store
    from fercompare.evaluation.study import (
        collect,
        left_to_run,
        plan_study,
        warn_of_others,
    )
    from fercompare.terminal import print_table

    study, listing = plan_study(**asked), Store(store).listing()
    stored = collect(study, listing)
    left = left_to_run(study, stored, retry_failed)[:limit]
    warn_of_others([trial for trial in left if trial.key not in listing], listing)
    seeds = {}
    for trial in left:
        seeds.setdefault(trial.names[:3], Counter())[trial.seed] += 1
    if left:
        rows = [
            (*names, ", ".join(map(str, count)), str(count.total()))
            for names, count in seeds.items()
        ]
        titles = ["data set", "model", "strategy", "seeds", "trials"]
        print_table(rows, titles, title="To run", numeric=["trials"])
    told = f"{len(study.trials)} trials: {len(stored)} stored, {len(left)} to run"
    needs = Pace(listing.values()).estimate(left)
    if needs.n_unlike < len(left):
        told += f"; about {in_words(needs.seconds / jobs)}"
        if needs.megabytes == needs.megabytes:
            told += f" and {jobs * needs.megabytes:.0f} MB"
    if needs.n_unlike:
        told += f"; nothing is known of the cost of {needs.n_unlike}"
    click.echo(told)


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

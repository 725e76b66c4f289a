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
WORK_FAILED = 1


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
@click.option("--csv", "as_csv", is_flag=True, help="Print the leaderboard as csv.")
@click.option("--quiet", is_flag=True, help="No progress.")
def bench(dataset, loading, models, balance, seeds, store, as_csv, quiet):
    """Run models with balancing strategies on a data set, and rank them.

    Run it again and only what is missing runs.
    """
    from fercompare.datasets.loading import load_dataset
    from fercompare.evaluation.runner import run_benchmark

    if dataset == "synthetic":
        loading = FEW_MINUTES | loading
    outcomes = run_benchmark(
        {dataset: load_dataset(dataset, **loading)},
        models.split(","),
        balance.split(","),
        seeds,
        store=store,
        progress=None if quiet else _tell,
    )
    _print_ranking(outcomes, "f1_macro", as_csv)
    _finish(outcomes, store)


@click.command()
@click.argument("store", type=click.Path(exists=True, file_okay=False))
@click.option("--by", default="f1_macro", show_default=True, help="Metric to rank by.")
@click.option("--csv", "as_csv", is_flag=True, help="Print csv.")
def leaderboard(store, by, as_csv):
    """Rank what a store holds, without running anything."""
    from fercompare.evaluation.store import load_results

    _print_ranking(load_results(store), by, as_csv)


def _tell(done, n_trials, outcome):
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


def _finish(outcomes, store):
    count = dict.fromkeys(("done", "failed", "skipped"), 0)
    for outcome in outcomes:
        count[outcome.status] += 1
    click.echo(
        f"{count['done']} trials done, {count['skipped']} skipped, "
        f"{count['failed']} failed; outcomes are in {store}",
        err=True,
    )
    if count["failed"]:
        sys.exit(WORK_FAILED)

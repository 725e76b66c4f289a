"""`fercompare balance`: what a strategy does to the classes, before any training."""

import json
import warnings
from pathlib import Path

import click

from fercompare.cli.options import dataset_options
from fercompare.cli.showing import check_writable

COLUMNS = ("before", "after", "real")


@click.command()
@click.option(
    "--dataset", default="synthetic", show_default=True, help="Of `data list`."
)
@dataset_options()
@click.option("--strategy", default="smote", show_default=True, help="As in `bench`.")
@click.option(
    "--model",
    default="hog+svm",
    show_default=True,
    help="Whose features the strategy sees.",
)
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--draw",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A picture of made images, for a strategy that sees images.",
)
@click.option("--json", "as_json", is_flag=True, help="Print json.")
@click.option("--list", "list_all", is_flag=True, help="List the strategies.")
def balance(dataset, loading, strategy, model, seed, draw, as_json, list_all):
    """Show what a strategy makes of the training part: rows before, after, still real.

    Only what stands before the sampler is fitted, so this takes less than a training.
    """
    if list_all:
        _list_strategies(as_json)
        return
    from fercompare.balancing.preview import check_sees_images, preview
    from fercompare.balancing.report import LostRows
    from fercompare.datasets.loading import load_dataset
    from fercompare.evaluation.fitting import make_estimator
    from fercompare.evaluation.parts import training_rows
    from fercompare.report.made_images import draw_made_images

    if draw is not None:
        check_writable(draw, "--draw")
    training = training_rows(load_dataset(dataset, **loading))
    estimator = make_estimator(training, model, strategy, seed)
    if draw is not None:
        check_sees_images(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LostRows)
        made = preview(estimator, training.X, training.y)
    made.report.warn(training.classes)
    facts = made.report.as_facts(training.classes)
    if as_json:
        click.echo(json.dumps(facts, indent=2))
    else:
        _print_report(facts, f"{training.name}, {model} with {strategy}")
    if draw is not None:
        for path in draw_made_images(made, training, draw):
            click.echo(path, err=as_json)


def _print_report(facts, title):
    from fercompare.terminal import print_table

    rows = {
        name: [numbers[c] for c in COLUMNS] for name, numbers in facts["rows"].items()
    }
    rows["all"] = [sum(column) for column in zip(*rows.values())]
    shown = [(name, *(f"{n:,}" for n in numbers)) for name, numbers in rows.items()]
    print_table(shown, ["class", *COLUMNS], title=title, numeric=COLUMNS)
    told = f"{facts['strategy_step']} took {facts['seconds']:.1f} s"
    if facts["peak_megabytes"] is not None:
        told += f"; the process held {facts['peak_megabytes']:,.0f} MB at most"
    click.echo(told, err=True)


def _list_strategies(as_json):
    from fercompare.balancing.strategies import STRATEGIES
    from fercompare.terminal import print_table

    if as_json:
        click.echo(json.dumps({name: one.summary for name, one in STRATEGIES.items()}))
        return
    rows = [
        (name, one.level, one.summary, one.serves, ", ".join(one.options))
        for name, one in STRATEGIES.items()
    ]
    print_table(rows, ["strategy", "at", "what it does", "serves", "options"])

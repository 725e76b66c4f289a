"""`fercompare compare`."""

from pathlib import Path

import click

SHOWN = {
    "dataset": "data set",
    "a": "a",
    "b": "b",
    "n_images": "images",
    "value_a": "of a",
    "value_b": "of b",
    "difference": "a less b",
    "low": "from",
    "high": "to",
    "p_holm": "p, Holm",
    "only_a_right": "only a right",
    "only_b_right": "only b right",
    "mcnemar_p": "McNemar's p",
}


@click.command()
@click.argument("words", nargs=-1, metavar="[MODEL[:STRATEGY]]... STORE...")
@click.option("--all", "everything", is_flag=True, help="Every two of the stores.")
@click.option(
    "--by",
    default="f1_macro",
    show_default=True,
    help="Metric; with _leak_free behind it, without copied images.",
)
@click.option(
    "--over",
    type=click.Choice(["dataset", "fold"]),
    help="Friedman and Wilcoxon-Holm over data sets or folds, with average ranks.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
)
def compare(words, everything, by, over, form):
    """Compare models on the same images, and say what may be claimed.

    A model without a strategy is meant with none. Words that are folders are stores.
    """
    from fercompare.evaluation.merging import load_stores
    from fercompare.report.runs import find_metric

    stores = [word for word in words if Path(word).is_dir()]
    models = [word for word in words if word not in stores]
    if not stores:
        raise click.UsageError("no folder of outcomes was named")
    if everything == bool(models) or len(models) == 1:
        raise click.UsageError(
            f"name two models or more, or give --all; {len(models)} are no folders"
        )
    find_metric(by)
    _check_different(models)
    outcomes = load_stores(stores)
    if over is None:
        _print_pairs(outcomes, models or None, by, form)
    else:
        _print_ranks(outcomes, models or None, by, over, form)


def _check_different(models):
    """Say where two words are one model, which cannot be compared with itself."""
    from fercompare.report.comparison import full_name

    named = {}
    for word in models:
        full = full_name(word)
        if full in named:
            raise click.UsageError(
                f"{named[full]!r} and {word!r} name the same model, {full}: name two "
                "that differ"
            )
        named[full] = word


def _print_pairs(outcomes, models, by, form):
    from fercompare.cli.leaderboard import print_boards
    from fercompare.report.boards import Board
    from fercompare.report.comparison import as_table, compare_all
    from fercompare.report.sheets import plain_sheet

    found = compare_all(outcomes, by, models)
    table = as_table(found)
    counts = {
        name: table[name].map("{:.1f}".format)
        for name in ("only_a_right", "only_b_right")
    }
    shown = table.assign(**counts)[list(SHOWN)].rename(columns=SHOWN)
    p_values = (SHOWN["p_holm"], SHOWN["mcnemar_p"])
    shown = plain_sheet(shown, digits=4, p_values=p_values)
    print_boards([Board(f"By {by}", table, shown)], form)
    if form == "table":
        for one in found:
            click.echo(one.claim)


def _print_ranks(outcomes, models, by, over, form):
    from fercompare.cli.leaderboard import print_boards
    from fercompare.report.blocks import blocks, described
    from fercompare.report.boards import Board
    from fercompare.report.exports import to_json
    from fercompare.report.runs import find_metric
    from fercompare.report.sheets import plain_sheet
    from fercompare.report.significance import critical_difference

    table = blocks(outcomes, by, over, models)
    better = find_metric(by)[0].higher_is_better
    found = critical_difference(table, better, *described(table, over))
    if form == "json":
        click.echo(to_json(found.as_table()))
        return
    title = f"Average ranks by {by} over {found.over}"
    ranks = found.as_table()
    shown = plain_sheet(found.pairs, digits=4, p_values=("p", "p_holm"))
    pairs = Board("Pairs", found.pairs, shown)
    if form == "table":
        print_boards([Board(title, ranks, plain_sheet(ranks)), pairs], form)
        click.echo(found.claim)
    else:
        print_boards([pairs], form)

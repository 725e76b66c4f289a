"""`fercompare leaderboard`."""

import sys

import click

FORMATS = ("table", "csv", "tidy", "json", "md", "latex", "html")
GROUPS = ("dataset", "strategy", "model")
TABLES = ("ranking", "grid", "deltas", "classes", "cost")
HELP = {
    "by": "Metric to rank by; with _leak_free behind it, without copied images.",
    "table": "A ranking; strategy by model, plain or less that of none; F1 of each "
    "class; costs.",
    "format": "tidy is a csv with a line a trial and metric.",
    "check": "Print what is missing, failed, doubled, damaged or of other data; status "
    "1 if anything is.",
}
SOMETHING_IS_WRONG = 1
TAKES = {
    "--check": ("check", "form"),
    "--methods": ("methods",),
    "--format tidy": ("form",),
    "--published": ("published", "by", "form"),
    "--table ranking": ("what", "by", "group", "form"),
    "--table grid": ("what", "by", "rows", "form"),
    "--table deltas": ("what", "by", "rows", "form"),
    "--table classes": ("what", "form"),
    "--table cost": ("what", "by", "form"),
}
"""Which options what is asked for takes; another one would be overlooked."""


@click.command()
@click.argument(
    "stores", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False)
)
@click.option("--by", default="f1_macro", show_default=True, help=HELP["by"])
@click.option(
    "--group",
    type=click.Choice(GROUPS),
    default="dataset",
    show_default=True,
    help="What is ranked apart.",
)
@click.option(
    "--table",
    "what",
    type=click.Choice(TABLES),
    default="ranking",
    show_default=True,
    help=HELP["table"],
)
@click.option(
    "--rows",
    type=click.Choice(["model", "strategy"]),
    default="model",
    show_default=True,
    help="Lines of a grid.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help=HELP["format"],
)
@click.option("--csv", "as_csv", is_flag=True, help="The same as --format csv.")
@click.option(
    "--published", is_flag=True, help="Show figures of the literature among ours."
)
@click.option(
    "--methods", is_flag=True, help="Print a paragraph on how they were made."
)
@click.option("--check", is_flag=True, help=HELP["check"])
@click.option("--into", metavar="FOLDER", help="Merge the stores into this one first.")
def leaderboard(stores, into, check, methods, as_csv, **shown):
    """Rank what stores hold, without running anything.

    Several stores are read as one. Rows with a letter in common are not told apart by
    paired tests with Holm's correction. Works while a bench is writing.
    """
    from fercompare.evaluation.merging import load_stores, merge_stores
    from fercompare.report.runs import find_metric

    find_metric(shown["by"])
    if as_csv:
        shown["form"] = _csv(shown["form"])
    _refuse_what_is_overlooked({"check": check, "methods": methods, **shown})
    if into is not None:
        n = merge_stores(stores, into)
        click.echo(f"{n} outcomes were written to {into}", err=True)
    outcomes = load_stores(stores if into is None else [into])
    if check:
        places = stores if into is None else [*stores, into]
        _print_findings(places, outcomes, shown["form"])
    elif methods:
        from fercompare.report.methods import methods as paragraph

        click.echo(paragraph(outcomes))
    else:
        _print_table(outcomes, **shown)


def _csv(form):
    if form not in ("table", "csv"):
        raise click.UsageError(f"--csv and --format {form} ask for two formats")
    return "csv"


def _refuse_what_is_overlooked(asked):
    """Raise where an option was given that what is asked for does not take."""
    if asked["check"]:
        purpose = "--check"
    elif asked["methods"]:
        purpose = "--methods"
    elif asked["form"] == "tidy":
        purpose = "--format tidy"
    elif asked["published"]:
        purpose = "--published"
    else:
        purpose = f"--table {asked['what']}"
    taken = TAKES[purpose]
    given = [
        option
        for option in leaderboard.params
        if asked.get(option.name, False) not in (False, option.default)
    ]
    overlooked = [option.opts[0] for option in given if option.name not in taken]
    if purpose == "--check" and asked["form"] == "tidy":
        overlooked.append("--format tidy")
    if overlooked:
        raise click.UsageError(f"{purpose} takes no {' and no '.join(overlooked)}")


def print_ranking(outcomes, by, form="table"):
    """Print rankings as tables for people, or in a format for programs."""
    from fercompare.report.boards import ranking_boards

    print_boards(ranking_boards(outcomes, by), form)


def print_boards(boards, form):
    """Print `Board`s; csv and json have all of them as one table."""
    import pandas as pd

    from fercompare.report.exports import to_csv, to_html, to_json, to_markdown
    from fercompare.report.latex import to_latex
    from fercompare.terminal import print_table

    if form in ("csv", "json"):
        whole = [board.table for board in boards]
        whole = pd.concat(whole, ignore_index=True) if whole else pd.DataFrame()
        told = to_json(whole) + "\n" if form == "json" else to_csv(whole)
        click.echo(told if boards or form == "json" else "", nl=False)
        return
    for number, (title, _, sheet) in enumerate(boards):
        if form == "md":
            click.echo(f"{title}\n\n{to_markdown(sheet)}\n")
        elif form == "latex":
            click.echo(f"{to_latex(sheet, title, f'tab:fercompare-{number + 1}')}\n")
        elif form == "html":
            click.echo(to_html(sheet, title))
        else:
            numeric = [sheet.titles[place] for place in sheet.numeric]
            print_table(sheet.lines, sheet.titles, title=title, numeric=numeric)
            for note in sheet.footnotes:
                click.echo(note)


def _print_table(outcomes, by, group, what, rows, form, published):
    from fercompare.report import boards, exports, tables

    if form == "tidy":
        click.echo(exports.to_csv(tables.tidy(outcomes)), nl=False)
        return
    if published:
        found = boards.published_boards(outcomes, by)
    elif what == "classes":
        found = boards.class_boards(outcomes)
    elif what == "cost":
        found = boards.cost_boards(outcomes, by)
    elif what == "ranking":
        found = boards.ranking_boards(outcomes, by, group)
    else:
        found = boards.grid_boards(outcomes, by, rows, deltas=what == "deltas")
    print_boards(found, form)
    if not found:
        click.echo("no trial is done yet", err=True)


def _print_findings(stores, outcomes, form):
    import pandas as pd

    from fercompare.evaluation.checking import HARMLESS, Finding, check, damaged
    from fercompare.report.boards import Board
    from fercompare.report.sheets import plain_sheet

    found = [*check(outcomes), *damaged(stores)]
    table = pd.DataFrame(found, columns=Finding._fields)
    table = table.astype({"seed": "Int64", "fold": "Int64"})
    if found or form == "json":
        print_boards([Board("What to know", table, plain_sheet(table))], form)
    n_wrong = sum(one.kind not in HARMLESS for one in found)
    click.echo(f"{len(outcomes)} outcomes, {n_wrong} things wrong", err=True)
    if n_wrong:
        sys.exit(SOMETHING_IS_WRONG)

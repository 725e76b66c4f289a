"""`fercompare report`."""

from pathlib import Path

import click


@click.command()
@click.argument(
    "stores",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False),
    metavar="STORE...",
)
@click.option("--out", type=click.Path(), help="Write the page: report.html.")
@click.option("--by", default="f1_macro", show_default=True, help="Metric to rank by.")
@click.option("--title", default="fercompare report", help="Of the page.")
@click.option("--pictures", type=click.Path(), help="Write the pictures: a folder.")
@click.option(
    "--format",
    "formats",
    default="png,svg",
    show_default=True,
    help="Of the pictures: png, svg, pdf.",
)
def report(stores, out, by, title, pictures, formats):
    """Show what stores hold in one page that needs nothing but itself, and in pictures.

    Nothing is run. An earlier report is replaced, no other page is.
    """
    from fercompare.evaluation.merging import load_stores
    from fercompare.report.figures import check_formats

    if not (out or pictures):
        raise click.UsageError("what to write? --out report.html or --pictures FOLDER")
    formats = formats.split(",")
    check_formats(formats)
    if out:
        _check_place(Path(out))
    outcomes = load_stores(stores)
    if out:
        from fercompare.report.html import write_report

        click.echo(write_report(outcomes, Path(out), by=by, title=title))
    if pictures:
        from fercompare.report.grounds import grounds
        from fercompare.report.pictures import draw_pictures

        for path in draw_pictures(grounds(outcomes, by), pictures, formats):
            click.echo(path)


def _check_place(path):
    """Say at once, not after the work, that the page cannot be written."""
    from fercompare.cli.showing import check_writable
    from fercompare.report.html import check_replaceable

    check_writable(path)
    check_replaceable(path)

"""`fercompare search`."""

import sys
import tomllib
from contextlib import nullcontext
from pathlib import Path

import click

from fercompare.cli.found import (
    SearchProgress,
    print_found,
    tell_of_failures,
    write_suite,
)
from fercompare.cli.options import Number, dataset_options
from fercompare.cli.stopping import stoppable
from fercompare.naming import split_names, with_options

FEW_MINUTES = {"n": 2400}
WORK_FAILED = 1
HELP = {
    "balance": "Strategies, by commas; several are searched too.",
    "search": "Search this, not what is ready made: C=0.1..100:log, blocks=2..5, "
    "hog.orientations=8|12, 'dense=0..3 of 64|128'. Names without a word before them "
    "are of the last word.",
    "space": "TOML file of such lines, as --show-space prints.",
    "set": "What the model's last word takes and is not searched, such as epochs=4.",
    "cv": "Score on so many folds of the training part.",
    "group": "Whether folds keep subjects whole; they do where subjects are known.",
    "hold_out": "Score on a share of the training part, such as 0.5.",
    "seed": "Of the models, and of what is drawn.",
    "prune": "Whether to end trials early that are worse than the median.",
    "store": "SQLite file; the same search goes on where it is.",
    "jobs": "Trials at a time; what is drawn then depends on who is first.",
    "out": "TOML file for `bench --suite` that reports on the best.",
}


@click.command()
@click.argument("model")
@click.option("--dataset", default="synthetic", help="A name from `data list`.")
@dataset_options()
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="In all.",
)
@click.option("--metric", default="f1_macro", show_default=True)
@click.option("--balance", default="none", show_default=True, help=HELP["balance"])
@click.option(
    "--search", "lines", multiple=True, metavar="OPTION=RANGE", help=HELP["search"]
)
@click.option(
    "--space", type=click.Path(exists=True, dir_okay=False), help=HELP["space"]
)
@click.option("--show-space", is_flag=True, help="Print what would be searched.")
@click.option(
    "--set", "options", multiple=True, metavar="OPTION=VALUE", help=HELP["set"]
)
@click.option("--cv", type=click.IntRange(min=2), metavar="FOLDS", help=HELP["cv"])
@click.option("--group", type=click.Choice(["subject", "none"]), help=HELP["group"])
@click.option("--hold-out", type=float, metavar="SHARE", help=HELP["hold_out"])
@click.option("--seed", type=click.IntRange(min=0), default=0, help=HELP["seed"])
@click.option("--prune/--no-prune", default=True, help=HELP["prune"])
@click.option("--quick", is_flag=True, help="Few rows, one epoch: does it work?")
@click.option(
    "--store",
    type=click.Path(dir_okay=False),
    default="results/search.sqlite",
    show_default=True,
    help=HELP["store"],
)
@click.option("--jobs", type=click.IntRange(min=1), default=1, help=HELP["jobs"])
@click.option(
    "--time-limit",
    type=Number(min=0),
    metavar="SECONDS",
    help="No trial starts after so long.",
)
@click.option("--out", type=click.Path(dir_okay=False), help=HELP["out"])
@click.option("--json", "as_json", is_flag=True, help="Print the best and all trials.")
@click.option("--csv", "as_csv", is_flag=True, help="Print all trials.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def search(
    context, model, dataset, loading, options, lines, space, show_space, out, **words
):
    """Search for the settings of a model; the test part is not touched.

    Trials are scored on the validation part, or on folds of the training part. The
    first is the model as it is named, whose own options stay. The same command goes on
    to --trials in all.
    """
    from fercompare.cli.showing import check_writable
    from fercompare.datasets.loading import load_dataset

    if words["as_json"] and words["as_csv"]:
        raise click.UsageError("--json and --csv: one or the other")
    model = with_options(model, options)
    written = _written(lines, space)
    if show_space:
        _print_space(model, written)
        return
    if out:
        check_writable(Path(out))
    if dataset == "synthetic":
        loading = FEW_MINUTES | loading
    data = load_dataset(dataset, **loading)
    found = _run(model, data, written, **words)
    if found.model is None:
        tell_of_failures(found, words["store"])
        sys.exit(WORK_FAILED)
    if out:
        write_suite(out, context, found)
    print_found(found, context, words)


def _written(lines, space):
    """Return the lines of a space that were written, or None."""
    if lines and space:
        raise click.UsageError("--search and --space: one or the other")
    if space:
        try:
            found = tomllib.loads(Path(space).read_text())
        except ValueError as error:
            raise click.UsageError(f"{space}: {error}") from error
        tables = {w: t for w, t in found.items() if isinstance(t, dict)}
        of_words = {f"{w}.{key}": v for w, t in tables.items() for key, v in t.items()}
        return {k: v for k, v in found.items() if k not in tables} | of_words
    written = {}
    for line in lines:
        left, equals, text = line.partition("=")
        if " if " in left:
            values, equals, text = text.partition("=")
            left = f"{left}={values}"
        if not (left.strip() and equals and text.strip()):
            raise click.UsageError(f"--search {line!r} is not OPTION=RANGE")
        written[left.strip()] = text.strip()
    return written or None


def _print_space(model, written):
    import tomli_w

    from fercompare.evaluation.spaces import make_space
    from fercompare.models import make_model

    tables = {}
    for line in make_space(model, make_model(model), written).lines:
        key = line.key.removeprefix(f"{line.word}.")
        tables.setdefault(line.word, {})[key] = str(line.range)
    click.echo(tomli_w.dumps(tables), nl=False)


def _run(model, data, written, *, trials, balance, jobs, quiet, as_json, as_csv, **how):
    from fercompare.evaluation.search import search_model
    from fercompare.terminal import live_line

    progress = SearchProgress(quiet, how["metric"])
    try:
        with (
            stoppable() as stopping,
            nullcontext() if quiet else live_line(progress.line),
        ):
            return search_model(
                model,
                data,
                trials,
                space=written,
                strategies=split_names(balance),
                n_jobs=jobs,
                progress=progress,
                **how,
            )
    except KeyboardInterrupt:
        click.echo(
            f"stopped; what is done is in {how['store']}; the same command goes on "
            "from there",
            err=True,
        )
        sys.exit(stopping.status)

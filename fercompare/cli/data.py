"""`fercompare data`: what sets there are, what is in them, and what is wrong."""

import json
import os
import sys
from collections import Counter
from pathlib import Path

import click

from fercompare.cli.faces import face_options
from fercompare.cli.options import dataset_options, loading_of

WORK_FAILED = 1
FOUND_LEAKS = 3


@click.group()
def data():
    """List, inspect, audit and prepare data sets."""


@data.command("list")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
)
def list_sets(form):
    """List the data sets, and which of them are on this machine."""
    from fercompare.datasets.cards import as_markdown
    from fercompare.datasets.catalogue import DATASETS
    from fercompare.terminal import print_table

    if form == "markdown":
        click.echo(as_markdown(DATASETS), nl=False)
        return
    rows = [
        {"name": name, "here": _where(name, card), "title": card.title}
        for name, card in DATASETS.items()
    ]
    if form == "json":
        click.echo(json.dumps(rows, indent=2))
    else:
        print_table([row.values() for row in rows], ["name", "here", "what it is"])


@data.command()
@click.argument("name")
@dataset_options()
@click.option("--json", "as_json", is_flag=True, help="Print json.")
def info(name, loading, as_json):
    """Print the card of a set and, where it is found, what was loaded."""
    from fercompare.datasets.catalogue import DATASETS
    from fercompare.datasets.loading import load_dataset
    from fercompare.errors import DataNotFound, look_up

    card = look_up(name, DATASETS, "data set")
    facts = {
        field: getattr(card, field)
        for field in ("title", "obtain", "put", "licence", "cite", "checksums")
        if getattr(card, field)
    }
    try:
        facts |= _describe(load_dataset(name, **loading))
    except DataNotFound as error:
        facts["found"] = f"no: {error.found}"
    if as_json:
        click.echo(json.dumps(facts, indent=2))
    else:
        _print_facts(name, facts)


@data.command()
@click.argument("name")
@dataset_options("labels", "split", "duplicates", "per_class", "share")
@click.option("--csv", "table", type=click.Path(), help="Write one row a finding.")
@click.option("--near/--no-near", default=True, help="Look for near copies too.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as json.")
def audit(name, loading, table, near, as_json):
    """Look for copies, leaks, blanks and labels that contradict each other.

    Exit status 0 where no scored image stands in another part, 3 where some do.
    """
    from fercompare.datasets.audit import audit as look
    from fercompare.datasets.catalogue import DATASETS
    from fercompare.datasets.loading import load_dataset
    from fercompare.terminal import print_table

    dataset = load_dataset(name, split="unchecked", **loading)
    found = look(dataset, near=near, published=DATASETS[name].published)
    if table:
        found.findings.to_csv(table, index=False, errors="backslashreplace")
    summary = found.summary
    if as_json:
        click.echo(summary.to_json(orient="records", indent=2))
    else:
        rows = summary.astype(str).itertuples(index=False)
        print_table(rows, list(summary.columns), title=repr(dataset))
    sys.exit(FOUND_LEAKS if found.leaks else 0)


@data.command()
@click.argument("name")
@dataset_options("labels", "split", "duplicates", "per_class", "share")
def prepare(name, loading):
    """Keep a copy of a set that opens at once from then on."""
    from fercompare.datasets.loading import prepare_dataset

    click.echo(prepare_dataset(name, **loading))


@data.command()
@click.argument("name")
@dataset_options()
@click.option("--out", type=click.Path(), default=".", help="Folder of the pictures.")
@click.option("--format", "formats", default="png,svg", help="png, svg, pdf.")
@click.option("--seed", default=0, help="Which samples are shown.")
def plot(name, loading, out, formats, seed):
    """Draw class shares, a sheet of samples and the mean face of each class."""
    from fercompare.datasets.loading import load_dataset
    from fercompare.report.data_plots import draw_dataset

    dataset = load_dataset(name, **loading)
    for path in draw_dataset(dataset, Path(out), formats.split(","), seed=seed):
        click.echo(path)


@data.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False))
@click.argument("out", type=click.Path(file_okay=False))
@click.option("--size", default="48", show_default=True, help="Side, or HxW.")
@click.option("--color", is_flag=True, help="Keep red, green and blue.")
@face_options
def align(source, out, size, color, detector, margin, level):
    """Cut the faces out of a folder of pictures, upright and of one size.

    The folders below SOURCE, such as train/happy, are made again below OUT. Of several
    faces it is the largest that the detector is sure of; a picture without a face is
    written whole. OUT/faces.csv says what became of each file, OUT/without-a-face.csv
    holds those without. A run that was stopped goes on when the same words are given
    again.
    """
    from fercompare.faces.detectors import make_detector
    from fercompare.faces.folders import Alignment, align_folder

    shape = (*loading_of({"size": size})["image_shape"], *([3] if color else []))
    finder = make_detector(detector)
    how = Alignment(finder, shape, margin, level)
    click.echo(f"fercompare: faces found by {finder.name}", err=True)
    prepared, refused = align_folder(source, out, how)
    click.echo(out)
    for error in (*(one.why for one in prepared if one.why), *refused):
        click.echo(f"fercompare: {error}", err=True)
    several = sum(one.faces > 1 for one in prepared)
    counts = Counter(one.done for one in prepared)
    told = [f"{n:,} {done}" for done, n in counts.items()]
    told.append(f"{several:,} with several faces")
    click.echo(f"{len(prepared):,} pictures: {', '.join(told)}", err=True)
    if counts["unreadable"] or refused:
        sys.exit(WORK_FAILED)


def _where(name, card):
    from fercompare.datasets.loading import find_place
    from fercompare.errors import DataNotFound

    if not card.needs_files:
        return "always"
    try:
        return os.fspath(find_place(name, card))
    except DataNotFound:
        return "-"


def _describe(dataset):
    return {
        "found": repr(dataset),
        "classes": list(dataset.classes),
        "counts": dataset.class_counts(),
        "subjects": None if dataset.groups is None else len(set(dataset.groups)),
        "votes": dataset.votes is not None,
        "fingerprint": dataset.fingerprint,
        "notes": dataset.notes,
        "skipped": [str(error) for error in dataset.skipped],
    }


def _print_facts(name, facts):
    from fercompare.terminal import print_table

    counts = facts.pop("counts", None)
    rows = [
        (key, _plain(value)) for key, value in facts.items() if value not in ([], {})
    ]
    print_table(rows, ["", name])
    if counts:
        parts = list(counts)
        classes = facts["classes"]
        rows = [(c, *(counts[part][c] for part in parts)) for c in classes]
        rows.append(("together", *(sum(counts[part].values()) for part in parts)))
        print_table(rows, ["class", *parts], numeric=parts)


def _plain(value):
    if isinstance(value, dict):
        return "\n".join(f"{key}: {item}" for key, item in value.items())
    return "\n".join(map(str, value)) if isinstance(value, list) else value

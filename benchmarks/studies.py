"""What the studies share: steps with seeds, a table that fills up, a page of it.

Every model learns from the Training part with the settings of its step. Settings were
chosen by their score on PublicTest (`val`); PrivateTest (`test`) is reported. A row is
written as soon as it is known, and rows that are in the table already are not run
again; ``--only`` runs the steps that contain a word.
"""

import argparse
import csv
import statistics
import time
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from pathlib import Path

from fercompare import load_dataset
from fercompare.evaluation.fitting import fit
from fercompare.evaluation.parts import training_rows, validation_rows
from fercompare.evaluation.trained import evaluate
from fercompare.report.leaderboard import score
from fercompare.saving import Card

SCORES = {
    "val_accuracy": "PublicTest",
    "test_accuracy": "PrivateTest",
    "test_f1_macro": "macro-F1",
    "test_accuracy_leak_free": "leak-free",
}
SECONDS = {"fit_seconds": "fit, s", "processor_seconds": "of processor time, s"}
"""Columns of a page, and what stands above them."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    step: str
    seed: int
    val_accuracy: float
    val_f1_macro: float
    test_accuracy: float
    test_f1_macro: float
    test_accuracy_leak_free: float
    test_f1_macro_leak_free: float
    fit_seconds: float
    processor_seconds: float
    predict_ms_per_image: float


def run(step, seed, model, data):
    """Return the `Row` of a model."""
    rows = training_rows(data)
    started, busy = time.perf_counter(), time.process_time()
    fit(model, rows, validation_rows(data))
    fit_seconds = time.perf_counter() - started
    processor_seconds = time.process_time() - busy
    card = Card(classes=data.classes, image_shape=data.image_shape)
    val = score(evaluate(model, card, data, "val"))
    test = evaluate(model, card, data, "test")
    whole, without_copies = score(test), score(test, test.leak_free)
    others = data.part("test")
    started = time.perf_counter()
    model.predict(others.X)
    seconds = time.perf_counter() - started
    return Row(
        step,
        seed,
        val["accuracy"],
        val["f1_macro"],
        whole["accuracy"],
        whole["f1_macro"],
        without_copies["accuracy"],
        without_copies["f1_macro"],
        fit_seconds,
        processor_seconds,
        1000 * seconds / len(others),
    )


def run_study(description, steps, seeds, table, lines, columns=SCORES):
    """Run what is missing in a table, as the command line says.

    Parameters
    ----------
    description : str
        What the command does.
    steps : dict
        Name of a step to a function from a seed to a model, in the table's order.
    seeds : dict
        Steps that are run with several seeds, and how many.
    table : Path
        A csv; a page to read is written beside it.
    lines : list of str
        What stands above the table on that page.
    columns : dict of {str: str}
        Fields of a `Row` that the page shows, and their titles.
    """
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--root")
    parser.add_argument("--table", type=Path, default=table)
    parser.add_argument("--only", default="", help="Steps with this in their name.")
    parser.add_argument("--seeds", type=int, help="Of each step, instead of its own.")
    parser.add_argument("--limit", type=int, help="Images, to try the script.")
    options = parser.parse_args()
    if options.limit and options.table == table:
        parser.error("--limit is for trying: give it a --table of its own")
    data = load_dataset("fer2013", options.root, per_class=options.limit)
    for step, make in steps.items():
        for seed in range(options.seeds or seeds.get(step, 1)):
            if options.only in step and (step, seed) not in read(options.table):
                row = run(step, seed, make(seed), data)
                enter(row, options.table, list(steps), lines, columns)


def enter(row, table, order, lines, columns):
    """Write a row into a table, in place of one that is there of its step and seed."""
    write(table, read(table) | {(row.step, row.seed): row}, order, lines, columns)
    print(row, flush=True)


def read(table):
    """Return ``{(step, seed): Row}`` of a table that may not be there yet."""
    if not table.exists():
        return {}
    kinds = {field.name: field.type for field in fields(Row)}
    with table.open(newline="") as stream:
        rows = [
            Row(**{name: kinds[name](text) for name, text in line.items()})
            for line in csv.DictReader(stream)
        ]
    return {(row.step, row.seed): row for row in rows}


def write(table, known, order, lines, columns):
    """Write the rows in the order of the steps, whole or not at all."""
    places = {step: place for place, step in enumerate(order)}
    last = len(places)
    rows = sorted(
        known.values(), key=lambda row: (places.get(row.step, last), row.step, row.seed)
    )
    scratch = table.with_suffix(".writing")
    with scratch.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Row)])
        writer.writeheader()
        for row in rows:
            values = asdict(row).items()
            writer.writerow(
                {k: round(v, 4) if isinstance(v, float) else v for k, v in values}
            )
    scratch.replace(table)
    table.with_suffix(".md").write_text(page(rows, lines, columns))


def page(rows, lines, columns):
    """Return the table as a page to read, seeds averaged."""
    lines = [
        *lines,
        "",
        f"| step | seeds | {' | '.join(columns.values())} |",
        f"| --- | --- |{' --- |' * len(columns)}",
    ]
    for step, same in groupby(rows, key=lambda row: row.step):
        same = list(same)
        cells = [
            mean_and_deviation([_shown(row, name) for row in same]) for name in columns
        ]
        lines.append(f"| {step} | {len(same)} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _shown(row, name):
    """Return a field; scores in per cent."""
    return getattr(row, name) * (100 if name in SCORES else 1)


def mean_and_deviation(values):
    """Return ``mean`` or ``mean ± standard deviation`` as text."""
    mean = f"{statistics.mean(values):.2f}"
    if len(values) == 1:
        return mean
    return f"{mean} ± {statistics.stdev(values):.2f}"

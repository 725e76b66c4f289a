"""What `fercompare search` tells: of each trial, and of the best."""

import json
import shlex
from pathlib import Path

import click
from click.core import ParameterSource

from fercompare.cli.options import DATASET_WORDS, key_and_value
from fercompare.cli.progress import in_words

SHOWN = 5
"""Models in the table, and the one that was named."""


class SearchProgress:
    """Tells of each trial as it ends, and of the best so far.

    Parameters
    ----------
    quiet : bool
        Tell nothing.
    metric : str
    """

    def __init__(self, quiet, metric):
        self._quiet, self._metric = quiet, metric
        self._text = "first trial: the model as it is named"

    def __call__(self, n_ended, n_trials, row):
        """Tell of a trial that has ended."""
        if self._quiet:
            return
        name = row["model"]
        if row["strategy"] != "none":
            name += f" with {row['strategy']}"
        score = row["score"]
        told = f"{row['status']}" + (f" {row['reason']}" if row["reason"] else "")
        if score == score:
            told += f", {self._metric} {score:.4f}"
        if row["seconds"] == row["seconds"]:
            told += f", {in_words(row['seconds'])}"
        click.echo(f"{n_ended}/{n_trials} {name}: {told}", err=True)
        self._text = f"{n_trials - n_ended} trials to go"

    def line(self):
        """Return in one line how far it is."""
        return self._text


def print_found(found, context, words):
    """Print what was found as it was asked for; the words of it on standard error."""
    from fercompare.metrics import METRICS

    trials = found.trials
    if words["as_csv"]:
        click.echo(trials.to_csv(index=False), nl=False)
    elif words["as_json"]:
        best = found._asdict() | {
            "trials": json.loads(trials.to_json(orient="records"))
        }
        click.echo(json.dumps(best, indent=2))
    else:
        ascending = not METRICS[found.metric].higher_is_better
        done = trials[trials["status"] == "done"]
        _print_best(
            done.sort_values("score", ascending=ascending, kind="stable"), found
        )
    count = trials["status"].value_counts()
    told = ", ".join(f"{n} {status}" for status, n in count.items())
    click.echo(f"{len(trials)} trials: {told}; they are in {words['store']}", err=True)
    click.echo(f"best: {found.model}, {found.strategy}", err=True)
    click.echo(
        f"chosen on the {found.selected_on}; being the best there flatters it, and "
        f"the test part has not been looked at. This reports on that:\n"
        f"{_bench(context, found)}",
        err=True,
    )


def _print_best(ranked, found):
    from fercompare.terminal import print_table

    ranked = ranked.drop_duplicates(["model", "strategy"])
    named = ranked["number"] == 0
    shown = ranked[(ranked.reset_index().index < SHOWN) | named]
    rows = [
        (
            f"{row.score:.4f}",
            f"{row.model} (as named)" if row.number == 0 else row.model,
            row.strategy,
            in_words(row.seconds),
        )
        for row in shown.itertuples()
    ]
    columns = [found.metric, "model", "strategy", "took"]
    print_table(
        rows, columns, title=f"On the {found.scored_on}", numeric=[found.metric]
    )


def tell_of_failures(found, store):
    """Say why there is no best."""
    reasons = found.trials.loc[found.trials["status"] == "failed", "reason"]
    why = f", the first of {reasons.iloc[0]}" if len(reasons) else ""
    click.echo(
        f"fercompare: none of {len(found.trials)} trials came to a score{why}; they "
        f"are in {store}",
        err=True,
    )


def _asked_of_data(context):
    """Return word to value of what was asked for of the data."""
    flags = {
        flag.opts[0].removeprefix("--"): flag.name for flag in context.command.params
    }
    given = {
        word: context.params[flags[word]]
        for word in DATASET_WORDS
        if context.get_parameter_source(flags[word]) == ParameterSource.COMMANDLINE
    }
    if "option" in given:
        given["option"] = dict(map(key_and_value, given["option"]))
    return {"dataset": context.params["dataset"]} | given


def _bench(context, found):
    """Return the command that reports on the best."""
    words = ["fercompare", "bench"]
    for word, value in _asked_of_data(context).items():
        if word == "option":
            words += [w for k, v in value.items() for w in ("--option", f"{k}={v}")]
        else:
            words += [f"--{word}"] if value is True else [f"--{word}", str(value)]
    words += ["--models", found.model, "--balance", found.strategy]
    return " ".join(map(_quoted, words))


def _quoted(word):
    """Return a word as a shell takes it, in double quotes where that is plainer."""
    plain = "'" in word and not set(word) & set('"$`\\!')
    return f'"{word}"' if plain else shlex.quote(word)


def write_suite(path, context, found):
    """Write a file for `fercompare bench --suite` that reports on the best."""
    import tomli_w

    best = {"models": [found.model], "balance": [found.strategy], "seeds": 2}
    Path(path).write_text(tomli_w.dumps(_asked_of_data(context) | best))

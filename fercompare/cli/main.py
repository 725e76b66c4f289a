"""The command line: one file per group of commands, imported when it is called."""

import importlib
import sys
import warnings

import click

from fercompare import __version__
from fercompare.errors import FercompareError, UnknownName, printable

WORK_FAILED, WRONG_USE = 1, 2

COMMANDS = {
    "bench": ("fercompare.cli.bench", "bench", "Run models and strategies, rank them."),
    "leaderboard": (
        "fercompare.cli.leaderboard",
        "leaderboard",
        "Rank stores of outcomes.",
    ),
    "compare": (
        "fercompare.cli.compare",
        "compare",
        "Compare models on the same images.",
    ),
    "search": (
        "fercompare.cli.search",
        "search",
        "Search for settings; the test is left alone.",
    ),
    "report": ("fercompare.cli.report", "report", "Write a page, and pictures."),
    "balance": (
        "fercompare.cli.balance",
        "balance",
        "Show what a strategy does to the classes.",
    ),
    "models": ("fercompare.cli.models", "models", "List the models, or show one."),
    "train": ("fercompare.cli.models", "train", "Fit a model and save it to a file."),
    "evaluate": ("fercompare.cli.models", "evaluate", "Score a model's file."),
    "predict": ("fercompare.cli.models", "predict", "Ask a model's file about images."),
    "export": ("fercompare.cli.models", "export", "Write a network as ONNX."),
    "live": ("fercompare.cli.live", "live", "Watch a camera or a film."),
    "serve": ("fercompare.cli.serve", "serve", "Compare models on a local page."),
    "data": (
        "fercompare.cli.data",
        "data",
        "List, inspect, audit and prepare data sets.",
    ),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx):
        """Return the names in the order of the catalogue."""
        return list(COMMANDS)

    def get_command(self, ctx, name):
        """Import the command, or return None where there is none of that name."""
        if name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[name]
        return getattr(importlib.import_module(module), attribute)

    def format_commands(self, ctx, formatter):
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, line) for name, (_, _, line) in COMMANDS.items()]
            )


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli():
    """Compare models and balancing strategies for facial expression recognition."""


def main():
    """Run the command line; every foreseen failure is one line and an exit status."""
    warnings.showwarning = _show_warning
    try:
        cli(prog_name="fercompare")
    except UnknownName as error:
        _fail(error, WRONG_USE)
    except (FercompareError, OSError) as error:
        _fail(error, WORK_FAILED)


def _fail(error, status):
    click.echo(f"fercompare: {printable(str(error))}", err=True)
    sys.exit(status)


def _show_warning(message, category, filename, lineno, file=None, line=None):
    click.echo(f"warning: {printable(str(message))}", err=True)


if __name__ == "__main__":
    main()

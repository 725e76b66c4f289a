"""The command line, run in the process of the tests: what is heavy is imported once."""

import io
import sys
import warnings
from contextlib import chdir, redirect_stderr, redirect_stdout
from typing import NamedTuple
from unittest.mock import patch

from fercompare.cli.main import main


class Done(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    stdout: str
    stderr: str


def run_command(words, folder):
    """Run ``fercompare`` with some words in a folder, as `main` does in a shell."""
    out, err, status = io.StringIO(), io.StringIO(), None
    with (
        chdir(folder),
        patch.object(sys, "argv", ["fercompare", *map(str, words)]),
        warnings.catch_warnings(),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        warnings.resetwarnings()
        try:
            main()
        except SystemExit as ended:
            status = ended.code or 0
    return Done(status, out.getvalue(), err.getvalue())

"""Progress: there for a person who waits, silent for a program."""

import os
import subprocess
import sys

import pytest

from fercompare.terminal import print_table, track

SCRIPT = """
import time
from fercompare import terminal
terminal.PATIENCE_SECONDS = {patience}
print(sum(terminal.track([1, 2, 3], "counting")), flush=True)
"""


def run(patience, stderr):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(patience=patience)],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        check=True,
    )


def test_a_program_sees_nothing():
    done = run(-1, subprocess.PIPE)
    assert (done.stdout, done.stderr) == ("6\n", "")


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("patience", "shown"), [(-1, True), (60, False)])
def test_a_person_sees_a_bar_once_it_takes_long(patience, shown):
    ours, theirs = os.openpty()
    assert run(patience, theirs).stdout == "6\n"
    os.close(theirs)
    seen = b""
    try:
        while block := os.read(ours, 1024):
            seen += block
    except OSError:
        pass  # Linux ends a terminal that nobody writes to with an error
    os.close(ours)
    assert (b"counting" in seen) == shown


def test_every_item_comes_through_and_the_bar_ends_with_an_early_stop():
    assert list(track(range(5), "counting")) == [0, 1, 2, 3, 4]
    for item in track(iter("abc"), "counting", total=3):
        assert item == "a"
        break


def test_names_are_not_read_as_markup(capsys):
    print_table([["[red]x[/red]", "1"]], ["name", "n"])
    assert "[red]x[/red]" in capsys.readouterr().out

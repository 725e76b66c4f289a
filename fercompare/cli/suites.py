"""Study files: what `fercompare bench` is asked for, in TOML and its flags' words."""

import json
import re
import tomllib
from pathlib import Path

import click
import tomli_w
from click.core import ParameterSource

from fercompare.cli.options import DATASET_WORDS, key_and_value
from fercompare.errors import UnknownName, look_up
from fercompare.naming import split_names

NOT_OF_A_STUDY = (
    *("suite", "write-suite", "dry-run", "collect", "csv", "quiet", "help"),
    *("backend", "scheduler"),
)
"""Flags of one call, which a file says nothing of."""
ALWAYS_WRITTEN = ("dataset", "models", "balance", "seeds")
DATASETS = "datasets"
WORDS_OF_DATASETS = (*DATASET_WORDS, "cv", "group", "parts")


def use_suite(context, parameter, path):
    """Make what a file says the defaults of the other flags; return its data sets."""
    if path is None:
        return None
    flags = _words(context.command)
    words = read_suite(path, flags)
    datasets = words.pop(DATASETS, None) or None
    context.default_map = {
        flags[word].name: _as_typed(flags[word], value) for word, value in words.items()
    }
    return datasets


def read_suite(path, known):
    """Return the words of a file and their values, or raise `click.UsageError`.

    Parameters
    ----------
    path : path
    known : iterable of str
        The words that a study may have. Beside them there may be a table
        ``[datasets.NAME]`` for each of several data sets.
    """
    text = Path(path).read_bytes()
    try:
        words = tomllib.loads(text.decode())
    except ValueError as error:
        raise click.UsageError(f"{path}: {error}") from error
    lines = text.decode().splitlines()
    _check(path, lines, words, [*known, DATASETS])
    tables = words.get(DATASETS, {})
    if not isinstance(tables, dict) or not all(
        isinstance(table, dict) for table in tables.values()
    ):
        raise click.UsageError(f"{path}: a data set is a table, [{DATASETS}.NAME]")
    for name, table in tables.items():
        _check(path, lines, table, WORDS_OF_DATASETS)
        if not isinstance(table.get("option", {}), dict):
            raise click.UsageError(
                f"{path}, line {_line(lines, 'option')}: option of {name!r} is no "
                "table such as {n = 300}"
            )
    if tables and (twice := words.keys() & set(DATASET_WORDS)):
        raise click.UsageError(
            f"{path}, line {_line(lines, min(twice))}: {min(twice)!r} stands beside "
            f"tables of data sets; write it into them"
        )
    return words


def refuse_flags_beside(context, datasets):
    """Raise where a flag is about one data set and the suite names several."""
    flags = _words(context.command)
    for word in WORDS_OF_DATASETS if datasets else ():
        source = context.get_parameter_source(flags[word].name)
        is_theirs = word in DATASET_WORDS or any(word in t for t in datasets.values())
        if source is ParameterSource.COMMANDLINE and is_theirs:
            raise click.UsageError(
                f"--{word} is about one data set, and the suite says it of "
                f"{', '.join(datasets)}"
            )


def write_suite(path, context, datasets):
    """Write what was asked for as a file that asks for the same."""
    words = {}
    for word, parameter in _words(context.command).items():
        given = context.get_parameter_source(parameter.name) in (
            ParameterSource.COMMANDLINE,
            ParameterSource.DEFAULT_MAP,
        )
        if datasets and word in DATASET_WORDS:
            continue
        if given or word in ALWAYS_WRITTEN:
            words[word] = _as_written(word, context.params[parameter.name])
    if datasets:
        words[DATASETS] = datasets
    Path(path).write_text(tomli_w.dumps(words))


def _words(command):
    """Return word to parameter of the flags that a study may have."""
    flags = {flag.opts[0].removeprefix("--"): flag for flag in command.params}
    return {word: flag for word, flag in flags.items() if word not in NOT_OF_A_STUDY}


def _check(path, lines, words, known):
    for word in words:
        try:
            look_up(word, dict.fromkeys(known), "word")
        except UnknownName as error:
            line = _line(lines, word)
            raise click.UsageError(f"{path}, line {line}: {error}") from error


def _line(lines, word):
    """Return the number of the line that a word is set in, or of its table."""
    sets = re.compile(rf"[^#\"']*\b{re.escape(word)}\b[\"']?\s*[=.\]]")
    return next((n for n, line in enumerate(lines, 1) if sets.match(line)), "?")


def _as_typed(flag, value):
    """Return a value as the command line would have it."""
    if flag.multiple and not isinstance(value, dict):
        raise click.UsageError(
            f"{flag.name!r} is a table in a suite, as in [{flag.name}] with n = 300"
        )
    if isinstance(value, dict):
        pairs = [f"{key}={json.dumps(of_key)}" for key, of_key in value.items()]
        return pairs if flag.multiple else json.dumps(value)
    return ",".join(map(str, value)) if isinstance(value, list) else value


def _as_written(word, value):
    if word in ("models", "balance"):
        return split_names(value)
    return dict(map(key_and_value, value)) if word == "option" else value

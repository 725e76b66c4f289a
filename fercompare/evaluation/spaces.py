"""What a search goes through: the options of every word of a model, a line each.

A line whose option has ``if other=value|value`` behind it holds where the other option
of that word is one of these. `fercompare.evaluation.ranges` says what a line may say.
"""

from typing import NamedTuple

from fercompare.errors import DataError, look_up
from fercompare.evaluation.ranges import parse_range
from fercompare.models import ALIASES, NO_OPTIONS
from fercompare.naming import (
    canonical,
    parse_name,
    split_count,
    split_names,
    with_options,
)

KERNEL = {"C": "0.3..30:log", "sharpness": "0.3..4:log"}
RATES = {
    "learning_rate if optimizer=muon": "0.03..0.4:log",
    "learning_rate if optimizer=adam|adamw|rmsprop": "1e-4..1e-2:log",
    "learning_rate if optimizer=sgd": "3e-3..0.3:log",
}
TRAINING = {
    **RATES,
    "weight_decay": "1e-5..1e-2:log",
    "schedule": ["constant", "linear", "cosine"],
    "batch_size": [64, 128, 256],
    "label_smoothing": "0.0..0.2:0.05",
}
NETWORK = {
    "convolutions": "1..3",
    "dense": "0..3 of 64|128|256|512",
    "dropout": "0.0..0.5:0.05",
    **TRAINING,
}
STUDIED = {"width": [16, 32, 48, 64], **NETWORK}

SPACES = {
    "hog": {
        "orientations": "6..16",
        "pixels_per_cell": [(6, 6), (8, 8), (12, 12)],
        "cells_per_block": [(1, 1), (2, 2), (3, 3)],
        "block_norm": ["L1-sqrt", "L2", "L2-Hys"],
        "transform_sqrt": [False, True],
        "signed": [False, True],
    },
    "lbp": {
        "R": "1..4",
        "method": ["uniform", "nri_uniform"],
        "grid": [(4, 4), (6, 6), (8, 8)],
        "sqrt": [False, True],
    },
    "fisher": {
        "n_words": [64, 128, 256],
        "n_components": [32, 64],
        "cell": "3..6",
        "orientations": "6..12",
    },
    "svm": KERNEL,
    "pca-svm": {**KERNEL, "pca__n_components": [256, 512, 1024]},
    "linear-svm": {"C": "1e-4..1.0:log"},
    "nystroem": {
        "nystroem__gamma": "1e-4..5e-3:log",
        "nystroem__n_components": [500, 1000, 2000],
    },
    "rf": {
        "n_estimators": [100, 200, 400],
        "min_samples_leaf": "1..8",
        "max_features": ["sqrt", "log2", 0.1, 0.2],
    },
    "cnn": {"blocks": "2..4", "width": [16, 24, 32, 48, 64], **NETWORK},
    "cnn-small": {"blocks": "2..4", "width": [8, 12, 16, 24, 32], **NETWORK},
    "cnn-large": {"blocks": "3..5", "width": [48, 64, 96, 128], **NETWORK},
    **dict.fromkeys(("cnn3", "cnn4", "cnn5", "cnn6"), STUDIED),
    "transfer": {
        "head": "0..2 of 64|128|256|512",
        "dropout": "0.0..0.5:0.05",
        **TRAINING,
    },
}
"""Word to option to what it may be. Epochs are left to who pays for them."""


class Line(NamedTuple):
    """One line of a space: which option of which word, what it may be, and when."""

    word: str
    option: str
    range: object
    other: str = ""
    values: tuple = ()

    @property
    def key(self):
        """The line's left side, as it is written."""
        key = f"{self.word}.{self.option}" if self.word else self.option
        return f"{key} if {self.other}={'|'.join(self.values)}" if self.other else key


class Space(NamedTuple):
    """A model, its words, and the lines that are drawn from.

    ``model`` is a name, or an estimator, whose word is empty.
    """

    model: object
    words: dict
    lines: tuple
    defaults: dict

    def draw(self, trial):
        """Return word to option to value, as an Optuna trial chooses."""
        drawn = {word: {} for word in self.words}
        for line in self.lines:
            now = {**self.defaults[line.word], **drawn[line.word]}
            if not line.other or _shown(now[line.other]) in line.values:
                drawn[line.word][line.option] = line.range.draw(trial, line.key)
        return drawn

    def name(self, drawn):
        """Return the model's name with drawn options, such as `make_model` takes."""
        if not isinstance(self.model, str):
            return canonical(_with(type(self.model).__name__, drawn[""]))
        pieces = (_with(text, drawn[word]) for word, text in self.words.items())
        return canonical("+".join(pieces))


def make_space(model, estimator, written=None):
    """Return the `Space` of a model, or raise where it has no such options.

    Parameters
    ----------
    model : str or estimator
    estimator : estimator
        What the name stands for.
    written : dict of str to str or list, optional
        Instead of what `SPACES` has: ``"svm.C"`` to a range, where a name without a
        word is of the last one; or of an estimator, its parameters. What the name of
        the model sets stays as it is.

    Returns
    -------
    Space

    Examples
    --------
    >>> from fercompare import make_model
    >>> space = make_space("hog(signed=True)+linear-svm", make_model("hog+linear-svm"))
    >>> [line.key for line in space.lines][-2:]
    ['hog.transform_sqrt', 'linear-svm.C']
    >>> name = "hog+svm"
    >>> space = make_space(name, make_model(name), {"C": "1..9"})
    >>> space.name({"hog": {}, "svm": {"C": 2.5}})
    'hog+svm(C=2.5)'
    """
    words = _words(model) if isinstance(model, str) else {"": ""}
    own = _own_options(words, estimator)
    is_given = bool(written)
    lines = []
    for key, text in (written or _ready_made(words)).items():
        word, option, other, values = _read(key, words)
        like = look_up(option, own[word], f"option to search of {word or model!r}:")
        if other:
            look_up(other, own[word], f"option of {word or model!r}:")
        fixed = parse_name(words[word])[1]
        if option in fixed and is_given:
            raise DataError(f"{key!r} is searched, and {words[word]!r} says what it is")
        if option not in fixed:
            lines.append(Line(word, option, parse_range(text, like), other, values))
    if not lines:
        raise DataError(
            f"{model!r} has no option that is searched unless asked for",
            remedy="say which, as in --search C=0.1..100:log",
        )
    return Space(model, words, tuple(lines), own)


def _words(model):
    """Return the words of a name, each with the options that it is written with."""
    count, one = split_count(model)
    if count is not None:
        raise DataError(
            f"{model!r} is an ensemble", remedy=f"search {one!r}, then average the best"
        )
    word = model.partition("(")[0]
    expanded = ALIASES.get(word.strip())
    if expanded is not None:
        model = model.replace(word, expanded, 1)
    texts = [canonical(text) for text in split_names(model, "+")]
    plain = [text.partition("(")[0] for text in texts]
    if twice := [word for word in plain if plain.count(word) > 1]:
        raise DataError(f"{model!r} has {twice[0]!r} twice, and names are ambiguous")
    return dict(zip(plain, texts))


def _own_options(words, estimator):
    """Return word to option to what it is now."""
    own = {word: {} for word in words}
    last = list(words)[-1]
    for name, value in estimator.get_params().items():
        if name.rpartition("__")[2] in NO_OPTIONS:
            continue
        step, _, option = name.removeprefix("features__").partition("__")
        if not hasattr(estimator, "steps") or not last:
            own[last][name] = value
        elif option and step in own and step != last:
            own[step][option] = value
        elif option:
            is_last = step == estimator.steps[-1][0]
            own[last][option if is_last else name] = value
    return own


def _ready_made(words):
    return {
        f"{word}.{option}": text
        for word in words
        for option, text in SPACES.get(word, {}).items()
    }


def _read(key, words):
    """Return the word, the option and the condition of a line's left side."""
    left, _, condition = key.partition(" if ")
    word, dot, option = left.strip().partition(".")
    if not dot:
        word, option = list(words)[-1], left.strip()
    look_up(word, words, "word of the model")
    other, equals, values = condition.partition("=")
    if condition and not (equals and values):
        raise DataError(
            f"{key!r}", remedy="write a condition as in 'gamma if kernel=rbf'"
        )
    return (
        word,
        option,
        other.strip(),
        tuple(split_names(values, "|")) if values else (),
    )


def _with(text, options):
    return with_options(text, [f"{name}={v!r}" for name, v in options.items()])


def _shown(value):
    return value if isinstance(value, str) else repr(value)

"""Options that several commands share."""

import functools
import json
import math

import click

from fercompare.errors import whole_number

MOST_SIDE = 4096


class Number(click.FloatRange):
    """A number within limits, and neither nan nor infinite.

    Examples
    --------
    >>> Number(min=0).convert("0.5", None, None)
    0.5
    """

    name = "number"

    def convert(self, value, param, ctx):
        """Return the number, or refuse what is none."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


def dataset_options(*left_out):
    """Return a decorator that adds the options by which a data set is loaded.

    They arrive as one dict, ``loading``. ``left_out`` names those that would mean
    nothing for a command.
    """
    options = {name: o for name, o in _OPTIONS.items() if name not in left_out}

    def decorate(command):
        @functools.wraps(command)
        def with_loading(**values):
            loading = {name: values.pop(name) for name in options}
            loading["option"] = dict(map(key_and_value, loading["option"]))
            return command(loading=loading_of(loading), **values)

        for option in reversed(options.values()):
            with_loading = option(with_loading)
        return with_loading

    return decorate


def loading_of(words):
    """Return what `load_dataset` takes, of the words that flags have for it.

    Examples
    --------
    >>> loading_of({"size": "24", "option": {"n": 300}})
    {'image_shape': (24, 24), 'n': 300}
    """
    loading = {word.replace("-", "_"): value for word, value in words.items()}
    options = loading.pop("option", {})
    if "size" in loading:
        loading["image_shape"] = _shape(str(loading.pop("size")))
    if isinstance(loading.get("labels"), str):
        loading["labels"] = _name_or_json(loading["labels"])
    return loading | options


def key_and_value(text):
    """Return the two parts of a text ``KEY=VALUE``; the value may be json."""
    key, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"--option {text!r} is not KEY=VALUE")
    return key.replace("-", "_"), _name_or_json(value)


_OPTIONS = {
    "root": click.option(
        "--root", type=click.Path(), help="Folder or file of the set."
    ),
    "size": click.option("--size", default="48", help="Side of the images, or HxW."),
    "color": click.option("--color", is_flag=True, help="Keep red, green and blue."),
    "labels": click.option("--labels", help="Other classes: valence3, or a json map."),
    "split": click.option(
        "--split", default="official", help="Who trains, who reports."
    ),
    "duplicates": click.option(
        "--duplicates", default="keep", help="keep, drop_from_train or group copies."
    ),
    "per_class": click.option(
        "--per-class", type=int, help="Most training images of a class."
    ),
    "share": click.option(
        "--share", type=float, help="Share of the training images to learn from."
    ),
    "on_error": click.option(
        "--on-error", type=click.Choice(["raise", "skip"]), default="raise"
    ),
    "option": click.option(
        "--option",
        multiple=True,
        metavar="KEY=VALUE",
        help="What the set's own loader takes, such as mode=crossentropy.",
    ),
}


DATASET_WORDS = ("dataset", *(name.replace("_", "-") for name in _OPTIONS))
"""By which one data set is named and loaded, as flags have them."""


def _shape(text):
    sides = text.lower().split("x")
    sides = [whole_number(side, MOST_SIDE) for side in sides]
    if len(sides) > 2 or None in sides:
        raise click.BadParameter(f"--size {text!r} is neither a number nor HxW")
    return (sides[0], sides[-1])


def _name_or_json(text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text

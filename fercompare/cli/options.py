"""Options that several commands share."""

import functools
import json

import click


def dataset_options(command):
    """Add the options that say how a data set is loaded; they arrive as ``loading``."""
    options = [
        click.option("--root", type=click.Path(), help="Folder or file of the set."),
        click.option("--size", default="48", help="Side of the images, or HxW."),
        click.option("--color", is_flag=True, help="Keep red, green and blue."),
        click.option("--labels", help="Other classes: valence3, or a map as json."),
        click.option("--split", default="official", help="Who trains and who reports."),
        click.option("--duplicates", default="keep", help="What becomes of copies."),
        click.option("--per-class", type=int, help="Most training images a class."),
        click.option(
            "--on-error", type=click.Choice(["raise", "skip"]), default="raise"
        ),
        click.option(
            "--option",
            "extra",
            multiple=True,
            metavar="KEY=VALUE",
            help="What the set's own loader takes, such as mode=crossentropy.",
        ),
    ]

    @functools.wraps(command)
    def with_loading(**values):
        names = ("root", "color", "split", "duplicates", "per_class", "on_error")
        loading = {name: values.pop(name) for name in names}
        loading["labels"] = _name_or_json(values.pop("labels"))
        loading["image_shape"] = _shape(values.pop("size"))
        loading |= dict(_pair(text) for text in values.pop("extra"))
        return command(loading=loading, **values)

    for option in reversed(options):
        with_loading = option(with_loading)
    return with_loading


def _shape(text):
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdigit() for side in sides):
        raise click.BadParameter(f"--size {text!r} is neither a number nor HxW")
    return (int(sides[0]), int(sides[-1]))


def _pair(text):
    key, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"--option {text!r} is not KEY=VALUE")
    return key.replace("-", "_"), _name_or_json(value)


def _name_or_json(text):
    try:
        return None if text is None else json.loads(text)
    except json.JSONDecodeError:
        return text

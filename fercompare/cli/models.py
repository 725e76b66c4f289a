"""`fercompare models`, `train`, `evaluate` and `predict`."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import click
from click.core import ParameterSource

from fercompare.cli.faces import face_options, print_faces
from fercompare.cli.options import dataset_options
from fercompare.cli.showing import check_watch, check_writable, draw_curves, draw_model
from fercompare.naming import with_options

WORK_FAILED = 1

ZIP = b"PK\x03\x04"


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print json.")
@click.pass_context
def models(context, as_json):
    """List the models, or show one of them."""
    if context.invoked_subcommand:
        return
    from fercompare.models import MODELS
    from fercompare.terminal import print_table

    if as_json:
        click.echo(json.dumps(MODELS, indent=2))
    else:
        print_table(MODELS.items(), ["model", "what it is"])


@models.command()
@click.argument("model")
@click.option("--draw", type=click.Path(), help="Picture of what it sees.")
def show(model, draw):
    """Print the steps of a model, or the card of a model's file."""
    from fercompare.models import make_model
    from fercompare.terminal import print_table

    if Path(model).is_file():
        from fercompare.saving.models import load_model, read_card

        made, card = load_model(model), asdict(read_card(model))
        print_table([(key, _plain(value)) for key, value in card.items()], ["", model])
    else:
        made = make_model(model)
    steps = getattr(made, "steps", [("", made)])
    rows = [(name, _parameters(step)) for name, step in steps]
    print_table(rows, ["step", "with its parameters"], title=model)
    if draw:
        for path in draw_model(made, Path(draw)):
            click.echo(path)


@click.command()
@click.argument("model")
@click.option("--dataset", default="synthetic", help="A name from `data list`.")
@dataset_options()
@click.option("--balance", default="none", show_default=True, help="Strategy.")
@click.option(
    "--set",
    "options",
    multiple=True,
    metavar="OPTION=VALUE",
    help="What the model's last step takes, such as epochs=40.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="File.")
@click.option(
    "--log", type=click.Path(dir_okay=False), help="CSV of a network's epochs."
)
@click.option(
    "--tensorboard", type=click.Path(file_okay=False), help="Folder for TensorBoard."
)
@click.option(
    "--curves", type=click.Path(dir_okay=False), help="Picture of a network's epochs."
)
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False),
    help="File of a network's training, which goes on from there after a kill.",
)
def train(model, dataset, loading, balance, options, seed, out, curves, **watch):
    """Fit a model on the training part and save it to a file.

    Of 5*MODEL, an ensemble, each member has a log and a checkpoint of its own, with its
    number before the suffix, and the curves are those of the first.

    Where there is a validation part it is scored on that, which flatters a model of
    which that part chose something; `evaluate` does the test.
    """
    from fercompare.balancing.decisions import VALIDATION
    from fercompare.datasets.loading import load_dataset
    from fercompare.evaluation.trained import evaluate
    from fercompare.evaluation.trained import train as fit
    from fercompare.report.leaderboard import score
    from fercompare.saving.cards import Card
    from fercompare.saving.models import save_model

    model = with_options(model, options)
    check_writable(Path(out))
    check_watch(model, curves, **watch)
    data = load_dataset(dataset, **loading)
    started = time.perf_counter()
    watch["progress"] = True
    fitted, card = fit(model, data, strategy=balance, seed=seed, watch=watch)
    took = time.perf_counter() - started
    scores = {}
    if "val" in data.part_sizes():
        of_val = score(evaluate(fitted, Card(**card), data, "val"))
        scores = {f"val_{name}": v for name, v in of_val.items() if v == v}
    save_model(fitted, out, card=card | {"scores": scores})
    n_rows = sum(card["counts"].values())
    click.echo(f"{model}, {balance}: {n_rows:,} images in {took:.1f} s", err=True)
    for name, value in scores.items():
        click.echo(f"{name}: {value:.4f}", err=True)
    if scores and VALIDATION in card["selected_on"]:
        click.echo(f"flattered: chosen on the {card['selected_on']}", err=True)
    click.echo(out)
    if curves:
        draw_curves(fitted, Path(curves))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--dataset", default="synthetic", help="A name from `data list`.")
@dataset_options("size", "color", "per_class", "share")
@click.option(
    "--part",
    type=click.Choice(["train", "val", "test", "all"]),
    default="test",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="Print json.")
def evaluate(file, dataset, loading, part, as_json):
    """Score a model's file on a part of a data set."""
    from fercompare.datasets.loading import load_dataset
    from fercompare.evaluation.trained import evaluate as ask
    from fercompare.metrics import recall_per_class
    from fercompare.report.leaderboard import score
    from fercompare.saving.models import load_model, read_card
    from fercompare.terminal import print_table

    model, card = load_model(file), read_card(file)
    color = len(card.image_shape) == 3
    data = load_dataset(
        dataset, image_shape=card.image_shape[:2], color=color, **loading
    )
    outcome = ask(model, card, data, part)
    whole, without = score(outcome), score(outcome, outcome.leak_free)
    recalls = recall_per_class(outcome.y_true, outcome.y_pred, len(outcome.classes))
    if as_json:
        facts = {
            "model": file,
            "dataset": dataset,
            "part": part,
            "n": len(outcome.y_true),
            "scores": whole,
            "n_leak_free": int(outcome.leak_free.sum()),
            "scores_leak_free": without,
            "recall": dict(zip(outcome.classes, recalls.tolist())),
        }
        click.echo(json.dumps(_without_nan(facts), indent=2))
        return
    counts = f"{len(outcome.y_true):,} images", f"{outcome.leak_free.sum():,} leak-free"
    rows = [(name, f"{whole[name]:.4f}", f"{without[name]:.4f}") for name in whole]
    title = f"{card.model or file} on {dataset}, part {part}"
    print_table(rows, ["", *counts], title=title, numeric=counts)
    of_class = [(c, f"{r:.3f}") for c, r in zip(outcome.classes, recalls)]
    print_table(of_class, ["class", "recall"], numeric=["recall"])


@click.command()
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(exists=True),
    metavar="[MODEL] IMAGES...",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json"]),
    default="csv",
    show_default=True,
)
@click.option("--detect", is_flag=True, help="Find the faces; films are taken too.")
@face_options
@click.option(
    "--annotate",
    type=click.Path(file_okay=False),
    help="Folder for copies with the faces marked.",
)
@click.pass_context
def predict(context, paths, form, detect, **how):
    """Print what a model's file sees in images, or in folders of them.

    Without a MODEL it is the network that comes with the package. Images that cannot
    be read are named on standard error, and the status is 1.

    A face should fill each image. With --detect the faces are found first, and each is
    a row of its own, in pictures of up to 64 megapixels and in every frame of a film.
    """
    if detect:
        file, images = _model_and_images(paths)
        sys.exit(0 if print_faces(file, images, form, **how) else WORK_FAILED)
    for name in how:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} belongs to --detect")
    from fercompare.evaluation.trained import predict_images
    from fercompare.saving.models import load_model, read_card

    file, images = _model_and_images(paths)
    model, card = load_model(file), read_card(file)
    files = [path for image in images for path in _files(Path(image))]
    table, unreadable = predict_images(model, card, files)
    if form == "json":
        click.echo(table.to_json(orient="records", indent=2))
    else:
        click.echo(table.to_csv(index=False, float_format="%.5f"), nl=False)
    for error in unreadable:
        click.echo(f"fercompare: {error}", err=True)
    click.echo(f"{len(table)} images read, {len(unreadable)} unreadable", err=True)
    if unreadable:
        sys.exit(WORK_FAILED)


def _model_and_images(paths):
    """Return the model's file, which may come first, and the images."""
    from fercompare.saving.shipped import SHIPPED

    first, *others = paths
    if not _is_model_file(Path(first)):
        click.echo(
            f"fercompare: seen by the network of the package; its scores and terms: "
            f"fercompare models show {SHIPPED}",
            err=True,
        )
        return SHIPPED, paths
    if not others:
        raise click.UsageError("no images to look at, only a model")
    return first, others


def _is_model_file(path):
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return path.suffix == ".fer" or stream.read(len(ZIP)) == ZIP


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.argument("out", type=click.Path(dir_okay=False))
def export(file, out):
    """Write the network of a model's file as ONNX, for other programs.

    It takes rows of pixels, float32 from 0 to 255, and gives probabilities.
    """
    from fercompare.saving.models import load_model

    check_writable(Path(out))
    model = load_model(file)
    from fercompare.deep.export import export_onnx

    export_onnx(model, out)
    click.echo(out)


def _files(path):
    from fercompare.datasets.files import walk_images
    from fercompare.decoding import ImageReader

    return walk_images(path, ImageReader()) if path.is_dir() else [path]


def _parameters(step):
    return str(step).replace("\n", " ")


def _plain(value):
    if isinstance(value, dict):
        return "\n".join(f"{key}: {item}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _without_nan(facts):
    if isinstance(facts, dict):
        return {key: _without_nan(value) for key, value in facts.items()}
    return None if facts != facts else facts

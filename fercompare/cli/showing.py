"""What `models show` and `train` show of a model, and what is checked before."""

import os
from pathlib import Path

import click


def check_writable(path, option="--out"):
    """Say at once, not after an hour of training, that a file cannot be written."""
    from fercompare.errors import DataError

    folder = path.absolute().parent
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise DataError(
            "is no folder that can be written to",
            file=folder,
            remedy=f"make it, or choose another place for {option}",
        )


def check_watch(model, curves, log, tensorboard, checkpoint):
    """Say at once what cannot be shown or kept of a training."""
    from fercompare.errors import DataError
    from fercompare.models import make_model

    if not (curves or log or tensorboard or checkpoint):
        return
    if not hasattr(_classifier(make_model(model)), "epochs"):
        raise DataError(
            f"{model} has no epochs",
            remedy="leave --log, --tensorboard, --curves and --checkpoint to the "
            "networks",
        )
    if log:
        check_writable(Path(log), "--log")
    if checkpoint:
        check_writable(Path(checkpoint), "--checkpoint")
    if curves:
        from fercompare.report.figures import stem_and_format

        stem_and_format(Path(curves))
        check_writable(Path(curves), "--curves")


def draw_model(model, path):
    """Write a picture of what a model sees in drawn faces; return its paths."""
    from fercompare.datasets.synthetic import load_synthetic
    from fercompare.report.feature_plots import draw_features

    faces = load_synthetic(140)
    augmentation = getattr(_classifier(model), "augmentation", None)
    if augmentation is None:
        return draw_features(model, faces, path)
    from fercompare.report.training_plots import draw_augmentation

    return draw_augmentation(augmentation, faces, path)


def draw_curves(fitted, path):
    """Write a picture of a fitted network's epochs, and print its path."""
    from fercompare.report.training_plots import draw_history

    network = _classifier(fitted)
    best = network.best_epoch_ if network.patience else None
    for drawn in draw_history(network.history_, path, best_epoch=best):
        click.echo(drawn)


def _classifier(model):
    from fercompare.balancing.wrappers import innermost

    return innermost(model)

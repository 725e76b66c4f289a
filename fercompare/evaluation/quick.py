"""A study made small, to see within seconds whether all of it works."""

from fercompare.datasets.splits import subsample

ROWS = 20
"""Images of each class in each part."""
SEEDS, FOLDS = 1, 2


def few_rows(dataset):
    """Return the set with a few images of each class in each part.

    Examples
    --------
    >>> from fercompare import load_dataset
    >>> few_rows(load_dataset("synthetic", n=2000)).class_counts()["train"]["happy"]
    20
    """
    return subsample(dataset, ROWS)


def short(model):
    """Return an estimator that is trained for one epoch, where it has epochs.

    Examples
    --------
    >>> from fercompare import make_model
    >>> short(make_model("cnn")).epochs
    1
    """
    names = model.get_params()
    epochs = [name for name in names if name.rpartition("__")[2] == "epochs"]
    return model.set_params(**dict.fromkeys(epochs, 1))

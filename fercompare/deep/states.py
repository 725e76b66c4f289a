"""What a network has learned as plain arrays, and back once it is known to fit."""

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from fercompare.containers.refusal import Refused, said
from fercompare.deep.devices import own_randomness

MOST_OPERATIONS = 3e11
"""For one image; that of the largest networks in use, at their largest images."""
MOST_ACTIVATIONS = 2**26
"""Numbers that one layer gives for one image."""
MOST_EPOCHS, MOST_COLUMNS = 100_000, 100
CPU = torch.device("cpu")


def as_arrays(state):
    """Return tensors by name as arrays by name, which share memory where they can.

    A single number becomes an array of one.

    Examples
    --------
    >>> as_arrays(torch.nn.Linear(2, 1).state_dict())["weight"].shape
    (1, 2)
    """
    return {name: _as_array(name, value) for name, value in state.items()}


def check_fits(state, arrays, what="the network"):
    """Refuse arrays that are not those of a network, by name, shape, type and sense.

    Parameters
    ----------
    state : dict of {str: tensor}
        Of a network of the right kind; tensors on the ``meta`` device will do.
    arrays : dict of {str: array}
    what : str
        Whose arrays they are, for an error.
    """
    for name in sorted(set(state) ^ set(arrays)):
        there = "has no" if name in state else "has an unknown"
        raise Refused(f"{what} {there} array {ascii(name)[:80]}")
    for name, tensor in state.items():
        array, shape = arrays[name], tuple(tensor.shape) or (1,)
        if not isinstance(array, np.ndarray) or array.shape != shape:
            found = getattr(array, "shape", type(array).__name__)
            raise Refused(f"array {name!r} of {what} is {found} where {shape} belongs")
        dtype = str(tensor.dtype).removeprefix("torch.")
        if array.dtype != dtype:
            raise Refused(f"array {name!r} of {what} is of {array.dtype}, not {dtype}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise Refused(f"array {name!r} of {what} is not finite everywhere")


def fill(network, arrays):
    """Put arrays that fit into a network, wherever it is."""
    network.load_state_dict(as_tensors(network.state_dict(), arrays))


def as_tensors(state, arrays):
    """Return arrays that fit as new tensors like those of ``state``."""
    return {
        name: torch.empty_like(tensor).copy_(
            torch.tensor(arrays[name]).reshape(tensor.shape)
        )
        for name, tensor in state.items()
    }


def make_filled(make, arrays, image_shape):
    """Return a network with weights from a source that is not trusted.

    It is first made without memory, to see that the arrays are its own and that an
    image through it costs no more than a computer has.

    Parameters
    ----------
    make : callable
        Returns the network, with any weights.
    arrays : dict of {str: array}
    image_shape : tuple of int
        ``(channels, h, w)``

    Examples
    --------
    >>> weights = as_arrays(torch.nn.Conv2d(1, 2, 3).state_dict())
    >>> make_filled(lambda: torch.nn.Conv2d(1, 2, 3), weights, (1, 8, 8))
    Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))
    """
    with own_randomness(0, CPU):
        with torch.device("meta"):
            blank = make()
            check_fits(blank.state_dict(), arrays)
            _check_work(blank, image_shape)
        network = make()
    fill(network, arrays)
    return network.to(memory_format=torch.channels_last).eval()


def history_arrays(history):
    """Return the rows of a training's epochs as a table.

    Returns
    -------
    table : dict
        ``names`` list of str, ``values`` float array (epochs, names), 0 where not
        finite or not there, and ``known`` bool array that says where.

    Examples
    --------
    >>> table = history_arrays([{"epoch": 1, "loss": 0.5}])
    >>> table["names"], table["values"]
    (['epoch', 'loss'], array([[1. , 0.5]]))
    >>> history_rows(**table)
    [{'epoch': 1, 'loss': 0.5}]
    """
    names = sorted({name for row in history for name in row})
    values = np.array(
        [[row.get(name, np.nan) for name in names] for row in history], np.float64
    ).reshape(len(history), len(names))
    known = np.isfinite(values)
    return {"names": names, "values": np.where(known, values, 0), "known": known}


def history_rows(names, values, known):
    """Return the rows that `history_arrays` made a table of, or refuse a table."""
    n_epochs, n_columns = values.shape
    if n_epochs > MOST_EPOCHS or n_columns > MOST_COLUMNS:
        raise Refused(f"has a history of {n_epochs:,} epochs of {n_columns:,} numbers")
    if not isinstance(names, list) or known.shape != values.shape:
        raise Refused("has a history that is no table")
    right = all(isinstance(name, str) for name in names)
    if not right or len(set(names)) != n_columns or len(names) != n_columns:
        raise Refused("has a history whose columns have no names")
    if n_epochs and "epoch" not in names:
        raise Refused("has a history without epochs")
    values = np.where(known, values, np.nan).tolist()
    return [
        dict(zip(names, row)) | {"epoch": number}
        for number, row in enumerate(values, start=1)
    ]


def _as_array(name, value):
    try:
        return np.atleast_1d(value.detach().cpu().numpy())
    except (AttributeError, TypeError) as error:
        raise Refused(
            f"the network's {name!r} is no tensor that arrays can hold: {said(error)}",
            "use float32",
        ) from error


def _check_work(network, image_shape):
    largest = 0

    def look(module, inputs, output):
        nonlocal largest
        if isinstance(output, torch.Tensor):
            largest = max(largest, output.numel())

    hooks = [module.register_forward_hook(look) for module in network.modules()]
    network.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        try:
            network(torch.empty((1, *image_shape), device="meta"))
        except (RuntimeError, TypeError, ValueError) as error:
            raise Refused(
                f"the network cannot take images of {image_shape}: {said(error)}"
            ) from error
    for hook in hooks:
        hook.remove()
    if largest > MOST_ACTIVATIONS or counter.get_total_flops() > MOST_OPERATIONS:
        raise Refused(
            f"the network asks for {counter.get_total_flops():.2g} operations and "
            f"{largest:.2g} numbers in a layer for one image"
        )

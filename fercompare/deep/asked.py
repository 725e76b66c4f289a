"""What a training was asked for: all that the weights after it depend on."""

import hashlib
import re
from numbers import Integral

import numpy as np

from fercompare.containers.refusal import Refused
from fercompare.deep.states import as_arrays
from fercompare.errors import DataError

LEFT_OUT = (
    *("checkpoint", "log", "tensorboard", "progress", "device", "flips"),
    *("image_shape", "network", "precision", "random_state"),
)
"""Parameters that change nothing of a training, or that show in what is digested."""
DIGESTED = ("training rows", "validation rows", "classes", "network before training")
ROWS = 4096
MOST_SAID = 60
_ADDRESS = re.compile(" at 0x[0-9a-f]+")


def what_is_asked(model, network, examples, validation, seed):
    """Return all that the weights after a training depend on, each as short text.

    Parameters
    ----------
    model : DeepClassifier
        Which has begun to be fitted.
    network : Module
        As it is before the first epoch.
    examples : Examples
    validation : Examples or None
    seed : int
    """
    if model.random_state is None:
        raise DataError(
            "a checkpoint with random_state=None, which is another seed each time",
            remedy="choose a whole number for random_state",
        )
    parameters = {
        name: _described(value)
        for name, value in model.get_params(deep=False).items()
        if name not in LEFT_OUT
    }
    is_number = isinstance(model.random_state, Integral)
    weights = as_arrays(network.state_dict()).items()
    digests = (
        _digest_of(examples),
        _digest_of(validation),
        _digest([model.classes_.astype(str)]),
        _digest(part for name, array in weights for part in (np.array(name), array)),
    )
    return parameters | {
        "random_state": str(int(model.random_state) if is_number else seed),
        "precision": model.precision_,
        **dict(zip(DIGESTED, digests)),
    }


def check_asked(before, now, remedy):
    """Refuse a training of anything else than is asked for, and say what differs.

    Parameters
    ----------
    before, now : dict of {str: str}
        As `what_is_asked` returns it.
    remedy : str
        What to do.
    """
    if before == now:
        return
    if not isinstance(before, dict):
        raise Refused("does not say what it is a training of")
    names = [n for n in {**now, **before} if before.get(n) != now.get(n)]
    told = [
        f"{_short(name)}={_short(before.get(name))}, not {_short(now.get(name))}"
        for name in names
        if name not in DIGESTED
    ]
    told = told or [f"other {name}" for name in DIGESTED if name in names]
    raise Refused(
        f"is of another training: {'; '.join(told)}",
        f"{remedy}; a training goes on with the same parameters, epochs among them",
    )


def _short(text):
    return ascii(str(text))[1:-1][:MOST_SAID]


def _described(value):
    """Return a parameter as text that is the same in every process."""
    if hasattr(value, "get_params") and not isinstance(value, type):
        inner = value.get_params(deep=False).items()
        told = ", ".join(f"{name}={_described(v)}" for name, v in sorted(inner))
        return f"{type(value).__name__}({told})"
    if isinstance(value, np.generic):
        value = value.item()
    name = getattr(value, "__qualname__", None)
    if "<lambda>" in (name or "") or (name is None and _ADDRESS.search(repr(value))):
        raise DataError(
            f"a checkpoint cannot tell {type(value).__name__} objects apart",
            remedy="use a function with a name, or an object with get_params",
        )
    return name or repr(value)


def _digest_of(examples):
    if examples is None:
        return "none"
    tensors = (examples.images, examples.shares, examples.weights)
    chunks = (
        chunk.cpu().numpy()
        for tensor in tensors
        if tensor is not None
        for chunk in tensor.split(ROWS)
    )
    return _digest(chunks)


def _digest(arrays):
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()

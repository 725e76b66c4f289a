"""Where a network runs and in what precision."""

import functools
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch

from fercompare.deep.convolutions import ExactStrides
from fercompare.errors import DataError

PRECISIONS = ("auto", "float32", "bfloat16")
OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "could not create a memory object",
    "ALLOC_FAILED",
)
"""What the libraries below PyTorch say of it."""
BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")


def find_device(name):
    """Return the device of a name; ``auto`` is a GPU where there is one.

    Raises
    ------
    DataError
        Where the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error) else "not there"
        raise DataError(
            f"device={name!r} cannot be used: {reason}",
            remedy="choose device='cpu', or 'auto' for the best there is",
        ) from error
    return device


def cards():
    """Return the CUDA devices of this process, each with what no other card is called.

    Examples
    --------
    >>> len(cards()) == torch.cuda.device_count()
    True
    """
    devices = range(torch.cuda.device_count())
    return {f"cuda:{k}": str(torch.cuda.get_device_properties(k).uuid) for k in devices}


@contextmanager
def computing_with(n_threads):
    """Compute on so many threads of the processor within, in this thread.

    Examples
    --------
    >>> with computing_with(1):
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def find_precision(name, device, network):
    """Return whether a network computes in bfloat16 on a device, as text.

    ``auto`` is bfloat16 where the device multiplies in it, float32 elsewhere: on a
    processor that does not, bfloat16 is ten times slower. Filters that look at one
    channel each, as those of MobileNet and EfficientNet, take a processor twice as long
    to learn in bfloat16, so that their networks stay in float32 there.

    Examples
    --------
    >>> find_precision("float32", torch.device("cpu"), torch.nn.Linear(2, 2))
    'float32'
    """
    if name not in PRECISIONS:
        raise DataError(
            f"precision={name!r}", remedy=f"choose one of {', '.join(PRECISIONS)}"
        )
    if name != "auto":
        return name
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = (
            device.type == "cpu"
            and _cpu_multiplies_bfloat16()
            and not any(map(_looks_at_one_channel, network.modules()))
        )
    return "bfloat16" if fast else "float32"


@contextmanager
def computing_in(precision, device):
    """Have layers compute in a precision within, and all of them rightly."""
    if precision != "bfloat16":
        yield
        return
    mended = ExactStrides() if device.type == "cpu" else nullcontext()
    with torch.autocast(device.type, torch.bfloat16), mended:
        yield


@contextmanager
def own_randomness(seed, device):
    """Draw from a seed inside, and leave the process's generators as they were."""
    devices = [device] if device.type == "cuda" else []
    with (
        torch.random.fork_rng(devices),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True),
    ):
        seed_generators(seed, device)
        yield


def seed_generators(seed, device):
    """Seed the generators that a network on a device draws from, and no others."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


@contextmanager
def enough_memory(batch_size=None):
    """Say what to try where the memory of the device runs out.

    Parameters
    ----------
    batch_size : int, optional
        Of the training; while predicting the batches are small already.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        if batch_size is None:
            raise DataError(
                "out of memory while predicting",
                remedy="predict fewer rows at once, or stop what else uses the memory",
            ) from error
        raise DataError(
            f"out of memory with batch_size={batch_size}",
            remedy=f"try batch_size={max(2, batch_size // 2)}, or smaller images",
        ) from error


def is_out_of_memory(error):
    """Whether an error says that the memory of a device has run out."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(words in str(error) for words in OUT_OF_MEMORY)


def _looks_at_one_channel(module):
    """Whether a module has a filter a channel; a lazy one does not know yet."""
    if not isinstance(module, torch.nn.Conv2d):
        return False
    return module.groups > 1 and module.in_channels in (0, module.groups)


@functools.cache
def _cpu_multiplies_bfloat16():
    try:
        known = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return any(flag in known for flag in BFLOAT16_FLAGS)

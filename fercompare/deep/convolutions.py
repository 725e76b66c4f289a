"""What a processor's convolutions in bfloat16 do slowly or wrongly, done well."""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.grad import conv2d_input
from torch.overrides import TorchFunctionMode

FEW_PIXELS = 64
"""Up to 8 x 8 a product is faster in bfloat16 than oneDNN's own gradient."""


class Filters(nn.Conv2d):
    """Filters of 3 x 3 that leave the side as it is.

    A processor's convolutions in bfloat16 are fast but for one thing: the gradient of
    many filters on a few pixels, which is computed as a product of matrices here.

    Examples
    --------
    >>> Filters(2, 5)(torch.zeros(1, 2, 4, 4)).shape
    torch.Size([1, 5, 4, 4])
    """

    def __init__(self, n_in, n_out, bias=False):
        super().__init__(n_in, n_out, 3, padding=1, bias=bias)

    def forward(self, images):
        """Return ``(n, n_out, h, w)``."""
        if not self._is_slow_to_learn(images):
            return super().forward(images)
        found = _Convolved.apply(images, self.weight)
        if self.bias is None:
            return found
        return found + self.bias.to(found.dtype)[:, None, None]

    def _is_slow_to_learn(self, images):
        return (
            self.training
            and images.device.type == "cpu"
            and torch.is_autocast_enabled("cpu")
            and images.shape[2] * images.shape[3] <= FEW_PIXELS
        )


class ExactStrides(TorchFunctionMode):
    """Within, filters that leave images one pixel wide compute in float32.

    With a stride, what oneDNN makes of them in bfloat16, or their gradient, is in part
    memory that nobody wrote.

    Examples
    --------
    >>> filters = nn.Conv2d(1, 1, 3, stride=2, padding=1)
    >>> with torch.autocast("cpu", torch.bfloat16), ExactStrides():
    ...     filters(torch.ones(1, 1, 8, 2)).isfinite().all()
    tensor(True)
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Call a function of PyTorch's."""
        kwargs = kwargs or {}
        found = function(*args, **kwargs)
        if function is not functional.conv2d or found.dtype != torch.bfloat16:
            return found
        stride = args[3] if len(args) > 3 else kwargs.get("stride", 1)
        step = stride if isinstance(stride, int) else stride[-1]
        if step == 1 or found.shape[-1] > 1:
            return found
        with torch.autocast("cpu", enabled=False):
            named = {name: _exact(value) for name, value in kwargs.items()}
            return function(*map(_exact, args), **named).to(found.dtype)


def _exact(value):
    return value.float() if torch.is_tensor(value) else value


class _Convolved(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.bfloat16)
    def forward(ctx, images, filters):
        ctx.save_for_backward(images, filters)
        return functional.conv2d(images, filters, padding=1)

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, slope):
        images, filters = ctx.saved_tensors
        of_images = None
        if ctx.needs_input_grad[0]:
            of_images = conv2d_input(images.shape, filters, slope, padding=1)
        return of_images, _of_filters(images, slope)


def _of_filters(images, slope):
    """Return the gradient of the filters, ``(n_out, n_in, 3, 3)``."""
    n_in, n_out = images.shape[1], slope.shape[1]
    padded = functional.pad(images.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
    around = padded.unfold(1, 3, 1).unfold(2, 3, 1)  # n, h, w, n_in, 3, 3
    rows = around.permute(0, 1, 2, 4, 5, 3).reshape(-1, 9 * n_in)
    product = slope.permute(0, 2, 3, 1).reshape(-1, n_out).T @ rows
    return product.view(n_out, 3, 3, n_in).permute(0, 3, 1, 2)

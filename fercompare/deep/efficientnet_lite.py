"""EfficientNet-Lite, with the names and the numbers of its published files."""

import math

from torch import nn
from torch.nn import functional

SCALES = {
    "efficientnet_lite0": (1.0, 1.0),
    "efficientnet_lite1": (1.0, 1.1),
    "efficientnet_lite2": (1.1, 1.2),
}
"""Name to how much wider and deeper it is than the table below."""
STAGES = (
    (3, 1, 1, 1, 16),
    (3, 2, 2, 6, 24),
    (5, 2, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (5, 3, 1, 6, 112),
    (5, 4, 2, 6, 192),
    (3, 1, 1, 6, 320),
)
"""Filter side, blocks, stride, expansion and width of each stage."""
STEM, HEAD = 32, 1280
EPSILON = 1e-3
"""Of the batch norms."""


class EfficientNetLite(nn.Module):
    """EfficientNet without squeezing and with ReLU6 (Tan and Le, 2019; Liu, 2020).

    Its parts are named as in the files of ``efficientnet-lite-pytorch``.

    Parameters
    ----------
    width, depth : float
        Factors of the filters and of the blocks of a stage.
    n_classes : int

    Examples
    --------
    >>> import torch
    >>> network = EfficientNetLite(*SCALES["efficientnet_lite0"]).eval()
    >>> network(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 1000])
    """

    def __init__(self, width, depth, n_classes=1000):
        super().__init__()
        self._conv_stem = SameConv2d(3, STEM, 3, stride=2)
        self._bn0 = nn.BatchNorm2d(STEM, EPSILON)
        blocks, n = [], STEM
        for number, (side, repeats, stride, expansion, wide) in enumerate(STAGES):
            wide = _in_eights(wide * width)
            is_outer = number in (0, len(STAGES) - 1)
            for repeat in range(repeats if is_outer else math.ceil(repeats * depth)):
                blocks.append(Block(n, wide, side, 1 if repeat else stride, expansion))
                n = wide
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(n, HEAD, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(HEAD, EPSILON)
        self._fc = nn.Linear(HEAD, n_classes)

    def forward(self, images):
        """Return scores ``(n, n_classes)`` of images ``(n, 3, h, w)``."""
        images = functional.relu6(self._bn0(self._conv_stem(images)))
        for block in self._blocks:
            images = block(images)
        images = functional.relu6(self._bn1(self._conv_head(images)))
        return self._fc(images.mean(dim=(2, 3)))


class Block(nn.Module):
    """Widen, filter each channel by itself, narrow; add what came in if it fits."""

    def __init__(self, n_in, n_out, side, stride, expansion):
        super().__init__()
        n = n_in * expansion
        self._expand_conv = None
        if expansion > 1:
            self._expand_conv = nn.Conv2d(n_in, n, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(n, EPSILON)
        self._depthwise_conv = SameConv2d(n, n, side, stride=stride, groups=n)
        self._bn1 = nn.BatchNorm2d(n, EPSILON)
        self._project_conv = nn.Conv2d(n, n_out, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(n_out, EPSILON)
        self.adds = stride == 1 and n_in == n_out

    def forward(self, images):
        """Return ``(n, n_out, h / stride, w / stride)``."""
        found = images
        if self._expand_conv is not None:
            found = functional.relu6(self._bn0(self._expand_conv(found)))
        found = functional.relu6(self._bn1(self._depthwise_conv(found)))
        found = self._bn2(self._project_conv(found))
        return found + images if self.adds else found


class SameConv2d(nn.Conv2d):
    """Filters that pad as TensorFlow does: the odd pixel goes to the end."""

    def __init__(self, n_in, n_out, side, *, stride, groups=1):
        super().__init__(n_in, n_out, side, stride, groups=groups, bias=False)

    def forward(self, images):
        """Return ``(n, n_out, ⌈h / stride⌉, ⌈w / stride⌉)``."""
        padding = []
        for length in (images.shape[3], images.shape[2]):
            side, stride = self.kernel_size[0], self.stride[0]
            missing = max((math.ceil(length / stride) - 1) * stride + side - length, 0)
            padding += [missing // 2, missing - missing // 2]
        return super().forward(functional.pad(images, padding))


def _in_eights(width):
    """Return a width as a multiple of 8, no less than nine tenths of it."""
    rounded = max(8, int(width + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * width else rounded + 8

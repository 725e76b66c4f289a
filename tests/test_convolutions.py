"""Filters are PyTorch's own, however their gradient is computed."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fercompare.deep.convolutions import FEW_PIXELS, Filters
from fercompare.deep.devices import computing_in

FEW = st.sampled_from([(1, 1), (1, 5), (2, 2), (3, 4), (4, 4), (8, 7)])
WIDTHS = st.integers(1, 9)
BFLOAT16 = 2**-8


def learned(layer, images, asks_images=True):
    """Return what a layer says in bfloat16, and the gradients of a sum of squares."""
    images = images.clone().requires_grad_(asks_images)
    layer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(images)
    found.float().square().sum().backward()
    return found, images.grad, *(p.grad for p in layer.parameters())


def both(n_in, n_out, bias=False):
    """Return filters of ours and the same of PyTorch's."""
    ours = Filters(n_in, n_out, bias=bias)
    theirs = nn.Conv2d(n_in, n_out, 3, padding=1, bias=bias)
    theirs.load_state_dict(ours.state_dict())
    return ours.train(), theirs.train()


@given(FEW, st.integers(1, 4), WIDTHS, WIDTHS, st.booleans(), st.integers(0, 2**31))
@settings(derandomize=True)
def test_they_learn_in_bfloat16_what_pytorch_s_own_learn(
    shape, n, n_in, n_out, bias, seed
):
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        ours, theirs = both(n_in, n_out, bias)
        images = torch.randn(n, n_in, *shape)
    for found, expected in zip(learned(ours, images), learned(theirs, images)):
        scale = max(1, expected.detach().float().abs().max().item())
        assert found.dtype in (expected.dtype, torch.float32)
        assert torch.allclose(
            found.float(), expected.float(), atol=16 * BFLOAT16 * scale
        )


def test_the_gradient_is_right_to_the_last_digit_in_float64():
    (path,) = {
        node
        for node in [_convolved(2, 3)(torch.randn(1, 2, 3, 4)).grad_fn]
        if "Convolved" in node.name()
    }
    apply = path._forward_cls.apply
    images = torch.randn(2, 3, 4, 3, dtype=torch.double, requires_grad=True)
    filters = torch.randn(5, 3, 3, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(apply, (images, filters))


def _convolved(n_in, n_out):
    layer = Filters(n_in, n_out).train()
    return torch.autocast("cpu", torch.bfloat16)(layer)


@pytest.mark.parametrize("side", [8, 9])
def test_the_product_is_for_few_pixels_alone(side):
    found = _convolved(2, 3)(torch.randn(1, 2, side, side))
    assert ("Convolved" in found.grad_fn.name()) == (side**2 <= FEW_PIXELS)


def test_images_that_ask_for_no_gradient_get_none():
    ours, _ = both(2, 3)
    _, of_images, of_filters = learned(ours, torch.randn(1, 2, 3, 3), asks_images=False)
    assert of_images is None
    assert of_filters.shape == (3, 2, 3, 3)


def test_nothing_is_different_in_float32_and_while_predicting():
    ours, theirs = both(3, 4)
    images = torch.randn(2, 3, 4, 4)
    assert torch.equal(ours(images), theirs(images))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(ours.eval()(images), theirs.eval()(images))


def leave_nan_in_memory():
    """Free blocks of many sizes that are full of what nobody should read."""
    sizes = [2**n for n in range(4, 20, 2) for _ in range(8)]
    for dtype in (torch.float32, torch.bfloat16):
        del [torch.full((n,), float("nan"), dtype=dtype) for n in sizes][:]


@pytest.mark.parametrize("shape", [(1, 1), (8, 1), (8, 2), (5, 4)])
@pytest.mark.parametrize(("n_in", "n_out"), [(1, 8), (64, 64)])
def test_a_stride_to_a_single_column_computes_right(shape, n_in, n_out):
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        layer = nn.Conv2d(n_in, n_out, 5, stride=2, padding=2)
        images, slope = torch.randn(16, n_in, *shape), torch.randn(n_out, 1, 1)
    images.requires_grad_()

    def results(precision):
        layer.zero_grad()
        images.grad = None
        leave_nan_in_memory()
        with computing_in(precision, torch.device("cpu")):
            found = layer(images).float()
        (found * slope).sum().backward()
        return found, images.grad, layer.weight.grad

    for found, expected in zip(results("bfloat16"), results("float32")):
        worst = (found - expected).abs().max() / expected.abs().max()
        assert worst < 4 * BFLOAT16

"""Products of a stack: each member's values with its own matrix, by the fastest kernel that torch has.

On a CPU torch.bmm is MKL's, which computes at half its width on AMD's processors: 97 GFLOP/s a core, where oneDNN's
kernel reaches 210 (128 x 2048 times 2048 x 1024 in float32 on a Zen 5). oneDNN's is the one that torch.compile puts in
the place of a linear layer. Without compiling it has no public name, so that it is used where it is found: for float32
on a CPU, where a product is large enough, a member at a time. Everything else is bmm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

LEAST_PRODUCTS = 1 << 21
"""Multiplications of a member from which a kernel for each member is faster than one call for all."""

_linear = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if torch._C._has_mkldnn else None


def forward(values: Tensor, weight: Tensor) -> Tensor:
    """Values (member, rows, in) times weights (member, out, in): (member, rows, out)."""
    linear = _kernel(values, weight.shape[1])
    if linear is None:
        return torch.bmm(values, weight.transpose(1, 2))
    return torch.stack([linear(*pair) for pair in zip(values, weight, strict=True)])


def backward(gradient: Tensor, weight: Tensor) -> Tensor:
    """Gradients (member, rows, out) times weights (member, out, in): (member, rows, in)."""
    linear = _kernel(gradient, weight.shape[2])
    if linear is None:
        return torch.bmm(gradient, weight)
    return torch.stack([linear(one, own.t()) for one, own in zip(gradient, weight, strict=True)])


def add_outer(total: Tensor, left: Tensor, right: Tensor, *, beta: float = 1, alpha: float = 1) -> None:
    """Make of total (member, out, in) `beta` times itself and `alpha` times the sum over rows of left and right.

    Args:
        total: Changed in place.
        left: (member, rows, out).
        right: (member, rows, in).
        beta: What is kept of the total.
        alpha: What the sum counts.
    """
    linear = _kernel(left, right.shape[2])
    if linear is None:
        total.baddbmm_(left.transpose(1, 2), right, beta=beta, alpha=alpha)
        return
    for own, one, other in zip(total, left, right, strict=True):
        outer = linear(one.t(), other.t())
        (own if beta == 1 else own.mul_(beta)).add_(outer, alpha=alpha)


def _kernel(values: Tensor, columns: int) -> Callable[[Tensor, Tensor], Tensor] | None:
    """(rows, in) and (out, in) to (rows, out); None where bmm is to be asked."""
    if _linear is None or values.device.type != "cpu" or values.dtype != torch.float32:
        return None
    if values[0].numel() * columns < LEAST_PRODUCTS:
        return None
    return _member


def _member(values: Tensor, weight: Tensor) -> Tensor:
    assert _linear is not None
    return cast(Tensor, _linear(values, weight, None, "none", [], ""))

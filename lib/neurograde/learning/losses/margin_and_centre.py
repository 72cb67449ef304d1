"""What two losses of table 1.3 need beyond the logits: the margin of the large-margin softmax, the pull of centre loss.

Both steer the steps. The loss that is recorded stays cross-entropy on the plain logits, so that train and valid, and
sessions under other losses, can be compared.

    large margin   Liu et al., ICML 2016: the right class's |w| |h| cos θ becomes |w| |h| ψ(θ), where
                   ψ(θ) = (-1)^k cos(m θ) - 2 k for θ in [k π/m, (k+1) π/m]; smaller than cos θ, so θ must be smaller
    centre         Wen et al., ECCV 2016: λ/2 |h - c_y|² is added for what enters the last layer, and each class's
                   centre follows: c_j ← c_j + α Σ_{y=j} (h - c_j) / (1 + n_j)
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import one_hot

_COSINES: dict[int, Callable[[Tensor], Tensor]] = {
    2: lambda c: 2 * c**2 - 1,
    3: lambda c: 4 * c**3 - 3 * c,
    4: lambda c: 8 * c**4 - 8 * c**2 + 1,
}
"""cos(m θ) of c = cos θ: Chebyshev's polynomials."""


def margin_logits(hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, margin: int) -> Tensor:
    """The logits under a margin.

    With one logit, its sign is the class's: both classes are at an angle to the same weight, one to its negative.

    Args:
        hidden: What enters the last layer, (..., batch, in).
        weight: The last layer's, (..., out, in).
        bias: Its bias, (..., 1, out).
        labels: The right classes, (..., batch).
        margin: m, from 2 to 4.

    Returns:
        Of the shape of the logits, (..., batch, out).
    """
    products = hidden @ weight.transpose(-1, -2)  # (..., batch, out)
    norm = torch.linalg.vector_norm
    lengths: Tensor = norm(hidden, dim=-1, keepdim=True) * norm(weight, dim=-1)[..., None, :]
    cosines = (products / lengths.clamp(min=torch.finfo(products.dtype).tiny)).clamp(-1, 1)
    if products.shape[-1] == 1:
        signs = (2 * labels - 1)[..., None].to(products.dtype)
        return signs * lengths * _psi(signs * cosines, margin) + bias
    is_right = one_hot(labels, products.shape[-1]).bool()
    return torch.where(is_right, lengths * _psi(cosines, margin), products) + bias


def pulls(hidden: Tensor, centres: Tensor, labels: Tensor) -> Tensor:
    """From the right class's centre to each sample, (..., batch, in); `centres` is (..., classes, in)."""
    return hidden - one_hot(labels, centres.shape[-2]).to(hidden.dtype) @ centres


def moved(centres: Tensor, hidden: Tensor, labels: Tensor, rate: float) -> Tensor:
    """The centres after a batch, (..., classes, in)."""
    members = one_hot(labels, centres.shape[-2]).to(hidden.dtype).transpose(-1, -2)  # (..., classes, batch)
    counts = members.sum(-1, keepdim=True)
    return centres + rate * (members @ hidden - counts * centres) / (1 + counts)


def _psi(cosines: Tensor, margin: int) -> Tensor:
    # k counts the bounds that the angle has passed.
    k = sum((cosines < math.cos(i * math.pi / margin)).to(cosines.dtype) for i in range(1, margin))
    assert isinstance(k, Tensor)
    return (1 - 2 * (k % 2)) * _COSINES[margin](cosines) - 2 * k

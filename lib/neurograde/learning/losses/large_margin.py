"""Large-margin softmax (Liu et al., ICML 2016): the right class must win at a smaller angle.

The right class's |w| |h| cos θ becomes |w| |h| ψ(θ), where ψ(θ) = (-1)^k cos(m θ) - 2 k for θ in [k π/m, (k+1) π/m].
The recorded loss stays cross-entropy on the plain logits, so that sessions under different losses can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from neurograde.learning.losses.training_loss import TrainingLoss, register

_COSINES: dict[int, Callable[[Tensor], Tensor]] = {
    2: lambda c: 2 * c**2 - 1,
    3: lambda c: 4 * c**3 - 3 * c,
    4: lambda c: 8 * c**4 - 8 * c**2 + 1,
}
"""cos(m θ) of c = cos θ: Chebyshev's polynomials."""


@register("large_margin")
class LargeMargin(TrainingLoss):
    """Cross-entropy of logits under a margin."""

    replaces_logits: ClassVar[bool] = True

    def step_logits(self, hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor) -> Tensor:
        """Return the logits under the margin, (..., batch, outputs).

        With one logit, its sign is the class's: both classes are at an angle to the same weight, one to its negative.
        """
        margin = self.spec.margin
        products = hidden @ weight.transpose(-1, -2)  # (..., batch, outputs)
        norm = torch.linalg.vector_norm
        lengths: Tensor = norm(hidden, dim=-1, keepdim=True) * norm(weight, dim=-1)[..., None, :]
        cosines = (products / lengths.clamp(min=torch.finfo(products.dtype).tiny)).clamp(-1, 1)
        if products.shape[-1] == 1:
            signs = (2 * labels - 1)[..., None].to(products.dtype)
            return signs * lengths * _psi(signs * cosines, margin) + bias
        is_right = one_hot(labels, products.shape[-1]).bool()
        return torch.where(is_right, lengths * _psi(cosines, margin), products) + bias


def _psi(cosines: Tensor, margin: int) -> Tensor:
    # k counts the bounds that the angle has passed.
    k = sum((cosines < math.cos(i * math.pi / margin)).to(cosines.dtype) for i in range(1, margin))
    assert isinstance(k, Tensor)
    return (1 - 2 * (k % 2)) * _COSINES[margin](cosines) - 2 * k

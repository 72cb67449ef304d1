"""RMSprop: S ← α S + (1 - α) G², V ← μ V + G / (√S + ε), W ← W - lr V."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from neurograde.learning.engines.optimisers.optimiser import StackedOptimiser, register
from neurograde.specs import optimisers as specs


@register("rmsprop")
class RMSprop(StackedOptimiser):
    """Steps divided by the root of a running mean of the squared gradients."""

    torch_class: ClassVar[type[torch.optim.Optimizer]] = torch.optim.RMSprop
    spec: specs.RMSprop

    def __init__(self, spec: specs.RMSprop, parameter: Tensor) -> None:
        """Begin at rest."""
        super().__init__(spec, parameter)
        self.squares, self.velocity = torch.zeros_like(parameter), torch.zeros_like(parameter)

    @staticmethod
    def torch_arguments(spec: specs.RMSprop) -> dict[str, Any]:
        """Return α, ε and the momentum."""
        return {"alpha": spec.alpha, "eps": spec.eps, "momentum": spec.momentum}

    @staticmethod
    def values_per_parameter(spec: specs.RMSprop) -> int:
        """Return 1, the mean of squares; 2 with momentum."""
        return 1 + int(spec.momentum > 0)

    def slots(self) -> dict[str, Tensor]:
        """Return the mean of squares, and the velocity where there is momentum."""
        return {"square_avg": self.squares} | ({"momentum_buffer": self.velocity} if self.spec.momentum else {})

    def apply(self, gradient: Tensor, rates: Tensor) -> None:
        """Update mean and velocity, then step."""
        self.squares.mul_(self.spec.alpha).addcmul_(gradient, gradient, value=1 - self.spec.alpha)
        self.velocity.mul_(self.spec.momentum).add_(gradient / (self.squares.sqrt() + self.spec.eps))
        self.parameter.addcmul_(self.velocity, rates, value=-1)

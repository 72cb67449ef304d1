"""Adam and AdamW: M ← β₁ M + (1 - β₁) G, S ← β₂ S + (1 - β₂) G², W ← W - lr M/(1 - β₁ᵗ) / (√(S/(1 - β₂ᵗ)) + ε).

AdamW shrinks the weights first, W ← W - lr λ W, and adds no penalty to G.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from neurograde.learning.engines.optimisers.optimiser import StackedOptimiser, register
from neurograde.specs import optimisers as specs


@register("adam")
class Adam(StackedOptimiser):
    """Running means of gradient and squared gradient, both corrected for their beginning at zero."""

    torch_class: ClassVar[type[torch.optim.Optimizer]] = torch.optim.Adam
    spec: specs.Adam

    def __init__(self, spec: specs.Adam, parameter: Tensor) -> None:
        """Begin with means of zero."""
        super().__init__(spec, parameter)
        self.mean, self.squares = torch.zeros_like(parameter), torch.zeros_like(parameter)
        self.steps = torch.zeros(len(parameter), dtype=torch.float64)  # per member, as every slot is

    @staticmethod
    def torch_arguments(spec: specs.Adam) -> dict[str, Any]:
        """Return both β and ε."""
        return {"betas": (spec.beta1, spec.beta2), "eps": spec.eps}

    @staticmethod
    def values_per_parameter(spec: specs.Adam) -> int:
        """Return 2, the means."""
        return 2

    def slots(self) -> dict[str, Tensor]:
        """Return both means and the number of steps."""
        return {"exp_avg": self.mean, "exp_avg_sq": self.squares, "step": self.steps}

    def apply(self, gradient: Tensor, rates: Tensor) -> None:
        """Update the means, then step."""
        self.steps += 1
        taken = float(self.steps.max())  # members that have ended are stepped along, at rate 0
        if self.decay and not self.decay_in_gradient:
            self.parameter.mul_(1 - rates * self.decay)
        self.mean.lerp_(gradient, 1 - self.spec.beta1)
        self.squares.mul_(self.spec.beta2).addcmul_(gradient, gradient, value=1 - self.spec.beta2)
        divisor = (self.squares.sqrt() / (1 - self.spec.beta2**taken) ** 0.5).add_(self.spec.eps)
        self.parameter.sub_(rates / (1 - self.spec.beta1**taken) * self.mean / divisor)


@register("adamw")
class AdamW(Adam):
    """Adam with weight decay taken off the weights themselves."""

    torch_class: ClassVar[type[torch.optim.Optimizer]] = torch.optim.AdamW
    decay_in_gradient: ClassVar[bool] = False

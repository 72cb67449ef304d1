"""Stochastic gradient descent with momentum, the study's optimiser: V ← μ V + G + λ W, W ← W - lr V."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from neurograde.learning.engines.optimisers.optimiser import Momentum, StackedOptimiser, register
from neurograde.learning.engines.stacked.products import add_outer
from neurograde.specs import optimisers as specs


@register("sgd")
class SGD(StackedOptimiser):
    """Steps along a velocity."""

    torch_class: ClassVar[type[torch.optim.Optimizer]] = torch.optim.SGD
    decay_in_gradient: ClassVar[bool] = False  # it joins the velocity, which products are added to
    spec: specs.SGD

    def __init__(self, spec: specs.SGD, parameter: Tensor) -> None:
        """Begin at rest."""
        super().__init__(spec, parameter)
        self.velocity = torch.zeros_like(parameter)

    @staticmethod
    def torch_arguments(spec: specs.SGD) -> dict[str, Any]:
        """Return the momentum."""
        return {"momentum": spec.momentum}

    @staticmethod
    def values_per_parameter(spec: specs.SGD) -> int:
        """Return 1, the velocity; 0 without momentum."""
        return int(spec.momentum > 0)

    def slots(self) -> dict[str, Tensor]:
        """Return the velocity; nothing without momentum."""
        return {"momentum_buffer": self.velocity} if self.spec.momentum else {}

    def apply(self, gradient: Tensor, rates: Tensor) -> None:
        """Add the gradient to the velocity, then move."""
        self.velocity.mul_(self.spec.momentum).add_(gradient)
        self._move(rates)

    def step_by_product(self, left: Tensor, right: Tensor, rates: Tensor) -> None:
        """Add the product to the velocity while it is formed, then move."""
        add_outer(self.velocity, left, right, beta=self.spec.momentum)
        self._move(rates)

    def plain_momentum(self) -> Momentum | None:
        """Return momentum and velocity; None under weight decay."""
        return None if self.decay else Momentum(self.spec.momentum, self.velocity)

    def _move(self, rates: Tensor) -> None:
        if self.decay:
            self.velocity.add_(self.parameter, alpha=self.decay)
        self.parameter.addcmul_(self.velocity, rates, value=-1)

"""Optimisers on stacked parameters, each member with a step size of its own; the formulas are those of torch.optim."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from neurograde.specs.train import Optimiser


class Stepper(Protocol):
    """Steps one stacked parameter."""

    def step(self, gradient: Tensor, rates: Tensor) -> None:
        """Step by a gradient of the parameter's shape; `rates` is (member, 1, 1)."""

    def product(self, left: Tensor, right: Tensor, rates: Tensor) -> None:
        """Step by the gradient `left @ right`, (member, out, batch) times (member, batch, in)."""

    def slots(self) -> dict[str, Tensor]:
        """What is kept from step to step, by torch's names."""


class SGD:
    """Stochastic gradient descent with momentum: V ← μ V + G + λ W, W ← W - lr V."""

    def __init__(self, spec: Optimiser, parameter: Tensor) -> None:
        """Steps of `parameter`, (member, ...)."""
        self.momentum, self.decay, self.parameter = spec.momentum, spec.weight_decay, parameter
        self.velocity = torch.zeros_like(parameter)

    def step(self, gradient: Tensor, rates: Tensor) -> None:
        """By a gradient that is there."""
        self.velocity.mul_(self.momentum).add_(gradient)
        self._move(rates)

    def product(self, left: Tensor, right: Tensor, rates: Tensor) -> None:
        """By a product that is added to the velocity as it is formed."""
        self.velocity.baddbmm_(left, right, beta=self.momentum)
        self._move(rates)

    def slots(self) -> dict[str, Tensor]:
        """The velocity; without momentum there is nothing to keep."""
        return {"momentum_buffer": self.velocity} if self.momentum else {}

    def _move(self, rates: Tensor) -> None:
        if self.decay:
            self.velocity.add_(self.parameter, alpha=self.decay)
        self.parameter.addcmul_(self.velocity, rates, value=-1)


def stepper(spec: Optimiser, parameter: Tensor) -> Stepper:
    """The steps that the spec asks for."""
    return SGD(spec, parameter)

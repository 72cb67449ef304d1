"""Adagrad: S ← S + G², W ← W - lr G / (√S + ε)."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from neurograde.learning.engines.optimisers.optimiser import StackedOptimiser, register
from neurograde.specs import optimisers as specs


@register("adagrad")
class Adagrad(StackedOptimiser):
    """Steps divided by the root of all squared gradients so far."""

    torch_class: ClassVar[type[torch.optim.Optimizer]] = torch.optim.Adagrad
    spec: specs.Adagrad

    def __init__(self, spec: specs.Adagrad, parameter: Tensor) -> None:
        """Begin without a past."""
        super().__init__(spec, parameter)
        self.squares = torch.zeros_like(parameter)

    @staticmethod
    def torch_arguments(spec: specs.Adagrad) -> dict[str, Any]:
        """Return ε."""
        return {"eps": spec.eps}

    @staticmethod
    def values_per_parameter(spec: specs.Adagrad) -> int:
        """Return 1, the sum of squares."""
        return 1

    def slots(self) -> dict[str, Tensor]:
        """Return the sum of squares."""
        return {"sum": self.squares}

    def apply(self, gradient: Tensor, rates: Tensor) -> None:
        """Add to the squares, then step."""
        self.squares.addcmul_(gradient, gradient)
        self.parameter.sub_(rates * gradient / (self.squares.sqrt() + self.spec.eps))

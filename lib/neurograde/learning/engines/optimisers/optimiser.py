"""The contract of an optimiser, and the register that finds it by the `kind` of a spec.

An optimiser is one file of this folder: a subclass of `StackedOptimiser` under `@register(kind)`. It names the class
of torch that the plain engine uses, and takes the same step on stacked parameters, each member with its own
step size; the formulas are those of torch.optim.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from neurograde.learning.engines.stacked.products import add_outer
from neurograde.specs.optimisers import Optimiser
from neurograde.specs.registry import Registry


class Momentum(NamedTuple):
    """State of a step V ← μ V + G, W ← W - lr V, whose product over several steps has a closed form."""

    momentum: float
    velocity: Tensor
    """(member, ...), of the shape of the parameter."""


class StackedOptimiser(ABC):
    """Steps one stacked parameter, (member, ...)."""

    torch_class: ClassVar[type[torch.optim.Optimizer]]
    """Torch's optimiser of the same steps."""
    decay_in_gradient: ClassVar[bool] = True
    """True: weight decay is an L2 penalty in the gradient, which `step` adds."""

    def __init__(self, spec: Any, parameter: Tensor) -> None:
        """Begin the steps of `parameter`."""
        self.spec, self.parameter, self.decay = spec, parameter, spec.weight_decay

    @staticmethod
    @abstractmethod
    def torch_arguments(spec: Any) -> dict[str, Any]:
        """Return the arguments of torch's class beside the parameters and the learning rate."""

    @staticmethod
    @abstractmethod
    def values_per_parameter(spec: Any) -> int:
        """Return the number of values kept per parameter from step to step: what checkpoints and memory hold."""

    @abstractmethod
    def slots(self) -> dict[str, Tensor]:
        """Return the state kept from step to step, by torch's names, (member, ...) each."""

    @abstractmethod
    def apply(self, gradient: Tensor, rates: Tensor) -> None:
        """Step by a gradient with its penalty, of the parameter's shape; `rates` is (member, 1, 1)."""

    def step(self, gradient: Tensor, rates: Tensor) -> None:
        """Step by a gradient of the parameter's shape, which is overwritten; `rates` is (member, 1, 1)."""
        has_penalty = self.decay and self.decay_in_gradient
        self.apply(gradient.add_(self.parameter, alpha=self.decay) if has_penalty else gradient, rates)

    def step_by_product(self, left: Tensor, right: Tensor, rates: Tensor) -> None:
        """Step by the gradient `leftᵀ right`, of left (member, batch, out) and right (member, batch, in)."""
        gradient = torch.zeros_like(self.parameter)
        add_outer(gradient, left, right)
        self.step(gradient, rates)

    def plain_momentum(self) -> Momentum | None:
        """Return the state of a momentum step without further terms; None for every other step."""
        return None


OPTIMISERS: Registry[type[StackedOptimiser]] = Registry("neurograde.learning.engines.optimisers")
register = OPTIMISERS.register


def stacked_optimiser(spec: Optimiser, parameter: Tensor) -> StackedOptimiser:
    """Return the steps of a stacked parameter, (member, ...)."""
    return OPTIMISERS[spec.kind](spec, parameter)


def torch_optimiser(spec: Optimiser, parameters: Iterable[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
    """Return torch's optimiser of these parameters."""
    entry = OPTIMISERS[spec.kind]
    make: Callable[..., torch.optim.Optimizer] = entry.torch_class
    return make(parameters, lr=learning_rate, weight_decay=spec.weight_decay, **entry.torch_arguments(spec))


def values_per_parameter(spec: Optimiser) -> int:
    """Return the number of values that the optimiser keeps per parameter."""
    return OPTIMISERS[spec.kind].values_per_parameter(spec)

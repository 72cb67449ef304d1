"""Optimisers on stacked parameters, each member with a step size of its own; the formulas are those of torch.optim."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from neurograde.learning.engines.stacked.products import add_outer
from neurograde.specs import train as specs


class Stepper(Protocol):
    """Steps one stacked parameter."""

    def step(self, gradient: Tensor, rates: Tensor) -> None:
        """Step by a gradient of the parameter's shape; `rates` is (member, 1, 1)."""

    def product(self, left: Tensor, right: Tensor, rates: Tensor) -> None:
        """Step by the gradient `leftᵀ right`, of left (member, batch, out) and right (member, batch, in)."""

    def slots(self) -> dict[str, Tensor]:
        """What is kept from step to step, by torch's names, (member, ...) each."""


class SGD:
    """Stochastic gradient descent with momentum: V ← μ V + G + λ W, W ← W - lr V."""

    def __init__(self, spec: specs.SGD, parameter: Tensor) -> None:
        """Steps of `parameter`, (member, ...)."""
        self.momentum, self.decay, self.parameter = spec.momentum, spec.weight_decay, parameter
        self.velocity = torch.zeros_like(parameter)

    def step(self, gradient: Tensor, rates: Tensor) -> None:
        """By a gradient that is there."""
        self.velocity.mul_(self.momentum).add_(gradient)
        self._move(rates)

    def product(self, left: Tensor, right: Tensor, rates: Tensor) -> None:
        """By a product that is added to the velocity as it is formed."""
        add_outer(self.velocity, left, right, beta=self.momentum)
        self._move(rates)

    def slots(self) -> dict[str, Tensor]:
        """The velocity; without momentum there is nothing to keep."""
        return {"momentum_buffer": self.velocity} if self.momentum else {}

    def _move(self, rates: Tensor) -> None:
        if self.decay:
            self.velocity.add_(self.parameter, alpha=self.decay)
        self.parameter.addcmul_(self.velocity, rates, value=-1)


class _ByGradient:
    """What optimisers share that need the gradient itself."""

    def __init__(self, parameter: Tensor, decay: float) -> None:
        self.parameter, self.decay = parameter, decay

    def product(self, left: Tensor, right: Tensor, rates: Tensor) -> None:
        """By a product, formed first."""
        gradient = torch.zeros_like(self.parameter)
        add_outer(gradient, left, right)
        self.step(gradient, rates)

    def step(self, gradient: Tensor, rates: Tensor) -> None:
        """Add the L2 penalty, then step."""
        self._step(gradient.add_(self.parameter, alpha=self.decay) if self.decay else gradient, rates)

    def _step(self, gradient: Tensor, rates: Tensor) -> None:
        raise NotImplementedError


class Adagrad(_ByGradient):
    """S ← S + G², W ← W - lr G / (√S + ε)."""

    def __init__(self, spec: specs.Adagrad, parameter: Tensor) -> None:
        """Steps of `parameter`, (member, ...)."""
        super().__init__(parameter, spec.weight_decay)
        self.eps, self.squares = spec.eps, torch.zeros_like(parameter)

    def slots(self) -> dict[str, Tensor]:
        """The sum of squares."""
        return {"sum": self.squares}

    def _step(self, gradient: Tensor, rates: Tensor) -> None:
        self.squares.addcmul_(gradient, gradient)
        self.parameter.sub_(rates * gradient / (self.squares.sqrt() + self.eps))


class RMSprop(_ByGradient):
    """S ← α S + (1 - α) G², V ← μ V + G / (√S + ε), W ← W - lr V."""

    def __init__(self, spec: specs.RMSprop, parameter: Tensor) -> None:
        """Steps of `parameter`, (member, ...)."""
        super().__init__(parameter, spec.weight_decay)
        self.spec, self.squares, self.velocity = spec, torch.zeros_like(parameter), torch.zeros_like(parameter)

    def slots(self) -> dict[str, Tensor]:
        """The mean of squares, and the velocity where there is momentum."""
        return {"square_avg": self.squares} | ({"momentum_buffer": self.velocity} if self.spec.momentum else {})

    def _step(self, gradient: Tensor, rates: Tensor) -> None:
        self.squares.mul_(self.spec.alpha).addcmul_(gradient, gradient, value=1 - self.spec.alpha)
        self.velocity.mul_(self.spec.momentum).add_(gradient / (self.squares.sqrt() + self.spec.eps))
        self.parameter.addcmul_(self.velocity, rates, value=-1)


class Adam(_ByGradient):
    """M ← β₁ M + (1 - β₁) G, S ← β₂ S + (1 - β₂) G², W ← W - lr M/(1 - β₁ᵗ) / (√(S/(1 - β₂ᵗ)) + ε).

    AdamW: W ← W - lr λ W first, and no penalty in G.
    """

    def __init__(self, spec: specs.Adam, parameter: Tensor) -> None:
        """Steps of `parameter`, (member, ...)."""
        self.takes_off = spec.weight_decay if isinstance(spec, specs.AdamW) else 0.0
        super().__init__(parameter, 0.0 if self.takes_off else spec.weight_decay)
        self.spec, self.mean, self.squares = spec, torch.zeros_like(parameter), torch.zeros_like(parameter)
        self.steps = torch.zeros(len(parameter), dtype=torch.float64)  # a count each, as every slot is by member

    def slots(self) -> dict[str, Tensor]:
        """Both means, and the number of steps."""
        return {"exp_avg": self.mean, "exp_avg_sq": self.squares, "step": self.steps}

    def _step(self, gradient: Tensor, rates: Tensor) -> None:
        self.steps += 1
        taken = float(self.steps.max())  # members that have ended are stepped along, at rate 0
        if self.takes_off:
            self.parameter.mul_(1 - rates * self.takes_off)
        self.mean.lerp_(gradient, 1 - self.spec.beta1)
        self.squares.mul_(self.spec.beta2).addcmul_(gradient, gradient, value=1 - self.spec.beta2)
        divisor = (self.squares.sqrt() / (1 - self.spec.beta2**taken) ** 0.5).add_(self.spec.eps)
        self.parameter.sub_(rates / (1 - self.spec.beta1**taken) * self.mean / divisor)


def stepper(spec: specs.Optimiser, parameter: Tensor) -> Stepper:
    """The steps that the spec asks for."""
    if isinstance(spec, specs.SGD):
        return SGD(spec, parameter)
    if isinstance(spec, specs.Adagrad):
        return Adagrad(spec, parameter)
    if isinstance(spec, specs.RMSprop):
        return RMSprop(spec, parameter)
    return Adam(spec, parameter)

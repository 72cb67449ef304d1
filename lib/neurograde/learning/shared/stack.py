"""The heads of several sessions as one: every parameter with a leading member axis, forward and backward by hand.

A head is a few small matrices, so one head alone spends its time on calls, not on arithmetic. Stacked, a step of all
members is one batched product a layer. The backward pass is written out because autograd would keep every product of
the step, write a gradient beside every weight and visit each again: a linear layer here adds the gradient straight to
its velocity (`baddbmm`), and passes its own gradient on before its weight moves.

    forward    Z_l = H_{l-1} W_lᵀ + b_l,  H_l = act(Z_l) · mask / (1 - p)
    backward   D_{l-1} = (D_l W_l) · mask / (1 - p) · act'(Z_{l-1}),  with W_l as it was in the forward pass
    step       V_l ← μ V_l + D_lᵀ H_{l-1},  W_l ← W_l - lr V_l

A batched product treats each member alone: in a stack of a given width, a member's bits depend neither on its place
nor on its company. Another width may choose another kernel, so widths are fixed and stacks are padded to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from neurograde.learning.dropout import Dropout
from neurograde.learning.shared.steps import Stepper, stepper
from neurograde.specs.train import Optimiser

ROWS = 8
"""Outputs up to which a layer is computed as few rows (out, in) x (in, batch): as columns it is 3 to 5 times slower."""


class Layer(Protocol):
    """One layer of every member."""

    def forward(self, values: Tensor) -> Tensor:
        """What the layer makes of values (member, batch, in), kept for `backward`."""

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor | None:
        """From the gradient of what it made to that of what it was given (None: nothing before it learns).

        A layer with parameters steps them by `rates`, (member, 1, 1).
        """

    def tensors(self) -> dict[str, Tensor]:
        """Parameters and what the optimiser keeps of them, (member, ...) each, by the names of torch's layers."""

    def infer(self, values: Tensor, member: int) -> Tensor:
        """What one member makes of values (batch, in) in eval mode."""


class Linear:
    """A linear layer of every member."""

    def __init__(self, layers: Sequence[nn.Linear], optimiser: Optimiser, *, first: bool) -> None:
        """The members' layers; the `first` one of a head passes no gradient on."""
        self.weight = torch.stack([each.weight.detach() for each in layers])  # (member, out, in)
        self.bias = torch.stack([each.bias.detach() for each in layers])[:, None]  # (member, 1, out)
        self.few = self.weight.shape[1] < ROWS
        self.first = first
        self._step_weight: Stepper = stepper(optimiser, self.weight)
        self._step_bias: Stepper = stepper(optimiser, self.bias)
        self._values = self.weight  # what the last forward pass was given

    def forward(self, values: Tensor) -> Tensor:
        """Values (member, batch, in) to (member, batch, out)."""
        self._values = values
        if self.few:
            return torch.bmm(self.weight, values.transpose(1, 2)).transpose(1, 2) + self.bias
        return torch.baddbmm(self.bias, values, self.weight.transpose(1, 2))

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor | None:
        """Pass the gradient on, then step."""
        passed = None if self.first else torch.bmm(gradient, self.weight)
        self._step_weight.product(gradient.transpose(1, 2), self._values, rates)
        self._step_bias.step(gradient.sum(1, keepdim=True), rates)
        return passed

    def tensors(self) -> dict[str, Tensor]:
        """`weight`, `bias`, and `weight/<slot>`, `bias/<slot>` of the optimiser."""
        slots = {"weight": self._step_weight.slots(), "bias": self._step_bias.slots()}
        kept = {f"{name}/{slot}": value for name, each in slots.items() for slot, value in each.items()}
        return {"weight": self.weight, "bias": self.bias} | kept

    def infer(self, values: Tensor, member: int) -> Tensor:
        """One member's, as torch's own layer computes it."""
        return nn.functional.linear(values, self.weight[member], self.bias[member, 0])


class LeakyReLU:
    """The activation of the study's extension."""

    def __init__(self, layers: Sequence[nn.LeakyReLU]) -> None:
        """The members' layers, which share their slope."""
        self.slope = layers[0].negative_slope
        self._values = torch.empty(0)

    def forward(self, values: Tensor) -> Tensor:
        """Values below zero times the slope."""
        self._values = values
        return nn.functional.leaky_relu(values, self.slope)

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor:
        """The gradient, times the slope where the values were below zero."""
        passed: Tensor = torch.ops.aten.leaky_relu_backward(gradient, self._values, self.slope, False)  # noqa: FBT003
        return passed

    def tensors(self) -> dict[str, Tensor]:
        """None."""
        return {}

    def infer(self, values: Tensor, member: int) -> Tensor:
        """As in training."""
        return nn.functional.leaky_relu(values, self.slope)


class Drop:
    """Dropout of every member, each by masks of its own."""

    def __init__(self, layers: Sequence[Dropout]) -> None:
        """The members' layers, which share rate and width."""
        self.layer = layers[0]
        self.mask = torch.empty(0)
        """For the step, (member, batch, units): the scale where a unit is kept, 0 where it is dropped."""

    def forward(self, values: Tensor) -> Tensor:
        """The units kept, scaled."""
        return values * self.mask if self.layer.threshold else values

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor:
        """The gradient of the units kept, scaled likewise."""
        return gradient * self.mask if self.layer.threshold else gradient

    def tensors(self) -> dict[str, Tensor]:
        """None."""
        return {}

    def infer(self, values: Tensor, member: int) -> Tensor:
        """All of them."""
        return values


class Stack:
    """The heads of as many sessions as its width."""

    def __init__(self, heads: Sequence[nn.Sequential], optimiser: Optimiser) -> None:
        """The members' heads, alike in every shape, as they are before any step."""
        self.layers: list[Layer] = []
        for same in zip(*heads, strict=True):
            first = not any(isinstance(each, Linear) for each in self.layers)
            self.layers.append(_layer(same, optimiser, first=first))
        self.drops = [each for each in self.layers if isinstance(each, Drop) and each.layer.threshold]

    def forward(self, values: Tensor) -> Tensor:
        """Features (member, batch, width) to logits (member, batch, outputs), in training."""
        for layer in self.layers:
            values = layer.forward(values)
        return values

    def backward(self, gradient: Tensor, rates: Tensor) -> None:
        """Step every parameter by the gradient of the logits that `forward` just gave.

        Args:
            gradient: (member, batch, outputs).
            rates: Step size of each member, (member, 1, 1).
        """
        passed: Tensor | None = gradient
        for layer in reversed(self.layers):
            if passed is None:  # what is before the first linear layer learns nothing
                return
            passed = layer.backward(passed, rates)

    def infer(self, values: Tensor, member: int) -> Tensor:
        """Features (batch, width) to one member's logits (batch, outputs), in eval mode."""
        for layer in self.layers:
            values = layer.infer(values, member)
        return values

    def tensors(self) -> dict[str, Tensor]:
        """All that a stack is made of, (member, ...) each: `1.weight`, `1.bias`, `1.weight/momentum_buffer`, ..."""
        return {f"{place}.{name}": each for place, name, each in self._named()}

    def parameters(self, member: int) -> dict[str, Tensor]:
        """One member's parameters, by the names and in the shapes that its head has."""
        own = {f"{place}.{name}": each[member] for place, name, each in self._named() if "/" not in name}
        return {name: each[0] if name.endswith("bias") else each for name, each in own.items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` gave, of as many members as there are."""
        for name, each in self.tensors().items():
            each[: len(tensors[name])] = tensors[name]

    def _named(self) -> Iterator[tuple[int, str, Tensor]]:
        for place, layer in enumerate(self.layers):
            for name, tensor in layer.tensors().items():
                yield place, name, tensor


def _layer(layers: Sequence[nn.Module], optimiser: Optimiser, *, first: bool) -> Layer:
    kind = layers[0]
    if isinstance(kind, nn.Linear):
        return Linear(layers, optimiser, first=first)  # type: ignore[arg-type]  # all of one kind
    if isinstance(kind, nn.LeakyReLU):
        return LeakyReLU(layers)  # type: ignore[arg-type]
    assert isinstance(kind, Dropout), f"{kind} has no stacked form"
    return Drop(layers)  # type: ignore[arg-type]

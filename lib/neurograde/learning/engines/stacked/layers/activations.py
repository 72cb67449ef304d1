"""Activations of a stack."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurograde.learning.engines.optimisers.optimiser import stacked_optimiser
from neurograde.learning.networks.elementwise import pointwise
from neurograde.specs.optimisers import Optimiser


class LeakyReLU:
    """The activation of the study's extension."""

    def __init__(self, layers: Sequence[nn.LeakyReLU]) -> None:
        """Take the slope that the members' layers share."""
        self.slope = layers[0].negative_slope
        self._values = torch.empty(0)

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """Return the values, those below zero times the slope."""
        self._values = values
        return nn.functional.leaky_relu(values, self.slope)

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor:
        """Return the gradient, times the slope where the values were below zero."""
        passed: Tensor = torch.ops.aten.leaky_relu_backward(gradient, self._values, self.slope, False)  # noqa: FBT003
        return passed

    def tensors(self) -> dict[str, Tensor]:
        """Return no tensors."""
        return {}

    def infer(self, values: Tensor, member: int) -> Tensor:
        """Return the same as in training."""
        return nn.functional.leaky_relu(values, self.slope)


class PReLU:
    """Leaky ReLU whose slope is learned, one per member."""

    def __init__(self, layers: Sequence[nn.PReLU], optimiser: Optimiser) -> None:
        """Stack the members' slopes."""
        self.slope = torch.stack([layer.weight.detach() for layer in layers])[:, None]  # (member, 1, 1)
        self._steps = stacked_optimiser(optimiser, self.slope)
        self._values = torch.empty(0)

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """Return the values, those below zero times the member's slope."""
        self._values = values
        return torch.where(values > 0, values, self.slope * values)

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor:
        """Return the gradient of the values, then step the slope."""
        is_above = self._values > 0
        passed = torch.where(is_above, gradient, self.slope * gradient)
        # Summed per member, in the same shape whatever the other members are.
        by_member = torch.where(is_above, 0, gradient * self._values)
        self._steps.step(torch.stack([own.sum() for own in by_member])[:, None, None], rates)
        return passed

    def tensors(self) -> dict[str, Tensor]:
        """Return `weight`, the slope, and `weight/<slot>` of the optimiser."""
        return {"weight": self.slope, **{f"weight/{slot}": value for slot, value in self._steps.slots().items()}}

    def parameters(self, member: int) -> dict[str, Tensor]:
        """Return one member's slope in the shape of torch's layer."""
        return {"weight": self.slope[member, 0]}

    def infer(self, values: Tensor, member: int) -> Tensor:
        """Return the same as in training."""
        return torch.where(values > 0, values, self.slope[member] * values)


class Activation:
    """Any other activation, differentiated by autograd."""

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        """Take the function of the members' layers, which are alike and hold no parameters."""
        self.function = layers[0]
        self._values = self._outputs = torch.empty(0)

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """Return the function of every value; softmax, of every row."""
        with torch.enable_grad():
            self._values = values.detach().requires_grad_()
            is_by_row = isinstance(self.function, nn.Softmax)
            self._outputs = self.function(self._values) if is_by_row else pointwise(self.function, self._values)
        return self._outputs.detach()

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor:
        """Return the gradient times the derivative."""
        (passed,) = torch.autograd.grad(self._outputs, self._values, gradient)
        return passed

    def tensors(self) -> dict[str, Tensor]:
        """Return no tensors."""
        return {}

    def infer(self, values: Tensor, member: int) -> Tensor:
        """Return the same as in training."""
        outputs: Tensor = self.function(values)
        return outputs

"""Linear layers of a stack: any, and the first, which is given its values a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from neurograde.learning.engines.optimisers.optimiser import stacked_optimiser
from neurograde.learning.engines.stacked.products import backward, forward
from neurograde.specs.optimisers import Optimiser

ROWS = 8
"""Outputs below which a layer is small: its product is formed the other way round."""


class Linear:
    """A linear layer of every member."""

    def __init__(self, layers: Sequence[nn.Linear], optimiser: Optimiser) -> None:
        """Stack the members' layers."""
        self.weight = torch.stack([layer.weight.detach() for layer in layers])  # (member, out, in)
        self.bias = torch.stack([layer.bias.detach() for layer in layers])[:, None]  # (member, 1, out)
        self._weight_steps = stacked_optimiser(optimiser, self.weight)
        self._bias_steps = stacked_optimiser(optimiser, self.bias)
        self.values = self.weight
        """Inputs of the last forward pass, (member, batch, in)."""

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """Return outputs (member, batch, out) of values (member, batch, in)."""
        self.values = values
        return self.bias + product(values, self.weight)

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor | None:
        """Return the gradient of the inputs, then step."""
        passed = backward(gradient, self.weight)
        self._step(gradient, rates)
        return passed

    def backward_through(
        self,
        function: Callable[[Tensor, Tensor, Tensor], Tensor],
        gradient_of: Callable[[Tensor], Tensor],
        rates: Tensor,
    ) -> Tensor:
        """Step by a function of (values, weight, bias) in place of the product, differentiated by autograd."""
        leaves = [tensor.detach().requires_grad_() for tensor in (self.values, self.weight, self.bias)]
        with torch.enable_grad():
            outputs = function(leaves[0], leaves[1], leaves[2])
        passed, weight, bias = torch.autograd.grad(outputs, leaves, gradient_of(outputs.detach()))
        self._weight_steps.step(weight, rates)
        self._bias_steps.step(bias, rates)
        return passed

    def tensors(self) -> dict[str, Tensor]:
        """Return `weight`, `bias`, and `weight/<slot>`, `bias/<slot>` of the optimiser."""
        slots = {"weight": self._weight_steps.slots(), "bias": self._bias_steps.slots()}
        kept = {f"{name}/{slot}": value for name, own in slots.items() for slot, value in own.items()}
        return {"weight": self.weight, "bias": self.bias} | kept

    def parameters(self, member: int) -> dict[str, Tensor]:
        """Return one member's parameters in the shapes of torch's layer."""
        return {"weight": self.weight[member], "bias": self.bias[member, 0]}

    def infer(self, values: Tensor, member: int) -> Tensor:
        """Return one member's outputs (batch, out)."""
        outputs: Tensor = self.bias[member] + product(values[None], self.weight[member : member + 1])[0]
        return outputs

    def _step(self, gradient: Tensor, rates: Tensor) -> None:
        self._weight_steps.step_by_product(gradient, self.values, rates)
        self._bias_steps.step(gradient.sum(1, keepdim=True), rates)


class First(Linear):
    """The first linear layer of every member: it is given its values a block at a time, and passes no gradient on."""

    def begin(self, values: Tensor, batch: int, rates: Tensor) -> None:
        """Take the values of the next steps, (member, row, in), of `batch` rows each."""
        self._block = values

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """Return the outputs of the block's samples `rows`."""
        return super().forward(self._block[:, rows], rows)

    def backward(self, gradient: Tensor, rates: Tensor) -> None:
        """Step."""
        self._step(gradient, rates)

    def end(self) -> None:
        """End the block: all its steps have been taken."""


def product(values: Tensor, weight: Tensor) -> Tensor:
    """Return values (member, batch, in) times weight (member, out, in), (member, batch, out).

    With few outputs it is computed the other way round: a tall thin result is 3 to 5 times slower.
    """
    if weight.shape[1] < ROWS:
        return torch.bmm(weight, values.transpose(1, 2)).transpose(1, 2)
    return forward(values, weight)

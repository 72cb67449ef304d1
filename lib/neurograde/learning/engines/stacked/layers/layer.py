"""The contract of a stacked layer."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Layer(Protocol):
    """One layer of every member."""

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """Return the outputs for values (member, batch, in), the samples `rows` of the block; `backward` needs them."""

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor | None:
        """Return the gradient of the inputs from that of the outputs; None where no earlier layer is trained.

        A layer with parameters steps them by `rates`, (member, 1, 1).
        """

    def tensors(self) -> dict[str, Tensor]:
        """Return parameters and optimiser state, (member, ...) each, by the names of torch's layers."""

    def infer(self, values: Tensor, member: int) -> Tensor:
        """Return one member's outputs for values (batch, in) in eval mode."""

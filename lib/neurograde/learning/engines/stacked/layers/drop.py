"""Dropout of a stack."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurograde.learning.networks.dropout import Dropout


class Drop:
    """Dropout of every member, each by its own masks."""

    def __init__(self, layers: Sequence[Dropout]) -> None:
        """Take rate and width, which the members' layers share."""
        self.layer = layers[0]
        self.masks = torch.empty(0)
        """Masks of the block, (member, row, units): the scale where a unit is kept, 0 where it is dropped."""
        self._rows = slice(None)

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """Return the kept units, scaled."""
        self._rows = rows
        return values * self.masks[:, rows] if self.layer.threshold else values

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor:
        """Return the gradient of the kept units, scaled likewise."""
        return gradient * self.masks[:, self._rows] if self.layer.threshold else gradient

    def tensors(self) -> dict[str, Tensor]:
        """Return no tensors."""
        return {}

    def infer(self, values: Tensor, member: int) -> Tensor:
        """Return all units."""
        return values

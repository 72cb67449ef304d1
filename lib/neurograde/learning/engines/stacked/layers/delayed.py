"""The first layer of a deep head, whose weights move once per block of steps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurograde.learning.engines.optimisers.optimiser import stacked_optimiser
from neurograde.learning.engines.stacked.layers.linear import ROWS, First
from neurograde.learning.engines.stacked.products import add_outer, forward
from neurograde.specs.optimisers import Optimiser

LARGEST_BATCH = 16
"""Batch size up to which the delay is faster."""


class Delayed(First):
    """A first layer whose weights move once per block; the moves in between are worked into its products.

    A deep head's first layer holds most of its weights, and a step on a small batch mostly reads and writes them: at
    batch 8 they are 70 % of the traffic. With X_t, D_t the values and gradients of step t, momentum μ, and W_0, V_0 as
    the block begins,

        a_t = Σ_{i=1..t} μⁱ,  c_n = Σ_{i<n} μⁱ
        X_t W_tᵀ = X_t W_0ᵀ - lr a_t X_t V_0ᵀ - lr Σ_{j<t} c_{t-j} (X_t X_jᵀ) D_j
        V_s = μˢ V_0 + Σ_j μ^{s-1-j} D_jᵀ X_j,   W_s = W_0 - lr a_s V_0 - lr Σ_j c_{s-j} D_jᵀ X_j

    This is the same recurrence, multiplied out: twice the arithmetic, but the traffic of one step per block.
    """

    def __init__(self, layers: Sequence[nn.Linear], optimiser: Optimiser) -> None:
        """Stack the members' layers, under an optimiser of plain momentum."""
        super().__init__(layers, optimiser)
        state = self._weight_steps.plain_momentum()
        assert state is not None
        self.momentum, self.velocity = state

    @staticmethod
    def pays(layers: Sequence[nn.Linear], optimiser: Optimiser, batch: int) -> bool:
        """Return True where the recurrence holds, and is faster: a large layer and small batches."""
        has_recurrence = stacked_optimiser(optimiser, torch.empty(0)).plain_momentum() is not None
        return has_recurrence and layers[0].out_features >= ROWS and batch <= LARGEST_BATCH

    def begin(self, values: Tensor, batch: int, rates: Tensor) -> None:
        """Form the products that all steps of the block share."""
        self._block, self._batch, self._rates, self._taken = values, batch, rates, 0
        self._from_weight = forward(values, self.weight)  # (member, row, out)
        self._from_velocity = forward(values, self.velocity) * rates
        self._alike = forward(values, values) * rates  # (member, row, row)
        self._gradients = torch.zeros_like(self._from_weight)
        steps = torch.arange(values.shape[1] // batch + 1, dtype=values.dtype, device=values.device)
        powers = self.momentum**steps
        self._powers, self._sums = powers, powers.cumsum(0) - powers  # μⁿ and c_n
        self._drifts = self._sums + powers - 1  # a_t = c_t + μᵗ - 1

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """Return the outputs of the block's samples `rows`, under the weights as they would be by now."""
        outputs = self._from_weight[:, rows] - self._drifts[self._taken] * self._from_velocity[:, rows] + self.bias
        if not self._taken:
            return outputs
        past = self._sums[1 : self._taken + 1].flip(0).repeat_interleave(self._batch)  # c_{t-j} of each past row
        return outputs.baddbmm_(self._alike[:, rows, : rows.start] * past, self._gradients[:, : rows.start], alpha=-1)

    def backward(self, gradient: Tensor, rates: Tensor) -> None:
        """Keep the gradient; step the bias, which is small."""
        self._gradients[:, self._taken * self._batch : (self._taken + 1) * self._batch] = gradient
        self._bias_steps.step(gradient.sum(1, keepdim=True), rates)
        self._taken += 1

    def end(self) -> None:
        """Move weights and velocity to where the block's steps have brought them."""
        ages = torch.arange(self._taken - 1, -1, -1, device=self.weight.device).repeat_interleave(self._batch)[:, None]
        self.weight.addcmul_(self.velocity, self._rates, value=-float(self._drifts[self._taken]))
        moved = (self._gradients * self._sums[ages + 1]).mul_(self._rates)
        add_outer(self.weight, moved, self._block, alpha=-1)
        kept = self._gradients * self._powers[ages]
        add_outer(self.velocity, kept, self._block, beta=float(self._powers[self._taken]))

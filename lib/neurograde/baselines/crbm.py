"""Convolutional restricted Boltzmann machines with probabilistic max pooling (Lee, Grosse, Ranganath, Ng, ICML 2009).

Visible v (batch, channel, height, width), hidden h of K groups by valid convolution with filters W, of which at most
one in each block of C x C is on; p is whether one is. With I = W * v + b,

    P(h_i = 1 | v) = exp(I_i) / (1 + sum over the block of exp(I))        P(p = 0 | v) = 1 / (1 + sum ...)

and v given h is normal with mean W^T * h + c (first layer), or Bernoulli with that logit (the others).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

MOMENTUM, RATE, DECAY, SPARSITY, TARGET = 0.5, 0.1, 1e-4, 0.1, 0.05
"""Step sizes; the mean activation is drawn to TARGET through the hidden bias, as the paper does."""
BATCH = 32


class Layer:
    """One CRBM."""

    def __init__(
        self, channels: int, groups: int, side: int, *, pool: int, gaussian: bool, generator: torch.Generator
    ) -> None:
        """Make an untrained layer: small random filters of `side` px, biases that keep units off."""
        self.filters = 0.05 * torch.randn(groups, channels, side, side, generator=generator)
        self.hidden_bias = torch.full((groups,), -2.0)
        self.visible_bias = torch.zeros(channels)
        self.pool, self.gaussian, self.generator = pool, gaussian, generator

    def hidden(self, visible: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities of hidden and of pooled units; the hidden map is cut to whole blocks.

        Args:
            visible: Shape (batch, channel, height, width).

        Returns:
            Shapes (batch, group, rows, cols) and (batch, group, rows / pool, cols / pool).
        """
        energy = functional.conv2d(visible, self.filters, self.hidden_bias)
        rows, cols = (length // self.pool * self.pool for length in energy.shape[2:])
        energy = energy[..., :rows, :cols]
        blocks = functional.unfold(energy.flatten(0, 1)[:, None], self.pool, stride=self.pool)  # (maps, C x C, blocks)
        with_off = torch.cat([blocks, torch.zeros_like(blocks[:, :1])], dim=1)
        shares = torch.softmax(with_off, dim=1)
        on = functional.fold(shares[:, :-1], (rows, cols), self.pool, stride=self.pool)
        pooled = 1 - shares[:, -1]
        batch, groups = energy.shape[:2]
        return (
            on.reshape(batch, groups, rows, cols),
            pooled.reshape(batch, groups, rows // self.pool, cols // self.pool),
        )

    def visible(self, hidden: Tensor) -> Tensor:
        """Mean of the visible units given the hidden ones, (batch, channel, height, width)."""
        back = functional.conv_transpose2d(hidden, self.filters) + self.visible_bias[:, None, None]
        return back if self.gaussian else torch.sigmoid(back)

    def sample(self, on: Tensor) -> Tensor:
        """Hidden units drawn block by block from their probabilities: at most one of a block is on."""
        batch, groups, rows, cols = on.shape
        blocks = functional.unfold(on.flatten(0, 1)[:, None], self.pool, stride=self.pool)
        thresholds = torch.rand(blocks.shape[0], 1, blocks.shape[2], generator=self.generator)
        upper = blocks.cumsum(dim=1)
        drawn = ((thresholds < upper) & (thresholds >= upper - blocks)).to(on.dtype)
        return functional.fold(drawn, (rows, cols), self.pool, stride=self.pool).reshape(batch, groups, rows, cols)

    def statistics(self, visible: Tensor, on: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean products of visible and hidden units for each filter weight and bias: what the gradient is made of."""
        batch, _, rows, cols = on.shape
        height, width = rows + self.filters.shape[2] - 1, cols + self.filters.shape[3] - 1
        seen = visible[..., :height, :width]
        products = functional.conv2d(seen.transpose(0, 1), on.transpose(0, 1)).transpose(0, 1)
        return products / (batch * rows * cols), on.mean(dim=(0, 2, 3)), seen.mean(dim=(0, 2, 3))

    def learn(self, data: Tensor, epochs: int) -> list[float]:
        """Contrastive divergence with one step; returns the reconstruction error of each epoch."""
        velocity = torch.zeros_like(self.filters)
        errors = []
        for _ in range(epochs):
            order = torch.randperm(len(data), generator=self.generator)
            squared = []
            for start in range(0, len(order), BATCH):
                seen = data[order[start : start + BATCH]]
                on, _ = self.hidden(seen)
                again = self.visible(self.sample(on))
                on_again, _ = self.hidden(again)
                up, bias_up, seen_up = self.statistics(seen, on)
                down, bias_down, seen_down = self.statistics(again, on_again)
                velocity = MOMENTUM * velocity + RATE * (up - down - DECAY * self.filters)
                self.filters += velocity
                self.hidden_bias += RATE * (bias_up - bias_down) + SPARSITY * (TARGET - bias_up)
                self.visible_bias += RATE * (seen_up - seen_down)
                cut = seen[..., : again.shape[2], : again.shape[3]]
                squared.append(float((cut - again).square().mean()))
            errors.append(sum(squared) / len(squared))
        return errors

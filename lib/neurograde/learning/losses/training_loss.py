"""The contract of a training loss (table 1.3), and the register that finds a loss by the `kind` of a spec.

A loss is one file of this folder: a subclass of `TrainingLoss` under `@register(kind)`. The recorded loss of
a sample is `losses`; a loss that needs more than the logits to take a step says so by `replaces_logits` or
`has_centres`, and both engines follow.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot

from neurograde.learning.networks.elementwise import pointwise
from neurograde.specs.registry import Registry
from neurograde.specs.train import Loss


class TrainingLoss:
    """Cross-entropy, of which every other loss is a variation; binary where there is one logit."""

    has_closed_gradient: ClassVar[bool] = True
    """False: autograd differentiates `losses`."""
    replaces_logits: ClassVar[bool] = False
    """True: a step minimises the loss of `step_logits` in place of the plain logits."""
    has_centres: ClassVar[bool] = False
    """True: each class has a centre; a step also minimises `penalty`, and `next_centres` moves the centres."""

    def __init__(self, spec: Loss) -> None:
        """Keep the parameters of the loss."""
        self.spec = spec

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of each sample, (..., batch), of logits (..., batch, outputs) and labels (..., batch)."""
        if logits.shape[-1] == 1:
            return binary_cross_entropy_with_logits(logits[..., 0], labels.to(logits.dtype), reduction="none")
        return -logits.log_softmax(-1).gather(-1, labels[..., None])[..., 0]

    def gradient(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the derivative of `losses`, summed over the batch, at logits (member, batch, outputs)."""
        if logits.shape[-1] == 1:
            return pointwise(torch.sigmoid, logits) - labels[..., None].to(logits.dtype)
        return logits.softmax(-1) - one_hot(labels, logits.shape[-1]).to(logits.dtype)

    def step_logits(self, hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor) -> Tensor:
        """Return the logits that a step is taken on, (..., batch, outputs).

        Args:
            hidden: Input of the last layer, (..., batch, in).
            weight: Weight of the last layer, (..., outputs, in).
            bias: Bias of the last layer, (..., 1, outputs).
            labels: Labels, (..., batch).
        """
        return hidden @ weight.transpose(-1, -2) + bias

    def penalty(self, hidden: Tensor, centres: Tensor, labels: Tensor) -> Tensor:
        """Return the mean over the batch that a step minimises beside the loss.

        Args:
            hidden: Input of the last layer, (batch, in).
            centres: Centre of each class, (class, in).
            labels: Labels, (batch,).
        """
        return hidden.new_zeros(())

    def penalty_gradient(self, hidden: Tensor, centres: Tensor, labels: Tensor) -> Tensor:
        """Return the gradient of `penalty` at `hidden` (..., batch, in), of its shape."""
        return torch.zeros_like(hidden)

    def next_centres(self, hidden: Tensor, centres: Tensor, labels: Tensor) -> Tensor:
        """Return the centres after a batch, (..., class, in)."""
        return centres


LOSSES: Registry[type[TrainingLoss]] = Registry("neurograde.learning.losses")
register = LOSSES.register


def training_loss(spec: Loss) -> TrainingLoss:
    """Return the loss of a spec."""
    return LOSSES[spec.kind](spec)

"""Hinge loss with a margin of one.

Two classes: max(0, 1 - y z), with y either -1 or 1. More: torch's MultiMarginLoss, over the other classes.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from neurograde.learning.losses.training_loss import TrainingLoss, register


@register("hinge")
class Hinge(TrainingLoss):
    """Distance by which a logit misses the margin."""

    has_closed_gradient: ClassVar[bool] = False

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of each sample, (..., batch)."""
        if logits.shape[-1] == 1:
            return (1 - (2 * labels.to(logits.dtype) - 1) * logits[..., 0]).clamp(min=0)
        right = logits.gather(-1, labels[..., None])
        margins = (1 - right + logits).clamp(min=0).scatter(-1, labels[..., None], 0)
        return margins.sum(-1) / logits.shape[-1]

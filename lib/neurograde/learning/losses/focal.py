"""Focal loss (Lin et al., ICCV 2017): (1 - p)^gamma times -log p, where p is the probability of the right label."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from neurograde.learning.losses.training_loss import TrainingLoss, register


@register("focal")
class Focal(TrainingLoss):
    """Cross-entropy, less for samples that are right already."""

    has_closed_gradient: ClassVar[bool] = False

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of each sample, (..., batch)."""
        losses = super().losses(logits, labels)
        return (1 - torch.exp(-losses)) ** self.spec.gamma * losses

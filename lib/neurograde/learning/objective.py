"""What a network is trained for: its outputs, its loss, and what its logits say."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy


@dataclass(frozen=True)
class Objective:
    """One logit and binary cross-entropy for two classes; softmax and cross-entropy for more."""

    classes: int
    """Number of classes."""

    @property
    def outputs(self) -> int:
        """Number of logits."""
        return 1 if self.classes == 2 else self.classes

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of a batch: logits (batch, outputs), labels (batch,)."""
        if self.classes == 2:
            return binary_cross_entropy_with_logits(logits[:, 0], labels.to(logits.dtype))
        return cross_entropy(logits, labels)

    def correct(self, logits: Tensor, labels: Tensor) -> Tensor:
        """How many of a batch are right; a probability of one half counts as positive."""
        predicted = logits[:, 0] >= 0 if self.classes == 2 else logits.argmax(1)
        return (predicted == labels).sum()

    def probabilities(self, logits: Tensor) -> Tensor:
        """Probability of each label, (batch, label) in float64."""
        if self.classes == 2:
            positive = torch.sigmoid(logits[:, 0].double())
            return torch.stack([1 - positive, positive], 1)
        return torch.softmax(logits.double(), 1)

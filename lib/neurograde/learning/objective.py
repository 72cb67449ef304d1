"""What a network is trained for: its outputs, its loss, and what its logits say."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

from neurograde.learning.pointwise import pointwise


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

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of each sample, which `loss` is the mean of: logits (..., batch, outputs), labels (..., batch)."""
        if self.classes == 2:
            target = labels.to(logits.dtype)
            return binary_cross_entropy_with_logits(logits[..., 0], target, reduction="none")
        return -logits.log_softmax(-1).gather(-1, labels[..., None])[..., 0]

    def gradient(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The gradient of `loss` at logits (..., batch, outputs), of their shape, for labels (..., batch)."""
        if self.classes == 2:
            target = labels[..., None].to(logits.dtype)
            return (pointwise(torch.sigmoid, logits) - target) / logits.shape[-2]
        target = one_hot(labels, self.classes).to(logits.dtype)
        return (logits.softmax(-1) - target) / logits.shape[-2]

    def correct(self, logits: Tensor, labels: Tensor) -> Tensor:
        """How many of each batch are right, (...); a probability of one half counts as positive."""
        predicted = logits[..., 0] >= 0 if self.classes == 2 else logits.argmax(-1)
        return (predicted == labels).sum(-1)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Probability of each label, (batch, label) in float64."""
        if self.classes == 2:
            positive = torch.sigmoid(logits[:, 0].double())
            return torch.stack([1 - positive, positive], 1)
        return torch.softmax(logits.double(), 1)

"""What a network is trained for: its outputs, its loss, and what its logits say.

A loss is a mean over the samples of a batch, each times its class's weight. (torch's own `weight=` also divides by the
weights in the batch, so that one batch counts otherwise than the next; here a sample counts the same in every batch.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot, pad

from neurograde.learning.networks.elementwise import VECTOR, pointwise
from neurograde.specs.train import Loss, TrainSpec

CROSS_ENTROPY = Loss()


@dataclass(frozen=True)
class Objective:
    """One logit for two classes, one a class for more."""

    classes: int
    """Number of classes."""
    criterion: Loss = CROSS_ENTROPY
    """What is made smaller."""
    weights: tuple[float, ...] | None = None
    """Factor on the loss of each label; all alike when not given."""

    @classmethod
    def of(cls, spec: TrainSpec, numbers: dict[str, int], train: NDArray[np.int64]) -> Objective:
        """The objective of a spec.

        Args:
            spec: Names the loss and the class weights.
            numbers: The label of each class.
            train: Labels of the train samples, which `balanced` counts.
        """
        weights = None
        if spec.class_weights == "balanced":
            counts = np.bincount(train, minlength=len(numbers))
            weights = tuple((len(train) / (len(numbers) * np.maximum(counts, 1))).tolist())
        elif spec.class_weights is not None:
            by_label = {numbers[name]: weight for name, weight in spec.class_weights.items()}
            weights = tuple(by_label[label] for label in sorted(by_label))
        return cls(len(spec.classes), spec.loss, weights)

    @property
    def outputs(self) -> int:
        """Number of logits."""
        return 1 if self.classes == 2 else self.classes

    @property
    def has_centres(self) -> bool:
        """Whether each class has a centre, which moves with the steps."""
        return self.criterion.kind == "center"

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of a batch: logits (batch, outputs), labels (batch,)."""
        return self.losses(logits, labels).mean()

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of each sample, which `loss` is the mean of: logits (..., batch, outputs), labels (..., batch)."""
        losses = _hinge(logits, labels) if self.criterion.kind == "hinge" else _cross_entropy(logits, labels)
        if self.criterion.kind == "focal":  # Lin et al. 2017: (1 - p)^gamma times -log p, p the right label's share
            losses = (1 - torch.exp(-losses)) ** self.criterion.gamma * losses
        if self.weights is not None:
            losses = losses * torch.tensor(self.weights, dtype=losses.dtype, device=losses.device)[labels]
        return losses

    def gradient(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The gradient of `loss` at logits (member, batch, outputs), of their shape, for labels (member, batch)."""
        if (
            self.criterion.kind not in ("focal", "hinge") and self.weights is None
        ):  # by hand: it is wanted at every step
            if self.classes == 2:
                found = pointwise(torch.sigmoid, logits) - labels[..., None].to(logits.dtype)
            else:
                found = logits.softmax(-1) - one_hot(labels, self.classes).to(logits.dtype)
            return found / logits.shape[-2]
        # Padded by members to whole vectors, so that no member's bits depend on its place.
        members, missing = len(logits), -len(logits) % VECTOR
        values = pad(logits, (0, 0, 0, 0, 0, missing)).requires_grad_()
        with torch.enable_grad():
            total = self.losses(values, pad(labels, (0, 0, 0, missing))).sum() / logits.shape[-2]
        (gradient,) = torch.autograd.grad(total, values)
        return gradient[:members]

    def correct(self, logits: Tensor, labels: Tensor) -> Tensor:
        """How many of each batch are right, (...); a probability of one half counts as positive."""
        predicted = logits[..., 0] >= 0 if self.classes == 2 else logits.argmax(-1)
        return (predicted == labels).sum(-1)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Probability of each label, (batch, label) in float64; after `hinge` they order samples, uncalibrated."""
        if self.classes == 2:
            positive = torch.sigmoid(logits[:, 0].double())
            return torch.stack([1 - positive, positive], 1)
        return torch.softmax(logits.double(), 1)


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    if logits.shape[-1] == 1:
        return binary_cross_entropy_with_logits(logits[..., 0], labels.to(logits.dtype), reduction="none")
    return -logits.log_softmax(-1).gather(-1, labels[..., None])[..., 0]


def _hinge(logits: Tensor, labels: Tensor) -> Tensor:
    """Two classes: max(0, 1 - y z), y one of -1 and 1. More: as torch's MultiMarginLoss, over the other classes."""
    if logits.shape[-1] == 1:
        return (1 - (2 * labels.to(logits.dtype) - 1) * logits[..., 0]).clamp(min=0)
    right = logits.gather(-1, labels[..., None])
    margins = (1 - right + logits).clamp(min=0).scatter(-1, labels[..., None], 0)
    return margins.sum(-1) / logits.shape[-1]

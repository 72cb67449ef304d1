"""The objective of training: number of logits, weighted loss, and the classes that logits stand for.

A loss is a mean over the samples of a batch, each multiplied by the weight of its class. (torch's own `weight=` also
divides by the sum of the weights in the batch, so that a sample's share depends on its batch; here it does not.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from neurograde.learning.losses.training_loss import TrainingLoss, training_loss
from neurograde.learning.networks.elementwise import VECTOR
from neurograde.specs.train import Loss, TrainSpec

CROSS_ENTROPY = Loss()


@dataclass(frozen=True)
class Objective:
    """One logit for two classes, a logit per class for more."""

    classes: int
    """Number of classes."""
    criterion: Loss = CROSS_ENTROPY
    """The loss as the spec gives it."""
    weights: tuple[float, ...] | None = None
    """Factor on the loss of each label; None: all labels count alike."""

    @classmethod
    def of(cls, spec: TrainSpec, numbers: dict[str, int], train: NDArray[np.int64]) -> Objective:
        """Return the objective of a spec.

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

    @cached_property
    def training_loss(self) -> TrainingLoss:
        """The loss of each sample, before class weights."""
        return training_loss(self.criterion)

    @property
    def outputs(self) -> int:
        """Number of logits."""
        return 1 if self.classes == 2 else self.classes

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of a batch: logits (batch, outputs), labels (batch,)."""
        return self.losses(logits, labels).mean()

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the weighted loss of each sample: logits (..., batch, outputs), labels (..., batch)."""
        losses = self.training_loss.losses(logits, labels)
        if self.weights is not None:
            losses = losses * torch.tensor(self.weights, dtype=losses.dtype, device=losses.device)[labels]
        return losses

    def gradient(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the gradient of `loss` at logits (member, batch, outputs), of their shape; labels (member, batch)."""
        if self.weights is None and self.training_loss.has_closed_gradient:  # cheaper, and asked for at every step
            return self.training_loss.gradient(logits, labels) / logits.shape[-2]
        # Padded by members to whole vectors, so that a member's bits do not depend on its position.
        members, missing = len(logits), -len(logits) % VECTOR
        values = pad(logits, (0, 0, 0, 0, 0, missing)).requires_grad_()
        with torch.enable_grad():
            total = self.losses(values, pad(labels, (0, 0, 0, missing))).sum() / logits.shape[-2]
        (gradient,) = torch.autograd.grad(total, values)
        return gradient[:members]

    def correct(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the number of correct samples per batch, (...); a probability of one half counts as positive."""
        predicted = logits[..., 0] >= 0 if self.classes == 2 else logits.argmax(-1)
        return (predicted == labels).sum(-1)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of each label, (batch, label) in float64; after `hinge` they rank, uncalibrated."""
        if self.classes == 2:
            positive = torch.sigmoid(logits[:, 0].double())
            return torch.stack([1 - positive, positive], 1)
        return torch.softmax(logits.double(), 1)

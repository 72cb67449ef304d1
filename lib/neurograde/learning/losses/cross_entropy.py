"""Cross-entropy, the study's loss: binary for two classes, of the softmax for more."""

from __future__ import annotations

from neurograde.learning.losses.training_loss import TrainingLoss, register


@register("cross_entropy")
class CrossEntropy(TrainingLoss):
    """Cross-entropy of the logits."""

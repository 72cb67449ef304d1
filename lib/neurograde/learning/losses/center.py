"""Centre loss (Wen et al., ECCV 2016): samples are pulled to the centre of their class before the last layer.

λ/2 |h - c_y|² is added to the loss for the input h of the last layer, and each class's centre follows its samples:
c_j ← c_j + α Σ_{y=j} (h - c_j) / (1 + n_j). The recorded loss stays cross-entropy.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor
from torch.nn.functional import one_hot

from neurograde.learning.losses.training_loss import TrainingLoss, register


@register("center")
class Center(TrainingLoss):
    """Cross-entropy with a pull to the centres of the classes."""

    has_centres: ClassVar[bool] = True

    def penalty(self, hidden: Tensor, centres: Tensor, labels: Tensor) -> Tensor:
        """Return half the weighted squared distance from the centres, as a mean over the batch."""
        return self.spec.pull / 2 * _offsets(hidden, centres, labels).square().sum(-1).mean()

    def penalty_gradient(self, hidden: Tensor, centres: Tensor, labels: Tensor) -> Tensor:
        """Return the gradient of `penalty` at `hidden` (..., batch, in)."""
        return self.spec.pull / labels.shape[-1] * _offsets(hidden, centres, labels)

    def next_centres(self, hidden: Tensor, centres: Tensor, labels: Tensor) -> Tensor:
        """Return the centres after a batch, (..., class, in)."""
        members = one_hot(labels, centres.shape[-2]).to(hidden.dtype).transpose(-1, -2)  # (..., class, batch)
        counts = members.sum(-1, keepdim=True)
        return centres + self.spec.center_rate * (members @ hidden - counts * centres) / (1 + counts)


def _offsets(hidden: Tensor, centres: Tensor, labels: Tensor) -> Tensor:
    """Return each sample's offset from the centre of its class, (..., batch, in)."""
    return hidden - one_hot(labels, centres.shape[-2]).to(hidden.dtype) @ centres

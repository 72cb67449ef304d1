"""A session's network with all that surrounds it: patches as they were cut in, probabilities of the classes out.

Whoever deploys a network has to crop, scale, standardise and name the classes as its training did, and a slip in any of
these changes grades without a sound. Here they are part of the network: its input is what a decoder of images gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Statistics
from neurograde.learning.networks.session_network import Network
from neurograde.maths.temperature import TINY

INPUT, OUTPUTS = "patches", ("probabilities", "calibrated")


class Portable(nn.Module):
    """A network from patches (batch, side, side, 3), uint8, RGB, to probabilities and calibrated probabilities.

    Both are (batch, class), float32, in the order of the run's classes. The threshold applies to the first; the second,
    at the temperature, are the network's confidence.
    """

    mean: Tensor
    std: Tensor
    weights: Tensor
    order: Tensor

    def __init__(  # noqa: PLR0917 - what surrounds the network, from its input to its outputs
        self,
        network: Network,
        inputs: Inputs,
        patch_size_px: int,
        statistics: Statistics,
        columns: Sequence[int],
        temperature: float,
    ) -> None:
        """Wrap the network in eval mode.

        Args:
            network: The network with its best weights.
            inputs: How its backbone takes patches.
            patch_size_px: Side of the patches.
            statistics: What they are standardised with.
            columns: Number of each class, in the order of the run's classes.
            temperature: What the logits are divided by to be calibrated.
        """
        super().__init__()
        self.network = nn.Sequential(network.trunk, network.head)
        spare_px = 0 if inputs.resize else patch_size_px - inputs.size_px
        self.first, self.end = spare_px // 2, spare_px // 2 + patch_size_px - spare_px
        self.temperature = temperature
        self.register_buffer("mean", torch.tensor(statistics.mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(statistics.std).view(3, 1, 1))
        self.register_buffer("weights", resizing(patch_size_px, inputs.size_px) if inputs.resize else torch.empty(0))
        self.register_buffer("order", torch.tensor(list(columns)))
        self.eval()

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities and calibrated ones, (batch, class) both."""
        cropped = patches[:, self.first : self.end, self.first : self.end]
        images = cropped.permute(0, 3, 1, 2).to(torch.float32) / 255  # (batch, 3, side, side)
        if self.weights.numel():
            images = self.weights @ images @ self.weights.T
        logits: Tensor = self.network((images - self.mean) / self.std)
        by_label = torch.cat([torch.zeros_like(logits), logits], 1) if logits.shape[1] == 1 else logits
        logs = by_label.log_softmax(1).index_select(1, self.order)
        return logs.exp(), (logs.clamp(min=math.log(TINY)) / self.temperature).softmax(1)


def resizing(from_px: int, to_px: int) -> Tensor:
    """W, shape (to_px, from_px), with W X W' the bilinear, antialiased resize of a square X.

    It is linear in the pixels, and as two products of matrices it is the same in every runtime; what they offer as an
    antialiased resize differs.
    """
    return interpolate(torch.eye(from_px)[None, None], (to_px, from_px), mode="bilinear", antialias=True)[0, 0]

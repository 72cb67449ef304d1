"""`leaknet`: the small network of §2.6, which can memorise its training set and so betrays a leak."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from neurograde.errors import SpecError
from neurograde.learning.networks.families.family import FAMILIES, Family

WIDTHS = (32, 32, 64, 64)
HIDDEN = 128
SMALLEST_PX = 46  # of which four unpadded convolutions and poolings leave one pixel


class LeakNet(nn.Module):
    """Four unpadded 3x3 convolutions, each max-pooled, without activation; then 128 units, LeakyReLU, dropout, one."""

    def __init__(self, input_size_px: int) -> None:
        """Build the network for square inputs of `input_size_px`, 224 in the study.

        Raises:
            ValueError: the inputs have fewer than 46 pixels, which the convolutions would use up.
        """
        super().__init__()
        if input_size_px < SMALLEST_PX:
            raise ValueError(f"leaknet takes inputs of {SMALLEST_PX} px or more, not {input_size_px}")
        side, channels, layers = input_size_px, 3, []
        for width in WIDTHS:
            layers += [nn.Conv2d(channels, width, 3), nn.MaxPool2d(2)]
            side, channels = (side - 2) // 2, width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(channels * side * side, HIDDEN), nn.LeakyReLU(0.2), nn.Dropout(0.1), nn.Linear(HIDDEN, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (batch, 1) of images (batch, 3, side, side)."""
        logits: Tensor = self.classifier(self.features(images).flatten(1))
        return logits


class LeakNetFamily(Family):
    """The one network of §2.6, without pretrained weights."""

    @property
    def names(self) -> Sequence[str]:
        """Return its one name."""
        return ("leaknet",)

    def build(self, name: str, input_size_px: int) -> nn.Module:
        """Return the network with random weights."""
        del name
        try:
            return LeakNet(input_size_px)
        except ValueError as error:
            raise SpecError(f"input_size_px: {error}") from None


FAMILIES.register("leaknet")(LeakNetFamily())

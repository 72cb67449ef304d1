"""`leaknet`: the small network of §2.6, which can memorise its training set and so betrays a leak."""

from __future__ import annotations

from torch import Tensor, nn

WIDTHS = (32, 32, 64, 64)
HIDDEN = 128
SMALLEST_PX = 46  # of which four unpadded convolutions and poolings leave one pixel


class LeakNet(nn.Module):
    """Four unpadded 3x3 convolutions, each max-pooled, without activation; then 128 units, LeakyReLU, dropout, one."""

    def __init__(self, input_size_px: int) -> None:
        """A network for square inputs of `input_size_px`, 224 in the study.

        Raises:
            ValueError: fewer than 46 pixels, of which nothing would be left.
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
        """Logits (batch, 1) of images (batch, 3, side, side)."""
        logits: Tensor = self.classifier(self.features(images).flatten(1))
        return logits

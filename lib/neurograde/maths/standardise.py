"""Standardisation (§2.5): mean and standard deviation of each channel over a set of samples.

Sums are kept as whole numbers, so the result does not depend on the order or grouping of the samples. Dihedral
transforms move pixels without changing them, so a patch counts once for each of its samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

CHANNELS = ("red", "green", "blue")
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
"""ImageNet's statistics on the scale 0 to 1, as torchvision's weights expect them."""


@dataclass
class ChannelSums:
    """Running sums over samples of uint8 RGB pixels."""

    pixels: int = 0
    samples: int = 0
    total: tuple[int, ...] = (0, 0, 0)
    squares: tuple[int, ...] = (0, 0, 0)

    def add(self, patch: NDArray[np.uint8], copies: int) -> None:
        """Count `patch` (height, width, 3) `copies` times."""
        values = patch.reshape(-1, 3).astype(np.int64)
        self.pixels += copies * len(values)
        self.samples += copies
        self.total = tuple(s + copies * int(v) for s, v in zip(self.total, values.sum(0), strict=True))
        self.squares = tuple(s + copies * int(v) for s, v in zip(self.squares, (values**2).sum(0), strict=True))

    def mean(self) -> list[float]:
        """Mean of each channel on the scale 0 to 1."""
        return [total / self.pixels / 255 for total in self.total]

    def std(self) -> list[float]:
        """Population standard deviation of each channel on the scale 0 to 1.

        Raises:
            ValueError: a channel is the same everywhere, so it cannot be divided by its deviation.
        """
        variances = _variances(self.pixels, self.total, self.squares)
        for channel, variance in zip(CHANNELS, variances, strict=True):
            if variance == 0:
                raise ValueError(f"the {channel} channel has one value in all {self.samples} samples")
        return [sqrt(variance) / 255 for variance in variances]


def _variances(pixels: int, total: Sequence[int], squares: Sequence[int]) -> list[float]:
    # n Σx² - (Σx)² in whole numbers: no cancellation.
    return [(pixels * square - s * s) / pixels**2 for s, square in zip(total, squares, strict=True)]

"""Standardisation (§2.5): mean and standard deviation of each channel over a set of samples.

Values are counted in whole numbers, so the result does not depend on the order or grouping of the samples. Dihedral
transforms move pixels without changing them, so a patch counts once for each of its samples.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

CHANNELS = ("red", "green", "blue")
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
"""ImageNet's statistics on the scale 0 to 1, as torchvision's weights expect them."""


class ChannelCounts:
    """Counts of the 256 values in each channel of the samples added so far."""

    def __init__(self) -> None:
        self.samples = 0
        self.counts = np.zeros((3, 256), np.int64)

    def add(self, patch: NDArray[np.uint8], copies: int) -> None:
        """Count `patch` (height, width, 3) `copies` times."""
        self.samples += copies
        for channel in range(3):
            self.counts[channel] += copies * np.bincount(patch[:, :, channel].ravel(), minlength=256)

    @property
    def pixels(self) -> int:
        """Pixels counted."""
        return int(self.counts[0].sum())

    def mean(self) -> list[float]:
        """Return the mean of each channel on the scale 0 to 1."""
        return [total / self.pixels / 255 for total in self._moments(1)]

    def std(self) -> list[float]:
        """Return the population standard deviation of each channel on the scale 0 to 1.

        Raises:
            ValueError: A channel has one value everywhere, so its deviation is 0.
        """
        n = self.pixels
        # n Σx² - (Σx)² in whole numbers: no cancellation.
        variances = [n * q - s * s for s, q in zip(self._moments(1), self._moments(2), strict=True)]
        for channel, variance in zip(CHANNELS, variances, strict=True):
            if variance == 0:
                raise ValueError(f"the {channel} channel has one value in all {self.samples} samples")
        return [sqrt(variance) / n / 255 for variance in variances]

    def _moments(self, power: int) -> list[int]:
        # Python's whole numbers, which do not overflow where a large set's squares would.
        return [sum(int(count) * value**power for value, count in enumerate(row)) for row in self.counts]

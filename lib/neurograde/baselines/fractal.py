"""Fractal descriptors ([11], 2023): how rough tissue is, at all scales at once.

Of the grey image and of the haematoxylin and eosin channels: Shannon entropy, the box-counting dimension of what is
darker than Otsu's threshold, and its lacunarity in gliding boxes. The paper leaves the threshold open: Otsu's is
taken; and the boxes: powers of two up to a quarter of the side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2gray, rgb2hed
from skimage.filters import threshold_otsu
from skimage.measure import shannon_entropy

from neurograde.baselines.choice import best_on_valid, forests, logistic
from neurograde.baselines.method import Described, Fitted, Floats, Patch
from neurograde.specs.baseline import Fractal

Mask = NDArray[np.bool_]


class FractalMethod:
    """Entropy, dimension and lacunarity of three channels."""

    version = 1

    def __init__(self, spec: Fractal) -> None:
        """Take the spec, which has no settings."""

    def describe(self, patches: Sequence[Patch]) -> list[Floats]:
        """(1, 3 x 6) of each patch."""
        return [np.array([describe_patch(patch.pixels)], np.float32) for patch in patches]

    def fit(self, train: Described, valid: Described, classes: int, seed: int) -> Fitted:
        """Logistic regression or a random forest."""
        return best_on_valid([*logistic(), *forests(seed)], train, valid, classes)


def describe_patch(pixels: NDArray[np.uint8]) -> list[float]:
    """Six numbers of each channel."""
    stains = rgb2hed(pixels)
    measured = []
    for channel in (1 - rgb2gray(pixels), stains[..., 0], stains[..., 1]):
        levels = np.round(255 * (channel - channel.min()) / max(float(np.ptp(channel)), 1e-9)).astype(np.uint8)
        mask = levels > threshold_otsu(levels) if np.ptp(levels) else np.zeros(levels.shape, bool)
        measured += [shannon_entropy(levels), box_dimension(mask), *(lacunarity(mask, size) for size in (2, 4, 8, 16))]
    return [float(value) for value in measured]


def box_dimension(mask: Mask) -> float:
    """Box-counting dimension: minus the slope of log count over log size, boxes of 1, 2, 4, ... px; 0 when empty.

    A filled square has dimension 2, a straight line 1:

    >>> round(box_dimension(np.ones((64, 64), bool)), 6), round(box_dimension(np.eye(64, dtype=bool)), 6)
    (2.0, 1.0)

    Args:
        mask: Shape (height, width); as much of it as the largest box divides is looked at.
    """
    most = max(1, int(np.log2(min(mask.shape))) - 2)
    sizes = [2**power for power in range(most + 1)]
    side = [length // sizes[-1] * sizes[-1] for length in mask.shape]
    inner = mask[: side[0], : side[1]]
    counts = [int(inner.reshape(side[0] // size, size, side[1] // size, size).any(axis=(1, 3)).sum()) for size in sizes]
    if not counts[0]:
        return 0.0
    slope = np.polyfit(np.log(sizes), np.log(counts), 1)[0]
    return float(-slope)


def lacunarity(mask: Mask, size: int) -> float:
    """Mean square over squared mean of the mass in gliding boxes (Allain and Cloitre 1991); 0 when empty.

    Mass that is spread evenly has lacunarity 1, the least there is:

    >>> lacunarity(np.ones((16, 16), bool), 4), lacunarity(np.eye(16, dtype=bool), 1)
    (1.0, 16.0)
    """
    sums = np.pad(mask.astype(np.int64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    masses = (sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]).astype(float)
    mean = masses.mean()
    return float((masses**2).mean() / mean**2) if mean else 0.0

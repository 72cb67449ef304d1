"""Patched completed local binary patterns ([5], 2018; CLBP: Guo, Zhang and Zhang, IEEE TIP 2010).

Around each pixel eight neighbours on a circle are compared with it: the signs of the differences make one pattern,
whether their magnitudes exceed the patch's mean magnitude makes another, and whether the pixel itself exceeds the mean
grey a third. The first two are counted rotation-invariantly (uniform patterns by their ones, all others together),
and the histogram is that of the three jointly. A sample is named by its nearest neighbours in chi-square distance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from skimage.color import rgb2gray

from neurograde.baselines.choice import log_loss
from neurograde.baselines.method import Described, Fitted, Floats, Patch
from neurograde.specs.baseline import PatchedBinaryPattern

NEIGHBOURS = 8
CODES = NEIGHBOURS + 2
COUNTS = (1, 3, 5, 9, 15, 25)
Grey = NDArray[np.float64]


class BinaryPatternMethod:
    """Joint histograms, and nearest neighbours."""

    version = 1

    def __init__(self, spec: PatchedBinaryPattern) -> None:
        """Take the method's spec."""
        self.radii = spec.radii

    def describe(self, patches: Sequence[Patch]) -> list[Floats]:
        """(1, 200 x radii) of each patch; the bins of each radius add up to 1."""
        return [
            np.concatenate([histogram(rgb2gray(patch.pixels), radius) for radius in self.radii])[None].astype(
                np.float32
            )
            for patch in patches
        ]

    def fit(self, train: Described, valid: Described, classes: int, seed: int) -> Fitted:
        """k-NN by chi-square, k of least log-loss on valid; 1 is the nearest alone."""
        del seed  # nothing is drawn
        known, labels = train.vectors, train.labels

        def nearest(described: Described) -> NDArray[np.intp]:
            distances = chi_square(described.vectors, known)
            order: NDArray[np.intp] = np.argsort(distances, axis=1, kind="stable")
            return order[:, : max(COUNTS)]

        def shares(order: NDArray[np.intp], k: int) -> NDArray[np.float64]:
            votes = (labels[order[:, :k], None] == np.arange(classes)).sum(axis=1)
            smoothed: NDArray[np.float64] = (votes + 1) / (k + classes)  # Laplace's: no class is impossible
            return smoothed

        order = nearest(valid)
        losses = {k: log_loss(valid.labels, shares(order, k)) for k in COUNTS if k <= len(labels)}
        k = min(losses, key=lambda count: losses[count])
        chosen = {"chosen": f"k-NN of {k}", "valid_log_loss": {f"k-NN of {count}": losses[count] for count in losses}}
        return Fitted(lambda described: shares(nearest(described), k), chosen)


def histogram(grey: Grey, radius: int) -> NDArray[np.float64]:
    """Joint histogram of sign, magnitude and centre, (200,), of sum 1."""
    centre, differences = _differences(grey, radius)
    sign = rotation_invariant(differences >= 0)
    magnitudes = np.abs(differences)
    magnitude = rotation_invariant(magnitudes >= magnitudes.mean())
    bright = (centre >= centre.mean()).astype(np.intp)
    codes = (sign * CODES + magnitude) * 2 + bright
    shares: NDArray[np.float64] = np.bincount(codes.ravel(), minlength=CODES * CODES * 2) / codes.size
    return shares


def rotation_invariant(pattern: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the number of ones of a uniform pattern, at most two changes round the circle; NEIGHBOURS + 1 otherwise.

    >>> rotation_invariant(np.array([[1, 1, 0, 0, 0, 0, 0, 1], [1, 0, 1, 0, 0, 0, 0, 0]], bool).T).tolist()
    [3, 9]

    Args:
        pattern: Shape (8, ...), neighbour by neighbour round the circle.

    Returns:
        Shape (...).
    """
    changes = (pattern != np.roll(pattern, 1, axis=0)).sum(axis=0)
    return np.where(changes <= 2, pattern.sum(axis=0), NEIGHBOURS + 1)


def chi_square(left: Floats, right: Floats) -> NDArray[np.float64]:
    """Distances sum((a - b)^2 / (a + b)) of every row of `left` from every one of `right`.

    >>> chi_square(np.array([[0.5, 0.5]], np.float32), np.array([[1, 0], [0.5, 0.5]], np.float32)).round(3).tolist()
    [[0.667, 0.0]]
    """
    distances = np.empty((len(left), len(right)))
    for index, row in enumerate(left.astype(np.float64)):
        total = row + right
        distances[index] = (np.divide((row - right) ** 2, total, out=np.zeros_like(total), where=total > 0)).sum(axis=1)
    return distances


def _differences(grey: Grey, radius: int) -> tuple[Grey, NDArray[np.float64]]:
    """Return the pixels that have a whole circle, and their neighbours' differences to them, (8, height, width)."""
    height, width = grey.shape
    rows, cols = np.mgrid[radius : height - radius, radius : width - radius]
    centre = grey[radius : height - radius, radius : width - radius]
    angles = 2 * np.pi * np.arange(NEIGHBOURS) / NEIGHBOURS
    around = [
        map_coordinates(grey, [rows - radius * np.sin(angle), cols + radius * np.cos(angle)], order=1)
        for angle in angles
    ]
    return centre, np.round(np.stack(around) - centre, 9)  # interpolation of a flat field is flat but for the last bit

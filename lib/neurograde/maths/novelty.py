"""Novelty: how far new samples lie from those that a network learnt from, by their nearest neighbours among them.

Sun, Ming, Zhu, Li, "Out-of-distribution detection with deep nearest neighbors", ICML 2022. The distance of a sample is
that of its normalised features to the k-th nearest normalised features of train. An image's distance is the mean over
its patches; what is usual is read from images that were not trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurograde.maths.predictions import Floats

NEIGHBOURS = 10
"""k: the neighbour whose distance counts; the farthest where there are fewer."""
USUAL = 0.95
"""Share of the valid images whose distances are usual."""


@dataclass(frozen=True)
class Reference:
    """Features of train patches, and distances of valid images as a measure of what is usual."""

    train: NDArray[np.float32]
    """Features of train patches, (patch, width)."""
    valid: NDArray[np.float32]
    """Features of valid patches, (patch, width); patches of an image follow each other."""
    images: Sequence[str]
    """Image of each valid patch."""

    def distances(self, features: ArrayLike) -> Floats:
        """Return the distance of each patch from train, (patch,), between 0 and 2; `features` is (patch, width)."""
        return neighbour_distances(features, self.train)

    @cached_property
    def usual(self) -> Floats:
        """The distances of the valid images, in rising order, (image,)."""
        pairs = zip(self.images, self.distances(self.valid), strict=True)
        means = [np.mean([distance for _, distance in group]) for _, group in groupby(pairs, key=lambda pair: pair[0])]
        return np.sort(np.asarray(means, np.float64))

    @property
    def limit(self) -> float:
        """The distance that 95 % of the valid images do not exceed; of fewer than 20 images, the largest."""
        return float(np.quantile(self.usual, USUAL, method="higher"))

    def nearer(self, distance: float) -> int:
        """Return the number of valid images that are nearer to train than `distance`."""
        return int(np.searchsorted(self.usual, distance))


def neighbour_distances(features: ArrayLike, reference: ArrayLike, neighbours: int = NEIGHBOURS) -> Floats:
    """Return the distance of each row to its k-th nearest row of `reference`, all rows scaled to length 1.

    >>> neighbour_distances([[2, 0], [0, 5]], [[1, 0], [3, 0]]).round(6).tolist()
    [0.0, 1.414214]

    Args:
        features: Shape (sample, width).
        reference: Shape (sample, width), at least one row.
        neighbours: k.

    Returns:
        Shape (sample,), between 0 and 2.
    """
    rows, others = _of_length_one(features), _of_length_one(reference)
    kth = min(neighbours, len(others)) - 1
    products = rows @ others.T  # (sample, reference sample)
    nearest = -np.partition(-products, kth, axis=1)[:, kth]
    distances: Floats = np.sqrt(np.clip(2 - 2 * nearest, 0, 4))
    return distances


def _of_length_one(features: ArrayLike) -> Floats:
    rows = np.asarray(features, np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)

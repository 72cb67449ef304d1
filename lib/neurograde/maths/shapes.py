"""The shape of a set of values: how far from a Gaussian, how many peaks, how well a line explains one by another."""

from __future__ import annotations

from collections.abc import Sequence
from math import erf, sqrt

import numpy as np
from numpy.typing import NDArray

FAR = 3.5
"""Deviations from the mean beyond which a value is an outlier, as 0.85 is in the study's figure C.1."""
VALLEY = 0.9
"""Share of the lower of two peaks that the density must fall below between them."""


def gaussian_gap(values: Sequence[float]) -> tuple[float, int]:
    """Return the largest gap between the distribution of `values` and the Gaussian of their mean and deviation.

    Outliers are left out first. The gap is the statistic of Kolmogorov and Smirnov: 0 for a Gaussian.

    >>> gaussian_gap([0.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 1.5, 1.5])
    (0.16, 0)

    Returns:
        The gap to two places, and the number of outliers.

    Raises:
        ValueError: There are fewer than two values, or all are equal.
    """
    numbers = _spread(values)
    kept = np.sort(numbers[np.abs(numbers - numbers.mean()) <= FAR * numbers.std()])
    standard = (kept - kept.mean()) / kept.std()
    below = np.array([(1 + erf(value / sqrt(2))) / 2 for value in standard])
    steps = np.arange(len(kept) + 1) / len(kept)
    gap = max(np.abs(steps[1:] - below).max(), np.abs(steps[:-1] - below).max())
    return round(float(gap), 2), len(numbers) - len(kept)


def peaks(values: Sequence[float]) -> list[float]:
    """Return where the density of `values` has peaks that a valley separates, in order.

    The density is a sum of Gaussians, as wide as Silverman's rule has it.

    >>> [round(peak, 1) for peak in peaks([0.40, 0.41, 0.42, 0.43, 0.57, 0.58, 0.59, 0.60])]
    [0.4, 0.6]

    Raises:
        ValueError: There are fewer than two values, or all are equal.
    """
    numbers = _spread(values)
    low, high = np.quantile(numbers, (0.25, 0.75))
    width = 0.9 * min(numbers.std(), (high - low) / 1.34 or numbers.std()) * len(numbers) ** -0.2
    at = np.linspace(numbers.min() - 2 * width, numbers.max() + 2 * width, 201)
    # (value, point) would be large for a whole study: a histogram of 400 bins stands for the values
    counts, edges = np.histogram(numbers, bins=400)
    density = np.exp(-0.5 * ((at[:, None] - (edges[:-1] + edges[1:]) / 2) / width) ** 2) @ counts
    tops = [point for point in range(1, len(at) - 1) if density[point - 1] < density[point] >= density[point + 1]]
    apart: list[int] = []
    for top in tops:
        lower = min(density[apart[-1]], density[top]) if apart else 0.0
        if not apart or density[apart[-1] : top].min() < VALLEY * lower:
            apart.append(top)
        elif density[top] > density[apart[-1]]:
            apart[-1] = top
    return [float(at[top]) for top in apart]


def explained(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the share of the second's variance that a straight line over the first explains: r squared.

    >>> explained([(0.0, 1.0), (1.0, 0.5), (2.0, 0.0)])
    1.0

    Raises:
        ValueError: There are fewer than two pairs, or one side has equal values only.
    """
    first, second = (_spread(column) for column in zip(*pairs, strict=True))
    return round(float(np.corrcoef(first, second)[0, 1]) ** 2, 12)


def _spread(values: Sequence[float]) -> NDArray[np.float64]:
    numbers = np.asarray(values, float)
    if len(numbers) < 2 or numbers.min() == numbers.max():
        raise ValueError(f"{len(numbers)} values, all equal or fewer than two: two that differ are accepted")
    return numbers

"""The difference of two means whose variances are not known and may differ (Welch)."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, variance
from typing import NamedTuple

from scipy.stats import t


class Difference(NamedTuple):
    """A difference, and the interval in which it lies."""

    value: float
    low: float | None
    """Lower bound; None where a side has fewer than two values, or none of them differ."""
    high: float | None
    """Upper bound; None where `low` is."""


def difference(first: Sequence[float], second: Sequence[float], level: float = 0.95) -> Difference:
    """Return the mean of the second less that of the first, with Welch's interval.

    >>> difference([0.5, 0.6, 0.7], [0.1, 0.2, 0.3])
    Difference(value=-0.4, low=-0.6266..., high=-0.1733...)
    >>> difference([0.5], [0.25])
    Difference(value=-0.25, low=None, high=None)

    Raises:
        ValueError: A side has no value.
    """
    if not first or not second:
        raise ValueError(f"{len(first)} and {len(second)} values: one or more of each are accepted")
    value = round(fmean(second) - fmean(first), 15)
    if min(len(first), len(second)) < 2:
        return Difference(value, None, None)
    parts = [variance(side) / len(side) for side in (first, second)]
    squared = sum(parts)
    if squared == 0:
        return Difference(value, None, None)
    freedom = squared**2 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, (first, second), strict=True))
    half = float(t.ppf((1 + level) / 2, freedom)) * squared**0.5
    return Difference(value, value - half, value + half)

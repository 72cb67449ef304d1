"""A range of a device's speed from its published peaks, for work that nobody measured on it.

A device computes no faster than its arithmetic and moves no more than its memory lets it. Real programs reach a part
of either peak; the part is a stated assumption, so that the result is a range and an estimate, never a measurement.
"""

from __future__ import annotations

from typing import NamedTuple

LEAST_SHARE = 0.15
"""Share of a peak that work reaches at the least."""
MOST_SHARE = 0.6
"""Share of a peak that work reaches at the most."""


class Range(NamedTuple):
    """A quantity between two bounds; where it was measured they are equal."""

    low: float
    high: float

    @property
    def is_exact(self) -> bool:
        """True where the bounds are equal."""
        return self.low == self.high

    def times(self, factor: float) -> Range:
        """Return the range times a factor above 0.

        >>> Range(1.0, 3.0).times(2)
        Range(low=2.0, high=6.0)
        """
        return Range(self.low * factor, self.high * factor)


class Cost(NamedTuple):
    """The arithmetic and the memory traffic of one sample."""

    operations: float
    """Floating-point operations; a multiplication and an addition are two."""
    least_bytes: float
    """Bytes moved for weights and their optimiser's state, at the largest batch."""
    most_bytes: float
    """The same at the smallest batch, whose few samples share them."""


def samples_per_s(cost: Cost, peak_flops: float, bandwidth: float) -> Range:
    """Return the speed at work of this cost.

    A pass of 11.4 GFLOP on 8.1 TFLOP/s:

    >>> speed = samples_per_s(Cost(11.4e9, 0, 0), 8.1e12, 320e9)
    >>> round(speed.low), round(speed.high)
    (107, 426)

    Args:
        cost: The cost of a sample; operations above 0.
        peak_flops: Peak operations per second.
        bandwidth: Peak bytes per second of the memory.
    """
    least_s = max(cost.operations / peak_flops, cost.least_bytes / bandwidth) / MOST_SHARE
    most_s = max(cost.operations / peak_flops, cost.most_bytes / bandwidth) / LEAST_SHARE
    return Range(1 / most_s, 1 / least_s)

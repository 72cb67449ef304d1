"""N1, the number of large families that go to train first, as a function of μ: one function per reading.

The readings are those of `neurograde.maths.readings`. N1 is constant on intervals of μ, the bands.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from neurograde.maths.partition.pool import Pool
from neurograde.maths.partition.problem import Interval
from neurograde.maths.readings import READINGS, Reading


class Band(NamedTuple):
    """The interval of μ on which N1 = `large` under one reading."""

    mu: Interval
    reading: Reading
    large: int


def n_large(pool: Pool, mu: Fraction, reading: Reading) -> int:
    """Return N1 at μ.

    Args:
        pool: The families.
        mu: μ, 0 to 1.
        reading: The meaning of "large".
    """
    count = len(pool.weights)
    share = mu * min(pool.capacity[1:])
    if reading == "each":
        return count - bisect_right(pool.weights, int(share))
    if reading == "any":
        return min(count, int(mu * (count + 1)))
    least = share if reading == "together" else pool.capacity[0] - share
    return next((large for large, weight in enumerate(_held(pool)) if weight >= least), count)


def bands(pool: Pool, readings: Sequence[Reading] = READINGS) -> list[Band]:
    """Return every interval of μ in [0, 1] on which N1 is constant, for the given readings, sorted by lowest μ."""
    return sorted(
        (Band(mu, reading, large) for reading in readings for mu, large in _BANDS[reading](pool)),
        key=lambda band: (band.mu.low, band.mu.open_low, band.reading),
    )


def _held(pool: Pool) -> list[int]:
    """Return the weight of the 0, 1, 2 … heaviest families."""
    return list(accumulate(reversed(pool.weights), initial=0))


def _each(pool: Pool) -> Iterator[tuple[Interval, int]]:
    threshold = min(pool.capacity[1:])
    heaviest_first = pool.weights[::-1]
    for large in range(len(heaviest_first) + 1):  # low ≤ μ < high
        below = heaviest_first[large] if large < len(heaviest_first) else 0
        above = heaviest_first[large - 1] if large else threshold + 1
        if below < above and below <= threshold:
            high = Fraction(min(above, threshold), threshold)
            yield Interval(Fraction(below, threshold), high, open_high=above <= threshold), large


def _together(pool: Pool) -> Iterator[tuple[Interval, int]]:
    threshold = min(pool.capacity[1:])
    yield Interval(Fraction(0), Fraction(0)), 0
    held = _held(pool)
    for large in range(1, len(held)):  # low < μ ≤ high
        if held[large - 1] < threshold:
            last = large == len(held) - 1  # all families together may hold less than μ m: then all are large
            high = Fraction(1) if last else min(Fraction(1), Fraction(held[large], threshold))
            yield Interval(Fraction(held[large - 1], threshold), high, open_low=True), large


def _reserve(pool: Pool) -> Iterator[tuple[Interval, int]]:
    threshold = min(pool.capacity[1:])
    held = _held(pool)
    last = len(held) - 1
    for large in range(last + 1):  # low ≤ μ < high: as μ rises, fewer families are large
        # All families together may hold less than p1 - μ m: then all are large, from μ = 0 up.
        low = Fraction(0) if large == last else max(Fraction(0), Fraction(pool.capacity[0] - held[large], threshold))
        high = Fraction(pool.capacity[0] - held[large - 1], threshold) if large else Fraction(2)
        if low <= 1 and low < high:
            yield Interval(low, min(high, Fraction(1)), open_high=high <= 1), large


def _any(pool: Pool) -> Iterator[tuple[Interval, int]]:
    count = len(pool.weights)
    for large in range(count + 1):
        low, high = Fraction(large, count + 1), Fraction(large + 1, count + 1)
        yield Interval(low, high, open_high=large < count), large


_BANDS: dict[Reading, Callable[[Pool], Iterator[tuple[Interval, int]]]] = {
    "each": _each,
    "together": _together,
    "reserve": _reserve,
    "any": _any,
}

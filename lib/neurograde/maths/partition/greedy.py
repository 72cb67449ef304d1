"""Iterative filling with overfill: the procedure behind `ifp`, `ifpo` and `raster` (report §2.3.4, §2.3.5).

1. The N1 largest families go to P1. The report leaves open which are "large" at a given μ, so there are two
   readings; with m = min(p2, p3):
     each       a family is large when its own share exceeds μ m (what the study's own program did)
     together   the fewest largest families that hold at least μ m between them (the report's words, and the
                reading that solves its figure 2.4; the μ = 0.22 of its figure 2.5 follows from neither)
2. P2 and P3 are owed N2 = d2/d1 N1 and N3 = d3/d1 N1 families, rounded half up. In turn, each takes the
   largest family that fits p2, p3, until it has what it is owed or nothing fits.
3. P1, P2, P3 in turn each take the largest family that fits p1, p2 + ε, p3 + ε, until nothing fits.
4. What is left goes to P1.

Of equal weights the first name goes first. μ matters through N1 alone, and ε only in step 3, by whether a
family fits. So the procedure knows at each turn the ε from which it would take a larger family, and follows
both ways.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from neurograde.maths.partition.pool import Pool
from neurograde.maths.partition.problem import Interval

READINGS = ("each", "together")
TRAIN, VALID, TEST = range(3)


class Filling(NamedTuple):
    """Who goes where for every ε with low ≤ ε · total < high, `subsets` in the pool's order of families."""

    low: int
    high: int
    subsets: bytes


@dataclass
class _State:
    """A filling under way: loads, families left (lightest first), who went where, whose turn it is."""

    low: int
    high: int
    loads: list[int]
    weights: list[int]
    places: list[int]  # of the families left, in the pool's order
    subsets: bytearray  # P1 until placed elsewhere: what is left goes there
    turn: int = TRAIN
    idle: int = 0  # turns in a row without a family that fits; rooms only shrink, so three end it

    def fork(self, low: int) -> _State:
        """The same moment, for the ε from `low` up."""
        return _State(
            low,
            self.high,
            self.loads.copy(),
            self.weights.copy(),
            self.places.copy(),
            bytearray(self.subsets),
            self.turn,
            self.idle,
        )

    def take(self, at: int, subset: int) -> None:
        """Place the family at position `at` of those left."""
        self.loads[subset] += self.weights.pop(at)
        self.subsets[self.places.pop(at)] = subset


def n_large(pool: Pool, mu: Fraction, reading: str) -> int:
    """N1, the number of large families at μ.

    Args:
        pool: The families.
        mu: μ, 0 to 1.
        reading: `each` or `together`.
    """
    least = mu * min(pool.capacity[1:])
    if reading == "each":
        return len(pool.weights) - bisect_right(pool.weights, int(least))
    held = accumulate(reversed(pool.weights), initial=0)
    return next((count for count, weight in enumerate(held) if weight >= least), len(pool.weights))


def owed(ratio: Fraction, count: int) -> int:
    """N2 or N3: `ratio` · `count`, rounded half up.

    >>> [owed(Fraction(1, 2), count) for count in range(5)]
    [0, 1, 1, 2, 2]
    """
    return int(ratio * count + Fraction(1, 2))


def fillings(
    pool: Pool,
    large: int,
    low: int = 0,
    high: int | None = None,
    hopeless: Callable[[Sequence[int]], bool] | None = None,
) -> Iterator[Filling]:
    """All fillings with `large` families put into P1 first, by rising ε; their intervals join without a gap.

    Args:
        pool: The families and what is there already.
        large: N1, at most the number of families.
        low: The least ε, times `pool.total`.
        high: The ε to stop before, times `pool.total`; by default all up to ε = 1 included.
        hopeless: Told what the subsets hold at some turn, whether the fillings that go on from there may be left out.
    """
    stop = pool.total + 1 if high is None else high
    waiting = [_started(pool, large, low, stop)]
    while waiting:
        state = waiting.pop()
        while state.weights and state.idle < 3 and not (hopeless and hopeless(state.loads)):
            subset = state.turn
            room = pool.capacity[subset] - state.loads[subset] + (state.low if subset else 0)
            fitting = bisect_right(state.weights, room)
            if subset and fitting < len(state.weights):
                next_low = state.low + state.weights[fitting] - room
                if next_low < state.high:  # a larger ε than next_low takes a larger family: go there later
                    waiting.append(state.fork(next_low))
                    state.high = next_low
            if fitting:
                state.take(fitting - 1, subset)
                state.idle = 0
            else:
                state.idle += 1
            state.turn = (subset + 1) % 3
        if not (hopeless and hopeless(state.loads)):
            yield Filling(state.low, state.high, bytes(state.subsets))


def _started(pool: Pool, large: int, low: int, high: int) -> _State:
    """Steps 1 and 2, which ε does not touch."""
    left = len(pool.weights) - large
    loads = list(pool.start)
    loads[TRAIN] += sum(pool.weights[left:])
    state = _State(low, high, loads, list(pool.weights[:left]), list(range(left)), bytearray(len(pool.weights)))
    d1, d2, d3 = pool.targets.d
    due = {VALID: owed(d2 / d1, large), TEST: owed(d3 / d1, large)}
    while due:
        for subset in tuple(due):
            fitting = bisect_right(state.weights, pool.capacity[subset] - state.loads[subset])
            if due[subset] and fitting:
                state.take(fitting - 1, subset)
                due[subset] -= 1
            else:
                del due[subset]
    return state


class Band(NamedTuple):
    """The μ of one reading for which N1 = `large`; sorted by μ."""

    mu: Interval
    reading: str
    large: int


def bands(pool: Pool) -> list[Band]:
    """Every interval of μ in [0, 1] on which N1 is constant, of both readings, by least μ."""
    threshold = min(pool.capacity[1:])
    heaviest_first = pool.weights[::-1]
    found = []
    for large in range(len(heaviest_first) + 1):  # each: low ≤ μ < high
        below = heaviest_first[large] if large < len(heaviest_first) else 0
        above = heaviest_first[large - 1] if large else threshold + 1
        if below < above and below <= threshold:
            high = Fraction(min(above, threshold), threshold)
            mu = Interval(Fraction(below, threshold), high, open_high=above <= threshold)
            found.append(Band(mu, "each", large))
    found.append(Band(Interval(Fraction(0), Fraction(0)), "together", 0))
    held = list(accumulate(heaviest_first, initial=0))
    for large in range(1, len(held)):  # together: low < μ ≤ high
        if held[large - 1] < threshold:
            last = large == len(held) - 1  # all families together may hold less than μ m: then all are large
            high = Fraction(1) if last else min(Fraction(1), Fraction(held[large], threshold))
            mu = Interval(Fraction(held[large - 1], threshold), high, open_low=True)
            found.append(Band(mu, "together", large))
    return sorted(found, key=lambda band: (band.mu.low, band.mu.open_low, band.reading))

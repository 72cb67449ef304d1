"""Iterative filling with overfill: the procedure behind `ifp`, `ifpo` and `raster` (report §2.3.4, §2.3.5).

1. The N1 largest families go to P1; `large` gives N1 at each μ, by one of the four readings of the report's "large".
2. P2 and P3 are owed N2 = d2/d1 N1 and N3 = d3/d1 N1 families, rounded half up. In turn, each takes the
   largest family that fits p2, p3, until it has what it is owed or nothing fits.
3. P1, P2, P3 in turn each take the largest family that fits p1, p2 + ε, p3 + ε, until nothing fits.
4. The remaining families go to P1.

Families of equal weight are taken in the order of their names. μ acts through N1 alone, and ε only in step 3, through
whether a family fits. At each turn the smallest ε that would admit a larger family is known, so both branches are
followed: no ε is sampled.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from neurograde.maths.partition.pool import Pool

TRAIN, VALID, TEST = range(3)


class Filling(NamedTuple):
    """The subset of each family, in the pool's order, for every ε with low ≤ ε · total < high."""

    low: int
    high: int
    subsets: bytes


class BudgetSpentError(Exception):
    """The search has taken more turns than its budget allows."""


@dataclass
class Budget:
    """Turns that a search may still take: counted, so that every machine stops at the same filling."""

    turns: int

    def spend(self, turns: int) -> None:
        """Take `turns` off the budget; BudgetSpentError when nothing is left."""
        self.turns -= turns
        if self.turns < 0:
            raise BudgetSpentError


@dataclass
class _State:
    """A filling under way: loads and numbers of families per subset, remaining families (lightest first), the turn."""

    low: int
    high: int
    loads: list[int]
    counts: list[int]
    weights: list[int]
    indices: list[int]  # of the remaining families, in the pool's order
    subsets: bytearray  # TRAIN until a family is taken: the remaining ones go there
    turn: int = TRAIN
    idle: int = 0  # turns in a row without a family that fits; rooms only shrink, so three end it

    def fork(self, low: int) -> _State:
        """Return a copy of this moment, for the ε from `low` up."""
        return _State(
            low,
            self.high,
            self.loads.copy(),
            self.counts.copy(),
            self.weights.copy(),
            self.indices.copy(),
            bytearray(self.subsets),
            self.turn,
            self.idle,
        )

    def take(self, at: int, subset: int) -> None:
        """Put the remaining family at position `at` into `subset`."""
        self.loads[subset] += self.weights.pop(at)
        self.counts[subset] += 1
        self.subsets[self.indices.pop(at)] = subset


def owed(ratio: Fraction, count: int) -> int:
    """Return N2 or N3: `ratio` · `count`, rounded half up.

    >>> [owed(Fraction(1, 2), count) for count in range(5)]
    [0, 1, 1, 2, 2]
    """
    return int(ratio * count + Fraction(1, 2))


def fillings(
    pool: Pool,
    large: int,
    low: int = 0,
    high: int | None = None,
    *,
    hopeless: Callable[[Sequence[int], Sequence[int]], bool] | None = None,
    budget: Budget | None = None,
) -> Iterator[Filling]:
    """Yield every filling that puts `large` families into P1 first, by rising ε; their intervals join without a gap.

    Args:
        pool: The families, and the loads of the subsets before any of them.
        large: N1, at most the number of families.
        low: The least ε, times `pool.total`.
        high: The ε to stop before, times `pool.total`; by default all up to ε = 1 included.
        hopeless: A test of the subsets' loads and numbers of families at each turn: True leaves out every filling that
            continues from them.
        budget: Turns that may be taken; each turn offers one family to one subset.

    Raises:
        BudgetSpentError: The budget is spent.
    """
    stop = pool.total + 1 if high is None else high
    waiting = [_started(pool, large, low, stop)]
    while waiting:
        state = waiting.pop()
        turns = 0
        while state.weights and state.idle < 3 and not (hopeless and hopeless(state.loads, state.counts)):
            turns += 1
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
        if budget:
            budget.spend(turns)
        if not (hopeless and hopeless(state.loads, state.counts)):
            yield Filling(state.low, state.high, bytes(state.subsets))


def _started(pool: Pool, large: int, low: int, high: int) -> _State:
    """Return the state after steps 1 and 2, which do not depend on ε."""
    left = len(pool.weights) - large
    loads = list(pool.start)
    loads[TRAIN] += sum(pool.weights[left:])
    counts = list(pool.start_counts)
    counts[TRAIN] += large
    state = _State(low, high, loads, counts, list(pool.weights[:left]), list(range(left)), bytearray(len(pool.weights)))
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

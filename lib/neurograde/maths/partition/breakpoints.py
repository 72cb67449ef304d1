"""D(ε, μ) piece by piece: every ε and μ at which a decision of the filling changes.

D is constant on each piece, so one evaluation per piece finds its argmin: no raster, no tolerance. The pieces of one N1
serve all μ, of every reading, that lead to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import takewhile

from neurograde.maths.partition.greedy import Budget, Filling, fillings
from neurograde.maths.partition.large import bands
from neurograde.maths.partition.pool import Pool
from neurograde.maths.partition.problem import Interval, Parameters
from neurograde.maths.partition.search import Candidate, Contest
from neurograde.maths.readings import DEFAULT_READINGS, Reading


@dataclass(frozen=True)
class Breakpoints:
    """An offer of one filling per piece; `overfill=False` keeps to ε = 0."""

    overfill: bool
    readings: Sequence[Reading] = DEFAULT_READINGS
    budget: Budget | None = None

    def candidates(self, pool: Pool, contest: Contest | None = None) -> Iterator[Candidate]:
        """Yield one candidate per piece, ordered by the ε at its start, then by the rank of its least μ.

        With a `contest`, pieces are left out once a subset holds so much that D is above the best so far; the pieces at
        ε = 0 come first, so that there is a best.
        """
        ranks = first_ranks(pool, self.readings)
        for large, rank in ranks.items():
            yield Candidate((0, rank), next(fillings(pool, large, high=1, budget=self.budget)).subsets)
        hopeless = contest.hopeless if contest else None
        for large, rank in ranks.items() if self.overfill else ():
            for filling in fillings(pool, large, low=1, hopeless=hopeless, budget=self.budget):
                yield Candidate((filling.low, rank), filling.subsets)

    def locate(self, pool: Pool, chosen: Candidate, alike: Callable[[bytes], bool]) -> Parameters:
        """Return the μ from the chosen piece upwards, then the ε upwards, on which all fillings are alike."""
        low, rank = chosen.order

        def same(large: int) -> list[Filling]:
            pieces = fillings(pool, large, low, None if self.overfill else 1)
            return list(takewhile(lambda filling: alike(filling.subsets), pieces))

        first, *others = bands(pool, self.readings)[rank:]
        above = (band for band in others if band.reading == first.reading)
        rows = [(first, same(first.large))]
        rows += takewhile(lambda row: row[1], ((band, same(band.large)) for band in above))
        mu = replace(first.mu, high=rows[-1][0].mu.high, open_high=rows[-1][0].mu.open_high)
        high = min(row[-1].high for _, row in rows)
        return Parameters(epsilon_interval(pool, low, high) if self.overfill else _ZERO, mu, first.reading)


_ZERO = Interval(Fraction(0), Fraction(0))


def first_ranks(pool: Pool, readings: Sequence[Reading]) -> dict[int, int]:
    """Return each N1 with the rank of the first band that leads to it: the same N1 at a larger μ fills alike."""
    ranks: dict[int, int] = {}
    for rank, band in enumerate(bands(pool, readings)):
        ranks.setdefault(band.large, rank)
    return ranks


def epsilon_interval(pool: Pool, low: int, high: int) -> Interval:
    """Return the ε with low ≤ ε · total < high, up to 1."""
    return Interval(
        Fraction(low, pool.total), Fraction(min(high, pool.total), pool.total), open_high=high <= pool.total
    )

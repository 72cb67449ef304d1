"""D(ε, μ) piece by piece: every ε and μ at which a decision of the filling changes, and nothing between.

D is constant on each piece, so its argmin is found by one evaluation a piece: no raster, no tolerance. The
pieces of one N1 serve all μ, of both readings, that lead to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import takewhile

from neurograde.maths.partition.greedy import bands, fillings
from neurograde.maths.partition.pool import Pool
from neurograde.maths.partition.problem import Interval, Parameters
from neurograde.maths.partition.search import Candidate


@dataclass(frozen=True)
class Breakpoints:
    """Offers one filling per piece; `overfill=False` keeps to ε = 0."""

    overfill: bool

    def candidates(self, pool: Pool) -> Iterator[Candidate]:
        """One candidate per piece, its order the ε it starts at and the rank of its least μ."""
        seen = set()
        for rank, band in enumerate(bands(pool)):
            if band.large not in seen:  # the same N1 at a larger μ leads to the same fillings
                seen.add(band.large)
                for filling in fillings(pool, band.large, high=None if self.overfill else 1):
                    yield Candidate((filling.low, rank), filling.subsets)

    def locate(self, pool: Pool, chosen: Candidate) -> Parameters:
        """The ε from the chosen piece upwards while D stays the same, and the least μ that lead there."""
        low, rank = chosen.order
        band = bands(pool)[rank]
        if not self.overfill:
            return Parameters(Interval(Fraction(0), Fraction(0)), band.mu, band.reading)
        score = pool.scorer()
        best = score(chosen.subsets)
        same = takewhile(lambda filling: score(filling.subsets) == best, fillings(pool, band.large, low=low))
        high = max(filling.high for filling in same)
        epsilon = Interval(
            Fraction(low, pool.total),
            Fraction(min(high, pool.total), pool.total),
            open_high=high <= pool.total,
        )
        return Parameters(epsilon, band.mu, band.reading)

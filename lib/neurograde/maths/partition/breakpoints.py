"""D(ε, μ) piece by piece: every ε and μ at which a decision of the filling changes, and nothing between.

D is constant on each piece, so its argmin is found by one evaluation a piece: no raster, no tolerance. The
pieces of one N1 serve all μ, of both readings, that lead to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import takewhile

from neurograde.maths.partition.greedy import Filling, bands, fillings
from neurograde.maths.partition.pool import Pool
from neurograde.maths.partition.problem import Interval, Parameters
from neurograde.maths.partition.search import Candidate, Contest


@dataclass(frozen=True)
class Breakpoints:
    """Offers one filling per piece; `overfill=False` keeps to ε = 0."""

    overfill: bool

    def candidates(self, pool: Pool, contest: Contest | None = None) -> Iterator[Candidate]:
        """One candidate per piece, its order the ε it starts at and the rank of its least μ.

        In a `contest`, pieces are left out where a subset holds so much already that D is above the best so far; the
        pieces at ε = 0 come first, so that there is one.
        """
        ranks: dict[int, int] = {}
        for rank, band in enumerate(bands(pool)):
            ranks.setdefault(band.large, rank)  # the same N1 at a larger μ leads to the same fillings
        for large, rank in ranks.items():
            yield Candidate((0, rank), next(fillings(pool, large, high=1)).subsets)
        for large, rank in ranks.items() if self.overfill else ():
            for filling in fillings(pool, large, low=1, hopeless=contest.hopeless if contest else None):
                yield Candidate((filling.low, rank), filling.subsets)

    def locate(self, pool: Pool, chosen: Candidate, alike: Callable[[bytes], bool]) -> Parameters:
        """The μ from the chosen piece upwards, then the ε upwards, that lead to alike fillings throughout."""
        low, rank = chosen.order

        def same(large: int) -> list[Filling]:
            pieces = fillings(pool, large, low, None if self.overfill else 1)
            return list(takewhile(lambda filling: alike(filling.subsets), pieces))

        first, *others = bands(pool)[rank:]
        above = (band for band in others if band.reading == first.reading)
        rows = [(first, same(first.large))]
        rows += takewhile(lambda row: row[1], ((band, same(band.large)) for band in above))
        mu = replace(first.mu, high=rows[-1][0].mu.high, open_high=rows[-1][0].mu.open_high)
        epsilon = Interval(Fraction(0), Fraction(0))
        if self.overfill:
            high = min(row[-1].high for _, row in rows)
            open_high = high <= pool.total
            epsilon = Interval(
                Fraction(low, pool.total), Fraction(min(high, pool.total), pool.total), open_high=open_high
            )
        return Parameters(epsilon, mu, first.reading)

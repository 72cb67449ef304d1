"""A coarser grid over the pieces of D(ε, μ), for sets too large to try every piece.

D is evaluated on a grid of N1 and ε, then around the best point at half the distance, until the neighbours in N1 are
adjacent and those in ε closer than `_FINEST`. Each point is a filling that the exact search would have found too, so D
of the result is D of a true piece; how far it is above the best possible is the gap of its certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from neurograde.maths.partition.breakpoints import epsilon_interval, first_ranks
from neurograde.maths.partition.greedy import fillings
from neurograde.maths.partition.large import bands
from neurograde.maths.partition.pool import Pool
from neurograde.maths.partition.problem import Parameters
from neurograde.maths.partition.search import Candidate, Contest
from neurograde.maths.readings import Reading

_COLUMNS = 9
"""Values of N1 on the first grid, evenly spaced among those that occur."""
_EPSILONS = tuple(Fraction(1, 2**power) for power in (2, 4, 6, 8, 10))
"""Values of ε on the first grid, beside 0."""
_FINEST = Fraction(1, 2**14)
_WAYS = 3
"""Fillings of the families that cross classes that are followed through all classes."""


@dataclass(frozen=True)
class CoarseGrid:
    """An offer of the fillings on a grid that is refined around its best point."""

    readings: Sequence[Reading]

    def candidates(self, pool: Pool, contest: Contest | None = None) -> Iterator[Candidate]:
        """Yield one candidate per point; without a `contest`, the best few, compared as if the pool were a class."""
        if contest is not None:
            yield from _refined(pool, contest, self.readings)
            return
        own = Contest(pool.scorer())
        points = list(dict.fromkeys(_refined(pool, own, self.readings)))
        yield from sorted(points, key=lambda candidate: (own.scorer(candidate.subsets), candidate))[:_WAYS]

    def locate(self, pool: Pool, chosen: Candidate, alike: Callable[[bytes], bool]) -> Parameters:
        """Return the ε of the chosen piece from its point upwards, and the μ of its band."""
        low, rank = chosen.order
        band = bands(pool, self.readings)[rank]
        piece = next(fillings(pool, band.large, low=low))
        return Parameters(epsilon_interval(pool, low, piece.high), band.mu, band.reading)


def _refined(pool: Pool, contest: Contest, readings: Sequence[Reading]) -> Iterator[Candidate]:
    """Yield the candidates of the grid, then those around the best so far, entering each in the contest."""
    ranks = sorted(first_ranks(pool, readings).items())  # by N1
    last = len(ranks) - 1
    step = max(1, last // (_COLUMNS - 1))
    columns = sorted({*range(0, last + 1, step), last})
    width = pool.total // 16
    tried: dict[tuple[int, int], Candidate] = {}

    def tried_at(column: int, epsilon: int) -> Iterator[Candidate]:
        column, epsilon = min(max(column, 0), last), min(max(epsilon, 0), pool.total)
        if (column, epsilon) not in tried:
            large, rank = ranks[column]
            piece = next(fillings(pool, large, epsilon, epsilon + 1))
            tried[column, epsilon] = candidate = Candidate((epsilon, rank), piece.subsets)
            contest.enter(candidate)
            yield candidate

    for column, epsilon in product(columns, (0, *(int(share * pool.total) for share in _EPSILONS))):
        yield from tried_at(column, epsilon)
    while step > 1 or width > _FINEST * pool.total:
        step, width = max(1, step // 2), width // 2
        assert contest.best is not None, "the first grid has a point"
        at = next(point for point, candidate in tried.items() if candidate == contest.best[1])
        for column, epsilon in product((-step, 0, step), (-width, 0, width)):
            yield from tried_at(at[0] + column, at[1] + epsilon)

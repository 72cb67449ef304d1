"""The search of `ifpo` on a raster of ε and μ, as the report made it: the reference of tests and benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from neurograde.maths.partition.greedy import fillings
from neurograde.maths.partition.large import n_large
from neurograde.maths.partition.pool import Pool
from neurograde.maths.partition.problem import Families, Interval, Parameters, Partition, Targets
from neurograde.maths.partition.search import Candidate, Contest, search
from neurograde.maths.readings import DEFAULT_READINGS, Reading


@dataclass(frozen=True)
class _Raster:
    """The fillings at `n_mu` x `n_epsilon` points, evenly spaced on [0, 1] with both ends."""

    n_mu: int
    n_epsilon: int
    readings: Sequence[Reading]

    def candidates(self, pool: Pool, contest: Contest | None = None) -> Iterator[Candidate]:
        rows = [
            (m, r, n_large(pool, Fraction(m, self.n_mu - 1), reading))
            for m in range(self.n_mu)
            for r, reading in enumerate(self.readings)
        ]
        for e in range(self.n_epsilon):
            epsilon = pool.total * e // (self.n_epsilon - 1)  # weights are integers, so only its whole part counts
            for m, r, large in rows:
                yield Candidate((e, m, r), next(fillings(pool, large, epsilon, epsilon + 1)).subsets)

    def locate(self, pool: Pool, chosen: Candidate, alike: Callable[[bytes], bool]) -> Parameters:
        e, m, r = chosen.order
        epsilon, mu = Fraction(e, self.n_epsilon - 1), Fraction(m, self.n_mu - 1)
        return Parameters(Interval(epsilon, epsilon), Interval(mu, mu), self.readings[r])


def solve(
    families: Families,
    targets: Targets,
    n_mu: int = 1000,
    n_epsilon: int = 100,
    readings: Sequence[Reading] = DEFAULT_READINGS,
) -> Partition:
    """Return the partition of least D on the raster.

    Raises:
        ValueError: There are fewer than 2 points on an axis.
    """
    if min(n_mu, n_epsilon) < 2:
        raise ValueError(f"n_mu = {n_mu}, n_epsilon = {n_epsilon}; 2 or more points on each axis are accepted")
    return search("raster", families, targets, _Raster(n_mu, n_epsilon, readings))

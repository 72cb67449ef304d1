"""PSP, Proportional and Sequential Partitioning: train, then valid, heaviest family first (report §2.3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from neurograde.maths.partition.pool import Pool
from neurograde.maths.partition.problem import DEFAULT_LIMITS, Families, Limits, Partition, Targets
from neurograde.maths.partition.search import Candidate, Contest, search


class _Sequence:
    """Offers one filling: P1, then P2 take families until they exceed p1, p2; P3 has the rest."""

    def candidates(self, pool: Pool, contest: Contest | None = None) -> Iterator[Candidate]:
        loads = list(pool.start)
        subsets = bytearray(len(pool.names))
        subset = 0
        for place in reversed(range(len(pool.names))):
            while subset < 2 and loads[subset] > pool.capacity[subset]:  # the family that exceeds is included
                subset += 1
            subsets[place] = subset
            loads[subset] += pool.weights[place]
        yield Candidate((), bytes(subsets))

    def locate(self, pool: Pool, chosen: Candidate, alike: Callable[[bytes], bool]) -> None:
        return None


def solve(families: Families, targets: Targets, limits: Limits = DEFAULT_LIMITS) -> Partition:
    """The partition by PSP; nothing is searched, so `limits` are not needed."""
    del limits
    return search("psp", families, targets, _Sequence())

"""PSP, Proportional and Sequential Partitioning: train, then valid, heaviest family first (report §2.3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from neurograde.maths.partition.pool import Pool
from neurograde.maths.partition.problem import DEFAULT_OPTIONS, Families, Partition, SearchOptions, Targets
from neurograde.maths.partition.search import Candidate, Contest, search


class _Sequence:
    """An offer of one filling: P1, then P2 take families until they exceed p1, p2; P3 takes the rest."""

    def candidates(self, pool: Pool, contest: Contest | None = None) -> Iterator[Candidate]:
        loads = list(pool.start)
        subsets = bytearray(len(pool.names))
        subset = 0
        for index in reversed(range(len(pool.names))):
            while subset < 2 and loads[subset] > pool.capacity[subset]:  # the family that exceeds is included
                subset += 1
            subsets[index] = subset
            loads[subset] += pool.weights[index]
        yield Candidate((), bytes(subsets))

    def locate(self, pool: Pool, chosen: Candidate, alike: Callable[[bytes], bool]) -> None:
        return None


def solve(families: Families, targets: Targets, options: SearchOptions = DEFAULT_OPTIONS) -> Partition:
    """Return the partition by PSP; nothing is searched, so `options` are ignored."""
    del options
    return search("psp", families, targets, _Sequence())

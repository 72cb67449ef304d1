"""IFPO, Iterative Filling Partitioning with Overfill: the least D over ε and μ (report §2.3.5, eq. 2.4)."""

from __future__ import annotations

from neurograde.maths.partition.breakpoints import Breakpoints
from neurograde.maths.partition.problem import DEFAULT_LIMITS, Families, Limits, Partition, Targets
from neurograde.maths.partition.search import search


def solve(families: Families, targets: Targets, limits: Limits = DEFAULT_LIMITS) -> Partition:
    """The partition of least D(ε, μ), both in [0, 1], by both readings of "large"; `limits` are not needed.

    IFP is the case ε = 0, so D is never above that of IFP.
    """
    del limits
    return search("ifpo", families, targets, Breakpoints(overfill=True))

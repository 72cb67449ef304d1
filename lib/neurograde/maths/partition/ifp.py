"""IFP, Iterative Filling Partitioning: the least D over μ (report §2.3.4, eq. 2.2)."""

from __future__ import annotations

from neurograde.maths.partition.breakpoints import Breakpoints
from neurograde.maths.partition.problem import DEFAULT_LIMITS, Families, Limits, Partition, Targets
from neurograde.maths.partition.search import search


def solve(families: Families, targets: Targets, limits: Limits = DEFAULT_LIMITS) -> Partition:
    """The partition of least D(μ), μ in [0, 1], by both readings of "large"; `limits` are not needed."""
    del limits
    return search("ifp", families, targets, Breakpoints(overfill=False))

"""IFP, Iterative Filling Partitioning: the least D over μ (report §2.3.4, eq. 2.2)."""

from __future__ import annotations

from neurograde.maths.partition.breakpoints import Breakpoints
from neurograde.maths.partition.problem import DEFAULT_OPTIONS, Families, Partition, SearchOptions, Targets
from neurograde.maths.partition.search import search


def solve(families: Families, targets: Targets, options: SearchOptions = DEFAULT_OPTIONS) -> Partition:
    """Return the partition of least D(μ), μ in [0, 1], over the readings of "large" that `options` names."""
    return search("ifp", families, targets, Breakpoints(overfill=False, readings=options.readings))

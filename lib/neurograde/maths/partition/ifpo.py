"""IFPO, Iterative Filling Partitioning with Overfill: the least D over ε and μ (report §2.3.5, eq. 2.4)."""

from __future__ import annotations

from dataclasses import replace

from neurograde.maths.partition.breakpoints import Breakpoints
from neurograde.maths.partition.coarse import CoarseGrid
from neurograde.maths.partition.greedy import Budget, BudgetSpentError
from neurograde.maths.partition.problem import DEFAULT_OPTIONS, Families, Partition, SearchOptions, Targets
from neurograde.maths.partition.search import search


def solve(families: Families, targets: Targets, options: SearchOptions = DEFAULT_OPTIONS) -> Partition:
    """Return the partition of least D(ε, μ), both in [0, 1], over the readings of "large" that `options` names.

    IFP is the case ε = 0, so D is never above that of IFP. When the turns of `options` are spent before every piece was
    tried, the answer is that of a coarser grid, marked `coarse`.
    """
    try:
        offer = Breakpoints(overfill=True, readings=options.readings, budget=Budget(options.turns))
        return search("ifpo", families, targets, offer)
    except BudgetSpentError:
        return replace(search("ifpo", families, targets, CoarseGrid(options.readings)), coarse=True)

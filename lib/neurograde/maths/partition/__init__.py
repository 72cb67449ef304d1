"""Families into train, valid and test: report §2.3, exact instead of sampled.

    problem      what is asked and what is answered
    loss         D, how far an answer is from its targets
    pool         families on a common integer scale
    greedy       the filling procedure behind IFP and IFPO
    search       the least D over what a strategy offers; families that cross classes first
    psp ifp ifpo exact      one strategy each: `solve(families, targets, limits) -> Partition`
    breakpoints  the pieces of D(ε, μ)
    raster       the same search on a raster, the reference

No family is ever in two subsets: an assignment has one subset per family.
"""

from neurograde.maths.partition import ifp, ifpo, psp
from neurograde.maths.partition.problem import (
    SUBSETS,
    Certificate,
    ClassScore,
    Families,
    Interval,
    Limits,
    Parameters,
    Partition,
    Solver,
    Targets,
)

STRATEGIES: dict[str, Solver] = {"psp": psp.solve, "ifp": ifp.solve, "ifpo": ifpo.solve}
"""By the name a spec gives."""

__all__ = [
    "STRATEGIES",
    "SUBSETS",
    "Certificate",
    "ClassScore",
    "Families",
    "Interval",
    "Limits",
    "Parameters",
    "Partition",
    "Solver",
    "Targets",
]

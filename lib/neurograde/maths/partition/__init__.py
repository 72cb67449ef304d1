"""Families into train, valid and test: report §2.3, exact instead of sampled.

    problem      what is asked and what is answered
    loss         D, how far an answer is from its targets
    pool         families on a common integer scale
    greedy       the filling procedure behind IFP and IFPO
    search       the least D over what a strategy offers; families that cross classes first
    psp ifp ifpo exact      one strategy each: `solve(families, targets, limits) -> Partition`
    programme    the mixed-integer programme behind `exact`, whose optimum `certified` sets beside any partition
    breakpoints  the pieces of D(ε, μ); `heatmap` draws on them
    kfold        folds for cross-validation by the same D
    leave_one_out           a fold for each family, where even a class of two families is
    remarks      why D cannot be lower: what no partition can mend

No family is ever in two subsets: an assignment has one subset per family.
"""

from neurograde.maths.partition import exact, ifp, ifpo, kfold, leave_one_out, psp
from neurograde.maths.partition.exact import certified
from neurograde.maths.partition.heatmap import Heatmap, heatmap
from neurograde.maths.partition.problem import (
    Certificate,
    ClassScore,
    Families,
    Interval,
    Parameters,
    Partition,
    SearchOptions,
    Solver,
    Targets,
    as_fraction,
)
from neurograde.maths.partition.remarks import remarks

STRATEGIES: dict[str, Solver] = {
    "psp": psp.solve,
    "ifp": ifp.solve,
    "ifpo": ifpo.solve,
    "exact": exact.solve,
}
"""By the name a spec gives."""

__all__ = [
    "STRATEGIES",
    "Certificate",
    "ClassScore",
    "Families",
    "Heatmap",
    "Interval",
    "Parameters",
    "Partition",
    "SearchOptions",
    "Solver",
    "Targets",
    "as_fraction",
    "certified",
    "heatmap",
    "kfold",
    "leave_one_out",
    "remarks",
]

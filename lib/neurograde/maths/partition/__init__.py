"""Families into train, valid and test: report §2.3, exact instead of sampled.

    problem      families, targets, search options; the partition and its certificate
    loss         D, the distance of a partition from its targets
    pool         families on a common integer scale
    large        the number of families that go to train first, by four readings of the report
    greedy       the filling procedure behind IFP and IFPO
    search       the least D over the fillings that a strategy offers; families that cross classes first
    psp ifp ifpo exact      one strategy per module: `solve(families, targets, options) -> Partition`
    programme    the mixed-integer programme behind `exact`; `certified` compares any partition with its optimum
    relaxation   the linear relaxation of the programme and its rounding, for very many families
    breakpoints  the exact pieces of D(ε, μ); `heatmap` draws them
    coarse       a coarser grid of these pieces, for sets too large to try them all
    comparison   all strategies side by side
    kfold        folds for cross-validation by the same D
    leave_one_out           a fold per family, for sets with a class of only two families
    remarks      reasons why D cannot be lower

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
"""The strategies by their names in a spec."""

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

"""D of a split that somebody else made, beside the best possible, at the sizes that the split itself chose.

A family that is in several subsets counts in each by the share of its weight there: where no family is divided this is
D of eq. 2.3. The best possible is that of whole families, proved by the programme behind the strategy `exact`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from neurograde.maths.partition.exact import best_of, independent_parts
from neurograde.maths.partition.loss import loss, scored
from neurograde.maths.partition.problem import Families, SearchOptions, Targets
from neurograde.maths.subsets import SUBSETS

Weights = Mapping[str, Mapping[str, Sequence[int]]]
"""Weight in train, valid and test, by class and family."""


@dataclass(frozen=True)
class SplitLoss:
    """D of a split and the best possible D of whole families."""

    loss: Fraction
    best: Fraction
    bound: Fraction
    proved: bool

    @property
    def gap(self) -> Fraction:
        """Upper bound of the distance from D to the best possible."""
        return max(Fraction(0), self.loss - self.bound)


def targets_of(weights: Weights) -> Targets:
    """Return the split's own sizes as targets: its shares of all items, for weight and for families alike.

    Valid and test change places where test is the larger, which D does not see.

    Raises:
        ValueError: A subset is empty.
    """
    totals = [
        sum(family[subset] for families in weights.values() for family in families.values()) for subset in range(3)
    ]
    if not all(totals):
        missing = " and ".join(SUBSETS[subset] for subset in range(3) if not totals[subset])
        raise ValueError(f"nothing in {missing}; D is defined for train, valid and test")
    train, *rest = (Fraction(total, sum(totals)) for total in totals)
    larger, smaller = sorted(rest, reverse=True)
    shares = (train, larger, smaller)
    return Targets(shares, shares, min_train_share=None)


def split_loss(weights: Weights, targets: Targets | None = None, options: SearchOptions | None = None) -> SplitLoss:
    """Return D of a split and the best that whole families allow.

    Args:
        weights: Weight in train, valid and test, by class and family.
        targets: The targets; the split's sizes by default.
        options: Budget of each run of the solver.

    Raises:
        ValueError: A subset is empty, or a class has fewer than three families.
    """
    swapped = targets is None and _test_is_larger(weights)
    targets = targets or targets_of(weights)
    families = Families.of({label: {name: sum(w) for name, w in of.items()} for label, of in weights.items()})
    reached = sum((_loss_of(of, targets, swapped=swapped) for of in weights.values()), Fraction(0)) / len(weights)
    assignment: dict[str, int] = {}
    bound, proved = Fraction(0), True
    for part in independent_parts(families):
        answer = best_of(part, targets, [_dealt(part, targets)], options or SearchOptions(seconds=20))
        assignment |= answer.assignment
        bound += answer.bound / len(families.classes)
        proved = proved and answer.proved
    best = scored("exact", families, targets, assignment).loss
    return SplitLoss(reached, best, min(bound, best), proved)


def _test_is_larger(weights: Weights) -> bool:
    rows = [family for families in weights.values() for family in families.values()]
    return sum(row[2] for row in rows) > sum(row[1] for row in rows)


def _loss_of(families: Mapping[str, Sequence[int]], targets: Targets, *, swapped: bool) -> Fraction:
    """Return D of one class, a divided family counted in each subset by its share there."""
    order = (0, 2, 1) if swapped else (0, 1, 2)
    total = sum(sum(row) for row in families.values())
    shares = [Fraction(sum(row[subset] for row in families.values()), total) for subset in order]
    counts = [sum((Fraction(row[subset], sum(row)) for row in families.values()), Fraction(0)) for subset in order]
    return sum(loss(targets, shares, [count / len(families) for count in counts]), Fraction(0))


def _dealt(families: Families, targets: Targets) -> dict[str, int]:
    """Return a simple assignment to start from: the heaviest family first, to the subset that lacks most."""
    total = sum(families.summed.values())
    lacks = [share * total for share in targets.p]
    assignment = {}
    for name, weight in families.summed.items():
        subset = max(range(3), key=lambda subset: (lacks[subset], -subset))
        lacks[subset] -= weight
        assignment[name] = subset
    return assignment

"""D: the distance of a partition from its targets (report §2.3.4, eq. 2.1 and 2.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product

from neurograde.maths.partition.problem import (
    ClassScore,
    Families,
    Parameters,
    Partition,
    Targets,
)
from neurograde.maths.subsets import SUBSETS


def deviation(target: Sequence[Fraction], reached: Sequence[Fraction]) -> Fraction:
    """Return Σ |target - reached| over the subsets.

    Args:
        target: Target of each subset.
        reached: Value of each subset, in the same unit.
    """
    return sum((abs(t - r) for t, r in zip(target, reached, strict=True)), Fraction(0))


def loss(targets: Targets, proportions: Sequence[Fraction], diversity: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """Return the proportion part and the diversity part of D for one class; D is their sum.

        D = [a Σ |p_i - p_i_eff| + b Σ |d_i - d_i_eff|] / 3 (a + b)

    With the weights a = b = 1 this is eq. 2.3, the mean of six differences. Six equal families, four of them
    in train (figure 2.4b):

    >>> thirds = ("1/3", "1/3", "1/3")
    >>> reached = (Fraction(4, 6), Fraction(1, 6), Fraction(1, 6))
    >>> sum(loss(Targets(("0.7", "0.15", "0.15"), thirds), reached, reached))
    Fraction(11, 90)

    Args:
        targets: p, d and their weights a and b.
        proportions: Shares of the weight of the class; three, sum 1.
        diversity: Shares of the families of the class; three, sum 1.
    """
    a, b = targets.proportion_weight, targets.diversity_weight
    scale = len(SUBSETS) * (a + b)
    return (
        a * deviation(targets.p, proportions) / scale,
        b * deviation(targets.d, diversity) / scale,
    )


def best_rounding(targets: Targets, count: int) -> Fraction:
    """Return the least Σ |d_j - n_j / count| over whole numbers n_j that sum to `count`.

    >>> best_rounding(Targets(), 16)  # 6, 5 and 5 of 16 families against thirds
    Fraction(1, 12)
    """
    near = [{int(d * count) + step for step in (0, 1)} for d in targets.d[:2]]
    return min(
        deviation(targets.d, [Fraction(n, count) for n in (n1, n2, count - n1 - n2)]) for n1, n2 in product(*near)
    )


def score(families: Families, targets: Targets, assignment: Mapping[str, int], class_name: str) -> ClassScore:
    """Return the content of each subset of one class, and D of the class."""
    weights, counts = [0, 0, 0], [0, 0, 0]
    for name, weight in families.members(class_name).items():
        weights[assignment[name]] += weight
        counts[assignment[name]] += 1
    w1, w2, w3 = (Fraction(weight, sum(weights)) for weight in weights)
    n1, n2, n3 = (Fraction(count, sum(counts)) for count in counts)
    return ClassScore(
        loss=sum(loss(targets, (w1, w2, w3), (n1, n2, n3)), Fraction(0)),
        weights=(weights[0], weights[1], weights[2]),
        proportions=(w1, w2, w3),
        families=(counts[0], counts[1], counts[2]),
        diversity=(n1, n2, n3),
    )


def scored(
    strategy: str,
    families: Families,
    targets: Targets,
    assignment: Mapping[str, int],
    parameters: Mapping[str, Parameters] | None = None,
) -> Partition:
    """Return the partition of an assignment, with the scores of its classes; D is their mean."""
    scores = {name: score(families, targets, assignment, name) for name in families.classes}
    return Partition(
        strategy=strategy,
        assignment={name: assignment[name] for name in sorted(families.names)},
        loss=sum((class_score.loss for class_score in scores.values()), Fraction(0)) / len(scores),
        scores=scores,
        parameters=parameters or {},
    )


def keeps_train_share(partition: Partition, targets: Targets) -> bool:
    """Return True if train holds at least `min_train_share` of every class (§2.3.1)."""
    least = targets.min_train_share or Fraction(0)
    return all(class_score.proportions[0] >= least for class_score in partition.scores.values())

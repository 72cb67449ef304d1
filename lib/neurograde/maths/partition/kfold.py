"""Family-disjoint folds for cross-validation, balanced by the D of the partition.

Fold i of k is the test subset of partition i, fold i + 1 its valid subset (fold 0 for the last), the rest trains.
So every family is tested once and validated once, and D of each partition is taken against p = d = (1 - 2/k, 1/k, 1/k).
The folds depend on the families and k alone, so that k specs which differ in the fold they test make one set of folds.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurograde.maths.partition.loss import scored
from neurograde.maths.partition.problem import Families, Number, Partition, Targets, as_fraction

Row: TypeAlias = NDArray[Any]  # of Python integers, which do not overflow


def targets_of(k: int, proportion_weight: Number = 1, diversity_weight: Number = 1) -> Targets:
    """Return the targets of each fold's partition; train may hold less than half of a class.

    >>> [str(share) for share in targets_of(5).p]
    ['3/5', '1/5', '1/5']

    Raises:
        ValueError: k is below 3.
    """
    if k < 3:
        raise ValueError(f"{k} folds; 3 or more are accepted: train, valid and test are never empty")
    share = Fraction(1, k)
    shares = (1 - 2 * share, share, share)
    return Targets(shares, shares, as_fraction(proportion_weight), as_fraction(diversity_weight), min_train_share=None)


def solve(
    families: Families, k: int, proportion_weight: Number = 1, diversity_weight: Number = 1
) -> tuple[Partition, ...]:
    """Return k partitions whose test subsets are disjoint and cover all families.

    Families go to folds by summed weight, heaviest first, each to the fold where D rises least; then single
    families are moved, and pairs exchanged, as long as D falls. D is the mean over classes and folds of the
    distances from 1/k, weighted as in eq. 2.3.

    Args:
        families: All families.
        k: Number of folds, 3 or more; every class needs k families.
        proportion_weight: The weight of proportions in D.
        diversity_weight: The weight of diversity in D.

    Raises:
        ValueError: k is below 3, or a class has fewer than k families.
    """
    targets = targets_of(k, proportion_weight, diversity_weight)
    for name in families.classes:
        count = len(families.members(name))
        if count < k:
            raise ValueError(f"class {name!r} has {count} families; {k} folds need at least {k}")
    folds = _balanced(families, k, targets)
    return tuple(
        scored("kfold", families, targets, {n: _subset(folds[n], test, k) for n in families.names}) for test in range(k)
    )


def _subset(fold: int, test: int, k: int) -> int:
    """Return the subset of fold `fold` when fold `test` is tested: 0 train, 1 valid, 2 test."""
    return {0: 2, 1: 1}.get((fold - test) % k, 0)


def _balanced(families: Families, k: int, targets: Targets) -> dict[str, int]:
    """Return the fold of each family."""
    pull, goal = _scaled(families, k, targets)
    held = np.zeros((k, len(goal)), dtype=object)
    order = list(families.summed)
    folds: dict[str, int] = {}

    def off(*rows: Row) -> int:
        return sum(int(np.abs(row - goal).sum()) for row in rows)

    for name in order:
        rise = [off(row + pull[name]) - off(row) for row in held]
        folds[name] = rise.index(min(rise))
        held[folds[name]] += pull[name]

    def exchange(name: str, other: str | None, fold: int) -> bool:
        """Move `name` to `fold`, and `other` back in exchange, if that brings both folds nearer to the goal."""
        step = pull[name] if other is None else pull[name] - pull[other]
        here, there = held[folds[name]], held[fold]
        better = off(here - step, there + step) < off(here, there)
        if better:
            held[folds[name]], held[fold] = here - step, there + step
            folds[name], back = fold, folds[name]
            folds.update({} if other is None else {other: back})
        return better

    moving = True
    while moving:  # D falls at each turn and takes finitely many values
        moving = False
        for name in order:
            for fold in range(k):
                moving |= fold != folds[name] and exchange(name, None, fold)
        for name, other in combinations(order, 2):
            moving |= folds[name] != folds[other] and exchange(name, other, folds[other])
    return folds


def _scaled(families: Families, k: int, targets: Targets) -> tuple[dict[str, Row], Row]:
    """Return the contribution of each family and the target of a fold: weight and number per class, as integers.

    Both are on one scale, so that the sum of their distances is D of all folds: arrays of (2 · classes,).
    """
    weights = [sum(families.members(name).values()) for name in families.classes]
    counts = [len(families.members(name)) for name in families.classes]
    unit = math.lcm(*weights, *counts, *(w.denominator for w in (targets.proportion_weight, targets.diversity_weight)))
    a, b = targets.proportion_weight * unit, targets.diversity_weight * unit
    return {
        name: np.array(
            [int(k * a * w / total) for w, total in zip(row, weights, strict=True)]
            + [int(k * b * (w > 0) / count) for w, count in zip(row, counts, strict=True)],
            dtype=object,
        )
        for name, row in zip(families.names, families.weights, strict=True)
    }, np.array([int(a)] * len(weights) + [int(b)] * len(counts), dtype=object)

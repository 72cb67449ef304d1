"""A pool: families that fill the subsets together, on a common integer scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from neurograde.maths.partition.loss import best_rounding
from neurograde.maths.partition.problem import Targets
from neurograde.maths.subsets import SUBSETS


@dataclass(frozen=True)
class Pool:
    """The families of one class that are not assigned yet, or the families that cross classes.

    Weights are multiplied by the common denominator of p, so that capacities are integers too and filling
    compares integers only. Families are sorted lightest first, of equal weights the last name first: so
    the heaviest family that fits is the last one that `bisect` finds, and the first by name among its equals.

    `start` and `start_counts` are the weight and number of the families that the subsets already hold of the class:
    those that cross classes.
    """

    targets: Targets
    names: tuple[str, ...]
    weights: tuple[int, ...]
    capacity: tuple[int, int, int]
    start: tuple[int, int, int]
    start_counts: tuple[int, int, int]

    @classmethod
    def of(
        cls,
        weights: Mapping[str, int],
        targets: Targets,
        start: tuple[int, int, int] = (0, 0, 0),
        start_counts: tuple[int, int, int] = (0, 0, 0),
    ) -> Pool:
        """Return the pool of `{family: weight}` and of the loads at the start, all in one unit of weight."""
        scale = math.lcm(*(p.denominator for p in targets.p))
        total = scale * (sum(weights.values()) + sum(start))
        first, second, third = (int(p * total) for p in targets.p)
        order = sorted(weights, key=lambda name: (-weights[name], name), reverse=True)
        return cls(
            targets=targets,
            names=tuple(order),
            weights=tuple(scale * weights[name] for name in order),
            capacity=(first, second, third),
            start=(scale * start[0], scale * start[1], scale * start[2]),
            start_counts=start_counts,
        )

    @property
    def total(self) -> int:
        """Weight of the whole class on the pool's scale: a share of 1."""
        return sum(self.capacity)

    def assignment(self, subsets: bytes) -> dict[str, int]:
        """Return the subset of each family; `subsets` holds one index per family, in the pool's order."""
        return dict(zip(self.names, subsets, strict=True))

    def scorer(self) -> Scorer:
        """Return the scorer of this pool's fillings, made once per search."""
        return Scorer.of(self)


@dataclass(frozen=True)
class Scorer:
    """D of a filling as an integer: `loss.loss` of the class, times `unit`."""

    pool: Pool
    ideal: tuple[int, int, int]  # families owed to each subset, times `grain`
    grain: int
    proportion_factor: int
    diversity_factor: int
    least_train: int
    least_diversity: int  # of the diversity part of D, since counts are whole
    unit: int

    @classmethod
    def of(cls, pool: Pool) -> Scorer:
        """Return the scorer with the factors that bring both parts of D to one integer scale."""
        targets = pool.targets
        count = len(pool.names) + sum(pool.start_counts)
        grain = math.lcm(*(d.denominator for d in targets.d))
        balance = (targets.proportion_weight, targets.diversity_weight)
        whole = math.lcm(*(weight.denominator for weight in balance))
        a, b = (int(weight * whole) for weight in balance)
        first, second, third = (int(d * count * grain) for d in targets.d)
        return cls(
            pool=pool,
            ideal=(first, second, third),
            grain=grain,
            proportion_factor=a * count * grain,
            diversity_factor=b * pool.total,
            least_train=math.ceil((targets.min_train_share or Fraction(0)) * pool.total),
            least_diversity=int(b * pool.total * count * grain * best_rounding(targets, count)),
            unit=len(SUBSETS) * (a + b) * pool.total * count * grain,
        )

    def __call__(self, subsets: bytes) -> tuple[bool, int]:
        """Return True if train holds too little, and D times `unit`: less is better."""
        short, proportion, diversity = self.parts(subsets)
        return short, proportion + diversity

    def parts(self, subsets: bytes) -> tuple[bool, int, int]:
        """Return True if train holds too little, and the two parts of D, each times `unit`."""
        pool = self.pool
        valid = pool.start[1] + sum(w for w, s in zip(pool.weights, subsets, strict=True) if s == 1)
        test = pool.start[2] + sum(w for w, s in zip(pool.weights, subsets, strict=True) if s == 2)
        weights = (pool.total - valid - test, valid, test)
        counts = tuple(pool.start_counts[j] + subsets.count(j) for j in range(3))
        proportion = sum(abs(p - w) for p, w in zip(pool.capacity, weights, strict=True))
        diversity = sum(abs(d - n * self.grain) for d, n in zip(self.ideal, counts, strict=True))
        return (
            weights[0] < self.least_train,
            self.proportion_factor * proportion,
            self.diversity_factor * diversity,
        )

    def floor(self, loads: Sequence[int], counts: Sequence[int]) -> int:
        """Return a lower bound of D times `unit` from the loads so far: an excess of one is missing from others."""
        first, second, third = self.pool.capacity
        one, two, three = loads
        weight = max(0, one - first) + max(0, two - second) + max(0, three - third)
        first, second, third = self.ideal
        one, two, three = (count * self.grain for count in counts)
        number = max(0, one - first) + max(0, two - second) + max(0, three - third)
        return self.proportion_factor * 2 * weight + max(self.diversity_factor * 2 * number, self.least_diversity)

    def exact(self, loss: int) -> Fraction:
        """Return D."""
        return Fraction(loss, self.unit)


def triple(values: list[int]) -> tuple[int, int, int]:
    """Return three integers as a triple."""
    first, second, third = values
    return first, second, third

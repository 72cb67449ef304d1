"""The linear relaxation of the programme behind `exact`, for sets of very many families, and its rounding.

The relaxation lets families be divided, so its optimum is a lower bound of D. A vertex of it divides few families: no
more than the classes have rows. The rounding puts those where D rises least, heaviest first, then moves and exchanges
single families as long as D falls. Nothing is random or timed, so every machine rounds alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from neurograde.maths.partition.problem import SearchOptions, Targets
from neurograde.maths.partition.programme import TOLERANCE, Answer, Programme

RELAXED_FROM = 300
"""Number of linked families from which the relaxation replaces branch and bound."""
_STEPS = 1000
_LEAST_GAIN = 1e-12
_SHORT = 10.0  # D per missing share of train: above what any move can gain

Array = NDArray[np.float64]


def solve(programme: Programme, known: Sequence[Mapping[str, int]], options: SearchOptions) -> Answer:
    """Return the best of `known` assignments and of the rounded relaxation, with the bound of the relaxation.

    Args:
        programme: The families and targets.
        known: Assignments that keep `min_train_share`; families beyond those of the programme are ignored.
        options: The time that the solver may spend.
    """
    shares, bound = programme.relaxed(options)
    best = programme.best(known)
    if shares is not None:
        rounding = _Rounding.of(programme, shares)
        rounding.improve()
        best = programme.best([best, *programme.kept(rounding.counts)])
    loss = programme.loss_of(best)
    if loss <= bound + TOLERANCE:
        return Answer(best, loss, proved=True)
    return Answer(best, max(Fraction(0), bound - TOLERANCE), proved=False)


@dataclass
class _Rounding:
    """Whole families in subsets, by kind; loads and numbers are shares of each class.

    Attributes:
        targets: p, d and their weights.
        weight: Share of a class's weight that one family of a kind has, (kind, class).
        number: Share of a class's families that it is, (kind, class).
        counts: Families of each kind in each subset, (kind, subset).
    """

    targets: Targets
    weight: Array
    number: Array
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, programme: Programme, shares: Array) -> _Rounding:
        """Return the whole part of the relaxation, the divided families put where D rises least."""
        weight, number = programme.kind_shares()
        counts = np.floor(shares + 1e-6).astype(np.int64)
        rounding = cls(programme.targets, weight, number, counts)
        sizes = np.array([len(names) for names in programme.kinds])
        for kind in np.flatnonzero(counts.sum(axis=1) < sizes):  # heaviest first
            for _ in range(sizes[kind] - counts[kind].sum()):
                rounding._add(int(kind))
        return rounding

    def improve(self) -> None:
        """Move or exchange single families as long as D falls."""
        for _ in range(_STEPS):
            if not (self._move() or self._exchange()):
                return

    def loss(self, loads: Array, numbers: Array) -> Array:
        """Return the sum of D over the classes; loads and numbers are (…, class, subset)."""
        p, d = (np.array([float(share) for share in shares]) for shares in (self.targets.p, self.targets.d))
        a, b = float(self.targets.proportion_weight), float(self.targets.diversity_weight)
        off = a * np.abs(loads - p).sum(axis=(-1, -2)) + b * np.abs(numbers - d).sum(axis=(-1, -2))
        short = np.maximum(0.0, float(self.targets.min_train_share or 0) - loads[..., 0]).sum(axis=-1)
        result: Array = off / (3 * (a + b)) + _SHORT * short
        return result

    def _held(self) -> tuple[Array, Array]:
        """Return the shares of weight and of families of each class in each subset, (class, subset)."""
        return self.weight.T @ self.counts, self.number.T @ self.counts

    def _add(self, kind: int) -> None:
        loads, numbers = self._held()
        steps = np.eye(3)[:, None, :]  # (subset, 1, subset)
        after = self.loss(loads + self.weight[kind][:, None] * steps, numbers + self.number[kind][:, None] * steps)
        self.counts[kind, int(after.argmin())] += 1

    def _move(self) -> bool:
        """Move the one family that lowers D most; False if none does."""
        loads, numbers = self._held()
        best, move = float(self.loss(loads, numbers)) - _LEAST_GAIN, None
        for source, target in permutations(range(3), 2):
            kinds = np.flatnonzero(self.counts[:, source])
            step = np.zeros(3)
            step[[source, target]] = -1, 1
            after = self.loss(
                loads + self.weight[kinds][:, :, None] * step, numbers + self.number[kinds][:, :, None] * step
            )
            if len(kinds) and after.min() < best:
                best, move = float(after.min()), (int(kinds[after.argmin()]), source, target)
        if move is None:
            return False
        kind, source, target = move
        self.counts[kind, source] -= 1
        self.counts[kind, target] += 1
        return True

    def _exchange(self) -> bool:
        """Exchange two families of one class whose difference in weight mends a subset's load; False if none does."""
        loads, numbers = self._held()
        now = float(self.loss(loads, numbers))
        alone = (self.number > 0).sum(axis=1) == 1
        goal = np.array([float(share) for share in self.targets.p])
        for label in range(loads.shape[0]):
            own = alone & (self.number[:, label] > 0)
            for source, target in permutations(range(3), 2):
                givers, takers = (np.flatnonzero(own & (self.counts[:, subset] > 0)) for subset in (source, target))
                if not len(givers) or not len(takers):
                    continue
                takers = takers[np.argsort(self.weight[takers, label], kind="stable")]
                for wanted in (loads[label, source] - goal[source], goal[target] - loads[label, target]):
                    offered = self.weight[givers, label]
                    at = np.searchsorted(self.weight[takers, label], offered - wanted).clip(0, len(takers) - 1)
                    miss = np.abs(offered - self.weight[takers[at], label] - wanted)
                    giver, taker = int(givers[miss.argmin()]), int(takers[at[miss.argmin()]])
                    after = loads.copy()
                    step = self.weight[giver, label] - self.weight[taker, label]
                    after[label, source] -= step
                    after[label, target] += step
                    if float(self.loss(after, numbers)) < now - _LEAST_GAIN:
                        self.counts[giver, [source, target]] += (-1, 1)
                        self.counts[taker, [target, source]] += (-1, 1)
                        return True
        return False

"""The mixed-integer programme behind `exact`, for classes that are linked by families (HiGHS, through scipy).

With classes c, kinds of families k (families of equal weights are interchangeable) and subsets j:

    z[k, j]   how many families of kind k go to subset j: an integer; over j they sum to the size of the kind
    u[c, j]   at least |p_j - share of the weight of c in j|
    v[c, j]   at least |d_j - share of the families of c in j|

    least  Σ (a u[c, j] + b v[c, j]) / 3 (a + b)    with a share of c in train of min_train_share or more

Two things keep it short: counts of families are whole, so Σ_j v[c, j] cannot be below the best rounding of d; and
where valid and test have equal targets, valid may be taken for the heavier one. D of every answer is recomputed
in exact fractions: the solver's own numbers serve for the bound alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from neurograde.maths.partition.loss import best_rounding, deviation, score
from neurograde.maths.partition.problem import ClassScore, Families, SearchOptions, Targets
from neurograde.maths.subsets import SUBSETS

_SCALE = 1000.0  # HiGHS tells objectives and rows apart from 1e-6 up, so shares are given to it in thousandths
_TOLERANCE = Fraction(1, 10**9)
_DIGITS = 10**6  # what one objective can hold of the canonical order without losing its last place


class Answer(NamedTuple):
    """The best assignment found, what the sum of D over the classes cannot be below, whether both meet."""

    assignment: dict[str, int]
    bound: Fraction
    proved: bool


class _Row(NamedTuple):
    """low ≤ Σ weights · columns ≤ high."""

    weights: NDArray[np.float64]
    low: float
    high: float = np.inf


class Programme:
    """The partition of linked classes as rows over the columns z[k, j], u[c, j], v[c, j]."""

    def __init__(self, families: Families, targets: Targets) -> None:
        self.families, self.targets = families, targets
        weights = dict(zip(families.names, families.weights, strict=True))
        order = sorted(weights, key=lambda name: (-sum(weights[name]), weights[name], name))
        self.kinds = [list(names) for _, names in groupby(order, key=weights.__getitem__)]  # heaviest first
        n_z, n_u = 3 * len(self.kinds), 3 * len(families.classes)
        self.z, self.u, self.v = np.split(np.eye(n_z + 2 * n_u), [n_z, n_z + n_u])  # (column of it, column)
        scale = _SCALE / float(len(SUBSETS) * (targets.proportion_weight + targets.diversity_weight))
        self.error = _SCALE * self.u.sum(axis=0)  # of proportions, whatever its weight in D
        self.loss = scale * (
            float(targets.proportion_weight) * self.u.sum(axis=0) + float(targets.diversity_weight) * self.v.sum(axis=0)
        )
        self.rows = [
            _Row(self.z[3 * k : 3 * k + 3].sum(axis=0), len(names), len(names)) for k, names in enumerate(self.kinds)
        ]
        for c in range(len(families.classes)):
            self.rows += self._class_rows(c)

    def solve(self, known: Sequence[Mapping[str, int]], options: SearchOptions) -> Answer:
        """The best of `known` assignments and of what the search finds.

        Args:
            known: Assignments that keep `min_train_share`; families beyond those of the programme are ignored.
            options: What each run of the solver may spend.
        """
        best = min((self._by_name(each) for each in known), key=self._key)
        found, bound, proved = self._run(self.loss, self._mirror(), options)
        best = min([best, *found], key=self._key)
        if not proved:
            return Answer(best, max(Fraction(0), bound - _TOLERANCE), proved=False)
        loss, _, _ = self._key(best)
        tied = [_Row(self.loss, -np.inf, _SCALE * float(loss))]
        found, _, _ = self._run(self.error, [*tied, *self._mirror()], options)
        best = min([best, *found], key=self._key)
        _, error, _ = self._key(best)
        tied.append(_Row(self.error, -np.inf, _SCALE * float(error)))
        return Answer(self._first(best, tied, options), loss, proved=True)

    def _class_rows(self, c: int) -> Iterator[_Row]:
        """What holds for one class."""
        targets = self.targets
        members = self.families.members(self.families.classes[c])
        weight = np.array([members.get(names[0], 0) / sum(members.values()) for names in self.kinds])
        count = np.array([(names[0] in members) / len(members) for names in self.kinds])
        for j in range(3):
            for off, share, target in ((self.u, weight, targets.p[j]), (self.v, count, targets.d[j])):
                reached = share @ self.z[j::3]
                yield _Row(off[3 * c + j] + reached, float(target))
                yield _Row(off[3 * c + j] - reached, -float(target))
        yield _Row(self.v[3 * c : 3 * c + 3].sum(axis=0), float(best_rounding(targets, len(members))))
        if targets.min_train_share is not None:
            yield _Row(_SCALE * weight @ self.z[0::3], _SCALE * float(targets.min_train_share))

    def _mirror(self) -> list[_Row]:
        """Valid holds no less than test, where the two may change places without a difference to D."""
        p, d = self.targets.p, self.targets.d
        if p[1] != p[2] or d[1] != d[2]:
            return []
        weight = np.array([sum(self._weight(names[0])) for names in self.kinds], dtype=float)
        return [_Row(weight / weight.sum() @ (self.z[1::3] - self.z[2::3]), 0.0)]

    def _weight(self, name: str) -> tuple[int, ...]:
        return self.families.weights[self.families.names.index(name)]

    def _scores(self, assignment: Mapping[str, int]) -> list[ClassScore]:
        return [score(self.families, self.targets, assignment, name) for name in self.families.classes]

    def _key(self, assignment: Mapping[str, int]) -> tuple[Fraction, Fraction, list[int]]:
        """What the better of two has less of: D, proportion error, place in the canonical order."""
        scores = self._scores(assignment)
        return (
            sum((each.loss for each in scores), Fraction(0)),
            sum((deviation(self.targets.p, each.proportions) for each in scores), Fraction(0)),
            [assignment[name] for names in self.kinds for name in names],
        )

    def _by_name(self, assignment: Mapping[str, int]) -> dict[str, int]:
        """The same counts of each kind, the first names in the first subsets."""
        return {
            name: subset
            for names in self.kinds
            for name, subset in zip(names, sorted(assignment[name] for name in names), strict=True)
        }

    def _first(self, best: dict[str, int], tied: Sequence[_Row], options: SearchOptions) -> dict[str, int]:
        """The first in canonical order of the assignments tied with `best`: some kinds at a time."""
        fixed = list(tied)
        for chunk in self._chunks():
            place, objective = _DIGITS, np.zeros(self.z.shape[1])
            for k in chunk:
                for j in (0, 1):  # many in train come first, then many in valid; test has the rest
                    place = max(1, place // (len(self.kinds[k]) + 1))
                    objective -= place * self.z[3 * k + j]
            found, _, _ = self._run(objective, fixed, options)
            best = min([best, *found], key=self._key)
            for k in chunk:
                counts = [sum(best[name] == j for name in self.kinds[k]) for j in range(3)]
                fixed += [_Row(self.z[3 * k + j], counts[j], counts[j]) for j in range(3)]
        return best

    def _chunks(self) -> Iterator[list[int]]:
        """The kinds in order, as many at a time as one objective can tell apart."""
        chunk: list[int] = []
        digits = 1
        for k, names in enumerate(self.kinds):
            more = (len(names) + 1) ** 2
            if chunk and digits * more > _DIGITS:
                yield chunk
                chunk, digits = [], 1
            chunk.append(k)
            digits *= more
        yield chunk

    def _run(
        self, objective: NDArray[np.float64], extra: Sequence[_Row], options: SearchOptions
    ) -> tuple[list[dict[str, int]], Fraction, bool]:
        """Minimise: the assignment if one was found, a lower bound of the sum of D, whether the search ended."""
        rows = [*self.rows, *extra]
        most = np.full(self.z.shape[1], np.inf)
        most[: len(self.z)] = np.repeat([len(names) for names in self.kinds], 3)
        result = milp(
            objective,
            constraints=LinearConstraint(
                np.array([row.weights for row in rows]), [row.low for row in rows], [row.high for row in rows]
            ),
            bounds=Bounds(0, most),
            integrality=np.isfinite(most),
            options={"mip_rel_gap": 0, "node_limit": options.nodes, "time_limit": options.seconds},
        )
        bound = Fraction(result.mip_dual_bound or 0.0) / Fraction(_SCALE)
        if result.x is None:
            return [], bound, False
        assignment: dict[str, int] = {}
        counts = np.rint(result.x[: len(self.z)]).astype(int).reshape(-1, 3)  # (kind, subset)
        for names, each in zip(self.kinds, counts, strict=True):
            assignment |= dict(zip(names, np.repeat(range(3), each).tolist(), strict=True))
        least = self.targets.min_train_share or Fraction(0)
        kept = all(each.proportions[0] >= least for each in self._scores(assignment))
        return [assignment] if kept else [], bound, bool(result.status == 0)

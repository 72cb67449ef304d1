"""The mixed-integer programme behind `exact`, for classes that are linked by families (HiGHS, through scipy).

With classes c, kinds of families k (families of equal weights are interchangeable) and subsets j:

    z[k, j]   how many families of kind k go to subset j: an integer; over j they sum to the size of the kind
    u[c, j]   at least |p_j - share of the weight of c in j|
    v[c, j]   at least |d_j - share of the families of c in j|

    least  Σ (a u[c, j] + b v[c, j]) / 3 (a + b)    with a share of c in train of min_train_share or more

Two facts shorten the search: counts of families are whole, so Σ_j v[c, j] cannot be below the best rounding of d; and
if valid and test have equal targets, valid is the heavier one. D of every answer is recomputed in exact fractions; the
solver's numbers are used for the bound alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array

from neurograde.maths.partition.loss import best_rounding, deviation, score
from neurograde.maths.partition.problem import ClassScore, Families, SearchOptions, Targets
from neurograde.maths.subsets import SUBSETS

_SCALE = 1000.0  # HiGHS tells objectives and rows apart from 1e-6 up, so it gets shares in thousandths
TOLERANCE = Fraction(1, 10**9)
_DIGITS = 10**6  # digits of the canonical order that one objective can hold without rounding


class Answer(NamedTuple):
    """The best assignment found, a lower bound of the sum of D over the classes, and True if both meet."""

    assignment: dict[str, int]
    bound: Fraction
    proved: bool


class _Row(NamedTuple):
    """The constraint low ≤ Σ weights · columns ≤ high."""

    columns: NDArray[np.intp]
    weights: NDArray[np.float64]
    low: float
    high: float = np.inf


def _row(parts: Sequence[tuple[NDArray[np.intp], NDArray[np.float64]]], low: float, high: float = np.inf) -> _Row:
    """Return the constraint on a sum of parts, columns and their weights each; weights of 0 are left out."""
    columns, weights = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return _Row(columns[weights != 0], weights[weights != 0], low, high)


def constraint(rows: Sequence[_Row], n_columns: int) -> LinearConstraint:
    """Return the rows as one sparse constraint."""
    starts = np.cumsum([0, *(len(row.columns) for row in rows)])
    values, columns = (np.concatenate([row[i] for row in rows]) for i in (1, 0))
    matrix = csr_array((values, columns, starts), shape=(len(rows), n_columns))
    return LinearConstraint(matrix, [row.low for row in rows], [row.high for row in rows])


class Programme:
    """The partition of linked classes as sparse rows over the columns z[k, j], u[c, j], v[c, j]."""

    def __init__(self, families: Families, targets: Targets) -> None:
        self.families, self.targets = families, targets
        self.weights = dict(zip(families.names, families.weights, strict=True))
        order = sorted(self.weights, key=lambda name: (-sum(self.weights[name]), self.weights[name], name))
        self.kinds = [list(names) for _, names in groupby(order, key=self.weights.__getitem__)]  # heaviest first
        n_z, n_u = 3 * len(self.kinds), 3 * len(families.classes)
        self._columns = columns = np.arange(n_z + 2 * n_u)
        self.z, self.u, self.v = (part.reshape(-1, 3) for part in np.split(columns, [n_z, n_z + n_u]))
        scale = _SCALE / float(len(SUBSETS) * (targets.proportion_weight + targets.diversity_weight))
        self.error = np.zeros(len(columns))
        self.error[self.u] = _SCALE  # of the proportions, whatever their weight in D
        self.loss = np.zeros(len(columns))
        self.loss[self.u] = scale * float(targets.proportion_weight)
        self.loss[self.v] = scale * float(targets.diversity_weight)
        self.rows = [_row([(self.z[k], np.ones(3))], len(names), len(names)) for k, names in enumerate(self.kinds)]
        for c in range(len(families.classes)):
            self.rows += self._class_rows(c)

    def best(self, known: Sequence[Mapping[str, int]]) -> dict[str, int]:
        """Return the best of some assignments, the first names of each kind in the first subsets."""
        return min((self._by_name(assignment) for assignment in known), key=self._key)

    def loss_of(self, assignment: Mapping[str, int]) -> Fraction:
        """Return the sum of D over the classes."""
        return self._key(assignment)[0]

    def kind_shares(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the shares of one family of a kind in each class, of weight and of number, (kind, class) each."""
        weight = np.array([self.weights[names[0]] for names in self.kinds], dtype=float)
        sizes = np.array([len(names) for names in self.kinds])[:, None]
        number = (weight > 0).astype(float)
        return weight / (weight * sizes).sum(axis=0), number / (number * sizes).sum(axis=0)

    def relaxed(self, options: SearchOptions) -> tuple[NDArray[np.float64] | None, Fraction]:
        """Return the optimum where families may be divided, (kind, subset), and the sum of D there, a lower bound.

        Without an optimum in time the bound is 0.
        """
        result = self._minimised(self.loss, self._mirror(), options, whole=False)
        if result.x is None or result.status != 0:
            return None, Fraction(0)
        return result.x[self.z], Fraction(result.fun) / Fraction(_SCALE)

    def kept(self, counts: NDArray[np.int64]) -> list[dict[str, int]]:
        """Return the assignment with so many families of each kind in each subset, if train keeps its share."""
        assignment: dict[str, int] = {}
        for names, of_kind in zip(self.kinds, counts, strict=True):
            assignment |= dict(zip(names, np.repeat(range(3), of_kind).tolist(), strict=True))
        least = self.targets.min_train_share or Fraction(0)
        kept = all(score.proportions[0] >= least for score in self._scores(assignment))
        return [assignment] if kept else []

    def solve(self, known: Sequence[Mapping[str, int]], options: SearchOptions) -> Answer:
        """Return the best of `known` assignments and of those that the search finds.

        Args:
            known: Assignments that keep `min_train_share`; families beyond those of the programme are ignored.
            options: Budget of each run of the solver.
        """
        best = self.best(known)
        solutions, bound, proved = self._run(self.loss, self._mirror(), options)
        best = min([best, *solutions], key=self._key)
        if not proved:
            return Answer(best, max(Fraction(0), bound - TOLERANCE), proved=False)
        loss, _, _ = self._key(best)
        tied = [_row([(self._columns, self.loss)], -np.inf, _SCALE * float(loss))]
        solutions, _, _ = self._run(self.error, [*tied, *self._mirror()], options)
        best = min([best, *solutions], key=self._key)
        _, error, _ = self._key(best)
        tied.append(_row([(self._columns, self.error)], -np.inf, _SCALE * float(error)))
        return Answer(self._first(best, tied, options), loss, proved=True)

    def _class_rows(self, c: int) -> Iterator[_Row]:
        """Yield the constraints of one class."""
        targets = self.targets
        members = self.families.members(self.families.classes[c])
        whole = sum(members.values())
        weight = np.array([members.get(names[0], 0) / whole for names in self.kinds])
        count = np.array([(names[0] in members) / len(members) for names in self.kinds])
        for j in range(3):
            for off, share, target in ((self.u, weight, targets.p[j]), (self.v, count, targets.d[j])):
                above = (off[c, j : j + 1], np.ones(1))
                yield _row([(self.z[:, j], share), above], float(target))
                yield _row([(self.z[:, j], -share), above], -float(target))
        yield _row([(self.v[c], np.ones(3))], float(best_rounding(targets, len(members))))
        if targets.min_train_share is not None:
            yield _row([(self.z[:, 0], _SCALE * weight)], _SCALE * float(targets.min_train_share))

    def _mirror(self) -> list[_Row]:
        """Return the row by which valid holds no less than test, where exchanging the two does not change D."""
        p, d = self.targets.p, self.targets.d
        if p[1] != p[2] or d[1] != d[2]:
            return []
        weight = np.array([sum(self.weights[names[0]]) for names in self.kinds], dtype=float)
        share = weight / weight.sum()
        return [_row([(self.z[:, 1], share), (self.z[:, 2], -share)], 0.0)]

    def _scores(self, assignment: Mapping[str, int]) -> list[ClassScore]:
        return [score(self.families, self.targets, assignment, name) for name in self.families.classes]

    def _key(self, assignment: Mapping[str, int]) -> tuple[Fraction, Fraction, list[int]]:
        """Return the sort key of an assignment, best first: D, proportion error, canonical order."""
        scores = self._scores(assignment)
        return (
            sum((class_score.loss for class_score in scores), Fraction(0)),
            sum((deviation(self.targets.p, class_score.proportions) for class_score in scores), Fraction(0)),
            [assignment[name] for names in self.kinds for name in names],
        )

    def _by_name(self, assignment: Mapping[str, int]) -> dict[str, int]:
        """Return the same counts of each kind, the first names in the first subsets."""
        return {
            name: subset
            for names in self.kinds
            for name, subset in zip(names, sorted(assignment[name] for name in names), strict=True)
        }

    def _first(self, best: dict[str, int], tied: Sequence[_Row], options: SearchOptions) -> dict[str, int]:
        """Return the first in canonical order of the assignments tied with `best`, some kinds at a time."""
        fixed = list(tied)
        for chunk in self._chunks():
            digit, objective = _DIGITS, np.zeros(len(self._columns))
            for k in chunk:
                for j in (0, 1):  # many in train come first, then many in valid; test has the rest
                    digit = max(1, digit // (len(self.kinds[k]) + 1))
                    objective[self.z[k, j]] -= digit
            solutions, _, _ = self._run(objective, fixed, options)
            best = min([best, *solutions], key=self._key)
            for k in chunk:
                counts = [sum(best[name] == j for name in self.kinds[k]) for j in range(3)]
                fixed += [_row([(self.z[k, j : j + 1], np.ones(1))], counts[j], counts[j]) for j in range(3)]
        return best

    def _chunks(self) -> Iterator[list[int]]:
        """Yield the kinds in order, as many at a time as one objective can tell apart."""
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
        """Minimise, and return the assignment if there is one, a lower bound of the sum of D, and True if proved."""
        result = self._minimised(objective, extra, options, whole=True)
        bound = Fraction(result.mip_dual_bound or 0.0) / Fraction(_SCALE)
        if result.x is None:
            return [], bound, False
        return self.kept(np.rint(result.x[self.z]).astype(int)), bound, bool(result.status == 0)

    def _minimised(
        self, objective: NDArray[np.float64], extra: Sequence[_Row], options: SearchOptions, *, whole: bool
    ) -> OptimizeResult:
        """Run HiGHS under all rows; `whole` keeps families undivided."""
        most = np.full(len(self._columns), np.inf)
        most[self.z] = np.array([len(names) for names in self.kinds])[:, None]
        return milp(
            objective,
            constraints=constraint([*self.rows, *extra], len(most)),
            bounds=Bounds(0, most),
            integrality=np.isfinite(most) & whole,
            options={"mip_rel_gap": 0, "node_limit": options.nodes, "time_limit": options.seconds},
        )

"""The partition problem and its answer: families of patches, targets for three subsets, and the assignment.

Weights are integers (pixels or patches), targets and shares are fractions. So no result depends on rounding, on the
order of the input or on the unit of the weights (report §2.3).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

from neurograde.maths.readings import DEFAULT_READINGS, READINGS, Reading
from neurograde.maths.subsets import SUBSETS

Number: TypeAlias = Fraction | int | float | str
Triple: TypeAlias = tuple[Fraction, Fraction, Fraction]


def as_fraction(value: Number) -> Fraction:
    """Return a number as the exact fraction that was written: 0.15 is 3/20, and "1/3" is a third.

    Raises:
        ValueError: The value is not a finite number.
    """
    try:
        return Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{value!r} is not a number; accepted: 0.15, '0.15' or '1/3'") from None


@dataclass(frozen=True)
class Families:
    """The families to partition and their weight in each class.

    `names` are unique; `weights[f][c]` is the weight of family f in class c, an integer ≥ 0 in any unit. A
    family belongs to each class in which it has a weight above 0. Each class needs `fewest` families: one per subset,
    unless a subset may lack the class.

    A family without any weight is refused: it has no patch, so counting it would fake diversity.

    Raises:
        ValueError: Names repeat, the shape is wrong, a weight is not an integer of 0 or more, a family has no weight,
            or a class has fewer than `fewest` families.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    weights: tuple[tuple[int, ...], ...]
    fewest: int = len(SUBSETS)

    def __post_init__(self) -> None:
        for what, names in (("family", self.names), ("class", self.classes)):
            twice = sorted(name for name, count in Counter(names).items() if count > 1)
            if twice:
                raise ValueError(f"{what} names must be unique; repeated: {', '.join(twice)}")
        if not self.classes:
            raise ValueError("0 classes; at least 1 is needed")
        shape = [len(row) for row in self.weights]
        if shape != [len(self.classes)] * len(self.names):
            wanted = f"{len(self.names)} families x {len(self.classes)} classes"
            raise ValueError(f"weights must be {wanted}; the rows have {shape}")
        for name, row in zip(self.names, self.weights, strict=True):
            if any(weight < 0 or weight != int(weight) for weight in row):
                raise ValueError(f"family {name!r} weighs {row}; weights are integers of 0 or more")
            if not any(row):
                raise ValueError(f"family {name!r} weighs 0 in every class; leave out families without patches")
        for name in self.classes:
            count = len(self.members(name))
            if count < self.fewest:
                raise ValueError(
                    f"class {name!r} has {count} families; at least {self.fewest} are needed, one a subset"
                )

    @classmethod
    def of(cls, weights: Mapping[str, Mapping[str, int]], fewest: int = len(SUBSETS)) -> Families:
        """Return families from `{class: {family: weight}}`, in the order of their names.

        >>> Families.of({"D": {"a": 5, "b": 4, "c": 1}}).names
        ('a', 'b', 'c')
        """
        classes = tuple(sorted(weights))
        names = tuple(sorted({name for row in weights.values() for name in row}))
        return cls(names, classes, tuple(tuple(weights[c].get(n, 0) for c in classes) for n in names), fewest)

    def members(self, class_name: str) -> dict[str, int]:
        """Return the families of one class and their weights in it: heaviest first, ties by name."""
        column = self.classes.index(class_name)
        weight_of = {n: row[column] for n, row in zip(self.names, self.weights, strict=True) if row[column]}
        return dict(sorted(weight_of.items(), key=lambda item: (-item[1], item[0])))

    @cached_property
    def summed(self) -> dict[str, int]:
        """Weight of each family over all classes: heaviest first, ties by name."""
        weight_of = {name: sum(row) for name, row in zip(self.names, self.weights, strict=True)}
        return dict(sorted(weight_of.items(), key=lambda item: (-item[1], item[0])))

    @cached_property
    def crossing(self) -> frozenset[str]:
        """Names of the families with patches of more than one class."""
        return frozenset(
            name for name, row in zip(self.names, self.weights, strict=True) if sum(weight > 0 for weight in row) > 1
        )


@dataclass(frozen=True)
class Targets:
    """The targets of the three subsets.

    `p` are shares of the weight of each class, `d` shares of its number of families; both are positive and
    sum to 1, and p2 ≥ p3. The two weights balance proportion against diversity in D (the last remark of
    §2.3.5). Train must hold `min_train_share` of each class and p1 more than half (§2.3.1);
    `min_train_share=None` lifts both.

    Numbers may have any form that `as_fraction` reads.

    Raises:
        ValueError: A target is out of these bounds.
    """

    p: Triple = (Fraction(70, 100), Fraction(15, 100), Fraction(15, 100))
    d: Triple = (Fraction(1, 3), Fraction(1, 3), Fraction(1, 3))
    proportion_weight: Fraction = Fraction(1)
    diversity_weight: Fraction = Fraction(1)
    min_train_share: Fraction | None = Fraction(1, 2)

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", _shares("p", self.p))
        object.__setattr__(self, "d", _shares("d", self.d))
        for name in ("proportion_weight", "diversity_weight"):
            object.__setattr__(self, name, as_fraction(getattr(self, name)))
            if getattr(self, name) < 0:
                raise ValueError(f"{name} = {getattr(self, name)}; 0 or more is accepted")
        if not self.proportion_weight + self.diversity_weight:
            raise ValueError("proportion_weight and diversity_weight are both 0; one of them must be above 0")
        if self.p[1] < self.p[2]:
            raise ValueError(f"p2 = {self.p[1]} is below p3 = {self.p[2]}; p2 >= p3 is accepted")
        if self.min_train_share is not None:
            share = as_fraction(self.min_train_share)
            object.__setattr__(self, "min_train_share", share)
            if not 0 <= share <= 1:
                raise ValueError(f"min_train_share = {share}; 0 to 1, or None, is accepted")
            if self.p[0] <= Fraction(1, 2):
                raise ValueError(
                    f"p1 = {self.p[0]}; more than 1/2 is accepted, or anything with min_train_share = None"
                )


def _shares(name: str, values: Iterable[Number]) -> Triple:
    """Return three positive fractions that sum to 1; ValueError for others."""
    exact = tuple(as_fraction(value) for value in values)
    shown = f"{name} = ({', '.join(map(str, exact))})"
    if len(exact) != len(SUBSETS) or min(exact) <= 0:
        raise ValueError(f"{shown}; three numbers above 0 are accepted")
    if sum(exact) != 1:
        raise ValueError(f"{shown} sums to {sum(exact)}; a sum of 1 is accepted (thirds are '1/3')")
    return exact[0], exact[1], exact[2]


@dataclass(frozen=True)
class Interval:
    """The values of one parameter from `low` to `high`, ends included unless they are open."""

    low: Fraction
    high: Fraction
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: Fraction) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        return above and (value < self.high if self.open_high else value <= self.high)

    def __str__(self) -> str:
        left, right = "[("[self.open_low], "])"[self.open_high]
        return f"{left}{float(self.low):.6g}, {float(self.high):.6g}{right}"


@dataclass(frozen=True)
class Parameters:
    """The optimum of a search: D is least, and the same, for all of `epsilon` at any μ in `mu`.

    The assignment is that of the least ε and μ. `reading` is the meaning of "large" that won.
    """

    epsilon: Interval
    mu: Interval
    reading: Reading


@dataclass(frozen=True)
class ClassScore:
    """The result for one class: D, and the weight and families in train, valid and test."""

    loss: Fraction
    weights: tuple[int, int, int]
    proportions: Triple
    families: tuple[int, int, int]
    diversity: Triple


@dataclass(frozen=True)
class Certificate:
    """Bounds of the best possible D: `best` was reached, and nothing is below `bound`.

    `proved` is True if the search was complete, so that `bound` equals `best` up to the solver's 1e-9. `lifted` is True
    if the optimum may have less than `min_train_share` in train, since the partition compared with it has less.
    """

    best: Fraction
    bound: Fraction
    proved: bool
    lifted: bool


@dataclass(frozen=True)
class Partition:
    """An assignment of families to subsets; no family is in two of them.

    `assignment` maps each family, in the order of names, to 0 (train), 1 (valid) or 2 (test). `loss` is D,
    the mean over `scores`, one per class. `parameters` has an entry for each class that a search filled, and
    one named `(crossing)` where families of several classes went first; it is empty for strategies without
    parameters. `coarse` is True if the search tried a coarser grid, not every piece.
    """

    strategy: str
    assignment: Mapping[str, int]
    loss: Fraction
    scores: Mapping[str, ClassScore]
    parameters: Mapping[str, Parameters] = field(default_factory=dict)
    certificate: Certificate | None = None
    coarse: bool = False

    @property
    def gap(self) -> Fraction | None:
        """Upper bound of the distance from D to the best possible; None without a certificate."""
        return None if self.certificate is None else max(Fraction(0), self.loss - self.certificate.bound)


@dataclass(frozen=True)
class SearchOptions:
    """Options of a search: the readings of "large" to try, and the budget.

    `turns` bound the exact search of `ifpo`, which beyond them tries a coarser grid. `nodes` of branch and bound bound
    `exact` on each set of linked classes. Every machine counts both alike; `seconds` stop `exact` early on a slow
    machine. The certificate records whether nodes or seconds were reached.
    """

    nodes: int = 20_000
    seconds: float = 60.0
    turns: int = 10_000_000
    readings: tuple[Reading, ...] = DEFAULT_READINGS

    def __post_init__(self) -> None:
        if min(self.nodes, self.turns) < 1 or not self.seconds > 0 or not math.isfinite(self.seconds):
            shown = f"nodes = {self.nodes}, seconds = {self.seconds}, turns = {self.turns}"
            raise ValueError(f"{shown}; all must be finite and above 0")
        if not self.readings or not set(self.readings) <= set(READINGS):
            raise ValueError(f"readings = {self.readings}; one or more of {', '.join(READINGS)} are accepted")


DEFAULT_OPTIONS = SearchOptions()

Solver: TypeAlias = Callable[[Families, Targets, SearchOptions], Partition]

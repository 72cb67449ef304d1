"""What the partition tests share: drawn problems, the report's examples, and plain references."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product

from hypothesis import strategies as st

from neurograde.maths.partition import Families, Partition, Targets
from neurograde.maths.partition.loss import deviation, keeps_train_share, scored

SIX = Families.of({"D": dict.fromkeys("abcdef", 1)})
"""Figure 2.4: six equal families."""

SIXTEEN = Families.of(
    {"D": {f"{i:02}": w for i, w in enumerate((301, 231, 189, 117, 116, 12, 11, 10, 9, 7, 6, 6, 3, 3, 3, 2))}}
)
"""A heavy tail as in figure 2.3: on it PSP and IFP do as the report says of its own 16 families."""

weights = st.one_of(st.integers(1, 6), st.integers(1, 1000), st.integers(1, 10**8))


@st.composite
def families(draw: st.DrawFn, most: int = 9, crossing: int = 2) -> Families:
    """One or two classes of 3 to `most` families, up to `crossing` of them in both classes."""
    first = draw(st.lists(weights, min_size=3, max_size=most))
    classes = {"D": {f"f{i}": w for i, w in enumerate(first)}}
    if draw(st.booleans()):
        second = draw(st.lists(weights, min_size=3, max_size=4))
        shared = draw(st.integers(0, crossing))
        classes["PD"] = {f"{'f' if i < shared else 'g'}{i}": w for i, w in enumerate(second)}
    return Families.of(classes)


targets = st.sampled_from(
    [
        Targets(),
        Targets(("0.6", "0.25", "0.15"), ("0.5", "0.3", "0.2"), "2", "1/2"),
        Targets(("0.4", "0.3", "0.3"), min_train_share=None),
        Targets(("0.8", "0.1", "0.1"), ("0.25", "0.25", "0.5"), proportion_weight=0),
    ]
)


def in_order(problem: Families) -> list[str]:
    """The canonical order that ties are broken by: heaviest family first."""
    row = dict(zip(problem.names, problem.weights, strict=True))
    return sorted(row, key=lambda name: (-sum(row[name]), row[name], name))


def enumerated(problem: Families, asked: Targets) -> Partition:
    """The best of all assignments, by D, then proportion error, then canonical order."""
    order = in_order(problem)
    every = (
        scored("all", problem, asked, dict(zip(order, s, strict=True))) for s in product(range(3), repeat=len(order))
    )
    return min((each for each in every if keeps_train_share(each, asked)), key=lambda each: rank(each, asked, order))


def rank(partition: Partition, asked: Targets, order: list[str]) -> tuple[Fraction, Fraction, list[int]]:
    """What ties are broken by."""
    error = sum((deviation(asked.p, each.proportions) for each in partition.scores.values()), Fraction(0))
    return partition.loss, error, [partition.assignment[name] for name in order]


def filled(members: Mapping[str, int], asked: Targets, epsilon: Fraction, mu: Fraction, reading: str) -> dict[str, int]:
    """Iterative filling word by word: design of the four steps, in fractions, without a thought for speed."""
    total = sum(members.values())
    share = {name: Fraction(weight, total) for name, weight in members.items()}
    left = sorted(share, key=lambda name: (-share[name], name))
    went = dict.fromkeys(_large(left, share, asked, mu, reading), 0)
    load = [sum((share[name] for name in went), Fraction(0)), Fraction(0), Fraction(0)]

    def takes(subset: int, capacity: Fraction) -> bool:
        for name in left:
            if name not in went and load[subset] + share[name] <= capacity:
                went[name] = subset
                load[subset] += share[name]
                return True
        return False

    due = {j: int(asked.d[j] / asked.d[0] * len(went) + Fraction(1, 2)) for j in (1, 2)}
    taking = True
    while taking:
        taking = False
        for j in (1, 2):
            if due[j] and takes(j, asked.p[j]):
                due[j] -= 1
                taking = True
    taking = True
    while taking:
        took = [takes(j, asked.p[j] + (epsilon if j else 0)) for j in range(3)]
        taking = any(took)
    return {name: went.get(name, 0) for name in left}


def _large(left: list[str], share: Mapping[str, Fraction], asked: Targets, mu: Fraction, reading: str) -> list[str]:
    """Return the families that are large at μ; `left` are all of them, heaviest first."""
    least = mu * min(asked.p[1:])
    if reading == "each":
        return [name for name in left if share[name] > least]
    if reading == "any":
        return left[: int(mu * (len(left) + 1))]
    goal = least if reading == "together" else asked.p[0] - least
    counts = range(len(left) + 1)
    return next(left[:n] for n in counts if sum((share[name] for name in left[:n]), Fraction(0)) >= goal)

"""Reasons why D cannot be lower: properties of the families that no partition changes, for the summary."""

from __future__ import annotations

from fractions import Fraction

from neurograde.maths.partition.loss import best_rounding
from neurograde.maths.partition.problem import Families, Targets
from neurograde.maths.subsets import SUBSETS


def remarks(families: Families, targets: Targets) -> tuple[str, ...]:
    """Return a line per family with over half of a class, count that d cannot divide, and set that crosses classes.

    >>> for line in remarks(Families.of({"D": {"a": 8, "b": 1, "c": 1}}), Targets()):
    ...     print(line)
    class 'D': family 'a' holds 80.0 % of the weight and stays whole: D of the class is at least 0.0333
    """
    a, b = targets.proportion_weight, targets.diversity_weight
    scale = len(SUBSETS) * (a + b)
    lines = []
    for name in families.classes:
        members = families.members(name)
        heaviest, weight = next(iter(members.items()))
        share = Fraction(weight, sum(members.values()))
        if share > Fraction(1, 2):
            line = f"class {name!r}: family {heaviest!r} holds {float(share):.1%} of the weight and stays whole"
            excess = share - max(targets.p)  # over its own target, and so missing from the others'
            lines.append(line.replace("%", " %") + (_least(2 * a * excess / scale) if excess > 0 else ""))
        uneven = best_rounding(targets, len(members))
        if b * uneven:
            line = f"class {name!r}: {len(members)} families cannot be divided as d asks"
            lines.append(line + _least(b * uneven / scale))
    if families.crossing:
        count = f"{len(families.crossing)} of {len(families.names)} families"
        shown = ", ".join(map(repr, sorted(families.crossing)))
        lines.append(f"{count} have patches of several classes, and each goes where both can bear it: {shown}")
    return tuple(lines)


def _least(loss: Fraction) -> str:
    return f": D of the class is at least {float(loss):.4f}"

"""Leave one family out: it is the test subset, another one is valid, all others train.

This is for sets of few families: two in a class are enough, where folds need k and a partition three. Train has every
class, otherwise the fold is refused; valid and test are one family each and may lack a class. Every family is tested
once, in the fold named after it; not every family is valid once.
"""

from __future__ import annotations

from collections.abc import Iterator

from neurograde.maths.partition.kfold import targets_of
from neurograde.maths.partition.loss import scored
from neurograde.maths.partition.problem import Families, Number, Partition
from neurograde.maths.subsets import SUBSETS

NAME = "leave-one-out"


def solve(families: Families, test: str, proportion_weight: Number = 1, diversity_weight: Number = 1) -> Partition:
    """Return the partition that tests `test`.

    Valid is a family without which train keeps every class, the one with the most classes; of equals the one of least D
    against p = d = (1 - 2/k, 1/k, 1/k) for k families, then the first by name.

    >>> fold = solve(Families.of({"D": {"a": 5, "b": 4, "c": 3}, "PD": {"a": 2, "b": 2}}, fewest=1), test="a")
    >>> fold.assignment
    {'a': 2, 'b': 0, 'c': 1}

    Args:
        families: Three families or more.
        test: The family to leave out.
        proportion_weight: The weight of proportions in D.
        diversity_weight: The weight of diversity in D.

    Raises:
        ValueError: The family does not exist, there are fewer than three, or train would lack a class.
    """
    if test not in families.names:
        raise ValueError(f"there is no family {test!r} to test; the families are {', '.join(families.names)}")
    targets = targets_of(len(families.names), proportion_weight, diversity_weight)
    classes = {name: classes_of(families, name) for name in families.names}
    others = [name for name in families.names if name != test]
    for label in families.classes:
        if not any(label in classes[name] for name in others):
            raise ValueError(f"class {label!r} would be missing from train: {test!r}, which is tested, alone has it")

    def lost(valid: str) -> list[str]:
        kept = set().union(*(classes[name] for name in others if name != valid))
        return [label for label in families.classes if label not in kept]

    able = [name for name in others if not lost(name)]
    if not able:
        reasons = "; ".join(
            f"class {lost(name)[0]!r} would be missing from train with {name!r} in valid" for name in others
        )
        raise ValueError(f"no family can be valid when {test!r} is tested: {reasons}")
    folds = {
        valid: scored(NAME, families, targets, {name: {test: 2, valid: 1}.get(name, 0) for name in families.names})
        for valid in able
    }
    return folds[min(able, key=lambda name: (-len(classes[name]), folds[name].loss, name))]


def classes_of(families: Families, name: str) -> set[str]:
    """Return the classes of which a family has patches."""
    row = families.weights[families.names.index(name)]
    return {label for label, weight in zip(families.classes, row, strict=True) if weight}


def lacking(partition: Partition) -> Iterator[str]:
    """Yield a line for each class that valid or test lacks, with the consequence."""
    means = {
        "valid": "so that the session is chosen without it there",
        "test": "so that metrics which need it are not defined on this fold",
    }
    for label, score in partition.scores.items():
        for subset, count in zip(SUBSETS, score.families, strict=True):
            if not count:
                yield f"class {label!r} is not in {subset}, which is one family, {means[subset]}"

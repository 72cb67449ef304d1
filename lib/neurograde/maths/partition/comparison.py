"""The strategies side by side on the same families: PSP, IFP, IFPO under each reading, and the proven optimum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from neurograde.maths.partition import exact, ifp, ifpo, psp
from neurograde.maths.partition.problem import Families, Partition, SearchOptions, Targets

COLUMNS = (
    "strategy", "reading", "loss", "class", "class_loss", "train_share", "valid_share", "test_share",
    "train_families", "valid_families", "test_families",
)  # fmt: skip
"""Columns of strategies.csv."""


class Contender(NamedTuple):
    """A strategy, the one reading that it searched or "" for all, and its partition."""

    strategy: str
    reading: str
    partition: Partition


def side_by_side(families: Families, targets: Targets, options: SearchOptions) -> tuple[Contender, ...]:
    """Return the partition by each strategy, and by `ifpo` once per reading of `options`.

    >>> six = Families.of({"six": dict.fromkeys("abcdef", 1)})
    >>> for strategy, reading, partition in side_by_side(six, Targets(), SearchOptions(readings=("each", "reserve"))):
    ...     print(strategy, reading, round(float(partition.loss), 4))
    psp  0.2167
    ifp  0.3222
    ifpo each 0.3222
    ifpo reserve 0.1222
    exact  0.1222
    """
    return (
        Contender("psp", "", psp.solve(families, targets, options)),
        Contender("ifp", "", ifp.solve(families, targets, options)),
        *(
            Contender("ifpo", reading, ifpo.solve(families, targets, replace(options, readings=(reading,))))
            for reading in options.readings
        ),
        Contender("exact", "", exact.solve(families, targets, options)),
    )


def leaders(contenders: Sequence[Contender]) -> tuple[Contender, ...]:
    """Return the best contender of each strategy, the first of equals, in their order."""
    names = dict.fromkeys(contender.strategy for contender in contenders)
    return tuple(
        min((one for one in contenders if one.strategy == name), key=lambda one: one.partition.loss) for name in names
    )


def rows(contenders: Sequence[Contender]) -> Iterator[tuple[object, ...]]:
    """Yield the rows of strategies.csv: one per contender and class."""
    for strategy, reading, partition in contenders:
        for label, score in partition.scores.items():
            losses = (float(partition.loss), label, float(score.loss))
            yield (strategy, reading, *losses, *map(float, score.proportions), *score.families)

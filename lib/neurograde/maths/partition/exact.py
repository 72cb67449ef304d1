"""The partition of least D there is, and the proof of it, by mixed-integer programming (`programme`).

Classes that share no family are solved by themselves. Ties go to the least proportion error, then to the
canonical order: the heaviest family as far left in train, valid, test as may be, then the next.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from neurograde.maths.partition import ifpo, psp
from neurograde.maths.partition.loss import keeps_train_share, scored
from neurograde.maths.partition.problem import (
    DEFAULT_OPTIONS,
    Certificate,
    Families,
    Partition,
    SearchOptions,
    Targets,
)
from neurograde.maths.partition.programme import Programme


def solve(families: Families, targets: Targets, options: SearchOptions = DEFAULT_OPTIONS) -> Partition:
    """The partition of least D that keeps `min_train_share`, with its certificate.

    When `limits` end the search first, it is the best one found, never worse than `psp` and `ifpo`.
    """
    rivals = [strategy.solve(families, targets, options) for strategy in (psp, ifpo)]
    known = [rival.assignment for rival in rivals if keeps_train_share(rival, targets)]
    assignment: dict[str, int] = {}
    bound, proved = Fraction(0), True
    for linked in independent_parts(families):
        answer = Programme(linked, targets).solve(known, options)
        assignment |= answer.assignment
        bound += answer.bound / len(families.classes)
        proved = proved and answer.proved
    partition = scored("exact", families, targets, assignment)
    certificate = Certificate(partition.loss, min(bound, partition.loss), proved=proved, lifted=False)
    return replace(partition, certificate=certificate)


def certified(
    partition: Partition, families: Families, targets: Targets, options: SearchOptions = DEFAULT_OPTIONS
) -> Partition:
    """The same partition beside the best that was possible.

    A partition with less in train than `min_train_share` is held against the optimum without that constraint.
    """
    lifted = not keeps_train_share(partition, targets)
    optimum = solve(families, replace(targets, min_train_share=None) if lifted else targets, options)
    assert optimum.certificate is not None, "exact comes with its certificate"
    return replace(partition, certificate=replace(optimum.certificate, lifted=lifted))


def independent_parts(families: Families) -> list[Families]:
    """Return the problem in independent parts: families and the classes that they link."""
    parts: list[set[int]] = []
    for row in families.weights:
        linked = {c for c, weight in enumerate(row) if weight}
        linked = linked.union(*(part for part in parts if part & linked))
        parts = [part for part in parts if not part & linked] + [linked]
    return [Families.of({families.classes[c]: families.members(families.classes[c]) for c in part}) for part in parts]

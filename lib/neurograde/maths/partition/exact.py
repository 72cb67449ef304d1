"""The partition of least D and the proof of it, by mixed-integer programming (`programme`, `relaxation`).

Classes that share no family are solved separately. Ties go to the least proportion error, then to the canonical order:
the heaviest family in the first subset possible of train, valid, test, then the next family.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from neurograde.maths.partition import ifpo, psp, relaxation
from neurograde.maths.partition.loss import keeps_train_share, scored
from neurograde.maths.partition.problem import (
    DEFAULT_OPTIONS,
    Certificate,
    Families,
    Partition,
    SearchOptions,
    Targets,
)
from neurograde.maths.partition.programme import Answer, Programme
from neurograde.maths.partition.relaxation import RELAXED_FROM


def solve(families: Families, targets: Targets, options: SearchOptions = DEFAULT_OPTIONS) -> Partition:
    """Return the partition of least D that keeps `min_train_share`, with its certificate.

    When `options` end the search first, it is the best one found, never worse than `psp` and `ifpo`. From 300 linked
    families on it is the rounded linear relaxation, whose certificate bounds what that costs.
    """
    return _solved(families, targets, options)


def certified(
    partition: Partition, families: Families, targets: Targets, options: SearchOptions = DEFAULT_OPTIONS
) -> Partition:
    """Return the same partition with the best possible D as its certificate.

    A partition with less in train than `min_train_share` is compared with the optimum without that constraint.
    """
    lifted = not keeps_train_share(partition, targets)
    compared = replace(targets, min_train_share=None) if lifted else targets
    optimum = _solved(families, compared, options, partition, lifted=lifted)
    assert optimum.certificate is not None, "exact comes with its certificate"
    return replace(partition, certificate=replace(optimum.certificate, lifted=lifted))


def best_of(families: Families, targets: Targets, known: Sequence[Mapping[str, int]], options: SearchOptions) -> Answer:
    """Return the best assignment of linked families, by branch and bound or, of very many, by relaxation.

    Args:
        families: Families whose classes are linked.
        targets: p, d and their weights.
        known: Assignments that keep `min_train_share`, one at least, to improve on.
        options: What the search may spend.
    """
    programme = Programme(families, targets)
    if len(families.names) >= RELAXED_FROM:
        return relaxation.solve(programme, known, options)
    return programme.solve(known, options)


def _solved(
    families: Families,
    targets: Targets,
    options: SearchOptions,
    own: Partition | None = None,
    *,
    lifted: bool = False,
) -> Partition:
    """Return the partition of least D with its certificate.

    Args:
        families: All families.
        targets: p, d and their weights.
        options: What the search may spend.
        own: A partition that is known already.
        lifted: True if `own` was made with a `min_train_share` that `targets` have not.
    """
    parts = independent_parts(families)
    many = all(len(part.names) >= RELAXED_FROM for part in parts)
    rivals = [own] if own and many else []
    for name, strategy in (("psp", psp), ("ifpo", ifpo)):
        if own and own.strategy == name and not lifted:
            rivals.append(own)
        elif name == "psp" or not many:
            rivals.append(strategy.solve(families, targets, options))
    known = [rival.assignment for rival in rivals if keeps_train_share(rival, targets)]
    known = known or [dict.fromkeys(families.names, 0)]
    assignment: dict[str, int] = {}
    bound, proved = Fraction(0), True
    for part in parts:
        answer = best_of(part, targets, known, options)
        assignment |= answer.assignment
        bound += answer.bound / len(families.classes)
        proved = proved and answer.proved
    partition = scored("exact", families, targets, assignment)
    certificate = Certificate(partition.loss, min(bound, partition.loss), proved=proved, lifted=False)
    return replace(partition, certificate=certificate)


def independent_parts(families: Families) -> list[Families]:
    """Return the problem in independent parts: families and the classes that they link."""
    parts: list[set[int]] = []
    for row in families.weights:
        linked = {c for c, weight in enumerate(row) if weight}
        linked = linked.union(*(part for part in parts if part & linked))
        parts = [part for part in parts if not part & linked] + [linked]
    return [Families.of({families.classes[c]: families.members(families.classes[c]) for c in part}) for part in parts]

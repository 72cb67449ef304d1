"""Deliberate leaks (§2.6): patches of one family in train and valid; the test subset is not changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neurograde.maths.seeding import generator
from neurograde.maths.subsets import LEAKING


def correlate(rows: Sequence[Mapping[str, str]], subsets: Sequence[str], mode: str, level: str, seed: int) -> list[str]:
    """Return the subset of each patch after the experiment `mode`: `exchange` (1) or `shuffle` (2).

    At the level `sample` no patch moves: `augment` deals the samples once they are planned.

    Args:
        rows: Class and family of each patch.
        subsets: Subset of each patch.
        mode: The experiment.
        level: `patch` or `sample`.
        seed: Seed of the deal.
    """
    if level == "sample":
        return list(subsets)
    classes = [row["class"] for row in rows]
    rng = generator(seed, "correlate", mode)
    if mode == "shuffle":
        return shuffle(subsets, classes, rng)
    return exchange(subsets, classes, [row["family"] for row in rows], rng)


def shuffle(subsets: Sequence[str], classes: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Deal the members of train and valid anew at random (experiment 2), class by class, with the counts kept.

    Args:
        subsets: Subset of each patch (or sample).
        classes: Class of each.
        rng: Generator of the deal.

    Returns:
        The new subset of each, in the same order.
    """
    dealt = list(subsets)
    for label in sorted(set(classes)):
        indices = [i for i, subset in enumerate(subsets) if subset in LEAKING and classes[i] == label]
        for index, source in zip(indices, rng.permutation(len(indices)), strict=True):
            dealt[index] = subsets[indices[source]]
    return dealt


def exchange(
    subsets: Sequence[str], classes: Sequence[str], families: Sequence[str], rng: np.random.Generator
) -> list[str]:
    """Exchange one patch of each family between train and valid (experiment 1), with the counts kept.

    If a class has more families on one side, only as many as on the other take part, drawn at random. A family with
    patches of two classes gives one of each.

    Returns:
        The new subset of each patch, in the same order.
    """
    exchanged = list(subsets)
    members: dict[tuple[str, str, str], list[int]] = {}
    for index, key in enumerate(zip(classes, subsets, families, strict=True)):
        members.setdefault(key, []).append(index)
    for label in sorted(set(classes)):
        chosen = {
            side: [int(rng.choice(members[key])) for key in sorted(members) if key[:2] == (label, side)]
            for side in LEAKING
        }
        count = min(len(indices) for indices in chosen.values())
        for side, other in (LEAKING, LEAKING[::-1]):
            for index in rng.permutation(chosen[side])[:count]:
                exchanged[int(index)] = other
    return exchanged

"""Leaks on purpose (§2.6): patches of one family in train and valid; the test subset stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neurograde.maths.seeding import generator
from neurograde.maths.subsets import LEAKING


def correlate(rows: Sequence[Mapping[str, str]], subsets: Sequence[str], mode: str, level: str, seed: int) -> list[str]:
    """The subset of each patch after the experiment `mode`: `exchange` (1) or `shuffle` (2).

    At the level `sample` patches stay where they are: their samples are dealt once they are made.

    Args:
        rows: class and family of each patch.
        subsets: subset of each patch.
        mode: the experiment.
        level: `patch` or `sample`.
        seed: seed of the deal.
    """
    if level == "sample":
        return list(subsets)
    classes = [row["class"] for row in rows]
    rng = generator(seed, "correlate", mode)
    if mode == "shuffle":
        return shuffle(subsets, classes, rng)
    return exchange(subsets, classes, [row["family"] for row in rows], rng)


def shuffle(subsets: Sequence[str], classes: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Experiment 2: deal the members of train and valid anew at random, class by class, with the counts kept.

    Args:
        subsets: subset of each patch (or sample).
        classes: class of each.
        rng: source of the deal.

    Returns:
        The new subset of each, in the same order.
    """
    dealt = list(subsets)
    for label in sorted(set(classes)):
        places = [i for i, subset in enumerate(subsets) if subset in LEAKING and classes[i] == label]
        for place, source in zip(places, rng.permutation(len(places)), strict=True):
            dealt[place] = subsets[places[source]]
    return dealt


def exchange(
    subsets: Sequence[str], classes: Sequence[str], families: Sequence[str], rng: np.random.Generator
) -> list[str]:
    """Experiment 1: one patch of each family changes places between train and valid, with the counts kept.

    Where a class has more families on one side, as many as the smaller side has take part, drawn at random; a
    family with patches of two classes gives one of each.

    Returns:
        The new subset of each patch, in the same order.
    """
    exchanged = list(subsets)
    members: dict[tuple[str, str, str], list[int]] = {}
    for place, key in enumerate(zip(classes, subsets, families, strict=True)):
        members.setdefault(key, []).append(place)
    for label in sorted(set(classes)):
        chosen = {
            side: [int(rng.choice(members[key])) for key in sorted(members) if key[:2] == (label, side)]
            for side in LEAKING
        }
        count = min(len(places) for places in chosen.values())
        for side, other in (LEAKING, LEAKING[::-1]):
            for place in rng.permutation(chosen[side])[:count]:
                exchanged[int(place)] = other
    return exchanged

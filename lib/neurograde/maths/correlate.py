"""Leaks on purpose (§2.6): patches of one family in train and valid; the test subset stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LEAKING = ("train", "valid")


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
    family's patches of two classes count as two.

    Returns:
        The new subset of each patch, in the same order.
    """
    exchanged = list(subsets)
    for label in sorted(set(classes)):
        chosen = {
            side: [
                int(rng.choice([i for i in range(len(subsets)) if (subsets[i], classes[i], families[i]) == key]))
                for key in sorted({k for k in zip(subsets, classes, families, strict=True) if k[:2] == (side, label)})
            ]
            for side in LEAKING
        }
        count = min(len(places) for places in chosen.values())
        for side, other in (LEAKING, LEAKING[::-1]):
            for place in rng.permutation(chosen[side])[:count]:
                exchanged[int(place)] = other
    return exchanged

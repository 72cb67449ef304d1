"""Class against family in features, before anybody trains.

The index is PathoROB's (Koemen et al. 2025, arXiv 2507.17845): among the k nearest neighbours of all items, by cosine,
SO of the same class and another family and OS of another class and the same family, SO / (SO + OS). 1 is class alone,
0 is family alone. Where each family has one class, OS is 0 by design and the index is left out; the share of neighbours
with the item's class, with and without its own family, then shows what the family adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurograde.maths.bootstrap import Interval, bootstrap_over_families
from neurograde.maths.seeding import generator

NEIGHBOURS = 10
"""k: the nearest neighbours of an item that count, unless families are smaller."""
BLOCK = 1000
"""Items whose similarities are in memory at once."""
Ints = NDArray[np.intp]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Robustness:
    """Class against family, with 95 % intervals over families; the neighbours of an item stay what they are."""

    items: int
    """Number of items."""
    families: int
    """Number of families."""
    mixed_families: int
    """Families with items of several classes: only these can pull against a class."""
    neighbours: int
    """Nearest neighbours of an item that count."""
    index: Interval | None
    """SO / (SO + OS); None where no family has two classes."""
    own: Interval
    """Share of the nearest neighbours that have the item's class."""
    others: Interval
    """The same, with neighbours of other families alone."""
    added: Interval
    """`own` less `others`, paired: what the family adds."""
    chance: float
    """Share of the items of other families that have the item's class, averaged over items."""


def robustness(
    features: Floats,
    classes: Sequence[str],
    families: Sequence[str],
    neighbours: int | None = None,
    resamples: int = 1000,
) -> Robustness:
    """Return how class and family share the nearest neighbours.

    >>> same = robustness(np.eye(4)[[0, 0, 1, 1]] + 0.01, ["a", "a", "b", "b"], ["1", "2", "3", "4"], neighbours=1)
    >>> same.others.value, round(same.chance, 2), same.index
    (1.0, 0.33, None)

    Args:
        features: Features, (item, feature).
        classes: Class of each item.
        families: Family of each item, or another confounder: slide, scanner, site.
        neighbours: Neighbours of an item that count. By default 10, or the median size of a family less one if that is
            less: what lies beyond an item's own family is of another one in any case.
        resamples: Resamples of families for the intervals.

    Raises:
        ValueError: A feature is not finite, or fewer than two families or classes are left.
    """
    if not np.isfinite(features).all():
        raise ValueError("a feature is not finite")
    label, family = (np.unique(np.asarray(names, dtype=str), return_inverse=True)[1] for names in (classes, families))
    if len(set(label.tolist())) < 2 or len(set(family.tolist())) < 2:
        raise ValueError("at least two classes and two families are needed")
    k = neighbours or max(1, min(NEIGHBOURS, int(np.median(np.bincount(family))) - 1))
    nearest, nearest_others = _nearest(features, family, min(k, len(features) - 1))
    same_class, same_family = label[nearest] == label[:, None], family[nearest] == family[:, None]
    so, os = (same_class & ~same_family).sum(axis=1), (~same_class & same_family).sum(axis=1)
    own = same_class.mean(axis=1)
    is_there = nearest_others >= 0
    agrees = (label[nearest_others] == label[:, None]) & is_there
    others = agrees.sum(axis=1) / np.maximum(is_there.sum(axis=1), 1)

    def shares(rows: Ints) -> dict[str, float | None]:
        pulled = int(so[rows].sum() + os[rows].sum())
        return {
            "index": float(so[rows].sum() / pulled) if pulled else None,
            "own": float(own[rows].mean()),
            "others": float(others[rows].mean()),
            "added": float((own - others)[rows].mean()),
        }

    names = [str(number) for number in family]
    intervals = bootstrap_over_families(shares, names, generator(0, "robustness"), resamples)
    mixed = sum(len(set(label[family == number].tolist())) > 1 for number in range(family.max() + 1))
    return Robustness(
        items=len(features),
        families=int(family.max()) + 1,
        mixed_families=mixed,
        neighbours=nearest.shape[1],
        index=intervals["index"] if mixed else None,
        own=intervals["own"],
        others=intervals["others"],
        added=intervals["added"],
        chance=_chance(label, family),
    )


def _nearest(features: Floats, family: Ints, neighbours: int) -> tuple[Ints, Ints]:
    """Return the nearest neighbours of each item, (item, neighbour): of all items, and of other families (-1: none)."""
    length = np.linalg.norm(features, axis=1, keepdims=True)
    unit = features / np.where(length > 0, length, 1.0)
    everywhere, elsewhere = (np.empty((len(unit), neighbours), np.intp) for _ in range(2))
    for start in range(0, len(unit), BLOCK):
        rows = slice(start, start + BLOCK)
        likeness = unit[rows] @ unit.T  # (item of the block, item)
        likeness[np.arange(len(likeness)), np.arange(start, start + len(likeness))] = -np.inf
        everywhere[rows] = np.argsort(-likeness, axis=1, kind="stable")[:, :neighbours]
        likeness[family[rows][:, None] == family] = -np.inf
        order = np.argsort(-likeness, axis=1, kind="stable")[:, :neighbours]
        elsewhere[rows] = np.where(np.isfinite(np.take_along_axis(likeness, order, axis=1)), order, -1)
    return everywhere, elsewhere


def _chance(label: Ints, family: Ints) -> float:
    """Return the mean over items of the share of items of other families that have the item's class."""
    of_class = np.bincount(label)
    of_family = np.bincount(family)
    pairs = np.zeros((len(of_family), len(of_class)))
    np.add.at(pairs, (family, label), 1)
    return float(((of_class[label] - pairs[family, label]) / (len(label) - of_family[family])).mean())

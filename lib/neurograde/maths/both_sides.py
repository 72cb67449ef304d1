"""Items on two sides of a split: the same item, images of one slide, slides of one patient; three levels kept apart.

Subsets of one fold are compared with each other, two at a time: over the folds of a cross-validation every item comes
again by design. Names are compared by their `identity`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from neurograde.maths.identity import identity, spellings
from neurograde.maths.subsets import SUBSETS

LEVELS = ("item", "slide", "patient")
NAMED = 50
"""Names that a list gives, the first in code-point order; all are counted."""


@dataclass(frozen=True)
class Item:
    """One line of a split: a name in a subset, and its attributes."""

    name: str
    subset: str
    """train, valid or test; in cross-validation without more, the number of the fold."""
    patient: str | None = None
    slide: str | None = None
    label: str | None = None
    path: str | None = None
    """The image file, if there is one."""
    row: int = 0
    """Line of the file, or position in its list; 0 where it has none."""

    def at(self, level: str) -> str | None:
        """Return the identity of the item at a level, or None if unknown there."""
        name = self.name if level == "item" else getattr(self, level)
        return None if name is None else identity(name)


def sides(items: Sequence[Item]) -> dict[str, Any]:
    """Return the names on both sides at each level, and how many items of test that touches.

    Returns:
        `levels`: for each level the distinct `names`, `unknown` items without one, names listed `twice` in one subset,
        and for each pair of subsets the `count` of names in both, some of them as `first`; `test_items_touched`: items
        of the later subset, in the order train, valid, test, with anything in common with an earlier one.
    """
    subsets = in_order({item.subset for item in items})
    levels = {level: _level(items, subsets, level) for level in LEVELS}
    last = subsets[-1] if subsets else ""
    touched = 0
    earlier = {level: {item.at(level) for item in items if item.subset != last} - {None} for level in LEVELS}
    for item in items:
        if item.subset == last and len(subsets) > 1:
            touched += any(item.at(level) in earlier[level] for level in LEVELS)
    return {
        "subsets": {subset: sum(item.subset == subset for item in items) for subset in subsets},
        "levels": levels,
        "last": last,
        "last_items_touched": touched,
    }


def in_order(subsets: Iterable[str]) -> list[str]:
    """Return subsets as train, valid, test, then others by name."""
    return sorted(subsets, key=lambda name: (SUBSETS.index(name) if name in SUBSETS else len(SUBSETS), name))


def two_labels(items: Sequence[Item]) -> list[dict[str, Any]]:
    """Return the items that are listed under more than one label, with their labels."""
    labels: dict[str, dict[str, str]] = {}
    for item in items:
        if item.label is not None:
            labels.setdefault(identity(item.name), {}).setdefault(identity(item.label), item.label)
    return [
        {"name": name, "labels": sorted(by_identity.values())}
        for name, by_identity in sorted(labels.items())
        if len(by_identity) > 1
    ]


def unlike_spellings(items: Sequence[Item]) -> dict[str, list[str]]:
    """Return the spellings of each patient, slide or item that is spelt in several ways."""
    several: dict[str, list[str]] = {}
    for level in LEVELS:
        names = [item.name if level == "item" else getattr(item, level) for item in items]
        several |= spellings(name for name in names if name is not None)
    return several


def _level(items: Sequence[Item], subsets: Sequence[str], level: str) -> dict[str, Any]:
    """Return the counts of one level."""
    keys = [item.at(level) for item in items]
    by_subset = {
        subset: Counter(key for item, key in zip(items, keys, strict=True) if item.subset == subset and key is not None)
        for subset in subsets
    }
    written: dict[str, str] = {}
    for item, key in zip(items, keys, strict=True):
        if key is not None:
            written.setdefault(key, item.name if level == "item" else getattr(item, level))
    pairs = {}
    for one, other in combinations(subsets, 2):
        both = sorted(by_subset[one].keys() & by_subset[other].keys())
        pairs[f"{one} and {other}"] = {"count": len(both), "first": [written[key] for key in both[:NAMED]]}
    return {
        "names": len({key for key in keys if key is not None}),
        "unknown": sum(key is None for key in keys),
        "twice": {subset: sum(n > 1 for n in counts.values()) for subset, counts in by_subset.items()},
        "pairs": pairs,
    }

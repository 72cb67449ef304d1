"""The audit of a split: each fold's items into counts, sizes, D and width, as audit.json keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurograde.audit.known import Known
from neurograde.audit.lists import Fold
from neurograde.maths.accuracy_width import ENOUGH_FAMILIES, half_width
from neurograde.maths.both_sides import LEVELS, Item, sides, two_labels, unlike_spellings
from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.maths.identity import identity
from neurograde.maths.split_loss import split_loss
from neurograde.maths.subsets import SUBSETS
from neurograde.specs.results.audit import AuditResult

UNLABELLED = "(no label)"


def audit(
    known: Known,
    digests: Mapping[str, str],
    accuracy: float,
    pixels: Sequence[Mapping[str, Any]] = (),
    robustness: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return audit.json.

    Args:
        known: the folds with all that is known of their items.
        digests: sha256 of each list that was read.
        accuracy: true accuracy that the width assumes.
        pixels: what was found in the images of each fold; empty where no images were looked at.
        robustness: class against family in the features of the items; None where there are none.
    """
    folds = [fold_audit(fold, accuracy) for fold in known.folds]
    for fold, twins in zip(folds, pixels, strict=False):
        fold["pixels"] = dict(twins)
        fold["both_sides"] = fold["both_sides"] or bool(twins["equal"]["count"] or twins["alike"]["count"])
    content = {
        "sources": dict(sorted(digests.items())),
        "patient_told_by": known.told,
        "both_sides": any(fold["both_sides"] for fold in folds),
        "folds": folds,
    }
    if robustness is not None:
        content["robustness"] = dict(robustness)
    content = AuditResult.of(content).as_json()
    return content | {"digest": sha256_hex(canonical_json(content))}


def fold_audit(fold: Fold, accuracy: float) -> dict[str, Any]:
    """Return what there is to know of one fold."""
    both = sides(fold.items)
    return {
        "name": fold.name,
        "items": len(fold.items),
        **both,
        "both_sides": any(pair["count"] for level in LEVELS for pair in both["levels"][level]["pairs"].values()),
        "two_labels": two_labels(fold.items),
        "spellings": unlike_spellings(fold.items),
        "family_is": family_level(fold.items),
        "classes": classes(fold.items),
        "width": width(fold.items, both["last"], accuracy),
        "loss": loss(fold.items),
    }


def family_level(items: Sequence[Item]) -> str:
    """Return the highest level that is known of every item: patient, slide or item."""
    return next(level for level in reversed(LEVELS) if all(item.at(level) is not None for item in items))


def family_of(item: Item, level: str) -> str:
    """Return the item's family at a level that is known of it."""
    family = item.at(level)
    assert family is not None, "the level was chosen for being known"
    return family


def classes(items: Sequence[Item]) -> dict[str, dict[str, dict[str, int]]]:
    """Return by class and subset the number of items and of families."""
    level = family_level(items)
    first: dict[str, str] = {}
    held: dict[str, dict[str, list[str]]] = {}
    for item in items:
        label = item.label if item.label is not None else UNLABELLED
        label = first.setdefault(identity(label), label)
        held.setdefault(label, {}).setdefault(item.subset, []).append(family_of(item, level))
    return {
        label: {subset: {"items": len(of), "families": len(set(of))} for subset, of in sorted(subsets.items())}
        for label, subsets in sorted(held.items())
    }


def width(items: Sequence[Item], last: str, accuracy: float) -> dict[str, Any]:
    """Return how much the last subset can decide: its families and the expected half width of an accuracy."""
    level = family_level(items)
    families = {family_of(item, level) for item in items if item.subset == last}
    of_class: dict[str, set[str]] = {}
    for item in items:
        if item.label is not None:
            of_class.setdefault(item.label, set()).add(family_of(item, level))
    few = {label: len(names) for label, names in sorted(of_class.items()) if len(names) < ENOUGH_FAMILIES}
    return {
        "subset": last,
        "families": len(families),
        "assumed_accuracy": accuracy,
        "half_width": half_width(len(families), accuracy),
        "classes_of_few_families": few,
    }


def loss(items: Sequence[Item]) -> dict[str, Any]:
    """Return D of the split beside the best possible, or the reason why there is none."""
    level = family_level(items)
    weights: dict[str, dict[str, list[int]]] = {}
    for item in items:
        if item.subset not in SUBSETS:
            return {"reason": f"the subset {item.subset!r} is none of train, valid and test"}
        of_class = weights.setdefault(identity(item.label or UNLABELLED), {})
        of_class.setdefault(family_of(item, level), [0, 0, 0])[SUBSETS.index(item.subset)] += 1
    try:
        result = split_loss(weights)
    except ValueError as error:
        return {"reason": str(error)}
    return {
        "d": float(result.loss),
        "best": float(result.best),
        "bound": float(result.bound),
        "gap": float(result.gap),
        "proved": result.proved,
    }

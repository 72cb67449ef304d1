"""A split that the user gives: names to subsets, patch by patch, and how it comes out where it divides families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from neurograde.maths.identity import identity
from neurograde.maths.independence import proof_of
from neurograde.maths.partition.loss import loss, scored
from neurograde.maths.partition.problem import ClassScore, Families, Partition, Targets
from neurograde.maths.subsets import SUBSETS

Row = Mapping[str, str]
LEVELS = ("patch", "image", "family")
NAMED = 5
"""Names that an error lists."""


def subsets_of_names(rows: Sequence[Row], named: Sequence[tuple[str, str]]) -> tuple[list[str], str, int]:
    """Return the subset of each patch, the level that the names are of, and how many names have no patch.

    Names are compared by their identity, first as paths, then by file name, with or without suffix. They are
    of patches, images or families: of the level where most of them fit.

    Args:
        rows: index.csv: patch, image and family of each patch.
        named: name and subset, as the list gives them.

    Raises:
        ValueError: a subset is none of the three, a name is in two subsets, a patch has no subset, or nothing fits.
    """
    subset_of = _subset_by_name(named)
    fitting = {level: _forms(rows, level, subset_of) for level in LEVELS}
    level = max(LEVELS, key=lambda level: len(set(fitting[level].values())))
    forms = fitting[level]
    if not forms:
        raise ValueError(f"none of the {len(subset_of):,} names is a patch, image or family; first {named[0][0]!r}")
    lacking = sorted({row[level] for row in rows} - forms.keys())
    if lacking:
        shown = ", ".join(map(repr, lacking[:NAMED]))
        raise ValueError(
            f"{len(lacking):,} of {len({row[level] for row in rows}):,} {level} names have no subset: {shown}"
            f"{', ...' if len(lacking) > NAMED else ''}; accepted: a list with every {level}"
        )
    subsets = [subset_of[forms[row[level]]] for row in rows]
    return subsets, level, len(subset_of) - len(set(forms.values()))


def measured(rows: Sequence[Row], subsets: Sequence[str], families: Families, targets: Targets) -> Partition:
    """Return the split as a partition: a divided family counts in each subset by the share of its weight there.

    Its assignment has each family where most of its weight is. Without a divided family this is D of eq. 2.3.
    """
    held = _weights(rows, subsets, families)
    assignment = {
        name: max(range(3), key=lambda subset: (sum(row[subset] for row in of_class.values()), -subset))
        for name, of_class in held.items()
    }
    whole = scored("given", families, targets, assignment)
    scores = {label: _score(held, label, targets) for label in families.classes}
    return replace(whole, scores=scores, loss=sum((s.loss for s in scores.values()), Fraction(0)) / len(scores))


def leaks(rows: Sequence[Row], subsets: Sequence[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the proof of a given split, with its reasons if it leaks, and the marks that it deserves.

    `leaking` where any two subsets share families or pixels, `leaking-test` as well where test is one of them.
    """
    proof = proof_of(rows, subsets)
    lines, marks = [], set()
    for shared in proof["shared"]:
        one, other = shared["subsets"]
        parts = []
        if shared["families"]:
            first = ", ".join(map(repr, shared["families"][:NAMED]))
            parts.append(f"{len(shared['families'])} families, first {first}")
        if shared["identical_patches"]:
            parts.append(f"{shared['identical_patches']} patches that are the same to the pixel")
        if parts:
            lines.append(f"{one} and {other} share {' and '.join(parts)}")
            marks |= {"leaking", "leaking-test"} if other == "test" else {"leaking"}
    return (proof | {"leaking": True, "reasons": lines} if lines else proof), tuple(sorted(marks))


def _subset_by_name(named: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the subset of each name's identity."""
    subset_of: dict[str, str] = {}
    for name, subset in named:
        if subset not in SUBSETS:
            raise ValueError(f"{name!r} is in {subset!r}; accepted: {', '.join(SUBSETS)}")
        before = subset_of.setdefault(identity(name), subset)
        if before != subset:
            raise ValueError(f"{name!r} is in {before} and in {subset}: a patch has one subset")
    return subset_of


def _forms(rows: Sequence[Row], level: str, subset_of: Mapping[str, str]) -> dict[str, str]:
    """Return for each patch, image or family the listed name that it goes by, if any."""
    by_end: dict[str, set[str]] = {}
    for name in subset_of:
        for end in _ends(name):
            by_end.setdefault(end, set()).add(name)
    forms = {}
    for value in dict.fromkeys(row[level] for row in rows):
        key = identity(value)
        tries = [key] if level == "family" else [key, *_ends(key)]
        listed = next((by_end[end] for end in tries if end in by_end), set())
        if len({subset_of[name] for name in listed}) > 1:
            one, other = sorted(listed)[:2]
            raise ValueError(f"{value!r} may be {one!r} of {subset_of[one]} or {other!r} of {subset_of[other]}")
        if listed:
            forms[value] = min(listed)
    return forms


def _ends(name: str) -> list[str]:
    """Return a path, and its file name, with and without suffix: the longest first."""
    last = name.rsplit("/", 1)[-1]
    stem = last.rsplit(".", 1)[0] or last
    return list(dict.fromkeys([name, name.rsplit(".", 1)[0] or name, last, stem]))


def _weights(rows: Sequence[Row], subsets: Sequence[str], families: Families) -> dict[str, dict[str, list[int]]]:
    """Return the weight of each family in each class and subset."""
    patches: dict[str, dict[str, list[int]]] = {}
    for row, subset in zip(rows, subsets, strict=True):
        of_class = patches.setdefault(row["family"], {}).setdefault(row["class"], [0, 0, 0])
        of_class[SUBSETS.index(subset)] += 1
    unit = {label: families.members(label) for label in families.classes}
    return {
        name: {
            label: [count * unit[label][name] // sum(counts) for count in counts] for label, counts in of_class.items()
        }
        for name, of_class in patches.items()
    }


def _score(held: Mapping[str, Mapping[str, Sequence[int]]], label: str, targets: Targets) -> ClassScore:
    """Return what one class has in each subset, and its D."""
    of_class = [of[label] for of in held.values() if label in of]
    w1, w2, w3 = (sum(row[subset] for row in of_class) for subset in range(3))
    total = w1 + w2 + w3
    proportions = (Fraction(w1, total), Fraction(w2, total), Fraction(w3, total))
    d1, d2, d3 = (
        sum((Fraction(row[subset], sum(row)) for row in of_class), Fraction(0)) / len(of_class) for subset in range(3)
    )
    n1, n2, n3 = (sum(row[subset] > 0 for row in of_class) for subset in range(3))
    return ClassScore(
        loss=sum(loss(targets, proportions, (d1, d2, d3)), Fraction(0)),
        weights=(w1, w2, w3),
        proportions=proportions,
        families=(n1, n2, n3),
        diversity=(d1, d2, d3),
    )

"""The proof that a test set is independent: no family and no pixel content on both sides of a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from neurograde.maths.subsets import LEAKING, SUBSETS


def independence(rows: Sequence[Mapping[str, str]], subsets: Sequence[str], *, leaking: bool = False) -> dict[str, Any]:
    """independence.json: for each subset its families and the digests of its pixels, and what each two share.

    Args:
        rows: index.csv: patch, family and pixel_sha256 of each patch.
        subsets: subset of each patch.
        leaking: train and valid share families on purpose; test is still held to share nothing.

    Raises:
        ValueError: two subsets share a family, or a patch that is the same to the pixel in two families; names both.
    """
    families = {subset: _values(rows, subsets, subset, "family") for subset in SUBSETS}
    pixels = {subset: _values(rows, subsets, subset, "pixel_sha256") for subset in SUBSETS}
    shared = []
    for one, other in combinations(SUBSETS, 2):
        both = sorted(families[one] & families[other])
        same = sorted(pixels[one] & pixels[other])
        if not (leaking and {one, other} == set(LEAKING)):
            if both:
                raise ValueError(f"the family {both[0]!r} is in {one} and in {other}")
            if same:
                twins = [row["patch"] for row in rows if row["pixel_sha256"] == same[0]]
                raise ValueError(
                    f"{len(same)} patches are the same to the pixel in {one} and in {other}: first {twins[0]!r} and "
                    f"{twins[-1]!r}; their families are one case, or one image was given twice"
                )
        shared.append({"subsets": [one, other], "families": both, "identical_patches": len(same)})
    return {
        "format": 1,
        "leaking": leaking,
        "shared": shared,
        "subsets": {
            subset: {"families": sorted(families[subset]), "pixel_sha256": sorted(pixels[subset])} for subset in SUBSETS
        },
    }


def _values(rows: Sequence[Mapping[str, str]], subsets: Sequence[str], subset: str, column: str) -> set[str]:
    return {row[column] for row, now in zip(rows, subsets, strict=True) if now == subset}

"""The proof that a test set is independent: no family and no pixel content on both sides of a split.

Equal pixels in two families are refused in any subset: cases that share an image are one case, whose other patches may
be in any subset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from neurograde.maths.subsets import LEAKING, SUBSETS

NAMED = 5
"""Identical patches that the error names."""


def independence(rows: Sequence[Mapping[str, str]], subsets: Sequence[str], *, leaking: bool = False) -> dict[str, Any]:
    """Return independence.json: the families and pixel digests of each subset, and what each pair of subsets shares.

    Args:
        rows: The rows of index.csv: patch, family and pixel_sha256 of each patch.
        subsets: Subset of each patch.
        leaking: True if train and valid share families on purpose; test may still share nothing.

    Raises:
        ValueError: Two subsets share a family, or two families have a patch with equal pixels.
    """
    _no_pixels_in_two_families(rows)
    proof = proof_of(rows, subsets, leaking=leaking)
    for shared in proof["shared"]:
        one, other = shared["subsets"]
        if shared["families"] and not (leaking and {one, other} == set(LEAKING)):
            raise ValueError(f"the family {shared['families'][0]!r} is in {one} and in {other}")
    return proof


def proof_of(rows: Sequence[Mapping[str, str]], subsets: Sequence[str], *, leaking: bool = False) -> dict[str, Any]:
    """Return independence.json whatever it shows: nothing is refused."""
    families = {subset: _values(rows, subsets, subset, "family") for subset in SUBSETS}
    pixels = {subset: _values(rows, subsets, subset, "pixel_sha256") for subset in SUBSETS}
    shared = [
        {
            "subsets": [one, other],
            "families": sorted(families[one] & families[other]),
            "identical_patches": len(pixels[one] & pixels[other]),
        }
        for one, other in combinations(SUBSETS, 2)
    ]
    return {
        "format": 1,
        "leaking": leaking,
        "shared": shared,
        "subsets": {
            subset: {"families": sorted(families[subset]), "pixel_sha256": sorted(pixels[subset])} for subset in SUBSETS
        },
    }


def _no_pixels_in_two_families(rows: Sequence[Mapping[str, str]]) -> None:
    alike: dict[str, dict[str, str]] = {}  # by digest, the first patch of each family
    for row in rows:
        alike.setdefault(row["pixel_sha256"], {}).setdefault(row["family"], row["patch"])
    repeated = [patches for patches in alike.values() if len(patches) > 1]
    if repeated:
        named = "; ".join(
            " and ".join(f"{patch!r} of {family!r}" for family, patch in patches.items())
            for patches in repeated[:NAMED]
        )
        raise ValueError(
            f"patches are the same to the pixel in several families, {len(repeated)} times: {named}"
            f"{'; ...' if len(repeated) > NAMED else ''}; the families are one case, or an image occurs twice (if the "
            "patches are bare glass, cut with a higher min_tissue_share)"
        )


def _values(rows: Sequence[Mapping[str, str]], subsets: Sequence[str], subset: str, column: str) -> set[str]:
    return {row[column] for row, now in zip(rows, subsets, strict=True) if now == subset}

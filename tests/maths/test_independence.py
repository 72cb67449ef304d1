"""The proof of independence."""

from __future__ import annotations

import pytest

from neurograde.maths.independence import independence


def row(patch: str, family: str, pixels: str) -> dict[str, str]:
    return {"patch": patch, "family": family, "pixel_sha256": pixels}


ROWS = [row("a1", "a", "0"), row("a2", "a", "1"), row("b1", "b", "2"), row("c1", "c", "3")]
SUBSETS = ["train", "train", "valid", "test"]


def test_the_proof_lists_families_and_pixels_and_empty_intersections():
    proof = independence(ROWS, SUBSETS)
    assert proof["subsets"]["train"] == {"families": ["a"], "pixel_sha256": ["0", "1"]}
    assert all(each["families"] == [] and each["identical_patches"] == 0 for each in proof["shared"])
    assert len(proof["shared"]) == 3


def test_a_family_on_both_sides_is_named():
    with pytest.raises(ValueError, match="the family 'a' is in train and in test"):
        independence(ROWS, ["train", "test", "valid", "test"])


@pytest.mark.parametrize("subset", ["train", "valid"])
@pytest.mark.parametrize("leaking", [False, True])
def test_identical_pixels_in_two_families_are_named_wherever_these_are(subset: str, leaking: bool):
    with pytest.raises(ValueError, match="1 times: 'a2' of 'a' and 'twin' of 'd'; the families are one case"):
        independence([*ROWS, row("twin", "d", "1")], [*SUBSETS, subset], leaking=leaking)


def test_of_many_identical_patches_the_first_are_named():
    twins = [row(f"twin {each['patch']}", "d", each["pixel_sha256"]) for each in ROWS] * 2
    more = [row(f"{family}{n}", family, f"more {n}") for n in range(5) for family in "ef"]
    with pytest.raises(ValueError, match=r"9 times: .*'e0' of 'e' and 'f0' of 'f'; \.\.\.;"):
        independence([*ROWS, *twins, *more], [*SUBSETS, *["train"] * 18])


def test_identical_patches_of_one_family_do_no_harm():
    assert independence([*ROWS, row("a3", "a", "1")], [*SUBSETS, "train"])["leaking"] is False


def test_a_leak_on_purpose_is_told_but_never_reaches_test():
    proof = independence(ROWS, ["train", "valid", "valid", "test"], leaking=True)
    assert proof["shared"][0]["families"] == ["a"]
    with pytest.raises(ValueError, match="in train and in test"):
        independence(ROWS, ["train", "test", "valid", "test"], leaking=True)

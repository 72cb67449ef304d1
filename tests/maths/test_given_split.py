"""A split that the user gives: names to patches, and what it is worth."""

from __future__ import annotations

from fractions import Fraction

import pytest

from neurograde.maths.given_split import leaks, measured, subsets_of_names
from neurograde.maths.partition import Families, Targets
from neurograde.maths.partition.loss import scored

ROWS = [
    {"patch": f"D/{family}/{image}_r00_c0{n}.png", "class": "D", "family": family, "image": f"D/{image}.png",
     "pixel_sha256": f"{image}{n}"}
    for family, image in (("F1", "a"), ("F1", "b"), ("F2", "c"), ("F3", "d"))
    for n in range(2)
]  # fmt: skip
IMAGES = [("a", "train"), ("b", "train"), ("c", "valid"), ("d", "test")]
TARGETS = Targets(("1/2", "1/4", "1/4"), min_train_share=None)


@pytest.mark.parametrize(
    ("named", "level"),
    [
        (IMAGES, "image"),
        ([(f"D/{name.upper()}.PNG", subset) for name, subset in IMAGES], "image"),
        ([(f"elsewhere/{name}.tif", subset) for name, subset in IMAGES], "image"),
        ([("f1 ", "train"), ("F02", "valid"), ("F3", "test")], "family"),
        ([(row["patch"], dict(IMAGES)[row["image"][2]]) for row in ROWS], "patch"),
    ],
)
def test_names_stand_for_patches_images_or_families_however_they_are_spelt(named: list[tuple[str, str]], level: str):
    subsets, found, unused = subsets_of_names(ROWS, [*named, ("other", "test")])
    assert subsets == ["train"] * 4 + ["valid"] * 2 + ["test"] * 2
    assert (found, unused) == (level, 1)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (IMAGES[:3], r"1 of 4 image names have no subset: 'D/d.png'"),
        ([*IMAGES, ("A", "test")], "'A' is in train and in test"),
        ([("a", "tuning")], "'a' is in 'tuning'; accepted: train, valid, test"),
        ([("x", "train")], "none of the 1 names"),
        ([("x/a", "train"), ("y/a", "test"), *IMAGES[1:]], "may be 'x/a' of train or 'y/a' of test"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(named: list[tuple[str, str]], words: str):
    with pytest.raises(ValueError, match=words):
        subsets_of_names(ROWS, named)


def test_whole_families_have_the_d_of_any_partition():
    families = Families.of({"D": {"F1": 40, "F2": 20, "F3": 20}})
    subsets, _, _ = subsets_of_names(ROWS, IMAGES)
    assignment = {"F1": 0, "F2": 1, "F3": 2}
    whole = scored("given", families, TARGETS, assignment)
    assert measured(ROWS, subsets, families, TARGETS) == whole
    proof, marks = leaks(ROWS, subsets)
    assert (proof["leaking"], marks) == (False, ())
    assert "reasons" not in proof


def test_a_divided_family_leaks_with_its_name_and_counts_by_its_share():
    families = Families.of({"D": {"F1": 40, "F2": 20, "F3": 20}})
    subsets, _, _ = subsets_of_names(ROWS, [("a", "train"), ("b", "test"), ("c", "valid"), ("d", "test")])
    score = measured(ROWS, subsets, families, TARGETS).scores["D"]
    assert score.weights == (20, 20, 40)
    assert score.families == (1, 1, 2)
    assert score.diversity == (Fraction(1, 6), Fraction(1, 3), Fraction(1, 2))
    proof, marks = leaks(ROWS, subsets)
    assert proof["reasons"] == ["train and test share 1 families, first 'F1'"]
    assert marks == ("leaking", "leaking-test")


def test_equal_pixels_across_families_are_a_leak_of_a_given_split():
    rows = [dict(row) for row in ROWS]
    rows[4]["pixel_sha256"] = rows[0]["pixel_sha256"]
    subsets, _, _ = subsets_of_names(rows, IMAGES)
    proof, marks = leaks(rows, subsets)
    assert proof["reasons"] == ["train and valid share 1 patches that are the same to the pixel"]
    assert marks == ("leaking",)

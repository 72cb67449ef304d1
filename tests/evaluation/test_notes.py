from __future__ import annotations

from neurograde.evaluation.notes import notes
from neurograde.evaluation.units import Unit


def units(*digests: str) -> list[Unit]:
    return [Unit(f"{digest}.png", "identity", "PD", "scan", "case", digest) for digest in digests]


def test_pixels_that_a_test_set_shares_with_others_are_noted_once_a_patch():
    lines = notes([], {"train": units("a", "b", "b"), "valid": units("c"), "test": units("b", "b", "c", "d")})
    assert [line for line in lines if "very pixels" in line] == [
        "1 patch(es) of test have the very pixels of a patch in train",
        "1 patch(es) of test have the very pixels of a patch in valid",
    ]
    lines = notes([], {"train": units("a"), "valid": units("b"), "test": units("c"), "external": units("c", "d")})
    assert "1 patch(es) of external have the very pixels of a patch in test" in lines


def test_independent_subsets_need_no_such_note():
    lines = notes([], {"train": units("a"), "valid": units("b"), "test": units("c")})
    assert not any("very pixels" in line for line in lines)


def test_a_class_of_one_family_is_noted():
    lines = notes([], {"train": units("a"), "valid": units("b"), "test": units("c")})
    assert "test has one family of class PD: intervals cannot show how families of it differ" in lines

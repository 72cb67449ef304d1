"""Leaks on purpose: what is mixed, and what never is."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.maths.correlate import correlate

ROWS = [
    {"class": label, "family": f"{label}{family}", "subset": subset}
    for label in ("PD", "D")
    for family, (subset, patches) in enumerate(
        [("train", 9), ("train", 30), ("valid", 5), ("valid", 4), ("valid", 1), ("test", 6), ("test", 2)]
    )
    for _ in range(patches)
]
BEFORE = [row["subset"] for row in ROWS]


def counts(subsets: list[str]) -> Counter[tuple[str, str]]:
    return Counter((row["class"], subset) for row, subset in zip(ROWS, subsets, strict=True))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.sampled_from(["exchange", "shuffle"]), st.integers(0, 10**9))
def test_counts_stay_and_test_is_untouched(mode: str, seed: int):
    after = correlate(ROWS, BEFORE, mode, "patch", seed)
    assert counts(after) == counts(BEFORE)
    assert [a for a, b in zip(after, BEFORE, strict=True) if b == "test"] == ["test"] * BEFORE.count("test")


@pytest.mark.parametrize("label", ["PD", "D"])
def test_an_exchange_moves_one_patch_of_as_many_families_as_the_smaller_side_has(label: str):
    after = correlate(ROWS, BEFORE, "exchange", "patch", 1)
    moved = Counter(
        (row["subset"], row["family"])
        for row, now in zip(ROWS, after, strict=True)
        if row["class"] == label and now != row["subset"]
    )
    assert set(moved.values()) == {1}
    assert Counter(subset for subset, _ in moved) == {"train": 2, "valid": 2}


def test_a_shuffle_spreads_families_over_both_sides():
    after = correlate(ROWS, BEFORE, "shuffle", "patch", 1)
    sides = {row["family"]: set() for row in ROWS}
    for row, now in zip(ROWS, after, strict=True):
        sides[row["family"]].add(now)
    assert sides["PD1"] == {"train", "valid"}


def test_at_sample_level_patches_stay_and_the_same_seed_gives_the_same_deal():
    assert correlate(ROWS, BEFORE, "shuffle", "sample", 1) == BEFORE
    assert correlate(ROWS, BEFORE, "shuffle", "patch", 1) == correlate(ROWS, BEFORE, "shuffle", "patch", 1)
    assert correlate(ROWS, BEFORE, "shuffle", "patch", 1) != correlate(ROWS, BEFORE, "shuffle", "patch", 2)

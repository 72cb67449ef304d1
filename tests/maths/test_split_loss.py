"""D of a foreign split against the best possible."""

from __future__ import annotations

from fractions import Fraction

import pytest

from neurograde.maths.partition import Families, exact
from neurograde.maths.partition.loss import scored
from neurograde.maths.split_loss import split_loss, targets_of

WEIGHTS = {"A": {"a": [5, 0, 0], "b": [0, 4, 0], "c": [0, 0, 3], "d": [2, 0, 0]}, "B": {
    "e": [3, 0, 0], "f": [0, 1, 0], "g": [0, 0, 2], "h": [0, 2, 0],
}}  # fmt: skip


def test_d_of_whole_families_is_that_of_the_partition():
    families = Families.of({label: {name: sum(row) for name, row in of.items()} for label, of in WEIGHTS.items()})
    assignment = {name: row.index(max(row)) for of in WEIGHTS.values() for name, row in of.items()}
    result, targets = split_loss(WEIGHTS), targets_of(WEIGHTS)
    assert result.loss == scored("", families, targets, assignment).loss
    assert result.best == exact.solve(families, targets).loss
    assert result.proved
    assert 0 < result.gap <= result.loss


def test_a_larger_test_than_valid_gives_the_same_d_as_a_larger_valid():
    swapped = {label: {name: [a, c, b] for name, (a, b, c) in of.items()} for label, of in WEIGHTS.items()}
    assert split_loss(swapped) == split_loss(WEIGHTS)


def test_a_divided_family_counts_in_each_subset_by_its_share():
    divided = {"A": {"a": [1, 1, 1], "b": [1, 1, 1], "c": [1, 1, 1]}}
    assert split_loss(divided).loss == 0
    assert split_loss({"A": {"a": [2, 1, 0], "b": [0, 2, 1], "c": [1, 0, 2]}}).loss == Fraction(0)
    uneven = split_loss({"A": {"a": [2, 1, 1], "b": [1, 0, 0], "c": [0, 1, 0]}})
    assert uneven.loss == Fraction(1, 36)  # shares 1/2, 1/3, 1/6; families 1/2, 5/12, 1/12


def test_an_empty_subset_or_too_few_families_have_no_d():
    with pytest.raises(ValueError, match="nothing in valid"):
        split_loss({"A": {"a": [1, 0, 0], "b": [0, 0, 1]}})
    with pytest.raises(ValueError, match="2 families"):
        split_loss({"A": {"a": [1, 1, 0], "b": [0, 0, 1]}})

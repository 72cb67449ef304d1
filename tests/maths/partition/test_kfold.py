from fractions import Fraction

import pytest
from hypothesis import given, settings

from neurograde.maths.partition import Families, kfold
from tests.maths.partition.drawn import SIXTEEN, families


@settings(deadline=None, derandomize=True, max_examples=100)
@given(families())
def test_every_family_is_tested_once_and_validated_once(problem: Families) -> None:
    folds = kfold.solve(problem, k=3)
    for name in problem.names:
        assert sorted(fold.assignment[name] for fold in folds) == [0, 1, 2]


def test_folds_of_equal_families_are_equal() -> None:
    folds = kfold.solve(Families.of({"D": dict.fromkeys("abcdefghij", 7)}), k=5)
    assert [fold.loss for fold in folds] == [0] * 5
    assert {fold.scores["D"].families for fold in folds} == {(6, 2, 2)}


def test_folds_are_better_balanced_than_by_turns() -> None:
    order = list(SIXTEEN.summed)
    share = Fraction(1, 4)
    total = sum(SIXTEEN.summed.values())
    turns = [sum(SIXTEEN.summed[name] for name in order[fold::4]) for fold in range(4)]
    found = [fold.scores["D"].weights[2] for fold in kfold.solve(SIXTEEN, k=4)]
    assert sum(found) == total
    assert sum(abs(w - share * total) for w in found) < sum(abs(w - share * total) for w in turns)


def test_classes_are_balanced_together_when_families_cross_them() -> None:
    crossing = Families.of({"D": dict.fromkeys("abcdef", 2), "PD": dict.fromkeys("abcdef", 3)})
    assert all(fold.loss == 0 for fold in kfold.solve(crossing, k=3))


def test_a_class_with_fewer_families_than_folds_is_named() -> None:
    with pytest.raises(ValueError, match="class 'D' has 16 families; 17 folds need at least 17"):
        kfold.solve(SIXTEEN, k=17)
    with pytest.raises(ValueError, match="2 folds; 3 or more"):
        kfold.solve(SIXTEEN, k=2)

from neurograde.maths.partition import Families, Targets, psp
from tests.maths.partition.drawn import SIXTEEN


def test_psp_gathers_the_heavy_families_in_train_and_valid_as_in_figure_2_3() -> None:
    first, second, third = psp.solve(SIXTEEN, Targets()).scores["D"].families
    assert (first + second, third) == (5, 11)


def test_the_family_that_exceeds_is_included() -> None:
    found = psp.solve(Families.of({"D": {"a": 60, "b": 20, "c": 14, "d": 2, "e": 4}}), Targets())
    assert found.assignment == {"a": 0, "b": 0, "c": 1, "e": 1, "d": 2}
    assert found.parameters == {}


def test_a_family_of_two_classes_loads_both_before_they_are_filled() -> None:
    found = psp.solve(
        Families.of({"D": {"x": 71, "a": 20, "b": 9}, "PD": {"x": 1, "c": 70, "d": 20, "e": 9}}), Targets()
    )
    assert found.assignment == {"x": 0, "a": 1, "b": 2, "c": 0, "d": 1, "e": 2}

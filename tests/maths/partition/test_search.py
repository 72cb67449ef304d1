import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.maths.partition import STRATEGIES, Families, SearchOptions, Targets, certified, ifp, ifpo
from tests.maths.partition import raster
from tests.maths.partition.drawn import families, targets

GREEDY = ("psp", "ifp", "ifpo")
"""The strategies that answer in a millisecond; what `exact` takes 500 sets for is in test_exact, one solution a set."""


@pytest.mark.parametrize("strategy", GREEDY)
@settings(deadline=None, derandomize=True, max_examples=500)
@given(problem=families(), asked=targets)
def test_every_family_is_in_one_subset_and_no_weight_is_lost(strategy: str, problem: Families, asked: Targets) -> None:
    found = STRATEGIES[strategy](problem, asked, SearchOptions())
    assert list(found.assignment) == sorted(problem.names)
    assert set(found.assignment.values()) <= {0, 1, 2}
    for name, score in found.scores.items():
        assert sum(score.weights) == sum(problem.members(name).values())
        assert sum(score.families) == len(problem.members(name))


@pytest.mark.parametrize("strategy", GREEDY)
@settings(deadline=None, derandomize=True, max_examples=500)
@given(problem=families(), asked=targets, seed=st.integers(0, 99), unit=st.integers(2, 62_500))
def test_neither_the_order_of_the_input_nor_the_unit_of_the_weights_matters(
    strategy: str, problem: Families, asked: Targets, seed: int, unit: int
) -> None:
    same_in_another_order_and_unit(strategy, problem, asked, seed, unit)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(problem=families(), asked=targets, seed=st.integers(0, 99), unit=st.integers(2, 62_500))
def test_nor_do_they_matter_to_the_optimum(problem: Families, asked: Targets, seed: int, unit: int) -> None:
    same_in_another_order_and_unit("exact", problem, asked, seed, unit)


def same_in_another_order_and_unit(strategy: str, problem: Families, asked: Targets, seed: int, unit: int) -> None:
    rows = list(zip(problem.names, problem.weights, strict=True))
    random.Random(seed).shuffle(rows)
    other = Families(
        tuple(name for name, _ in rows),
        problem.classes,
        tuple(tuple(unit * weight for weight in row) for _, row in rows),
    )
    one, two = (STRATEGIES[strategy](each, asked, SearchOptions()) for each in (problem, other))
    assert one.assignment == two.assignment
    assert one.loss == two.loss
    assert one.parameters == two.parameters


@settings(deadline=None, derandomize=True, max_examples=500)
@given(families(), targets)
def test_overfill_never_does_worse_than_none_nor_than_any_point_of_a_raster(problem: Families, asked: Targets) -> None:
    best = ifpo.solve(problem, asked).loss
    assert best <= ifp.solve(problem, asked).loss
    if not problem.crossing:  # with them a raster is followed through every class for each of its fillings
        assert best <= raster.solve(problem, asked, n_mu=40, n_epsilon=20).loss


@settings(deadline=None, derandomize=True, max_examples=20)
@given(families(most=4), targets)
def test_families_that_cross_classes_are_searched_together_with_them(problem: Families, asked: Targets) -> None:
    assert ifpo.solve(problem, asked).loss <= raster.solve(problem, asked, n_mu=8, n_epsilon=5).loss


def test_families_that_cross_classes_have_parameters_of_their_own() -> None:
    mixed = Families.of({"D": {"x": 9, "a": 5, "b": 4, "c": 2}, "PD": {"x": 3, "d": 5, "e": 4, "f": 4}})
    assert set(ifpo.solve(mixed, Targets()).parameters) == {"(crossing)", "D", "PD"}


def test_all_families_in_two_classes_are_partitioned_by_their_summed_weight() -> None:
    names = "abcdefg"
    both = Families.of(
        {"D": dict(zip(names, range(3, 10), strict=True)), "PD": dict(zip(names, range(10, 3, -1), strict=True))}
    )
    for solve in STRATEGIES.values():
        found = certified(solve(both, Targets(), SearchOptions()), both, Targets())
        assert found.certificate is not None
        assert found.loss >= found.certificate.best
        assert found.scores["D"].families == found.scores["PD"].families


def test_a_family_with_most_of_the_weight_goes_to_train_and_costs_what_the_remarks_say() -> None:
    heavy = Families.of({"D": {"a": 80, "b": 8, "c": 7, "d": 5}})
    for solve in STRATEGIES.values():
        found = solve(heavy, Targets(), SearchOptions())
        assert found.assignment["a"] == 0
        assert found.loss >= Fraction(2 * 10, 600)

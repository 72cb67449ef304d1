from fractions import Fraction

import pytest
from hypothesis import given, settings

from neurograde.maths.partition import STRATEGIES, Families, SearchOptions, Targets, certified, exact, relaxation
from neurograde.maths.partition.loss import keeps_train_share, scored
from neurograde.maths.partition.programme import Programme
from neurograde.maths.seeding import generator
from tests.maths.partition.drawn import families, targets


def many(count: int, sigma: float, classes: int, crossing_percent: int = 0) -> Families:
    """Return log-normal families, dealt to the classes in turn; every so many belong to all of them."""
    weights = generator(0, "many", count, classes, crossing_percent).lognormal(14, sigma, count)
    labels = ("D", "PD")[:classes]
    rows: dict[str, dict[str, int]] = {label: {} for label in labels}
    for i, weight in enumerate(weights):
        crosses = i % 100 < crossing_percent
        for label in labels if crosses else (labels[i % classes],):
            rows[label][f"{i:05}"] = int(weight) + i % 2
    return Families.of(rows)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(families(most=7), targets)
def test_the_relaxation_is_a_lower_bound_and_its_rounding_is_a_partition(problem: Families, asked: Targets) -> None:
    programme = Programme(problem, asked)
    everything_in_train = dict.fromkeys(problem.names, 0)
    answer = relaxation.solve(programme, [everything_in_train], SearchOptions())
    found = scored("relaxation", problem, asked, answer.assignment)
    optimum = exact.solve(problem, asked)
    assert set(answer.assignment) == set(problem.names)
    assert keeps_train_share(found, asked)
    assert answer.bound / len(problem.classes) <= optimum.loss <= found.loss


@pytest.mark.parametrize(("sigma", "classes", "crossing"), [(0.0, 1, 0), (0.5, 2, 0), (1.0, 2, 5), (0.0, 2, 5)])
def test_a_thousand_families_come_within_a_thousandth_of_the_bound(sigma: float, classes: int, crossing: int) -> None:
    found = exact.solve(many(1000, sigma, classes, crossing), Targets())
    assert found.gap is not None
    assert found.gap < Fraction(1, 1000)


def test_ten_thousand_families_of_which_some_cross_classes_come_within_a_thousandth_of_the_bound() -> None:
    found = exact.solve(many(10_000, 0.5, 2, 5), Targets())
    assert found.gap is not None
    assert found.gap < Fraction(1, 1000)
    assert found.loss > Fraction(1, 100)  # far from 0, so that the bound says something
    assert keeps_train_share(found, Targets())


def test_many_families_are_partitioned_alike_every_time() -> None:
    problem = many(1000, 1.0, 2, 5)
    assert exact.solve(problem, Targets()) == exact.solve(problem, Targets())


def test_the_certificate_of_many_families_is_never_above_the_partition_that_it_is_for() -> None:
    problem = many(1000, 1.0, 1)
    for name in ("psp", "ifp", "ifpo"):
        found = certified(STRATEGIES[name](problem, Targets(), SearchOptions(turns=1)), problem, Targets())
        assert found.certificate is not None
        assert found.certificate.bound <= found.certificate.best <= found.loss

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given, settings

from neurograde.maths.partition import Families, SearchOptions, Targets, heatmap, ifpo
from neurograde.maths.partition.greedy import fillings
from neurograde.maths.partition.large import n_large
from neurograde.maths.partition.pool import Pool
from neurograde.maths.readings import READINGS
from neurograde.maths.seeding import generator
from tests.maths.partition.drawn import SIX, SIXTEEN, families, targets


def test_with_overfill_figure_2_4b_is_reached_from_a_sixtieth_up() -> None:
    found = ifpo.solve(SIX, Targets())
    assert found.scores["D"].families == (4, 1, 1)
    assert found.loss == Fraction(11, 90)  # 0.1222
    assert found.parameters["D"].epsilon.low == Fraction(1, 60)
    assert found.parameters["D"].reading == "together"


def test_no_larger_overfill_undoes_figure_2_4b_and_no_smaller_one_reaches_it() -> None:
    pieces = heatmap(SIX, Targets(), "D", "together")
    least = (pieces.proportion + pieces.diversity).min(axis=0)
    starts = pieces.epsilon_edges[:-1]
    assert abs(least[starts >= 1 / 60] - 11 / 90).max() < 1e-12
    assert abs(least[starts < 1 / 60] - 29 / 90).max() < 1e-12


def test_the_reading_reserve_alone_has_the_key_point_of_figure_2_5() -> None:
    where = ifpo.solve(SIX, Targets(), SearchOptions(readings=("reserve",))).parameters["D"]
    assert (where.epsilon.low, where.mu.low) == (Fraction(1, 60), Fraction(2, 9))  # the report's (0.017, 0.22)
    for reading in ("each", "together"):
        assert list(heatmap(SIX, Targets(), "D", reading).mu_edges) == [0, 1]


@pytest.mark.parametrize(
    ("epsilon", "mu", "families"),
    [
        ("0", "0", (6, 0, 0)),
        ("0", "1", (6, 0, 0)),
        ("1/61", "1", (6, 0, 0)),
        ("1/60", "0", (5, 1, 0)),
        ("1", "21/100", (5, 1, 0)),
        ("1/60", "2/9", (4, 1, 1)),
        ("1", "1", (4, 1, 1)),
    ],
)
def test_figure_2_5_has_three_areas_under_the_reading_reserve(
    epsilon: str, mu: str, families: tuple[int, int, int]
) -> None:
    pool = Pool.of(SIX.members("D"), Targets())
    at = int(Fraction(epsilon) * pool.total)
    filling = next(fillings(pool, n_large(pool, Fraction(mu), "reserve"), at, at + 1))
    assert tuple(filling.subsets.count(subset) for subset in range(3)) == families


def test_the_middle_area_of_figure_2_5_is_in_the_middle_of_the_scale() -> None:
    pieces = heatmap(SIX, Targets(), "D", "reserve")
    worst, middle, best = (Fraction(29, 90), Fraction(13, 60), Fraction(11, 90))
    total = pieces.proportion + pieces.diversity
    assert sorted({round(float(d), 9) for d in total.flat}) == [round(float(d), 9) for d in (best, middle, worst)]
    assert abs(middle - (worst + best) / 2) < Fraction(1, 100)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(families(), targets)
def test_any_number_of_large_families_is_never_worse_than_a_reading(problem: Families, asked: Targets) -> None:
    widest = ifpo.solve(problem, asked, SearchOptions(readings=("any",))).loss
    for reading in READINGS:
        assert widest <= ifpo.solve(problem, asked, SearchOptions(readings=(reading,))).loss


def test_more_readings_find_better_partitions_of_sets_with_many_equal_families() -> None:
    better = 0
    for index in range(60):
        weights = generator(0, "readings", index).integers(1, 5, 12)
        problem = Families.of({"D": {f"{i:02}": int(weight) for i, weight in enumerate(weights)}})
        widest = ifpo.solve(problem, Targets(), SearchOptions(readings=READINGS))
        better += widest.loss < ifpo.solve(problem, Targets()).loss
    assert better > 5


def test_a_spent_budget_of_turns_leads_to_a_coarser_grid_that_is_marked_and_the_same_every_time() -> None:
    short = ifpo.solve(SIXTEEN, Targets(), SearchOptions(turns=100))
    assert short.coarse
    assert short == ifpo.solve(SIXTEEN, Targets(), SearchOptions(turns=100))
    assert not ifpo.solve(SIXTEEN, Targets()).coarse


@settings(deadline=None, derandomize=True, max_examples=60)
@given(families(), targets)
def test_the_coarser_grid_finds_true_pieces_and_is_never_better_than_all_of_them(
    problem: Families, asked: Targets
) -> None:
    coarse = ifpo.solve(problem, asked, SearchOptions(turns=1))
    assert coarse.loss >= ifpo.solve(problem, asked).loss
    if not problem.crossing:
        for name, where in coarse.parameters.items():
            pool = Pool.of(problem.members(name), asked)
            at = int(where.epsilon.low * pool.total)
            mu = where.mu.low if not where.mu.open_low else where.mu.high
            filling = next(fillings(pool, n_large(pool, mu, where.reading), at, at + 1))
            assert pool.scorer().exact(pool.scorer()(filling.subsets)[1]) == coarse.scores[name].loss


@settings(deadline=None, derandomize=True, max_examples=150)
@given(families(crossing=0), targets)
def test_d_is_least_everywhere_on_the_intervals_that_it_names(problem: Families, asked: Targets) -> None:
    found = ifpo.solve(problem, asked)
    for name, where in found.parameters.items():
        pool = Pool.of(problem.members(name), asked)
        score = pool.scorer()
        ends = [(where.mu.low + where.mu.high) / 2, where.mu.low, where.mu.high]
        points = [where.epsilon.low, where.epsilon.high, (where.epsilon.low + where.epsilon.high) / 2]
        for mu in (mu for mu in ends if mu in where.mu):
            for epsilon in (epsilon for epsilon in points if epsilon in where.epsilon):
                at = int(epsilon * pool.total)
                filling = next(fillings(pool, n_large(pool, mu, where.reading), at, at + 1))
                assert score.exact(score(filling.subsets)[1]) == found.scores[name].loss


def test_the_weights_of_the_two_parts_change_what_is_best() -> None:
    problem = Families.of({"D": {"a": 50, "b": 20, "c": 12, "d": 12, "e": 6}})
    by_share = ifpo.solve(problem, dataclasses.replace(Targets(), diversity_weight=Fraction(0)))
    by_count = ifpo.solve(problem, dataclasses.replace(Targets(), proportion_weight=Fraction(0)))
    assert by_share.scores["D"].proportions == (Fraction(7, 10), Fraction(18, 100), Fraction(12, 100))
    assert sorted(by_count.scores["D"].families) == [1, 2, 2]

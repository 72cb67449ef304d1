import dataclasses
from fractions import Fraction

from hypothesis import given, settings

from neurograde.maths.partition import Families, Targets, heatmap, ifpo
from neurograde.maths.partition.greedy import fillings
from neurograde.maths.partition.large import n_large
from neurograde.maths.partition.pool import Pool
from neurograde.maths.readings import READINGS
from tests.maths.partition.drawn import SIX, families, targets


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


def test_the_key_point_of_figure_2_5_has_the_report_s_epsilon_and_neither_reading_has_its_mu() -> None:
    where = ifpo.solve(SIX, Targets()).parameters["D"]
    assert round(float(where.epsilon.low), 3) == 0.017
    edges = {float(edge) for reading in READINGS for edge in heatmap(SIX, Targets(), "D", reading).mu_edges}
    assert edges == {0.0, 1.0}


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

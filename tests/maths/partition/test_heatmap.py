from fractions import Fraction

import numpy as np
from hypothesis import given, settings

from neurograde.maths.partition import Families, Targets, heatmap, ifpo
from neurograde.maths.partition.greedy import fillings
from neurograde.maths.partition.large import n_large
from neurograde.maths.partition.pool import Pool
from neurograde.maths.readings import DEFAULT_READINGS, READINGS
from tests.maths.partition.drawn import SIXTEEN, families, targets


@settings(deadline=None, derandomize=True, max_examples=60)
@given(families(crossing=0), targets)
def test_in_the_middle_of_each_cell_the_filling_has_the_d_of_the_map(problem: Families, asked: Targets) -> None:
    pool = Pool.of(problem.members("D"), asked)
    score = pool.scorer()
    for reading in READINGS:
        found = heatmap(problem, asked, "D", reading)
        middles = (found.mu_edges[1:] + found.mu_edges[:-1]) / 2
        for m, mu in enumerate(middles):
            for e, edge in enumerate(found.epsilon_edges[:-1:7]):
                at = round(edge * pool.total)
                filling = next(fillings(pool, n_large(pool, Fraction(mu), reading), at, at + 1))
                parts = np.array(score.parts(filling.subsets)[1:], dtype=float) / score.unit
                np.testing.assert_allclose([found.proportion[m, 7 * e], found.diversity[m, 7 * e]], parts)


def test_edges_run_from_0_to_1_and_rise() -> None:
    for reading in READINGS:
        found = heatmap(SIXTEEN, Targets(), "D", reading)
        for edges in (found.epsilon_edges, found.mu_edges):
            assert (edges[0], edges[-1]) == (0, 1)
            assert np.all(np.diff(edges) > 0)
        assert (
            found.proportion.shape == found.diversity.shape == (len(found.mu_edges) - 1, len(found.epsilon_edges) - 1)
        )


def test_the_least_element_of_both_readings_is_what_ifpo_finds() -> None:
    maps = [heatmap(SIXTEEN, Targets(), "D", reading) for reading in DEFAULT_READINGS]
    least = min((each.proportion + each.diversity).min() for each in maps)
    assert abs(least - float(ifpo.solve(SIXTEEN, Targets()).loss)) < 1e-12


def test_a_map_takes_the_families_that_were_placed_before_as_given() -> None:
    mixed = Families.of({"D": {"x": 9, "a": 5, "b": 4, "c": 2}, "PD": {"x": 3, "d": 5, "e": 4, "f": 4}})
    found = ifpo.solve(mixed, Targets())
    placed = {"x": found.assignment["x"]}
    maps = [heatmap(mixed, Targets(), "D", reading, placed) for reading in READINGS]
    assert min((each.proportion + each.diversity).min() for each in maps) <= float(found.scores["D"].loss) + 1e-12

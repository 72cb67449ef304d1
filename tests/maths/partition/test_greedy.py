from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.maths.partition import Families, Targets
from neurograde.maths.partition.greedy import fillings
from neurograde.maths.partition.large import bands, n_large
from neurograde.maths.partition.pool import Pool
from neurograde.maths.readings import READINGS
from tests.maths.partition.drawn import SIX, families, filled, targets

units = st.fractions(0, 1, max_denominator=400)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(families(crossing=0), targets, units, units, st.sampled_from(READINGS))
def test_filling_equals_the_procedure_word_by_word(
    problem: Families, asked: Targets, epsilon: Fraction, mu: Fraction, reading: str
) -> None:
    members = problem.members("D")
    pool = Pool.of(members, asked)
    large = n_large(pool, mu, reading)
    found = [piece for piece in fillings(pool, large) if piece.low <= epsilon * pool.total < piece.high]
    assert [pool.assignment(piece.subsets) for piece in found] == [filled(members, asked, epsilon, mu, reading)]


@settings(deadline=None, derandomize=True, max_examples=100)
@given(families(crossing=0), targets)
def test_at_every_breakpoint_of_epsilon_the_filling_is_the_procedure_s_on_both_sides(
    problem: Families, asked: Targets
) -> None:
    members = problem.members("D")
    pool = Pool.of(members, asked)
    band = bands(pool)[len(bands(pool)) // 2]
    for piece in list(fillings(pool, band.large))[:20]:
        for point in (piece.low, piece.high - 1):
            plain = filled(members, asked, Fraction(point, pool.total), band.mu.high, band.reading)
            if band.mu.high in band.mu:
                assert pool.assignment(piece.subsets) == plain


@settings(deadline=None, derandomize=True, max_examples=100)
@given(families(), targets)
def test_the_pieces_of_epsilon_join_from_0_to_1(problem: Families, asked: Targets) -> None:
    pool = Pool.of(problem.members("D"), asked)
    for large in range(len(pool.names) + 1):
        pieces = list(fillings(pool, large))
        assert pieces[0].low == 0
        assert pieces[-1].high == pool.total + 1
        assert all(one.high == other.low for one, other in pairwise(pieces))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(families(), targets, units, st.sampled_from(READINGS))
def test_every_mu_lies_in_one_band_of_a_reading_with_its_number_of_large_families(
    problem: Families, asked: Targets, mu: Fraction, reading: str
) -> None:
    pool = Pool.of(problem.members("D"), asked)
    ends = {end for band in bands(pool) for end in (band.mu.low, band.mu.high)}
    for each in {mu, *ends}:
        around = [band for band in bands(pool) if band.reading == reading and each in band.mu]
        assert [band.large for band in around] == [n_large(pool, each, reading)]


def test_equal_families_go_by_name() -> None:
    pool = Pool.of(SIX.members("D"), Targets())
    went = pool.assignment(next(fillings(pool, 0, low=pool.total // 60)).subsets)
    assert went == {"a": 0, "b": 1, "c": 2, "d": 0, "e": 0, "f": 0}

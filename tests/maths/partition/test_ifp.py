from fractions import Fraction

from neurograde.maths.partition import Targets, ifp, psp
from tests.maths.partition.drawn import SIX, SIXTEEN


def test_without_overfill_six_equal_families_all_train_as_in_figure_2_4a() -> None:
    found = ifp.solve(SIX, Targets())
    assert found.scores["D"].families == (6, 0, 0)
    assert found.loss == Fraction(29, 90)  # 0.3222


def test_ifp_mends_the_diversity_of_figure_2_3_within_2_2_points_of_the_proportions() -> None:
    found = ifp.solve(SIXTEEN, Targets())
    score = found.scores["D"]
    assert score.families == (6, 5, 5)
    assert max(abs(p - q) for p, q in zip(Targets().p, score.proportions, strict=True)) < Fraction(22, 1000)
    assert found.loss < psp.solve(SIXTEEN, Targets()).loss


def test_epsilon_is_zero() -> None:
    where = ifp.solve(SIXTEEN, Targets()).parameters["D"]
    assert where.epsilon.low == where.epsilon.high == 0

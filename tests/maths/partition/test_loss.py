from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.maths.partition import Families, Targets
from neurograde.maths.partition.loss import best_rounding, deviation, loss, scored
from neurograde.maths.partition.pool import Pool
from tests.maths.partition.drawn import families, targets


def test_the_report_s_first_example_misses_by_one_and_a_half_points_on_average() -> None:
    """§2.3.4: 72.2, 14.1 and 13.7 % with 6, 5 and 5 of 16 families."""
    reached = tuple(Fraction(x, 1000) for x in (722, 141, 137))
    proportion, diversity = loss(Targets(), reached, (Fraction(6, 16), Fraction(5, 16), Fraction(5, 16)))
    assert proportion == Fraction(44, 6000)
    assert diversity == best_rounding(Targets(), 16) / 6


def test_the_scale_of_the_two_weights_does_not_matter() -> None:
    reached = (Fraction(1, 2), Fraction(1, 4), Fraction(1, 4))
    once = loss(Targets(proportion_weight=Fraction(1), diversity_weight=Fraction(3)), reached, reached)
    assert once == loss(Targets(proportion_weight=Fraction(2), diversity_weight=Fraction(6)), reached, reached)


def test_d_of_the_set_is_the_mean_over_its_classes() -> None:
    both = Families.of({"D": {"a": 1, "b": 1, "c": 1}, "PD": {"x": 7, "y": 2, "z": 1}})
    went = {"a": 0, "b": 0, "c": 0, "x": 0, "y": 1, "z": 2}
    partition = scored("by hand", both, Targets(), went)
    assert partition.scores["PD"].proportions == (Fraction(7, 10), Fraction(1, 5), Fraction(1, 10))
    assert partition.loss == (partition.scores["D"].loss + partition.scores["PD"].loss) / 2


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.data(), families(crossing=0), targets)
def test_the_integer_score_of_a_pool_is_d_in_fractions(data: st.DataObject, problem: Families, asked: Targets) -> None:
    members = problem.members("D")
    pool = Pool.of(members, asked)
    subsets = bytes(data.draw(st.lists(st.integers(0, 2), min_size=len(members), max_size=len(members))))
    score = pool.scorer()
    short, parts = score(subsets)
    went = pool.assignment(subsets) | {name: 0 for name in problem.names if name not in members}
    told = scored("by hand", problem, asked, went).scores["D"]
    assert score.exact(parts) == told.loss
    assert short == (told.proportions[0] < (asked.min_train_share or 0))


@settings(deadline=None, derandomize=True, max_examples=100)
@given(targets, st.integers(3, 40))
def test_no_counts_are_nearer_to_d_than_the_best_rounding(asked: Targets, count: int) -> None:
    every = (
        deviation(asked.d, [Fraction(n, count) for n in (n1, n2, count - n1 - n2)])
        for n1 in range(count + 1)
        for n2 in range(count + 1 - n1)
    )
    assert best_rounding(asked, count) == min(every)

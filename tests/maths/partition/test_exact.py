import dataclasses
from fractions import Fraction

from hypothesis import given, settings

from neurograde.maths.partition import STRATEGIES, Families, SearchOptions, Targets, certified, exact, psp
from neurograde.maths.partition.loss import deviation, keeps_train_share, scored
from tests.maths.partition.drawn import SIX, SIXTEEN, enumerated, families, in_order, rank, targets


@settings(deadline=None, derandomize=True, max_examples=20)
@given(families(most=4), targets)
def test_exact_is_the_best_of_all_assignments(problem: Families, asked: Targets) -> None:
    best, found = enumerated(problem, asked), exact.solve(problem, asked)
    assert found.loss == best.loss
    order = in_order(problem)
    assert rank(found, asked, order) == rank(best, asked, order)


def test_exact_is_the_best_of_all_assignments_of_eight_families() -> None:
    for weights in ((31, 17, 11, 9, 8, 7, 5, 3), (8, 8, 8, 4, 4, 2, 2, 1), (997, 613, 388, 240, 151, 97, 60, 31)):
        problem = Families.of({"D": {f"f{i}": weight for i, weight in enumerate(weights)}})
        assert exact.solve(problem, Targets()).assignment == enumerated(problem, Targets()).assignment


@settings(deadline=None, derandomize=True, max_examples=500)
@given(families(), targets)
def test_no_strategy_is_below_the_optimum_and_the_optimum_is_not_below_its_bound(
    problem: Families, asked: Targets
) -> None:
    optimum = exact.solve(problem, asked)
    assert list(optimum.assignment) == sorted(problem.names)
    assert set(optimum.assignment.values()) <= {0, 1, 2}
    for name in ("psp", "ifp", "ifpo"):
        found = STRATEGIES[name](problem, asked, SearchOptions())
        if not keeps_train_share(found, asked):
            found = certified(found, problem, asked)
        least = found.certificate or optimum.certificate
        assert least is not None
        assert found.loss >= least.best >= least.bound >= 0


def test_figure_2_4b_is_proved_optimal_and_of_its_ties_the_one_nearest_in_proportions() -> None:
    found = exact.solve(SIX, Targets())
    assert found.loss == Fraction(11, 90)
    assert found.scores["D"].families == (4, 1, 1)
    assert found.gap == 0
    assert found.certificate is not None
    assert found.certificate.proved
    free = exact.solve(SIX, dataclasses.replace(Targets(), min_train_share=None))
    assert (free.loss, free.assignment) == (found.loss, found.assignment)


def test_the_other_ties_of_figure_2_4b_have_the_same_d_and_are_further_from_the_proportions() -> None:
    error = {}
    for counts in ((4, 1, 1), (3, 2, 1), (2, 2, 2)):
        places = [place for place, count in enumerate(counts) for _ in range(count)]
        score = scored("tie", SIX, Targets(), dict(zip("abcdef", places, strict=True))).scores["D"]
        assert score.loss == Fraction(11, 90)
        error[counts] = deviation(Targets().p, score.proportions)
    assert list(error) == sorted(error, key=error.__getitem__)


def test_train_keeps_its_share_unless_that_is_lifted() -> None:
    by_count = Targets(proportion_weight=Fraction(0))
    kept = exact.solve(SIX, by_count)
    lifted = exact.solve(SIX, dataclasses.replace(by_count, min_train_share=None))
    assert kept.scores["D"].families[0] == 3
    assert lifted.scores["D"].families == (2, 2, 2)
    assert lifted.loss < kept.loss


def test_a_partition_with_too_little_in_train_is_held_against_the_lifted_optimum() -> None:
    asked = dataclasses.replace(Targets(), min_train_share=Fraction(9, 10))
    plain = psp.solve(SIXTEEN, asked)
    assert not keeps_train_share(plain, asked)
    found = certified(plain, SIXTEEN, asked)
    assert found.certificate is not None
    assert found.certificate.lifted
    assert found.certificate.best < exact.solve(SIXTEEN, asked).loss


def test_a_search_cut_short_says_so_and_is_no_worse_than_the_greedy_ones() -> None:
    many = Families.of({"D": {f"f{i:02}": 1000 + 37 * i * i for i in range(40)}})
    found = exact.solve(many, Targets(), SearchOptions(nodes=1, seconds=0.001))
    assert found.certificate is not None
    assert not found.certificate.proved
    assert found.certificate.bound < found.loss
    assert found.loss <= min(STRATEGIES[name](many, Targets(), SearchOptions()).loss for name in ("psp", "ifp", "ifpo"))


def test_classes_without_a_common_family_are_as_good_alone_as_together() -> None:
    one, two = {"a": 5, "b": 3, "c": 1, "d": 1}, {"x": 9, "y": 4, "z": 2}
    both = exact.solve(Families.of({"D": one, "PD": two}), Targets())
    assert both.scores["D"].loss == exact.solve(Families.of({"D": one}), Targets()).loss
    assert both.scores["PD"].loss == exact.solve(Families.of({"PD": two}), Targets()).loss

from hypothesis import given, settings

from neurograde.maths.partition import Families, Targets
from neurograde.maths.partition.breakpoints import Breakpoints
from neurograde.maths.partition.pool import Pool
from neurograde.maths.partition.search import Contest
from tests.maths.partition.drawn import SIXTEEN, families, targets


@settings(deadline=None, derandomize=True, max_examples=200)
@given(families(crossing=0), targets)
def test_a_contest_leaves_out_no_piece_that_could_have_won(problem: Families, asked: Targets) -> None:
    pool = Pool.of(problem.members("D"), asked)
    short, whole = Contest(pool.scorer()), Contest(pool.scorer())
    for candidate in Breakpoints(overfill=True).candidates(pool, short):
        short.enter(candidate)
    for candidate in Breakpoints(overfill=True).candidates(pool):
        whole.enter(candidate)
    assert short.best == whole.best


def test_a_contest_leaves_out_most_pieces() -> None:
    pool = Pool.of(SIXTEEN.members("D"), Targets())
    contest = Contest(pool.scorer())
    entered = 0
    for candidate in Breakpoints(overfill=True).candidates(pool, contest):
        contest.enter(candidate)
        entered += 1
    assert entered < sum(1 for _ in Breakpoints(overfill=True).candidates(pool)) / 2

import pytest

from neurograde.maths.partition import Families, Targets, ifpo
from tests.maths.partition import raster
from tests.maths.partition.drawn import SIX


@pytest.mark.parametrize(
    "weights",
    [
        (31, 17, 11, 9, 8, 7, 5, 3),
        (90, 5, 4, 3, 2, 1),
        (12, 12, 11, 11, 10, 10),
        (400, 210, 120, 60, 33, 17, 9),
        (1, 1, 2, 3, 5, 8, 13),
    ],
)
def test_no_point_of_the_full_raster_beats_the_breakpoints(weights: tuple[int, ...]) -> None:
    problem = Families.of({"D": {f"f{i}": weight for i, weight in enumerate(weights)}})
    assert ifpo.solve(problem, Targets()).loss <= raster.solve(problem, Targets()).loss


def test_the_best_point_of_a_raster_is_one_of_its_points() -> None:
    where = raster.solve(SIX, Targets(), n_mu=5, n_epsilon=61).parameters["D"]
    assert where.epsilon.low == where.epsilon.high == ifpo.solve(SIX, Targets()).parameters["D"].epsilon.low


def test_a_raster_has_two_points_an_axis() -> None:
    with pytest.raises(ValueError, match="n_mu = 1, n_epsilon = 20"):
        raster.solve(SIX, Targets(), n_mu=1, n_epsilon=20)

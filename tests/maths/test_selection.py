from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.maths.selection import best_session, rank_cells, spread

losses = st.lists(st.floats(0, 10), min_size=2, max_size=10)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(losses)
def test_spread_equals_numpy(values: list[float]) -> None:
    found = spread(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.std == pytest.approx(np.std(values, ddof=1), abs=1e-9)
    assert (found.best, spread(values, max).best) == (min(values), max(values))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(losses, st.integers(0, 100))
def test_the_order_of_the_repeats_changes_no_bit(values: list[float], seed: int) -> None:
    shuffled = random.Random(seed).sample(values, len(values))
    assert spread(values) == spread(shuffled)


def test_one_repeat_has_no_standard_deviation_and_none_has_nothing() -> None:
    assert (spread([0.3]).mean, spread([0.3]).std) == (0.3, None)
    assert (spread([]).mean, spread([]).std, spread([]).best) == (None, None, None)


def test_a_cell_is_ranked_by_its_mean_and_not_by_its_best_repeat() -> None:
    assert rank_cells({"lucky": [0.1, 0.9], "steady": [0.3, 0.3]}) == ["steady", "lucky"]


def test_equal_cells_go_by_name_and_cells_without_a_session_stand_last() -> None:
    assert rank_cells({"dead": [], "b": [0.4], "a": [0.4, 0.4]}) == ["a", "b", "dead"]


def test_choosing_from_no_session_is_refused() -> None:
    with pytest.raises(ValueError, match="no session"):
        best_session({})

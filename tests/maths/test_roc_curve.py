from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from neurograde.maths.roc import roc_auc
from neurograde.maths.roc_curve import roc_curve

# Probabilities of one decimal, so that ties are common.
samples = st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=1, max_size=40)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(samples)
def test_the_corners_are_those_of_scikit_learn(drawn: list[tuple[bool, int]]) -> None:
    labels, tenths = np.array(drawn).T
    curve = roc_curve(labels, tenths / 10)
    if len(set(labels)) < 2:
        assert curve == []
        return
    false, true, _ = reference.roc_curve(labels, tenths / 10, drop_intermediate=False)
    ours = np.array(curve)
    assert (curve[0], curve[-1]) == ((0.0, 0.0), (1.0, 1.0))
    assert set(curve) <= set(zip(false.tolist(), true.tolist(), strict=True))
    assert np.trapezoid(ours[:, 1], ours[:, 0]) == pytest.approx(roc_auc(labels, tenths / 10))
    assert reference.auc(false, true) == pytest.approx(np.trapezoid(ours[:, 1], ours[:, 0]))


def test_points_on_a_straight_line_are_left_out() -> None:
    assert roc_curve([1, 1, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.1]) == [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]

"""A case's grade from its patches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurograde.maths.aggregation import AGGREGATIONS, aggregate

CASES = ["b", "a", "b", "b", "a"]
ROWS = [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7], [0.4, 0.6]]
NAMED = [0, 1, 1, 1, 1]


@st.composite
def patches(draw) -> tuple[list[str], np.ndarray, np.ndarray]:
    n, classes = draw(st.integers(1, 12)), draw(st.integers(2, 4))
    cases = draw(st.lists(st.sampled_from("abc"), min_size=n, max_size=n))
    weights = draw(st.lists(st.lists(st.integers(1, 99), min_size=classes, max_size=classes), min_size=n, max_size=n))
    rows = np.array(weights, np.float64)
    rows /= rows.sum(axis=1, keepdims=True)
    return cases, rows, rows.argmax(axis=1)


@given(patches(), st.integers(1, 20), st.sampled_from(AGGREGATIONS))
def test_scores_are_shares_and_the_order_of_the_patches_does_not_matter(data, k: int, how: str):
    cases, rows, named = data
    names, scores = aggregate(how, cases, rows, named, k)
    assert names == sorted(set(cases))
    assert scores.sum(axis=1) == pytest.approx(np.ones(len(names)))
    assert (scores >= 0).all()
    turned = aggregate(how, cases[::-1], rows[::-1], named[::-1], k)
    assert turned[0] == names
    assert turned[1] == pytest.approx(scores)


@given(patches())
def test_with_all_patches_at_the_top_it_is_their_mean(data):
    cases, rows, named = data
    assert aggregate("top_k", cases, rows, named, len(rows))[1] == pytest.approx(
        aggregate("mean", cases, rows, named, 1)[1]
    )


@given(patches(), st.integers(1, 20), st.sampled_from(AGGREGATIONS))
def test_patches_of_one_opinion_are_their_case_s_opinion(data, k: int, how: str):
    cases, rows, _ = data
    one = np.tile(np.eye(rows.shape[1])[1], (len(rows), 1))
    _, scores = aggregate(how, cases, one, one.argmax(axis=1), k)
    assert scores == pytest.approx(np.tile(one[0], (len(scores), 1)))


def test_each_way_of_aggregating_by_hand():
    assert aggregate("mean", CASES, ROWS, NAMED, 2)[1] == pytest.approx(np.array([[0.3, 0.7], [1.6 / 3, 1.4 / 3]]))
    assert aggregate("vote", CASES, ROWS, NAMED, 2)[1] == pytest.approx(np.array([[0, 1], [1 / 3, 2 / 3]]))
    top = np.array([[0.3, 0.7], [0.65 / 1.3, 0.65 / 1.3]])
    assert aggregate("top_k", CASES, ROWS, NAMED, 2)[1] == pytest.approx(top)


def test_one_sure_patch_can_speak_for_a_case_that_is_outvoted():
    cases, rows = ["a"] * 5, np.array([[0.99, 0.01], *[[0.45, 0.55]] * 4])
    said = {how: aggregate(how, cases, rows, rows.argmax(1), 1)[1][0].argmax() for how in AGGREGATIONS}
    assert said == {"mean": 0, "vote": 1, "top_k": 0}


@pytest.mark.parametrize(("how", "k"), [("median", 1), ("top_k", 0)])
def test_what_is_no_way_of_aggregating_is_refused(how: str, k: int):
    with pytest.raises(ValueError, match="are accepted"):
        aggregate(how, CASES, ROWS, NAMED, k)

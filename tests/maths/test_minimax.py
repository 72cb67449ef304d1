from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.maths.minimax import BestEpoch, best_by_accuracy, best_by_loss

value = st.one_of(st.none(), st.sampled_from([math.nan, math.inf]), st.integers(0, 8).map(lambda n: n / 8))
history = st.integers(1, 8).flatmap(lambda n: st.tuples(*[st.lists(value, min_size=n, max_size=n)] * 4))


def defined(*values: float | None) -> bool:
    return all(each is not None and math.isfinite(each) for each in values)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(history)
def test_the_rules_equal_the_report_s_words_read_aloud(curves: tuple[list[float | None], ...]) -> None:
    train_loss, valid_loss, train_accuracy, valid_accuracy = curves
    epochs = range(1, len(train_loss))
    losses = [(max(train_loss[e], valid_loss[e]), e) for e in epochs if defined(train_loss[e], valid_loss[e])]
    accuracies = [
        (-min(train_accuracy[e], valid_accuracy[e]), e) for e in epochs if defined(train_accuracy[e], valid_accuracy[e])
    ]
    for best, ranked in ((best_by_loss(*curves), losses), (best_by_accuracy(*curves), accuracies)):
        assert (best is None) == (not ranked)
        if best is not None:
            assert best.epoch == min(ranked)[1]
            assert best.loss == {e: v for v, e in losses}.get(best.epoch)
            assert best.accuracy == {e: -v for v, e in accuracies}.get(best.epoch)


def test_epoch_0_never_wins_however_good_it_looks() -> None:
    assert best_by_loss([0.0, 1.0], [0.0, 1.0], [1.0, 0.5], [1.0, 0.5]) == BestEpoch(1, 1.0, 0.5)
    assert best_by_accuracy([0.0, 1.0], [0.0, 1.0], [1.0, 0.5], [1.0, 0.5]) == BestEpoch(1, 1.0, 0.5)
    assert best_by_loss([0.0], [0.0], [1.0], [1.0]) is None


def test_a_valid_curve_that_runs_ahead_of_training_does_not_win() -> None:
    # Figure 4.1: 80 % on valid while training barely reaches 60 %.
    best = best_by_accuracy([1, 1, 1, 1], [1, 1, 1, 1], [0.5, 0.6, 0.72, 0.9], [0.5, 0.8, 0.75, 0.7])
    assert best == BestEpoch(2, 1.0, 0.72)


def test_the_earliest_of_equal_epochs_wins() -> None:
    assert best_by_loss([9, 2, 1, 2], [9, 1, 2, 2], [0, 0, 0, 0], [0, 0, 0, 0]) == BestEpoch(1, 2.0, 0.0)


def test_curves_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        best_by_loss([1, 2], [1, 2], [1, 2], [1])

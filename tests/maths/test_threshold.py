from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurograde.maths.metrics import binary_metrics
from neurograde.maths.threshold import choose_threshold

sample = st.tuples(st.integers(0, 1), st.integers(0, 20).map(lambda n: n / 20))


@settings(deadline=None, derandomize=True, max_examples=20)
@given(st.lists(sample, min_size=2, max_size=25))
def test_no_other_threshold_has_a_better_balanced_accuracy(samples: list[tuple[int, float]]) -> None:
    labels, probabilities = zip(*samples, strict=True)
    assume(len(set(labels)) == 2)
    chosen = choose_threshold(labels, probabilities)
    assert chosen is not None
    best = binary_metrics(labels, probabilities, chosen)["balanced_accuracy"]
    for other in (n / 40 for n in range(41)):
        score = binary_metrics(labels, probabilities, other)["balanced_accuracy"]
        assert score <= best + 1e-12
        if score == pytest.approx(best) and other == 0.5:
            assert chosen == 0.5


def test_of_equally_good_thresholds_the_nearest_to_a_half_wins() -> None:
    assert choose_threshold([0, 1], [0.2, 0.9]) == 0.5
    assert choose_threshold([0, 1, 0, 1], [0.1, 0.2, 0.8, 0.9]) == pytest.approx(0.15)
    assert choose_threshold([0, 1, 0, 1], [0.1, 0.3, 0.8, 0.9]) == pytest.approx(0.2)


def test_a_classifier_that_is_upside_down_gets_no_worse_than_a_coin() -> None:
    chosen = choose_threshold([1, 0], [0.4, 0.6])
    assert binary_metrics([1, 0], [0.4, 0.6], chosen)["balanced_accuracy"] == 0.5


def test_with_one_class_there_is_nothing_to_choose() -> None:
    assert choose_threshold([1, 1], [0.2, 0.9]) is None

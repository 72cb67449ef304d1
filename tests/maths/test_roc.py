from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.maths.roc import roc_auc, roc_auc_macro

sample = st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.lists(sample, min_size=1, max_size=20))
def test_the_area_is_the_share_of_pairs_in_order_with_ties_as_halves(samples: list[tuple[int, float]]) -> None:
    positives = [p for label, p in samples if label]
    others = [p for label, p in samples if not label]
    labels, probabilities = zip(*samples, strict=True)
    found = roc_auc(labels, probabilities)
    if not positives or not others:
        assert found is None
    else:
        wins = [1.0 if p > q else 0.5 if p == q else 0.0 for p in positives for q in others]
        assert found == pytest.approx(np.mean(wins))


def test_turning_the_classes_around_turns_the_area_around() -> None:
    labels, probabilities = np.array([0, 1, 1, 0, 1]), np.array([0.1, 0.4, 0.9, 0.4, 0.3])
    assert roc_auc(1 - labels, probabilities) == pytest.approx(1 - roc_auc(labels, probabilities))


def test_the_macro_mean_needs_every_class() -> None:
    assert roc_auc_macro([0, 1, 2], np.eye(3)) == 1.0
    assert roc_auc_macro([0, 1, 1], np.eye(3)) is None

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve as reference

from neurograde.maths.calibration import (
    calibration_curve,
    expected_calibration_error,
    top_label_calibration_error,
)
from neurograde.maths.seeding import generator


def test_the_curve_equals_scikit_learn_s_in_the_bins_that_hold_samples() -> None:
    rng = generator(4, "calibration")
    probabilities = rng.beta(0.5, 0.5, 500).round(2)  # rounded, so that samples lie on the borders
    labels = (rng.random(500) < probabilities).astype(int)
    right, sure = reference(labels, probabilities, n_bins=7)
    filled = [each for each in calibration_curve(labels, probabilities, bins=7) if each.n]
    np.testing.assert_allclose([each.mean_probability for each in filled], sure)
    np.testing.assert_allclose([each.positive_share for each in filled], right)


def test_every_sample_is_in_one_bin_and_empty_bins_are_told_apart_from_zero() -> None:
    bins = calibration_curve([0, 1, 1, 1], [0.0, 0.1, 0.95, 1.0], bins=10)
    assert [each.n for each in bins] == [2, *[0] * 8, 2]
    assert (bins[0].low, bins[-1].high) == (0.0, 1.0)
    assert bins[0].positive_share == 0.5
    assert (bins[4].mean_probability, bins[4].positive_share) == (None, None)


def test_the_error_is_the_mean_gap_of_the_curve_weighted_by_samples() -> None:
    rng = generator(5, "calibration")
    probabilities, labels = rng.random(300), rng.integers(0, 2, 300)
    curve = [each for each in calibration_curve(labels, probabilities) if each.n]
    gaps = [abs(each.mean_probability - each.positive_share) * each.n / 300 for each in curve]
    assert expected_calibration_error(labels, probabilities) == pytest.approx(sum(gaps))


def test_a_certain_and_right_classifier_has_no_error_and_a_certain_and_wrong_one_has_1() -> None:
    assert expected_calibration_error([0, 1], [0.0, 1.0]) == 0.0
    assert expected_calibration_error([0, 1], [1.0, 0.0]) == 1.0
    assert top_label_calibration_error([0, 2], np.eye(3)[[0, 2]]) == 0.0
    assert top_label_calibration_error([0, 2], np.eye(3)[[1, 1]]) == 1.0


def test_less_than_one_bin_is_refused() -> None:
    with pytest.raises(ValueError, match="bins=0"):
        calibration_curve([1], [0.5], bins=0)

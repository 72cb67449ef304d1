"""Paired differences of two classifiers."""

from __future__ import annotations

import numpy as np
import pytest

from neurograde.maths.assessment import metrics_of, sureness_of
from neurograde.maths.bootstrap import bootstrap_over_families
from neurograde.maths.paired import paired_differences

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 60)
FAMILIES = [f"case {number % 8}" for number in range(60)]


def probabilities(seed: int) -> np.ndarray:
    hard = np.random.default_rng(9).normal(0, 1.5, 8)[[number % 8 for number in range(60)]]
    logits = (2 * LABELS - 1) * (1.0 + hard) + np.random.default_rng(seed).normal(0, 0.3, 60)
    positive = 1 / (1 + np.exp(-logits))
    return np.stack([1 - positive, positive], 1)


def metrics(seed: int):
    return metrics_of(LABELS, probabilities(seed), positive=1, threshold=0.5, bins=10)


def test_a_classifier_does_not_differ_from_itself():
    for found in paired_differences(metrics(1), metrics(1), FAMILIES, np.random.default_rng(2), resamples=50).values():
        assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_the_difference_is_that_of_the_metrics_and_turns_with_them():
    rows = np.arange(60)
    there, back = (
        paired_differences(*pair, FAMILIES, np.random.default_rng(2), resamples=50, names=["loss", "accuracy"])
        for pair in ((metrics(1), metrics(2)), (metrics(2), metrics(1)))
    )
    assert list(there) == ["loss", "accuracy"]
    for name, found in there.items():
        assert found.value == pytest.approx(metrics(2)(rows)[name] - metrics(1)(rows)[name])
        assert (found.low, found.high) == pytest.approx((-back[name].high, -back[name].low))


def test_its_interval_is_narrower_than_their_own_for_what_is_hard_is_hard_for_both():
    own = bootstrap_over_families(metrics(1), FAMILIES, np.random.default_rng(2), 200)["loss"]
    pair = paired_differences(metrics(1), metrics(2), FAMILIES, np.random.default_rng(2), resamples=200)["loss"]
    assert pair.high - pair.low < 0.5 * (own.high - own.low)


def test_what_is_undefined_for_one_is_an_undefined_difference():
    ones = np.ones(4, int)
    pair = [metrics_of(ones, np.full((4, 2), 0.5), positive=1, threshold=0.5, bins=2) for _ in range(2)]
    found = paired_differences(*pair, ["a", "a", "b", "b"], np.random.default_rng(0), resamples=20)
    assert found["roc_auc"].value is None
    assert found["roc_auc"].undefined == 20


@pytest.mark.parametrize("classes", [2, 3])
def test_how_sure_a_classifier_is_has_the_values_of_all_its_metrics(classes: int):
    labels = RNG.integers(0, classes, 40)
    given = RNG.dirichlet(np.ones(classes), 40)
    rows = np.arange(0, 40, 2)
    every = metrics_of(labels, given, positive=1, threshold=0.5, bins=10)(rows)
    few = sureness_of(labels, given, positive=1, bins=10)(rows)
    assert few == {name: every[name] for name in ("loss", "brier", "calibration_error")}

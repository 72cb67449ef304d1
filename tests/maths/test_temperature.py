"""Calibration by temperature."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurograde.maths.temperature import BOUNDS, at_temperature, fit_temperature


def drawn(classes: int, n: int = 20_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and labels that come true as often as they say."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(classes), n)
    labels = (rng.random((n, 1)) > probabilities.cumsum(axis=1)).sum(axis=1).clip(max=classes - 1)
    return labels, probabilities


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_spoilt_the_probabilities_is_found_again(classes: int, temperature: float):
    labels, honest = drawn(classes)
    assert fit_temperature(labels, at_temperature(honest, 1 / temperature)) == pytest.approx(temperature, rel=0.05)


@given(st.floats(0.1, 10), st.integers(2, 5))
def test_no_grade_changes_and_rows_add_up_to_one(temperature: float, classes: int):
    _, probabilities = drawn(classes, n=50)
    scaled = at_temperature(probabilities, temperature)
    assert (scaled.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    assert np.allclose(scaled.sum(axis=1), 1)


def test_a_temperature_of_one_changes_nothing():
    _, probabilities = drawn(4, n=100)
    assert np.allclose(at_temperature(probabilities, 1.0), probabilities)


def test_a_network_that_is_never_wrong_ends_at_the_border():
    assert fit_temperature([0, 1], [[0.9, 0.1], [0.2, 0.8]]) == pytest.approx(BOUNDS[0], rel=0.01)


def test_certainty_that_was_wrong_is_finite():
    assert np.isfinite(fit_temperature([1, 0], [[1.0, 0.0], [0.9, 0.1]]))


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="no samples"):
        fit_temperature([], np.empty((0, 2)))

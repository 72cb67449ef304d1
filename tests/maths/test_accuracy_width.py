"""How much a number of test cases can decide."""

from __future__ import annotations

import numpy as np
import pytest

from neurograde.maths.accuracy_width import cases_for, half_width


def test_the_width_is_the_mean_of_exact_intervals():
    from scipy.stats import beta, binom

    n, accuracy = 7, 0.8
    widths = [
        (beta.ppf(0.975, k + 1, n - k) if k < n else 1) - (beta.ppf(0.025, k, n - k + 1) if k else 0)
        for k in range(n + 1)
    ]
    assert half_width(n, accuracy) == pytest.approx(np.dot(binom.pmf(range(n + 1), n, accuracy), widths) / 2)


def test_four_cases_decide_nothing_and_about_ninety_ten_points():
    assert half_width(4) == pytest.approx(0.38, abs=0.01)
    assert 80 < cases_for(0.1) < 100
    assert half_width(0) is None


def test_more_cases_are_never_wider():
    widths = [half_width(n) for n in (1, 2, 5, 20, 100, 5_000, 100_000)]
    assert widths == sorted(widths, reverse=True)


def test_an_impossible_accuracy_is_refused():
    with pytest.raises(ValueError, match=r"accuracy = 1\.0"):
        half_width(4, 1.0)

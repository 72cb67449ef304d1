from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.maths.predictions import mean_over_groups

rows = st.lists(st.tuples(st.sampled_from(["a", "b", "é ç"]), st.floats(0, 1)), min_size=1, max_size=20)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(rows)
def test_an_image_has_the_mean_probability_of_its_patches(samples: list[tuple[str, float]]) -> None:
    groups, values = zip(*samples, strict=True)
    names, means = mean_over_groups(groups, values)
    assert names == sorted(set(groups))
    for name, mean in zip(names, means, strict=True):
        assert mean == pytest.approx(np.mean([value for group, value in samples if group == name]))


def test_the_probabilities_of_k_classes_are_averaged_class_by_class() -> None:
    names, means = mean_over_groups(["y", "x", "y"], [[0.2, 0.8], [1.0, 0.0], [0.6, 0.4]])
    assert names == ["x", "y"]
    np.testing.assert_allclose(means, [[1.0, 0.0], [0.4, 0.6]])


def test_names_and_values_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="2 names"):
        mean_over_groups(["a", "b"], [0.1])
    with pytest.raises(ValueError, match="0 names"):
        mean_over_groups([], [])

from __future__ import annotations

import numpy as np
import pytest

from neurograde.maths.losses import binary_cross_entropy, cross_entropy
from neurograde.maths.seeding import generator
from tests.support.logit_losses import binary_cross_entropy_with_logits, cross_entropy_with_logits


def test_losses_from_logits_equal_torch_s_also_where_probabilities_have_rounded_to_0_and_1() -> None:
    import torch

    functional = torch.nn.functional
    rng = generator(2, "logits")
    for scale in (1.0, 100.0):
        labels, logits = rng.integers(0, 2, 50), rng.normal(size=50) * scale
        expected = functional.binary_cross_entropy_with_logits(torch.tensor(logits), torch.tensor(labels * 1.0))
        assert binary_cross_entropy_with_logits(labels, logits) == pytest.approx(expected.item(), rel=1e-12)
        grades, scores = rng.integers(0, 3, 50), rng.normal(size=(50, 3)) * scale
        expected = functional.cross_entropy(torch.tensor(scores), torch.tensor(grades))
        assert cross_entropy_with_logits(grades, scores) == pytest.approx(expected.item(), rel=1e-12)


def test_losses_from_probabilities_equal_those_from_the_logits_behind_them() -> None:
    rng = generator(3, "logits")
    labels, logits = rng.integers(0, 2, 50), rng.normal(size=50)
    assert binary_cross_entropy(labels, 1 / (1 + np.exp(-logits))) == pytest.approx(
        binary_cross_entropy_with_logits(labels, logits)
    )
    grades, scores = rng.integers(0, 4, 50), rng.normal(size=(50, 4))
    softmax = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert cross_entropy(grades, softmax) == pytest.approx(cross_entropy_with_logits(grades, scores))


def test_a_certain_and_wrong_probability_costs_much_but_not_infinitely() -> None:
    assert binary_cross_entropy([1], [0.0]) == pytest.approx(36.04, abs=0.01)
    assert binary_cross_entropy_with_logits([1], [-1000.0]) == 1000.0


def test_labels_and_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="labels hold 2"):
        binary_cross_entropy_with_logits([2], [0.0])
    with pytest.raises(ValueError, match="shapes"):
        binary_cross_entropy_with_logits([1, 0], [0.0])
    with pytest.raises(ValueError, match="shapes"):
        cross_entropy_with_logits([1, 0], [0.0, 1.0])
    with pytest.raises(ValueError, match="labels hold 3"):
        cross_entropy_with_logits([3], [[0.0, 1.0, 2.0]])

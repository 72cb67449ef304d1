"""Losses and probabilities, against the reference in numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurograde.learning.objective import Objective
from neurograde.maths.losses import binary_cross_entropy_with_logits, cross_entropy_with_logits

RNG = np.random.default_rng(0)


def test_two_classes_have_one_logit_and_binary_cross_entropy():
    objective, logits, labels = Objective(2), RNG.normal(size=(9, 1)), RNG.integers(0, 2, 9)
    loss = objective.loss(torch.tensor(logits), torch.tensor(labels))
    assert objective.outputs == 1
    assert loss.item() == pytest.approx(binary_cross_entropy_with_logits(labels, logits[:, 0]))


def test_three_classes_have_three_logits_and_cross_entropy():
    objective, logits, labels = Objective(3), RNG.normal(size=(9, 3)), RNG.integers(0, 3, 9)
    loss = objective.loss(torch.tensor(logits), torch.tensor(labels))
    assert objective.outputs == 3
    assert loss.item() == pytest.approx(cross_entropy_with_logits(labels, logits))


@pytest.mark.parametrize("classes", [2, 3])
def test_what_is_right_is_what_the_probabilities_say(classes: int):
    objective = Objective(classes)
    logits = torch.tensor(RNG.normal(size=(50, objective.outputs)))
    labels = torch.tensor(RNG.integers(0, classes, 50))
    probabilities = objective.probabilities(logits)
    assert probabilities.dtype == torch.float64
    assert torch.allclose(probabilities.sum(1), torch.ones(50, dtype=torch.float64))
    assert objective.correct(logits, labels) == (probabilities.argmax(1) == labels).sum()


def test_a_probability_of_one_half_counts_as_positive():
    assert Objective(2).correct(torch.zeros(1, 1), torch.tensor([1])) == 1


@pytest.mark.parametrize("classes", [2, 3])
def test_gradient_and_losses_by_hand_are_those_of_the_mean_loss_in_every_batch_of_a_stack(classes: int):
    objective = Objective(classes)
    logits = torch.tensor(RNG.normal(size=(4, 9, objective.outputs)), requires_grad=True)
    labels = torch.tensor(RNG.integers(0, classes, (4, 9)))
    loss = sum(objective.loss(*each) for each in zip(logits, labels, strict=True))
    (expected,) = torch.autograd.grad(loss, logits)
    assert torch.allclose(objective.gradient(logits.detach(), labels), expected, atol=1e-15)
    assert torch.allclose(objective.losses(logits, labels).mean(1).sum(), loss)
    correct = [objective.correct(*each) for each in zip(logits, labels, strict=True)]
    assert objective.correct(logits, labels).tolist() == correct

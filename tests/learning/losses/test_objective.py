"""Losses and probabilities, against the reference in numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, multi_margin_loss

from neurograde.learning.losses.objective import Objective
from neurograde.specs.train import Loss
from tests.support.logit_losses import binary_cross_entropy_with_logits, cross_entropy_with_logits
from tests.support.material import train_spec

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


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", ["cross_entropy", "focal", "hinge"])
def test_the_gradient_of_every_loss_is_autograds_and_knows_no_neighbours(kind: str, classes: int):
    objective = Objective(classes, Loss(kind=kind), (0.5, 2.0, 1.5)[:classes])
    logits = torch.tensor(RNG.normal(size=(4, 9, objective.outputs)), requires_grad=True)
    labels = torch.tensor(RNG.integers(0, classes, (4, 9)))
    loss = sum(objective.loss(*each) for each in zip(logits, labels, strict=True))
    (expected,) = torch.autograd.grad(loss, logits)
    found = objective.gradient(logits.detach(), labels)
    assert torch.allclose(found, expected, atol=1e-15)
    alone = objective.gradient(logits.detach()[3:], labels[3:])
    assert torch.equal(found[3:], alone)


def test_hinge_is_torchs_multi_margin_loss_and_cross_entropy_torchs_weighted_one():
    logits, labels = torch.tensor(RNG.normal(size=(9, 3))), torch.tensor(RNG.integers(0, 3, 9))
    assert torch.allclose(Objective(3, Loss(kind="hinge")).loss(logits, labels), multi_margin_loss(logits, labels))
    weights = (0.5, 2.0, 1.5)
    expected = cross_entropy(logits, labels, torch.tensor(weights, dtype=torch.float64), reduction="none").mean()
    assert torch.allclose(Objective(3, weights=weights).loss(logits, labels), expected)


def test_focal_loss_without_focus_is_cross_entropy_and_counts_what_is_right_for_less():
    logits, labels = torch.tensor([[4.0], [-4.0]]), torch.tensor([1, 1])
    plain = Objective(2).losses(logits, labels)
    assert torch.allclose(Objective(2, Loss(kind="focal", gamma=0.0)).losses(logits, labels), plain)
    right, wrong = Objective(2, Loss(kind="focal")).losses(logits, labels) / plain
    assert right < 0.001
    assert wrong > 0.9


def test_balanced_weights_are_inverse_to_the_number_of_train_samples():
    spec = train_spec(class_weights="balanced")
    objective = Objective.of(spec, {"PD": 0, "D": 1}, np.array([0, 0, 0, 1]))
    assert objective.weights == pytest.approx((4 / 6, 4 / 2))
    named = train_spec(class_weights={"D": 3.0, "PD": 1.0})
    assert Objective.of(named, {"PD": 0, "D": 1}, np.array([0, 1])).weights == (1.0, 3.0)

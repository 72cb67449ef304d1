"""Losses that change the step: margins and centres, against their definitions."""

from __future__ import annotations

import math
from typing import get_args

import pytest
import torch
from torch import Tensor

from neurograde.learning.losses.center import Center
from neurograde.learning.losses.cross_entropy import CrossEntropy
from neurograde.learning.losses.large_margin import LargeMargin
from neurograde.learning.losses.training_loss import LOSSES, training_loss
from neurograde.specs.train import Loss

torch.manual_seed(0)
HIDDEN, BIAS = torch.randn(40, 6, dtype=torch.float64), torch.randn(1, 3, dtype=torch.float64)
WEIGHT, LABELS = torch.randn(3, 6, dtype=torch.float64), torch.arange(40) % 3


def margin_logits(hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, margin: int) -> Tensor:
    return LargeMargin(Loss(kind="large_margin", margin=margin)).step_logits(hidden, weight, bias, labels)


def psi(angle: float, margin: int) -> float:
    k = min(int(angle * margin / math.pi), margin - 1)
    return (-1) ** k * math.cos(margin * angle) - 2 * k


def angle_of(one: Tensor, other: Tensor) -> float:
    return math.acos(float(one @ other / one.norm() / other.norm()))


@pytest.mark.parametrize("margin", [2, 3, 4])
def test_the_right_classs_logit_is_that_of_a_multiple_of_its_angle_and_the_others_stay(margin: int):
    plain, found = HIDDEN @ WEIGHT.T + BIAS, margin_logits(HIDDEN, WEIGHT, BIAS, LABELS, margin)
    for row, label in enumerate(LABELS.tolist()):
        angle = angle_of(HIDDEN[row], WEIGHT[label])
        expected = float(HIDDEN[row].norm() * WEIGHT[label].norm()) * psi(angle, margin) + float(BIAS[0, label])
        assert float(found[row, label]) == pytest.approx(expected)
        others = [other for other in range(3) if other != label]
        torch.testing.assert_close(found[row, others], plain[row, others])
        assert found[row, label] <= plain[row, label] + 1e-12


def test_with_one_logit_both_classes_must_be_nearer_to_their_side():
    weight, labels = WEIGHT[:1], LABELS.clamp(max=1)
    plain, found = HIDDEN @ weight.T, margin_logits(HIDDEN, weight, torch.zeros(1, 1).double(), labels, 2)
    signs = (2 * labels - 1)[:, None]
    assert bool((signs * found <= signs * plain + 1e-12).all())


def test_the_margin_is_differentiable_everywhere_even_at_no_features():
    hidden = torch.zeros(2, 6, dtype=torch.float64, requires_grad=True)
    margin_logits(hidden, WEIGHT, BIAS, LABELS[:2], 4).sum().backward()
    assert hidden.grad is not None
    assert bool(hidden.grad.isfinite().all())
    values = HIDDEN[:5].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda each: margin_logits(each, WEIGHT, BIAS, LABELS[:5], 3), values)


def test_centres_come_to_rest_at_the_means_of_their_classes():
    center, centres = Center(Loss(kind="center", pull=40.0)), torch.zeros(3, 6, dtype=torch.float64)
    for _ in range(200):
        centres = center.next_centres(HIDDEN, centres, LABELS)
    means = torch.stack([HIDDEN[label == LABELS].mean(0) for label in range(3)])
    torch.testing.assert_close(centres, means)
    gradient = center.penalty_gradient(HIDDEN, centres, LABELS)
    torch.testing.assert_close(gradient, HIDDEN - means[LABELS])  # 40 samples at a pull of 40


def test_a_class_without_a_sample_in_the_batch_keeps_its_centre():
    centres = torch.randn(3, 6, dtype=torch.float64)
    after = Center(Loss(kind="center")).next_centres(HIDDEN[:2], centres, torch.tensor([0, 0]))
    assert torch.equal(after[1:], centres[1:])
    assert not torch.equal(after[0], centres[0])


def test_the_pull_of_a_step_is_the_gradient_of_its_penalty():
    center, centres = Center(Loss(kind="center")), torch.randn(3, 6, dtype=torch.float64)
    hidden = HIDDEN.clone().requires_grad_()
    (expected,) = torch.autograd.grad(center.penalty(hidden, centres, LABELS), hidden)
    torch.testing.assert_close(center.penalty_gradient(HIDDEN, centres, LABELS), expected)


def test_every_loss_that_a_spec_may_name_is_registered_once_and_none_besides():
    kinds = get_args(Loss.model_fields["kind"].annotation)
    assert set(LOSSES.entries()) == set(kinds)
    assert len(set(LOSSES.entries().values())) == len(kinds)


@pytest.mark.parametrize("kind", get_args(Loss.model_fields["kind"].annotation))
def test_a_closed_gradient_is_that_of_the_losses(kind: str):
    loss = training_loss(Loss(kind=kind))
    for outputs in (1, 3):
        logits = torch.randn(2, 5, outputs, dtype=torch.float64, requires_grad=True)
        labels = torch.randint(0, max(outputs, 2), (2, 5))
        (expected,) = torch.autograd.grad(loss.losses(logits, labels).sum(), logits)
        if loss.has_closed_gradient:
            torch.testing.assert_close(loss.gradient(logits.detach(), labels), expected)


def test_a_loss_without_centres_and_margin_leaves_the_step_alone():
    loss, centres = CrossEntropy(Loss()), torch.zeros(3, 6, dtype=torch.float64)
    assert torch.equal(loss.step_logits(HIDDEN, WEIGHT, BIAS, LABELS), HIDDEN @ WEIGHT.T + BIAS)
    assert loss.penalty(HIDDEN, centres, LABELS) == 0
    assert not loss.penalty_gradient(HIDDEN, centres, LABELS).any()
    assert loss.next_centres(HIDDEN, centres, LABELS) is centres

"""Dropout by named masks: the rate is met, the mean is kept, and a mask depends on nothing but its name and place."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from neurograde.learning.networks.dropout import Dropout, MaskStream, dropouts, masks, set_masks


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5, 0.9])
def test_the_rate_is_met_and_the_mean_is_kept(rate: float):
    head = nn.Sequential(Dropout(rate, 400), nn.Linear(400, 1))
    set_masks(head, MaskStream(0, "a", 1), 1000)
    dropped = head[0](torch.ones(1000, 400))
    share = (dropped == 0).double().mean().item()
    assert share == pytest.approx(round(256 * rate) / 256, abs=0.003)
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)


def test_nothing_is_dropped_in_eval_mode_or_at_rate_0():
    values = torch.randn(3, 5)
    assert Dropout(0.5, 5).eval()(values) is values
    assert Dropout(0.0, 5).train()(values) is values


def test_the_steps_of_an_epoch_drawn_together_are_those_drawn_one_by_one():
    head = nn.Sequential(Dropout(0.5, 7), nn.Linear(7, 5), Dropout(0.2, 5), nn.Linear(5, 1))
    layers = dropouts(head)
    together = MaskStream(0, "a", 1).draw(layers, 3, steps=4)
    one_by_one = MaskStream(0, "a", 1)
    for step in range(4):
        set_masks(head, one_by_one, 3)
        for layer, mask in zip(layers, masks(together, layers, 3), strict=True):
            assert layer.mask is not None
            assert layer.mask.tolist() == mask[step].tolist()
    assert layers[0].bytes_of(3) + layers[1].bytes_of(3) == 3 + 15  # 21 bits, and 15 bytes


def test_sessions_and_epochs_have_masks_of_their_own():
    names = [(0, "a", 1), (0, "a", 1), (1, "a", 1), (0, "b", 1), (0, "a", 2)]
    one, same, *others = (MaskStream(*name).draw([Dropout(0.5, 512)], 1).tobytes() for name in names)
    assert one == same
    assert one not in others


def test_the_gradient_passes_the_units_that_were_kept():
    layer = Dropout(0.5, 2)
    layer.mask = torch.tensor([[True, False]])
    values = torch.ones(1, 2, requires_grad=True)
    layer(values).sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [[2.0, 0.0]]

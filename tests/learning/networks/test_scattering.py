"""Scattering networks: their weights are wavelets, whatever the seed, and their features tell textures apart."""

from __future__ import annotations

import pytest
import torch

from neurograde.errors import SpecError
from neurograde.learning.networks.backbones import outline, random_trunk
from neurograde.learning.networks.families.scattering import ORIENTATIONS, first_order, second_order, wavelet


def test_the_weights_are_the_same_for_every_seed():
    one, other = (random_trunk("scattering2", 56, seed).module.state_dict() for seed in (1, 2))
    assert one.keys() == other.keys() == {"features.0.weight", "features.3.weight"}
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert torch.equal(one["features.0.weight"], first_order())


def test_wavelets_have_mean_0_and_norm_1_in_every_orientation():
    halves = torch.stack([half for index in range(ORIENTATIONS) for half in wavelet(7, 5.0, index)])
    assert halves.sum((1, 2)).abs().max() < 1e-5
    assert torch.allclose(halves.flatten(1).norm(dim=1), torch.ones(len(halves)))


def test_the_second_order_keeps_the_first_and_adds_to_it():
    images = torch.randn(2, 3, 56, 56, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        first, second = (random_trunk(name, 56, 0).module.eval()(images) for name in ("scattering1", "scattering2"))
    assert first.shape == (2, len(first_order()))
    assert second.shape == (2, len(second_order()))
    assert torch.allclose(second[:, : first.shape[1]], first, atol=1e-5)


def test_a_stripe_answers_the_wavelets_of_its_orientation():
    stripes = torch.cos(2 * torch.pi * torch.arange(56) / 5.0).expand(1, 3, 56, 56)
    with torch.inference_mode():
        features = random_trunk("scattering1", 56, 0).module.eval()(stripes)[0]
    longer = features[4 * ORIENTATIONS : 8 * ORIENTATIONS].view(ORIENTATIONS, 4).sum(1)
    assert int(longer.argmax()) == 0
    assert longer[0] > 5 * longer[ORIENTATIONS // 2]


def test_its_smallest_input_is_taken_and_one_pixel_less_refused():
    assert outline("scattering2", 32).width == len(second_order())
    with pytest.raises(SpecError, match="scattering1 takes inputs of 32 px or more, not 31"):
        outline("scattering1", 31)

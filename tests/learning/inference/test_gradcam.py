"""Grad-CAM against maps worked out by hand, and on every kind of backbone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from neurograde.errors import DataError
from neurograde.learning.inference.gradcam import gradcam
from neurograde.learning.networks.backbones import random_trunk

ONES = np.ones(2, np.float32)


class ByHand(nn.Module):
    """Two channels, their means, two logits: the gradient of a logit is its weights over the number of positions."""

    def __init__(self) -> None:
        super().__init__()
        self.channels = nn.Conv2d(3, 2, 1, bias=False)
        self.last = nn.Linear(2, 2, bias=False)
        self.channels.weight.data = torch.tensor([[1.0, 0, 0], [0, 1.0, 0]])[..., None, None]
        self.last.weight.data = torch.tensor([[2.0, -1.0], [-1.0, 3.0]])

    def forward(self, images):
        return self.last(self.channels(images).mean(dim=(2, 3)))


def asked(*outputs: int) -> tuple[np.ndarray, np.ndarray]:
    return np.array(outputs), np.ones(len(outputs), np.float32)


def test_a_map_is_what_speaks_for_the_class_weighted_by_its_gradient():
    image = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    red, green = image[0, 0].numpy(), image[0, 1].numpy()
    for output, weighted in ((0, 2 * red - green), (1, 3 * green - red)):
        expected = np.clip(weighted, 0, None)
        np.testing.assert_allclose(gradcam(ByHand(), image, *asked(output))[0], expected / expected.max(), rtol=1e-5)


def test_the_other_class_of_a_lone_logit_is_what_speaks_against_it():
    image = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    against = gradcam(ByHand(), image, np.array([0]), np.array([-1.0], np.float32))
    weighted = np.clip(image[0, 1].numpy() - 2 * image[0, 0].numpy(), 0, None)
    np.testing.assert_allclose(against[0], weighted / weighted.max(), rtol=1e-5)


def test_where_nothing_speaks_for_the_class_the_map_is_empty():
    image = torch.zeros(1, 3, 4, 4)
    assert gradcam(ByHand(), image, *asked(0)).max() == 0


@pytest.mark.parametrize(
    "name", ["leaknet", "vgg11", "squeezenet1_1", "mobilenet_v2", "densenet121", "efficientnet_b0"]
)
def test_every_kind_of_backbone_has_maps_and_is_left_as_it_was(name: str):
    trunk = random_trunk(name, 94, 0)
    network = nn.Sequential(trunk.module, nn.Linear(trunk.width, 2)).eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    images = torch.rand(2, 3, 94, 94, generator=torch.Generator().manual_seed(1))
    before = network(images)
    for_it, against_it = (gradcam(network, images, *asked(0, 1)), gradcam(network, images, np.array([0, 1]), -ONES))
    for maps in (for_it, against_it):
        assert maps.shape == (2, 94, 94)
        assert maps.min() >= 0
        assert maps.max() <= 1
    assert ((for_it.std(axis=(1, 2)) > 0) | (against_it.std(axis=(1, 2)) > 0)).all()  # one may be empty
    assert torch.equal(network(images), before)


def test_a_network_without_positions_is_refused():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16, 1))
    with pytest.raises(DataError, match="no activation of this network has positions"):
        gradcam(flat, torch.rand(1, 3, 4, 4), *asked(0))

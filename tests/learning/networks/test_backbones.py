"""Every network is cut at the same place by one rule."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from neurograde.errors import SpecError
from neurograde.learning.networks.backbones import outline, random_trunk
from neurograde.learning.networks.families.family import family_of
from neurograde.learning.networks.families.leaknet import LeakNet

WIDTHS = {
    "alexnet": 4096,
    "convnext_tiny": 768,
    "densenet121": 1024,
    "efficientnet_b0": 1280,
    "googlenet": 1024,
    "inception_v3": 2048,
    "leaknet": 128,
    "mnasnet0_5": 1280,
    "mobilenet_v2": 1280,
    "mobilenet_v3_small": 1024,
    "regnet_y_400mf": 440,
    "resnet18": 512,
    "resnet50": 2048,
    "shufflenet_v2_x0_5": 1024,
    "squeezenet1_1": 512,
    "swin_t": 768,
    "vgg19": 4096,
    "vit_b_32": 768,
}
DROPOUTS = {
    "efficientnet_b0": 0.2,
    "googlenet": 0.2,
    "inception_v3": 0.5,
    "leaknet": 0.1,
    "mnasnet0_5": 0.2,
    "mobilenet_v2": 0.2,
    "mobilenet_v3_small": 0.2,
    "squeezenet1_1": 0.5,
    "vgg19": 0.5,
}


@pytest.mark.parametrize("backbone", WIDTHS)
def test_the_trunk_gives_features_and_leaves_the_last_dropout_to_the_head(backbone: str):
    size = family_of(backbone).input_size_px(backbone)
    trunk = outline(backbone, size)
    device = next(trunk.module.parameters()).device
    assert trunk.module(torch.empty(2, 3, size, size, device=device)).shape == (2, WIDTHS[backbone])
    assert (trunk.width, trunk.dropout) == (WIDTHS[backbone], DROPOUTS.get(backbone, 0.0))


def test_the_other_dropout_of_vgg_stays_in_the_trunk():
    kinds = [type(each) for each in outline("vgg19", 224).module.modules()]
    assert kinds.count(nn.Dropout) == 1


def test_inception_has_no_auxiliary_head_and_leaves_its_input_as_it_is():
    inception = outline("inception_v3", 299).module
    assert (inception.AuxLogits, inception.transform_input) == (None, False)


@pytest.mark.parametrize("backbone", ["inception_v3", "googlenet"])
def test_frozen_random_weights_neither_blow_values_up_nor_let_them_vanish(backbone: str):
    images = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        features = random_trunk(backbone, 96, 0).module.eval()(images)
    assert 0.01 < features.square().mean().sqrt() < 100
    assert not torch.equal(*features)


def test_inception_takes_its_smallest_input_and_refuses_one_pixel_less():
    assert outline("inception_v3", 75).width == 2048
    with pytest.raises(SpecError, match="inception_v3 cannot take inputs of 74 px"):
        outline("inception_v3", 74)


def test_leaknet_is_the_network_of_the_study():
    layers = [tuple(each.shape) for each in LeakNet(224).parameters() if each.ndim > 1]
    assert layers == [(32, 3, 3, 3), (32, 32, 3, 3), (64, 32, 3, 3), (64, 64, 3, 3), (128, 9216), (1, 128)]


def test_leaknet_takes_its_smallest_input_and_refuses_one_pixel_less():
    assert outline("leaknet", 46).width == 128
    with pytest.raises(SpecError, match="leaknet takes inputs of 46 px or more, not 45"):
        outline("leaknet", 45)


def test_random_weights_follow_from_seed_and_name_and_leave_the_global_generator_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, same, other = (random_trunk("resnet18", 64, seed).module.state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["conv1.weight"], other["conv1.weight"])


def test_an_unknown_name_is_refused_with_the_nearest_ones():
    with pytest.raises(SpecError, match="'resnet_18' is none of torchvision's classifiers; did you mean resnet18"):
        family_of("resnet_18")

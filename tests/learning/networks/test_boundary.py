"""A cut leaves all that is frozen before it and all that is trained after it, and both parts together the network."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from neurograde.learning.networks.backbones import outline, random_trunk
from neurograde.learning.networks.boundary import Cut, Untraceable, cut
from neurograde.learning.networks.families.family import family_of
from neurograde.learning.networks.session_network import freeze, unfrozen, weight_layers
from neurograde.specs.strategies import Unfreezing, Whole

FAMILIES = [
    "leaknet",
    "vgg19",
    "vgg16_bn",
    "resnet18",
    "inception_v3",
    "densenet121",
    "efficientnet_b0",
    "mobilenet_v2",
    "squeezenet1_1",
]


def unfreezing(layers: int) -> Unfreezing:
    return Unfreezing(kind="unfreezing", layers=layers)


def names(module: nn.Module, *, trained: bool) -> set[str]:
    return {name for name, each in module.named_parameters() if each.requires_grad is trained}


@pytest.mark.parametrize("backbone", FAMILIES)
def test_the_prefix_has_no_trained_parameter_and_the_suffix_all_of_them_and_no_other(backbone: str):
    size = family_of(backbone).input_size_px(backbone)
    trunk = outline(backbone, size)
    for layers in range(min(12, len(weight_layers(trunk))) + 1):
        freeze(trunk, unfreezing(layers))
        found = cut(trunk.module, size)
        prefix, suffix = found.prefix(trunk.module), found.suffix(trunk.module)
        assert not names(prefix, trained=True)
        assert names(suffix, trained=True) == names(trunk.module, trained=True)
        assert not names(suffix, trained=False)
        assert names(prefix, trained=False) == names(trunk.module, trained=False)


def test_attention_is_cut_around_and_its_frozen_part_of_a_half_trained_module_stays_in_the_suffix():
    trunk = outline("vit_b_32", 224)
    freeze(trunk, unfreezing(3))
    found = cut(trunk.module, 224)
    suffix = found.suffix(trunk.module)
    assert names(suffix, trained=True) == names(trunk.module, trained=True)
    inner = "encoder.layers.encoder_layer_11.self_attention.in_proj"
    assert names(suffix, trained=False) == {f"{inner}_weight", f"{inner}_bias"}


def test_under_whole_the_boundary_is_the_image():
    trunk = outline("resnet18", 224)
    freeze(trunk, Whole(kind="whole"))
    found = cut(trunk.module, 224)
    assert found.reads_images
    assert found.shapes == ((3, 224, 224),)


@pytest.mark.parametrize(
    ("backbone", "layers", "boundary"),
    [
        ("vgg19", 6, {"features_27": (512, 14, 14)}),  # the study's best: 2 classifier and 4 convolutional layers
        ("vgg11", 1, {"classifier_2": (4096,)}),  # after the frozen ReLU and dropout
        ("vgg11", 3, {"features_17": (512, 14, 14)}),
        ("resnet18", 3, {"layer3_1_relu_1": (256, 14, 14), "layer4_0_bn2": (512, 7, 7)}),  # where branches join
        ("mobilenet_v2", 0, {"classifier_1": (1280,)}),
    ],
)
def test_the_boundary_is_as_late_as_it_can_be(backbone: str, layers: int, boundary: dict[str, tuple[int, ...]]):
    trunk = outline(backbone, 224)
    freeze(trunk, unfreezing(layers))
    found = cut(trunk.module, 224)
    assert dict(zip(found.names, found.shapes, strict=True)) == boundary


@pytest.mark.parametrize(
    ("backbone", "layers", "size"),
    [
        ("alexnet", 2, 64),  # with a dropout between the two
        ("resnet18", 3, 64),
        ("resnet18", 5, 64),
        ("inception_v3", 2, 75),
        ("densenet121", 3, 64),
        ("efficientnet_b0", 4, 64),  # squeeze and excitation, stochastic depth
        ("mobilenet_v2", 3, 64),
        ("squeezenet1_1", 2, 75),
    ],
)
def test_prefix_and_suffix_are_the_network_bit_for_bit_in_both_modes(backbone: str, layers: int, size: int):
    torch.set_num_threads(1)
    trunk = random_trunk(backbone, size, 0)
    freeze(trunk, unfreezing(layers))
    found = cut(trunk.module, size)
    whole, parts = trunk.module.double(), copy.deepcopy(trunk.module.double())
    prefix, suffix = found.prefix(parts), found.suffix(parts)
    images = torch.rand(4, 3, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for module in (whole, parts):
        module.eval()
    with torch.no_grad():
        assert torch.equal(whole(images), suffix(prefix(images)))
    for module in (whole, parts):
        for each in unfrozen(module):
            each.train()
    for run in (whole, lambda values: suffix(prefix(values))):
        torch.manual_seed(1)
        run(images).square().sum().backward()
    theirs, ours = dict(whole.named_parameters()), dict(parts.named_parameters())
    gradients = {name for name, each in theirs.items() if each.grad is not None}
    assert gradients == names(whole, trained=True)
    assert all(torch.equal(ours[name].grad, theirs[name].grad) for name in gradients)
    buffers = dict(parts.named_buffers())
    assert all(torch.equal(buffers[name], each) for name, each in whole.named_buffers())


def test_a_cut_leaves_the_trunk_as_it_is():
    trunk = random_trunk("resnet18", 64, 0)
    freeze(trunk, unfreezing(3))
    trunk.module.train()
    modes = [each.training for each in trunk.module.modules()]
    cut(trunk.module, 64)
    assert [each.training for each in trunk.module.modules()] == modes
    assert {each.device.type for each in trunk.module.parameters()} == {"cpu"}


class Undecided(nn.Module):
    """Chooses its way by what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 3)

    def forward(self, images: Tensor) -> Tensor:
        return self.layer(images).mean((2, 3)) if images.sum() > 0 else images.mean((2, 3))


class Fickle(nn.Module):
    """Drops without a module that would know the mode."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 3)

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.dropout(self.layer(images), 0.5, self.training).mean((2, 3))


class Constant(nn.Module):
    """Makes a tensor of its own in passing."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 3)

    def forward(self, images: Tensor) -> Tensor:
        return self.layer(images).mean((2, 3)) * torch.ones(4)


@pytest.mark.parametrize("network", [Undecided, Fickle, Constant])
def test_a_network_that_no_graph_stands_for_is_refused(network: type[nn.Module]):
    with pytest.raises(Untraceable):
        cut(nn.Sequential(network(), nn.Identity()), 64)


def test_dropout_beside_the_trained_layers_drops_in_training():
    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trained, self.dropped = nn.Conv2d(3, 4, 3), nn.Dropout(0.5)

        def forward(self, images: Tensor) -> Tensor:
            return self.trained(images).mean((2, 3)) + self.dropped(images).mean()

    found: Cut = cut(nn.Sequential(nn.Conv2d(3, 3, 1).requires_grad_(requires_grad=False), Branches()), 64)
    assert found.names == ("_0",)

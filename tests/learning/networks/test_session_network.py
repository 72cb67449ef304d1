"""What is frozen, what is trained, and what sessions share."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from neurograde.errors import DataError, SpecError
from neurograde.learning.networks.backbones import outline, random_trunk
from neurograde.learning.networks.dropout import Dropout
from neurograde.learning.networks.heads import new_head
from neurograde.learning.networks.session_network import Network, freeze, own_copy, weight_layers
from neurograde.specs.strategies import Straightforward, Unfreezing, Whole

PLAIN = Straightforward(kind="straightforward")
WHOLE = Whole(kind="whole")


def unfreezing(layers: int) -> Unfreezing:
    return Unfreezing(kind="unfreezing", layers=layers)


def trained(backbone: str, layers: int, size_px: int = 224) -> set[str]:
    trunk = outline(backbone, size_px)
    freeze(trunk, unfreezing(layers))
    return {name for name, each in trunk.module.named_parameters() if each.requires_grad}


def pair(*names: str) -> set[str]:
    return {f"{name}.{part}" for name in names for part in ("weight", "bias")}


def test_the_six_layers_of_vgg19_are_two_of_the_classifier_and_four_convolutions():
    classifier, convolutions = ("classifier.3", "classifier.0"), (f"features.{n}" for n in (34, 32, 30, 28))
    assert trained("vgg19", 6) == pair(*classifier, *convolutions)


@pytest.mark.parametrize(
    ("backbone", "layers", "expected"),
    [
        ("resnet18", 1, {"layer4.1.conv2.weight"} | pair("layer4.1.bn2")),
        ("resnet18", 2, {"layer4.1.conv2.weight", "layer4.1.conv1.weight"} | pair("layer4.1.bn2", "layer4.1.bn1")),
        ("densenet121", 1, {"features.denseblock4.denselayer16.conv2.weight"} | pair("features.norm5")),
        ("inception_v3", 1, {"Mixed_7c.branch_pool.conv.weight"} | pair("Mixed_7c.branch_pool.bn")),
        ("squeezenet1_1", 2, pair("features.12.expand1x1", "features.12.expand3x3")),
        ("mobilenet_v2", 1, {"features.18.0.weight"} | pair("features.18.1")),
    ],
)
def test_one_dimensional_parameters_met_on_the_way_are_trained(backbone: str, layers: int, expected: set[str]):
    assert trained(backbone, layers) == expected


@pytest.mark.parametrize("backbone", ["vgg11", "resnet18", "densenet121", "efficientnet_b0", "vit_b_32"])
def test_n_unfrozen_layers_are_the_last_n_weights_of_the_network(backbone: str):
    layers = weight_layers(outline(backbone, 224))
    for n in range(13):
        if n <= len(layers):
            assert trained(backbone, n) & set(layers) == set(layers[len(layers) - n :])


def test_more_layers_than_the_network_has_are_refused():
    with pytest.raises(SpecError, match="unfreezing of 11 layers: vgg11 has 10 before its last"):
        trained("vgg11", 11)


def test_sessions_share_what_is_frozen_and_own_what_is_trained():
    trunk = random_trunk("resnet18", 64, 0)
    freeze(trunk, unfreezing(3))
    trunk.module.to(memory_format=torch.channels_last)
    one, other = (Network(own_copy(trunk), nn.Sequential(nn.Linear(512, 1))) for _ in "ab")
    own = set(one.session_tensors())
    everything = dict(one.named_parameters()) | dict(one.named_buffers())
    twins = dict(other.named_parameters()) | dict(other.named_buffers())
    for name, tensor in everything.items():
        assert (tensor.data_ptr() == twins[name].data_ptr()) == (name not in own), name
    assert {"trunk.layer4.1.bn2.running_mean", "trunk.layer4.1.bn2.weight", "head.0.weight"} <= own
    assert "trunk.layer3.1.bn2.running_mean" not in own


def test_frozen_parts_are_in_eval_mode_and_unfrozen_ones_in_training_mode():
    trunk = outline("vgg19_bn", 224)
    freeze(trunk, unfreezing(3))
    network = Network(trunk.module, new_head(trunk, PLAIN, 1, 0, "a"))
    network.training_mode()
    modes = {
        name: each.training
        for name, each in network.named_modules()
        if isinstance(each, nn.BatchNorm2d | nn.Dropout | Dropout)
    }
    assert [name for name, training in modes.items() if training] == [
        "trunk.features.50",
        "trunk.classifier.2",
        "head.0",
    ]


def test_a_trunk_that_is_not_unfrozen_is_in_eval_mode_throughout():
    trunk = outline("vgg19", 224)
    freeze(trunk, PLAIN)
    network = Network(trunk.module, new_head(trunk, PLAIN, 1, 0, "a"))
    network.training_mode()
    assert not any(each.training for each in network.trunk.modules())
    assert all(each.training for each in network.head.modules())


def test_a_whole_network_trains_every_parameter():
    trunk = outline("leaknet", 64)
    freeze(trunk, WHOLE)
    assert all(each.requires_grad for each in trunk.module.parameters())


def test_tensors_of_another_network_are_refused_by_the_name_of_the_first():
    trunk = random_trunk("leaknet", 64, 0)
    freeze(trunk, WHOLE)
    network = Network(trunk.module, new_head(trunk, PLAIN, 1, 0, "a"))
    tensors = copy.deepcopy(network.session_tensors())
    network.load_session(tensors, "the file")
    tensors["head.1.bias"] = torch.zeros(3)
    with pytest.raises(DataError, match=r"the file: head\.1\.bias is \(3,\), the network's is \(1,\)"):
        network.load_session(tensors, "the file")
    del tensors["head.1.bias"]
    with pytest.raises(DataError, match=r"head\.1\.bias is missing"):
        network.load_session(tensors, "the file")

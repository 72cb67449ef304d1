"""Architectures as plain values: table 1.2 counted from the models, and heads and unfrozen layers as they are built."""

from __future__ import annotations

import pytest
import torch
from torchvision import models

from neurograde.learning.networks.architecture import architecture, architectures, counts
from neurograde.learning.networks.backbones import outline
from neurograde.learning.networks.families.family import family_of
from neurograde.learning.networks.heads import new_head
from neurograde.learning.networks.session_network import freeze, weight_layers
from neurograde.reports.published import TABLE_1_2
from neurograde.specs.architecture import Architecture
from neurograde.specs.strategies import Extension, Straightforward, Strategy, Unfreezing, Whole
from neurograde.specs.train import Backbone, TrainSpec

STRAIGHTFORWARD = Straightforward(kind="straightforward")


def described(name: str, strategy: Strategy = STRAIGHTFORWARD, weights: str = "IMAGENET1K_V1") -> Architecture:
    return architecture(Backbone(name=name, weights=weights), strategy, family_of(name).input_size_px(name), 1)


@pytest.mark.parametrize("name", TABLE_1_2)
def test_the_models_have_the_parameters_and_operations_of_table_1_2(name: str):
    said, found = TABLE_1_2[name], counts(name, family_of(name).input_size_px(name))
    assert round(found.parameters / 1e6, said.parameters_places) == said.parameters_millions
    assert round(found.multiply_adds / 1e9, said.operations_places) == said.operations_billions


@pytest.mark.parametrize("name", TABLE_1_2)
def test_the_weights_have_the_accuracy_of_table_1_2(name: str):
    # torchvision has measured its weights again since: at most 0.04 points lie between.
    found, said = described(name).accuracy, TABLE_1_2[name]
    assert found == pytest.approx((said.top_1, said.top_5), abs=0.0004)


def test_table_1_2_counts_inception_s_auxiliary_head_which_is_not_built_here():
    found, ours = counts("inception_v3", 299), described("inception_v3")
    assert found.parameters == 27_161_264
    assert found.auxiliary == 3_326_696
    assert ours.parameters == found.parameters - found.auxiliary - (2048 + 1) * 1000 + (2048 + 1)


@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_1", "densenet121", "efficientnet_b0", "vit_b_16"])
def test_multiply_adds_are_those_that_torchvision_gives(name: str):
    meta = models.get_model_weights(name)["IMAGENET1K_V1"].meta
    assert round(counts(name, 224).multiply_adds / 1e9, 3) == meta["_ops"]
    assert counts(name, 224).parameters == meta["num_params"]


def test_a_convolution_s_multiply_adds_are_those_of_its_definition():
    # leaknet at 46 px: maps of 44, 20, 8 and 2 px, then 64 features to 128 and one unit
    expected = 44**2 * 32 * 27 + 20**2 * 32 * 288 + 8**2 * 64 * 288 + 2**2 * 64 * 576 + 64 * 128 + 128
    assert counts("leaknet", 46).multiply_adds == expected


@pytest.mark.parametrize(
    "strategy",
    [STRAIGHTFORWARD, Extension(kind="extension", non_linearities=3), Unfreezing(kind="unfreezing", layers=4),
     Whole(kind="whole")],
    ids=lambda each: each.label,
)  # fmt: skip
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
def test_what_is_trained_is_what_a_session_of_the_strategy_trains(name: str, strategy: Strategy):
    found = described(name, strategy, "none")
    trunk = outline(name, 224)
    freeze(trunk, strategy)
    head = new_head(trunk, strategy, 1, 0, "a session")
    trained = [each for each in trunk.module.parameters() if each.requires_grad]
    assert found.trained == sum(each.numel() for each in (*trained, *head.parameters()))
    names = {name.rpartition(".")[0] for name, each in trunk.module.named_parameters() if each.requires_grad}
    assert {each.name for each in found.layers if each.trained} == names & {each.name for each in found.layers}
    assert sum(each.trained for each in found.layers) == sum(each.requires_grad and each.ndim >= 2 for each in trained)


def test_every_layer_that_unfreezing_counts_is_there_once():
    for name in ("vgg16", "resnet50", "inception_v3"):
        found = [f"{each.name}.weight" for each in described(name).layers]
        assert sorted(found) == sorted(weight_layers(outline(name, family_of(name).input_size_px(name))))


def test_six_layers_of_vgg19_are_two_of_its_classifier_and_four_convolutions():
    found = described("vgg19", Unfreezing(kind="unfreezing", layers=6))
    assert [each.name for each in found.layers if each.trained] == [
        "features.28", "features.30", "features.32", "features.34", "classifier.0", "classifier.3",
    ]  # fmt: skip
    assert [each.kernel for each in found.layers[-3:]] == [(3, 3), (), ()]


def test_depth_is_the_longest_way_and_branches_share_it():
    chain, parallel = described("vgg16"), described("inception_v3")
    assert [each.depth for each in chain.layers] == list(range(1, 16))
    assert parallel.depth < len(parallel.layers)
    by_name = {each.name: each.depth for each in parallel.layers}
    assert by_name["Mixed_5b.branch1x1.conv"] == by_name["Mixed_5b.branch5x5_1.conv"] == 6
    assert by_name["Mixed_5b.branch3x3dbl_3.conv"] == 8


def test_the_head_is_the_one_that_is_built():
    found = described("inception_v3", Extension(kind="extension", non_linearities=2))
    assert [(each.kind, each.units) for each in found.head] == [
        ("dropout", 2048), ("linear", 1024), ("non-linearity", 1024), ("dropout", 1024), ("linear", 512),
        ("non-linearity", 512), ("dropout", 512), ("linear", 1),
    ]  # fmt: skip
    assert found.head[2].name == "LeakyReLU"


def test_a_grid_is_described_row_by_row_and_three_classes_have_three_outputs():
    spec = TrainSpec.parse(
        {
            "job": "train", "name": "three", "store": "memory://", "region": "FRA", "dataset": "three", "seed": 1,
            "classes": ["U", "PD", "D"], "positive": "U", "epochs": 1, "repeats": 1, "learning_rates": [0.1],
            "batch_sizes": [8], "backbones": [{"name": "resnet18", "weights": "none"}],
            "strategies": [{"kind": "straightforward"}, {"kind": "unfreezing", "layers": 1}],
        }
    )  # fmt: skip
    found = list(architectures(spec))
    assert [each.strategy for each in found] == ["straightforward", "unfreezing1"]
    assert [each.head[-1].units for each in found] == [3, 3]


@pytest.mark.parametrize("name", ["regnet_y_400mf", "googlenet", "swin_t", "convnext_tiny", "shufflenet_v2_x0_5"])
def test_any_classifier_of_torchvision_can_be_described(name: str):
    found = described(name, weights="none")
    assert found.accuracy is None
    assert found.depth >= 10
    assert found.imagenet.multiply_adds > 1e7


def test_describing_leaves_torch_s_generator_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    described("resnet18")
    assert torch.equal(torch.rand(3), expected)

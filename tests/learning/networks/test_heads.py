"""What replaces the last layer."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from neurograde.errors import SpecError
from neurograde.learning.networks.backbones import Trunk
from neurograde.learning.networks.dropout import dropouts
from neurograde.learning.networks.heads import new_head
from neurograde.specs.strategies import Extension, Straightforward

INCEPTION = Trunk("inception_v3", nn.Identity(), 2048, 0.5, "fc")
PLAIN = Straightforward(kind="straightforward")


def test_a_straightforward_head_is_one_layer_after_the_trunks_own_dropout():
    head = new_head(INCEPTION, PLAIN, 1, seed=0, session="a")
    assert [str(each) for each in head] == [
        "Dropout(rate=0.5, units=2048)",
        "Linear(in_features=2048, out_features=1, bias=True)",
    ]


@pytest.mark.parametrize("outputs", [1, 3])
def test_an_extension_halves_the_width_k_times(outputs: int):
    head = new_head(INCEPTION, Extension(kind="extension", non_linearities=4), outputs, seed=0, session="a")
    shapes = [(each.in_features, each.out_features) for each in head if isinstance(each, nn.Linear)]
    assert shapes == [(2048, 1024), (1024, 512), (512, 256), (256, 128), (128, outputs)]
    assert [each.negative_slope for each in head if isinstance(each, nn.LeakyReLU)] == [0.2] * 4
    assert [(each.threshold, each.units) for each in dropouts(head)] == [(128, 2048 >> k) for k in range(5)]


def test_an_extension_that_would_halve_a_single_feature_is_refused():
    with pytest.raises(SpecError, match=r"extension of 12 non-linearities: the 2048 features .* halved 11 times"):
        new_head(INCEPTION, Extension(kind="extension", non_linearities=12), 1, seed=0, session="a")


def test_new_layers_follow_from_seed_and_session_and_leave_the_global_generator_alone():
    before = torch.random.get_rng_state()
    names = [(1, "a"), (1, "a"), (1, "b"), (2, "a")]
    one, same, *others = (new_head(INCEPTION, PLAIN, 1, seed, session)[1].weight for seed, session in names)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(one, same)
    assert not any(torch.equal(one, other) for other in others)


def test_a_slope_belongs_to_its_activation():
    with pytest.raises(ValidationError, match="negative_slope belongs to leaky_relu and prelu, the activation is tanh"):
        Extension(kind="extension", non_linearities=1, activation="tanh", negative_slope=0.1)
    with pytest.raises(ValidationError, match="alpha belongs to elu"):
        Extension(kind="extension", non_linearities=1, alpha=0.5)


def test_a_session_of_another_activation_has_another_name():
    names = [Extension(kind="extension", non_linearities=2, activation=name).label for name in ("leaky_relu", "mish")]
    assert names == ["extension2", "extension2-mish"]

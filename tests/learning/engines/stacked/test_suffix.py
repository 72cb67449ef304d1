"""Unfreezing from cached activations is unfreezing in the plain engine, without the frozen part's every pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from neurograde.learning.engines.plain.engine import PlainEngine
from neurograde.learning.run.checkpoint import decode, encode
from tests.support.engines import worst_difference
from tests.support.suffix import plain, spec_of, suffix

CASES = [("resnet18", 5, 40), ("inception_v3", 2, 75)]
OPTIMISERS: dict[str, dict[str, Any]] = {"momentum": {}, "adam": {"kind": "adam"}}


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize(("backbone", "layers", "side"), CASES)
def test_in_float64_every_loss_is_that_of_the_plain_engine(backbone: str, layers: int, side: int, optimiser: str):
    spec = spec_of(backbone, layers, side, optimiser=OPTIMISERS[optimiser])
    assert worst_difference(suffix(spec), plain(spec), 2) < 1e-9


def test_two_classifier_layers_and_a_convolution_of_vgg_are_no_exception():
    spec = spec_of("vgg11", 3, 32, batch_sizes=[12], epochs=1)  # one step of 120 million weights
    assert worst_difference(suffix(spec), plain(spec), 1) < 1e-9


def test_real_weights_are_no_exception(shared: Path):
    weights = str(shared / "weights" / "mobilenet_v2_torchvision_fp32.pth")
    spec = spec_of("mobilenet_v2", 3, 40, backbones=[{"name": "mobilenet_v2", "weights": weights}])
    assert worst_difference(suffix(spec), plain(spec), 2) < 1e-9


def test_in_float32_the_first_steps_are_those_of_the_plain_engine():
    spec = spec_of("resnet18", 5, 40, precision="fp32", learning_rates=[0.001], epochs=3)
    assert worst_difference(suffix(spec), plain(spec), 3) < 2e-6


def test_random_crops_are_those_of_the_plain_engine_and_a_small_bank_is_read_again_and_again():
    spec = spec_of("resnet18", 2, 40, crop="random", crop_slices=2, epochs=3)
    assert worst_difference(suffix(spec), plain(spec), 3) < 1e-9


@pytest.mark.parametrize("crop", ["center", "random"])
def test_room_on_the_disk_changes_no_bit(crop: str):
    states = []
    for room in (8.0, 0.0):
        trained = suffix(spec_of("resnet18", 2, 40, precision="fp32", boundary="fp16", crop=crop, cache_gib=room))
        for epoch in range(3):
            trained.run_epoch(epoch)
        assert bool(trained.boundary.kept) == (room > 0)
        states.append(encode(trained.state()))
    assert states[0] == states[1]


def test_halving_the_boundary_moves_a_loss_by_less_than_a_hundredth():
    found = [suffix(spec_of("resnet18", 5, 40, boundary=kept)) for kept in ("same", "fp16")]
    assert 0 < worst_difference(*found, 1) < 1e-2


def test_resumed_a_shard_ends_with_the_same_bytes_and_the_plain_engines_names():
    spec = spec_of("resnet18", 2, 40, precision="fp32", boundary="fp16")
    undisturbed, resumed = suffix(spec), suffix(spec)
    for epoch in (0, 1):
        undisturbed.run_epoch(epoch)
    resumed.load_state(decode(encode(undisturbed.state()), "a checkpoint"))
    assert resumed.run_epoch(2) == undisturbed.run_epoch(2)
    assert encode(resumed.state()) == encode(undisturbed.state())
    reference = plain(spec)
    for epoch in (0, 1):
        reference.run_epoch(epoch)
    assert undisturbed.best().keys() == reference.best().keys()


def frozen_changes(trained: PlainEngine) -> list[str]:
    """Names of frozen parameters and buffers that an epoch has changed."""
    network = trained.members[0].network
    own = network.session_tensors()
    everything = dict(network.named_parameters()) | dict(network.named_buffers())
    before = {name: each.detach().clone() for name, each in everything.items() if name not in own}
    trained.run_epoch(1)
    return [name for name, each in before.items() if not torch.equal(each, everything[name])]


def test_what_is_frozen_stays_bit_for_bit_and_the_check_sees_batch_norm_left_in_training(
    monkeypatch: pytest.MonkeyPatch,
):
    spec = spec_of("resnet18", 2, 40)
    assert frozen_changes(suffix(spec)) == []
    assert frozen_changes(plain(spec)) == []
    drifting = plain(spec)
    network = drifting.members[0].network
    monkeypatch.setattr(network, "training_mode", network.train)
    assert "trunk.bn1.running_mean" in frozen_changes(drifting)

"""Backbones: any torchvision classifier, or `leaknet`, cut before its last layer.

What is left is the trunk: images (batch, 3, side, side) in, features (batch, width) out. One rule finds the last
layer of them all: it is the last Linear or Conv2d in registration order, auxiliary heads left out. A dropout right
before it belongs to the head that replaces it.

SqueezeNet alone ends in a convolution, followed by a ReLU and the mean over positions. Its trunk ends in that mean:
a 1x1 convolution and a mean commute, and a lone logit behind a ReLU could never say no.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import torch
from torch import nn
from torchvision import models

from neurograde.errors import SpecError
from neurograde.learning.networks.leaknet import LeakNet
from neurograde.maths.seeding import seed_of

INCEPTION = "inception_v3"
NAMES = ("leaknet", *models.list_models(module=models))
"""Every backbone there is."""

_WITH_AUXILIARY_HEADS = (INCEPTION, "googlenet")


@dataclass(frozen=True)
class Trunk:
    """A network without its last layer."""

    name: str
    """Its backbone."""
    module: nn.Module
    """Images in, features out."""
    width: int
    """Number of features."""
    dropout: float
    """Dropout right before the last layer, which now belongs to the head; 0 where there is none."""
    last: str
    """Path of the last layer, which state dicts of the whole network still hold."""


def default_input_size_px(backbone: str) -> int:
    """Side of the input that the network was made for: 299 for Inception, 224 for all others."""
    return 299 if backbone == INCEPTION else 224


def check_name(backbone: str) -> None:
    """SpecError, with the nearest names, unless there is such a backbone."""
    if backbone not in NAMES:
        near = difflib.get_close_matches(backbone, NAMES, 3, cutoff=0.4) or ["leaknet", "resnet18", INCEPTION]
        raise SpecError(
            f"backbones: {backbone!r} is none of torchvision's classifiers; did you mean {', '.join(near)}?"
        )


def random_trunk(backbone: str, input_size_px: int, seed: int) -> Trunk:
    """The backbone with random weights, a function of (seed, backbone) alone: the same for all sessions.

    Raises:
        SpecError: the backbone is unknown, or cannot take inputs of that size.
    """
    check_name(backbone)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(seed, "backbone", backbone))
        return _cut(backbone, _network(backbone, input_size_px))


def outline(backbone: str, input_size_px: int) -> Trunk:
    """The backbone without memory for its weights (where its maker can do without): to look at before training.

    Raises:
        SpecError: the backbone is unknown, or cannot take inputs of that size; its own words say why.
    """
    check_name(backbone)
    try:
        with torch.device("meta"):
            trunk = _cut(backbone, _network(backbone, input_size_px))
    except NotImplementedError:  # RegNet computes with its weights as it is made
        trunk = random_trunk(backbone, input_size_px, 0)
    device = next(trunk.module.parameters()).device
    try:
        trunk.module.eval()(torch.empty(1, 3, input_size_px, input_size_px, device=device))
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SpecError(f"input_size_px: {backbone} cannot take inputs of {input_size_px} px: {reason}") from None
    return trunk


def _network(backbone: str, input_size_px: int) -> nn.Module:
    """The whole network as ImageNet's classifier, without auxiliary heads and input transforms of its own."""
    if backbone == "leaknet":
        try:
            return LeakNet(input_size_px)
        except ValueError as error:
            raise SpecError(f"input_size_px: {error}") from None
    if backbone not in _WITH_AUXILIARY_HEADS:
        plain: nn.Module = models.get_model(backbone, weights=None)
        return plain
    options = {"aux_logits": False, "transform_input": False, "init_weights": False}
    network: nn.Module = models.get_model(backbone, weights=None, **options)
    # Their own random weights lean on batch norm in training; frozen, a sample's values would grow to 1e11.
    for each in network.modules():
        if isinstance(each, nn.Conv2d):
            nn.init.kaiming_normal_(each.weight, nonlinearity="relu")
    return network


def _cut(backbone: str, network: nn.Module) -> Trunk:
    leaves = [(path, module) for path, module in network.named_modules() if not list(module.children())]
    place = max(i for i, (_, module) in enumerate(leaves) if isinstance(module, nn.Linear | nn.Conv2d))
    path, last = leaves[place]
    before, dropout = leaves[place - 1]
    rate = 0.0
    if isinstance(dropout, nn.Dropout):
        rate = dropout.p
        network.set_submodule(before, nn.Identity())
    if isinstance(last, nn.Conv2d):
        width = last.in_channels
        network.set_submodule(path.rpartition(".")[0], nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    else:
        assert isinstance(last, nn.Linear)
        width = last.in_features
        network.set_submodule(path, nn.Identity())
    return Trunk(backbone, network, width, rate, path)

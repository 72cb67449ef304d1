"""Trunks: backbones of any family, cut before their last layer.

A trunk takes images (batch, 3, side, side) and returns features (batch, width). One rule finds the last layer of every
backbone: it is the last Linear or Conv2d in registration order, auxiliary heads left out. A dropout right before it
belongs to the head that replaces it.

SqueezeNet alone ends in a convolution, followed by a ReLU and the mean over positions. Its trunk ends in that mean:
a 1x1 convolution and a mean commute, and a lone logit behind a ReLU could never say no.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from neurograde.errors import SpecError
from neurograde.learning.networks.families.family import family_of
from neurograde.maths.seeding import seed_of
from neurograde.specs.train import TrainSpec


@dataclass(frozen=True)
class Trunk:
    """A network without its last layer."""

    name: str
    """Name of the backbone."""
    module: nn.Module
    """Images in, features out."""
    width: int
    """Number of features."""
    dropout: float
    """Dropout right before the last layer, which now belongs to the head; 0 where there is none."""
    last: str
    """Path of the last layer, which state dicts of the whole network still hold."""


def input_size_px(spec: TrainSpec, backbone: str) -> int:
    """Return the side of a backbone's inputs: the spec's, or that which the network was made for."""
    return spec.input_size_px or family_of(backbone).input_size_px(backbone)


def random_trunk(backbone: str, input_size_px: int, seed: int) -> Trunk:
    """Return the backbone with random weights, a function of (seed, backbone) alone: the same for all sessions.

    Raises:
        SpecError: the backbone is unknown, or cannot take inputs of that size.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(seed, "backbone", backbone))
        return _cut(backbone, family_of(backbone).build(backbone, input_size_px))


def outline(backbone: str, input_size_px: int) -> Trunk:
    """Return the backbone without memory for its weights, where its family can do without: to look at before training.

    Raises:
        SpecError: the backbone is unknown, or cannot take inputs of that size; repeats its reason.
    """
    try:
        with torch.device("meta"):
            trunk = _cut(backbone, family_of(backbone).build(backbone, input_size_px))
    except NotImplementedError:  # RegNet computes with its weights as it is made
        trunk = random_trunk(backbone, input_size_px, 0)
    device = next(trunk.module.parameters()).device
    try:
        trunk.module.eval()(torch.empty(1, 3, input_size_px, input_size_px, device=device))
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SpecError(f"input_size_px: {backbone} cannot take inputs of {input_size_px} px: {reason}") from None
    return trunk


def _cut(backbone: str, network: nn.Module) -> Trunk:
    """Remove the last layer, and a dropout right before it."""
    leaves = [(path, module) for path, module in network.named_modules() if not list(module.children())]
    index = max(i for i, (_, module) in enumerate(leaves) if isinstance(module, nn.Linear | nn.Conv2d))
    path, last = leaves[index]
    before, dropout = leaves[index - 1]
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

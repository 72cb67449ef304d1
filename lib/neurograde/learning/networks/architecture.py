"""Architectures as plain values, read off the actual networks: what table 1.2 counts and appendix A draws.

Networks are made without memory for their weights, so that ten of them take a few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from neurograde.learning.networks.backbones import Trunk, input_size_px, outline
from neurograde.learning.networks.boundary import Untraceable, cut
from neurograde.learning.networks.dropout import Dropout
from neurograde.learning.networks.families.family import family_of
from neurograde.learning.networks.heads import new_head
from neurograde.learning.networks.session_network import freeze
from neurograde.specs.architecture import Architecture, Counts, Layer, Step
from neurograde.specs.strategies import Strategy
from neurograde.specs.train import Backbone, TrainSpec


def architectures(spec: TrainSpec) -> Iterator[Architecture]:
    """Yield every backbone of a grid under every strategy, in the order of the spec."""
    outputs = 1 if len(spec.classes) == 2 else len(spec.classes)
    for backbone, strategy in product(spec.backbones, spec.strategies):
        yield architecture(backbone, strategy, input_size_px(spec, backbone.name), outputs)


def architecture(backbone: Backbone, strategy: Strategy, side_px: int, outputs: int) -> Architecture:
    """Return a backbone as the strategy adapts it.

    Raises:
        SpecError: the network does not exist, or cannot be adapted so.
    """
    trunk = _outline(backbone.name, side_px)
    freeze(trunk, strategy)
    with torch.device("meta"):
        head = new_head(trunk, strategy, outputs, 0, "")
    parameters = [*trunk.module.parameters(), *head.parameters()]
    return Architecture(
        backbone=backbone.name,
        weights=backbone.weights,
        input_size_px=side_px,
        kind=strategy.kind,
        strategy=strategy.label,
        imagenet=counts(backbone.name, side_px),
        accuracy=family_of(backbone.name).published_accuracy(backbone),
        layers=tuple(_layer(trunk.module, *position) for position in _layer_positions(backbone.name, side_px)),
        features=trunk.width,
        head=tuple(_steps(head, trunk.width)),
        parameters=sum(parameter.numel() for parameter in parameters),
        trained=sum(parameter.numel() for parameter in parameters if parameter.requires_grad),
    )


@cache
def counts(backbone: str, side_px: int) -> Counts:
    """Count parameters and multiply-adds of the network as its makers built it.

    torch counts a multiplication and an addition as two operations, table 1.2 and torchvision's own tables as one.
    """
    network = _original(backbone, side_px).eval()
    device = next(network.parameters()).device
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        logits = network(torch.empty(1, 3, side_px, side_px, device=device))
    auxiliary = [child for name, child in network.named_children() if name in family_of(backbone).auxiliary_heads]
    return Counts(
        outputs=logits.shape[-1],
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        auxiliary=sum(parameter.numel() for head in auxiliary for parameter in head.parameters()),
        multiply_adds=counter.get_total_flops() // 2,
    )


def _original(backbone: str, side_px: int) -> nn.Module:
    family = family_of(backbone)
    try:
        with torch.device("meta"):
            return family.original(backbone, side_px)
    except NotImplementedError:  # RegNet computes with its weights as it is made
        return family.original(backbone, side_px)


@cache
def _outline(backbone: str, side_px: int) -> Trunk:
    return outline(backbone, side_px)


@cache
def _layer_positions(backbone: str, side_px: int) -> tuple[tuple[str, int, int], ...]:
    """Return path, side of the map and depth of each layer with weights, in the order of computation."""
    module = _outline(backbone, side_px).module
    heavy = {
        name
        for name, named_module in module.named_modules()
        if any(p.ndim >= 2 for p in named_module.parameters(recurse=False))
    }
    try:
        graph = cut(module, side_px).graph
    except Untraceable:  # it decides in Python what it computes: all that is known is the order of registration
        return tuple((name, 0, index) for index, name in enumerate(sorted(heavy, key=list(heavy).index), start=1))
    depths: dict[torch.fx.Node, int] = {}
    positions = []
    for node in graph.nodes:
        depths[node] = max((depths[input_node] for input_node in node.all_input_nodes), default=0)
        if node.op == "call_module" and str(node.target) in heavy:
            depths[node] += 1
            shape = node.meta.get("shape", ())
            positions.append((str(node.target), shape[1] if len(shape) == 3 else 0, depths[node]))
    return tuple(positions)


def _layer(module: nn.Module, name: str, side_px: int, depth: int) -> Layer:
    parameters = list(module.get_submodule(name).parameters())
    weight = next(parameter for parameter in parameters if parameter.ndim >= 2)
    outputs, inputs, *kernel = weight.shape
    count = sum(parameter.numel() for parameter in parameters)
    return Layer(name, inputs, outputs, tuple(kernel), side_px, depth, count, weight.requires_grad)


def _steps(head: nn.Sequential, units: int) -> Iterator[Step]:
    for layer in head:
        kind = (
            "linear" if isinstance(layer, nn.Linear) else "dropout" if isinstance(layer, Dropout) else "non-linearity"
        )
        units = layer.out_features if isinstance(layer, nn.Linear) else units
        yield Step(kind, type(layer).__name__, units)

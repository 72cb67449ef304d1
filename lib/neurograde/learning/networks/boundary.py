"""The boundary between the frozen part of a network, the prefix, and the trained part, the suffix.

The network is traced. An operation is live when it uses a trained tensor, drops or normalises as in training, or reads
what a live one gave. The boundary is what live operations read of all the rest: one value in a chain, several where
branches join. The prefix gives the boundary for images, the same for all sessions; the suffix goes on from there, and
is all of the network that a session must compute in every epoch.
"""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torchvision
from torch import Tensor, fx, nn

from neurograde.learning.networks.session_network import unfrozen

_ROWS = 3  # samples in the pass that finds the shapes: no other dimension that comes first is of this length
_OF_TRAINING = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._NormBase, torchvision.ops.StochasticDepth)


class Untraceable(Exception):
    """The network's forward pass cannot be written as a graph that holds for all inputs and both modes."""


@dataclass(frozen=True)
class Cut:
    """A trunk's graph, cut in two. It holds no weights, so that one cut serves every copy of the trunk."""

    graph: fx.Graph
    """All operations, from images (batch, 3, side, side) to features (batch, width)."""
    live: frozenset[fx.Node]
    """Nodes after the boundary."""
    boundary: tuple[fx.Node, ...]
    """The frozen operations that live ones read."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the values of the boundary."""
        return tuple(node.name for node in self.boundary)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of each value for one sample."""
        return tuple(node.meta["shape"] for node in self.boundary)

    @property
    def reads_images(self) -> bool:
        """True where trained layers read the images themselves, so that a cut gains nothing."""
        return any(node.op == "placeholder" for node in self.boundary)

    def prefix(self, trunk: nn.Module) -> fx.GraphModule:
        """Images (batch, 3, side, side) in, the boundary out: a tuple of tensors (batch, ...).

        Args:
            trunk: Whose modules it runs: they are shared, not copied.
        """
        graph, twins = fx.Graph(), dict[fx.Node, fx.Node]()
        graph.graph_copy(self.graph, twins)
        graph.output(tuple(twins[node] for node in self.boundary))
        for node in reversed(graph.nodes):
            if not node.users and node.op not in {"placeholder", "output"}:
                graph.erase_node(node)
        return fx.GraphModule(trunk, graph)

    def suffix(self, trunk: nn.Module) -> fx.GraphModule:
        """Return the module from the boundary to features (batch, width).

        Args:
            trunk: Source of its modules, which are shared and keep their training or eval mode.
        """
        graph = fx.Graph()
        values = graph.placeholder("boundary")
        twins = {
            node: graph.call_function(operator.getitem, (values, index)) for index, node in enumerate(self.boundary)
        }
        for node in self.graph.nodes:
            if node in self.live:
                twins[node] = graph.node_copy(node, twins.__getitem__)
        return fx.GraphModule(trunk, graph)


def cut(trunk: nn.Module, size_px: int) -> Cut:
    """Cut a trunk where its trained part begins, as `session_network.freeze` has left it.

    Args:
        trunk: Images in, features out; it is left as it is.
        size_px: Side of its input.

    Raises:
        Untraceable: the trunk decides in Python what only the values of its tensors could tell.
    """
    twin = _twin(trunk)
    graph = _trace(twin)
    _Shapes(fx.GraphModule(twin, graph)).run(torch.empty(_ROWS, 3, size_px, size_px, device="meta"))
    live = _live(graph, twin)
    boundary = [node for node in graph.nodes if node not in live and any(user in live for user in node.users)]
    return Cut(graph, frozenset(live), tuple(boundary))


def _twin(trunk: nn.Module) -> nn.Module:
    """Return the trunk in eval mode without memory for its weights."""
    tensors = (*trunk.parameters(), *trunk.buffers())
    return copy.deepcopy(
        trunk, {id(tensor): tensor.to("meta").requires_grad_(tensor.requires_grad) for tensor in tensors}
    ).eval()


class _Tracer(fx.Tracer):
    """Goes into modules of modules, as torchvision's feature extraction does."""

    def __init__(self) -> None:
        super().__init__(autowrap_modules=(math, torchvision.ops))

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Modules without children know their mode; of a module's own buffers tracing would make constants."""
        inner = any(True for _ in m.children()) and not any(True for _ in m.buffers(recurse=False))
        return super().is_leaf_module(m, module_qualified_name) or not inner


def _trace(twin: nn.Module) -> fx.Graph:
    """Return the graph of the twin, which is the same in both modes and refers to the twin's tensors only."""
    try:
        graph, in_training = (_Tracer().trace(twin.train(mode)) for mode in (False, True))
    except (fx.proxy.TraceError, TypeError, RuntimeError, ValueError) as error:
        raise Untraceable(str(error).splitlines()[0]) from None
    twin.eval()
    if str(graph) != str(in_training):
        raise Untraceable("its operations differ between training and evaluation")
    tensors = dict(twin.named_parameters()) | dict(twin.named_buffers())
    strange = [node.target for node in graph.nodes if node.op == "get_attr" and node.target not in tensors]
    if strange:
        raise Untraceable(f"it makes a tensor of its own, {strange[0]}")
    return graph


class _Shapes(fx.Interpreter):
    """Notes the shape that each value has for one sample; a value without a row for each sample gets none."""

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, Tensor) and value.ndim and len(value) == _ROWS:
            n.meta["shape"] = tuple(value.shape[1:])
        return value


def _live(graph: fx.Graph, twin: nn.Module) -> set[fx.Node]:
    trains = _trains(twin)
    live: set[fx.Node] = set()
    for node in graph.nodes:
        if node.op == "output" or trains(node) or any(input_node in live for input_node in node.all_input_nodes):
            live.add(node)
    # What has no row for each sample cannot be kept by sample: sizes, frozen parameters. The suffix computes it again.
    for node in reversed(graph.nodes):
        if "shape" not in node.meta and any(user in live for user in node.users):
            live.add(node)
    return live


def _trains(twin: nn.Module) -> Callable[[fx.Node], bool]:
    modules, parameters = dict(twin.named_modules()), dict(twin.named_parameters())
    acting = {module for module in unfrozen(twin) if isinstance(module, _OF_TRAINING)}

    def trains(node: fx.Node) -> bool:
        if node.op == "call_module":
            module = modules[str(node.target)]
            return any(parameter.requires_grad for parameter in module.parameters()) or any(
                part in acting for part in module.modules()
            )
        return node.op == "get_attr" and node.target in parameters and parameters[str(node.target)].requires_grad

    return trains

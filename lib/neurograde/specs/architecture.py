"""Architecture of a network as plain values, which tables count and figures draw without the network itself."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

from neurograde.maths.grid_plan import Size


class Layer(NamedTuple):
    """A layer with weights of two or more dimensions: a convolution, a fully connected layer, an attention."""

    name: str
    """Path in the network, `layer4.1.conv2`."""
    inputs: int
    """Channels or units that one of its outputs reads."""
    outputs: int
    """Channels or units that it gives."""
    kernel: tuple[int, ...]
    """Sides of its window; empty where it has none."""
    side_px: int
    """Side of the map that it gives; 0 where it gives none."""
    depth: int
    """Layers on the longest way from the image to it, itself included."""
    parameters: int
    """Number of weights and biases."""
    trained: bool
    """True where the strategy trains it."""

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of an image; a multiplication and an addition count as one."""
        return self.inputs * math.prod(self.kernel) * self.outputs * max(1, self.side_px) ** 2


class Step(NamedTuple):
    """A part of the new head, in order."""

    kind: str
    """`linear`, `non-linearity` or `dropout`."""
    name: str
    """Name of torch's class."""
    units: int
    """Units that it gives."""


class Counts(NamedTuple):
    """The network as its makers built it, ImageNet's classifier, at the size of its input."""

    outputs: int
    """Classes."""
    parameters: int
    """All of them."""
    auxiliary: int
    """Parameters of auxiliary heads, which serve training alone and are not built here."""
    multiply_adds: int
    """Operations per image in convolutions, fully connected layers and attention; a multiplication and an addition
    count as one, as in table 1.2."""


class Architecture(NamedTuple):
    """A backbone as a strategy adapts it."""

    backbone: str
    """Name of the backbone."""
    weights: str
    """Source of the initial weights."""
    input_size_px: int
    """Side of its input."""
    kind: str
    """`straightforward`, `extension`, `unfreezing` or `whole`."""
    strategy: str
    """As session ids call it: `extension2`."""
    imagenet: Counts
    """Before it was adapted."""
    accuracy: tuple[float, float] | None
    """Top-1 and top-5 accuracy on ImageNet that torchvision gives for these weights, as shares."""
    layers: tuple[Layer, ...]
    """All but the new head's, in the order of computation."""
    features: int
    """Number of features that the head reads."""
    head: tuple[Step, ...]
    """Layers that replace the last one."""
    parameters: int
    """All of the adapted network."""
    trained: int
    """Parameters that a session trains."""

    @property
    def depth(self) -> int:
        """Layers on the longest way from the image to the head."""
        return max((layer.depth for layer in self.layers), default=0)

    @property
    def size(self) -> Size:
        """Size of the frozen and of the trained part, the head in the trained one."""
        widths = [self.features, *(step.units for step in self.head if step.kind == "linear")]
        in_head = sum(inputs * outputs for inputs, outputs in pairwise(widths))
        trained = sum(layer.multiply_adds for layer in self.layers if layer.trained)
        frozen = sum(layer.multiply_adds for layer in self.layers if not layer.trained)
        return Size(frozen, trained + in_head, self.trained)

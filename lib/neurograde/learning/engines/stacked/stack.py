"""The heads of several sessions as one: every parameter with a leading member axis, forward and backward by hand.

A head is a few small matrices, so one head alone spends its time on calls, not on arithmetic. Stacked, a step of all
members is one batched product per layer. The backward pass is written out because autograd would keep every product of
the step, write a gradient beside every weight and visit each again: a linear layer here adds the gradient straight to
its velocity (`products.add_outer`), and passes its own gradient on before its weight moves.

    forward    Z_l = H_{l-1} W_lᵀ + b_l,  H_l = act(Z_l) · mask / (1 - p)
    backward   D_{l-1} = (D_l W_l) · mask / (1 - p) · act'(Z_{l-1}),  with W_l as it was in the forward pass
    step       V_l ← μ V_l + D_lᵀ H_{l-1},  W_l ← W_l - lr V_l

The samples of the next steps are known, so steps come in blocks: dropout of the features and, where it pays, the first
layer's products are computed for a block at once (`layers/delayed.py`).

A batched product treats each member alone: in a stack of a given width, a member's bits depend neither on its position
nor on the other members. Another width may choose another kernel, so widths are fixed and stacks are padded to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from neurograde.learning.engines.stacked.layers.activations import Activation, LeakyReLU, PReLU
from neurograde.learning.engines.stacked.layers.delayed import Delayed
from neurograde.learning.engines.stacked.layers.drop import Drop
from neurograde.learning.engines.stacked.layers.layer import Layer
from neurograde.learning.engines.stacked.layers.linear import First, Linear
from neurograde.learning.losses.objective import Objective
from neurograde.learning.networks.dropout import Dropout
from neurograde.specs.optimisers import Optimiser


class Stack:
    """The heads of as many sessions as its width."""

    def __init__(self, heads: Sequence[nn.Sequential], optimiser: Optimiser, objective: Objective, batch: int) -> None:
        """Stack the members' heads, alike in every shape, before any step on batches of `batch` samples."""
        self.objective = objective
        self.layers: list[Layer] = []
        for same in zip(*heads, strict=True):
            has_first = any(isinstance(layer, Linear) for layer in self.layers)
            self.layers.append(_layer(same, optimiser) if has_first else _first(same, optimiser, batch))
        self.drops = [layer for layer in self.layers if isinstance(layer, Drop) and layer.layer.threshold]
        start = next(index for index, layer in enumerate(self.layers) if isinstance(layer, First))
        self._before = [layer for layer in self.layers[:start] if isinstance(layer, Drop)]  # nothing else comes before
        self._trained = self.layers[start:-1]
        last = self.layers[-1]
        assert isinstance(last, Linear)
        self.last = last
        self.centres = torch.zeros(len(heads), objective.classes, last.weight.shape[2]).to(last.weight)

    @property
    def first(self) -> First:
        """The first trained layer."""
        first = [*self._trained, self.last][0]
        assert isinstance(first, First)
        return first

    def begin(self, values: Tensor, batch: int, rates: Tensor) -> None:
        """Take the features of the next steps.

        Args:
            values: (member, row, width), which are overwritten; a step takes the next `batch` rows. The drops hold
                their masks for them.
            batch: Samples per step.
            rates: Step size of each member, (member, 1, 1).
        """
        for drop in self._before:
            if drop.layer.threshold:
                values.mul_(drop.masks)  # in place: they were gathered for this block
        self.first.begin(values, batch, rates)

    def step(self, rows: slice, labels: Tensor, rates: Tensor) -> Tensor:
        """Take one step.

        Args:
            rows: The step's samples in the block.
            labels: Their classes, (member, batch).
            rates: Step size of each member, (member, 1, 1).

        Returns:
            The logits (member, batch, outputs) before the step.
        """
        values = torch.empty(0)  # the first layer has the block's
        for layer in self._trained:
            values = layer.forward(values, rows)
        logits = self.last.forward(values, rows)
        gradient = self._step_last(logits, labels, rates)
        for layer in reversed(self._trained):
            assert gradient is not None
            gradient = layer.backward(gradient, rates)
        return logits

    def end(self) -> None:
        """End the block: its steps have been taken."""
        self.first.end()

    def infer(self, values: Tensor, member: int) -> Tensor:
        """Return one member's logits (batch, outputs) of features (batch, width), in eval mode."""
        for layer in self.layers:
            values = layer.infer(values, member)
        return values

    def tensors(self) -> dict[str, Tensor]:
        """Return all state of the stack, (member, ...) each: `1.weight`, `1.bias`, `1.weight/momentum_buffer`, ..."""
        centres = {"centres": self.centres} if self.objective.training_loss.has_centres else {}
        return centres | {f"{index}.{name}": tensor for index, name, tensor in self._layer_tensors()}

    def parameters(self, member: int) -> dict[str, Tensor]:
        """Return one member's parameters, by the names and in the shapes of its head."""
        parameters: dict[str, Tensor] = {}
        for index, layer in enumerate(self.layers):
            if isinstance(layer, Linear | PReLU):
                parameters |= {f"{index}.{name}": tensor for name, tensor in layer.parameters(member).items()}
        return parameters

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore the state that `tensors` returned, for as many members as it holds."""
        for name, tensor in self.tensors().items():
            tensor[: len(tensors[name])] = tensors[name]

    def _step_last(self, logits: Tensor, labels: Tensor, rates: Tensor) -> Tensor | None:
        """Step the last layer; return the gradient of its inputs."""
        loss, hidden = self.objective.training_loss, self.last.values
        if loss.replaces_logits:
            return self.last.backward_through(
                lambda values, weight, bias: loss.step_logits(values, weight, bias, labels),
                lambda logits: self.objective.gradient(logits, labels),
                rates,
            )
        gradient = self.last.backward(self.objective.gradient(logits, labels), rates)
        if loss.has_centres and gradient is not None:
            gradient = gradient + loss.penalty_gradient(hidden, self.centres, labels)
            self.centres = loss.next_centres(hidden, self.centres, labels)
        return gradient

    def _layer_tensors(self) -> Iterator[tuple[int, str, Tensor]]:
        for index, layer in enumerate(self.layers):
            for name, tensor in layer.tensors().items():
                yield index, name, tensor


def _first(layers: Sequence[nn.Module], optimiser: Optimiser, batch: int) -> Layer:
    """Stack layers at the beginning of the heads, up to the first linear one."""
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    if not linear:
        return _layer(layers, optimiser)
    return (Delayed if Delayed.pays(linear, optimiser, batch) else First)(linear, optimiser)


def _layer(layers: Sequence[nn.Module], optimiser: Optimiser) -> Layer:
    """Stack one layer of all heads."""
    kind = layers[0]
    if isinstance(kind, nn.Linear):
        return Linear([layer for layer in layers if isinstance(layer, nn.Linear)], optimiser)
    if isinstance(kind, nn.LeakyReLU):
        return LeakyReLU([layer for layer in layers if isinstance(layer, nn.LeakyReLU)])
    if isinstance(kind, nn.PReLU):
        return PReLU([layer for layer in layers if isinstance(layer, nn.PReLU)], optimiser)
    if isinstance(kind, Dropout):
        return Drop([layer for layer in layers if isinstance(layer, Dropout)])
    return Activation(layers)

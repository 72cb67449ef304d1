"""A session's network: the trunk, whose frozen part all sessions share, and the session's head.

Frozen means frozen. A frozen module runs in eval mode, batch norm and dropout alike, so that neither weights nor
running statistics can drift. The unfrozen part is the end of the trunk, from the first trained weight on in
registration order: its batch norm trains and its buffers are the session's, its dropout drops.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from neurograde.errors import DataError, SpecError
from neurograde.learning.networks.backbones import Trunk
from neurograde.specs.strategies import Strategy

Values = Tensor | tuple[Tensor, ...]
"""Inputs of a network: images, or the values of a later layer."""


class Network(nn.Module):
    """Images (batch, 3, side, side) in, logits (batch, outputs) out."""

    def __init__(self, trunk: nn.Module, head: nn.Sequential) -> None:
        """Put the head on the trunk."""
        super().__init__()
        self.trunk, self.head = trunk, head
        self.hidden = torch.empty(0)
        """Input of the last layer in the last pass, (batch, units), which some losses need."""
        self.last.register_forward_pre_hook(self._keep_hidden)

    def forward(self, values: Values) -> Tensor:
        """Return the logits."""
        logits: Tensor = self.head(self.trunk(values))
        return logits

    @property
    def last(self) -> nn.Linear:
        """The new last layer."""
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        return last

    def _keep_hidden(self, _last: nn.Module, values: tuple[Tensor]) -> None:
        (self.hidden,) = values

    def training_mode(self) -> None:
        """Put head and unfrozen part into training mode, the frozen part into eval mode."""
        self.eval()
        self.head.train()
        for module in unfrozen(self.trunk):
            module.train()

    def session_tensors(self) -> dict[str, Tensor]:
        """Return the session's tensors by name: trained parameters and the buffers of the unfrozen part."""
        own = {
            name: named_parameter.detach()
            for name, named_parameter in self.named_parameters()
            if named_parameter.requires_grad
        }
        buffers = {id(buffer) for module in unfrozen(self.trunk) for buffer in module.buffers()}
        return own | {name: buffer for name, buffer in self.named_buffers() if id(buffer) in buffers}

    def load_session(self, tensors: Mapping[str, Tensor], where: str) -> None:
        """Restore what `session_tensors` returned.

        Raises:
            DataError: the tensors are those of another network; names `where` and the first that differs.
        """
        own = self.session_tensors()
        for name in sorted(own.keys() | tensors.keys()):
            ours, theirs = own.get(name), tensors.get(name)
            if ours is None or theirs is None or ours.shape != theirs.shape:
                raise DataError(f"{where}: {name} is {_shape(theirs)}, the network's is {_shape(ours)}")
            ours.copy_(theirs)


def weight_layers(trunk: Trunk) -> list[str]:
    """Return the layers that unfreezing counts: weight tensors of two or more dimensions, in registration order."""
    return [name for name, named_parameter in trunk.module.named_parameters() if named_parameter.ndim >= 2]


def freeze(trunk: Trunk, strategy: Strategy) -> None:
    """Freeze the trunk but for what the strategy trains.

    `unfreezing` counts its layers backwards in registration order and takes the biases and norms that it meets on
    the way; `whole` trains everything, the others nothing.

    Raises:
        SpecError: the trunk has fewer layers than are to be unfrozen.
    """
    parameters = dict(trunk.module.named_parameters())
    count, first = strategy.trained_layers, len(parameters)
    if count is None:
        first = 0
    elif count:
        layers = weight_layers(trunk)
        if count > len(layers):
            raise SpecError(f"strategies: unfreezing of {count} layers: {trunk.name} has {len(layers)} before its last")
        first = list(parameters).index(layers[-count])
    for index, parameter in enumerate(parameters.values()):
        parameter.requires_grad_(index >= first)


def own_copy(trunk: Trunk) -> nn.Module:
    """Return a copy of the trunk for one session: trained tensors are copied, frozen ones share their memory."""
    own = {id(parameter) for parameter in trunk.module.parameters() if parameter.requires_grad}
    own |= {id(buffer) for module in unfrozen(trunk.module) for buffer in module.buffers()}
    tensors = (*trunk.module.parameters(), *trunk.module.buffers())
    return copy.deepcopy(trunk.module, {id(tensor): tensor for tensor in tensors if id(tensor) not in own})


def unfrozen(trunk: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules from the one with the first trained weight on, in registration order."""
    begun = False
    for module in trunk.modules():
        begun = begun or any(parameter.requires_grad for parameter in module.parameters(recurse=False))
        if begun:
            yield module


def _shape(tensor: Tensor | None) -> str:
    return "missing" if tensor is None else str(tuple(tensor.shape))

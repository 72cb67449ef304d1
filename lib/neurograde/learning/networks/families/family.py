"""The contract of a family of backbones, and the register of families.

A family is one file of this folder: a subclass of `Family` whose instance is registered. Everything else asks
`family_of(name)`.
"""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from neurograde.errors import SpecError
from neurograde.maths.digest import sha256_hex
from neurograde.specs.registry import Registry
from neurograde.specs.train import Backbone


@dataclass(frozen=True)
class Weights:
    """A file of initial weights."""

    source: str
    """URL that it came from."""
    data: bytes
    """Content of the file."""
    licence: str | None
    """Licence of the file, where the source names one."""

    @property
    def sha256(self) -> str:
        """Digest of the content."""
        return sha256_hex(self.data)


class Family(ABC):
    """Networks of one origin."""

    auxiliary_heads: tuple[str, ...] = ()
    """Children of a network that are trained beside its classifier, and are not built here."""

    @property
    @abstractmethod
    def names(self) -> Sequence[str]:
        """Names of the networks."""

    @abstractmethod
    def build(self, name: str, input_size_px: int) -> nn.Module:
        """Return the whole network with random weights, without auxiliary heads and transforms of its inputs.

        Raises:
            SpecError: it cannot take inputs of that size.
        """

    def original(self, name: str, input_size_px: int) -> nn.Module:
        """Return the network as its makers built it, auxiliary heads included: to count its parameters."""
        return self.build(name, input_size_px)

    def input_size_px(self, name: str) -> int:
        """Return the side of the input that the network was made for."""
        del name
        return 224

    def resizes(self, name: str) -> bool:
        """Return True where whole patches are resized to the input, instead of being cropped."""
        del name
        return False

    def weight_names(self, name: str) -> Sequence[str]:
        """Return the names of the pretrained weights that the family offers."""
        del name
        return ()

    def weight_file(self, backbone: Backbone) -> Path:
        """Return the local path of named weights, downloaded or not."""
        raise SpecError(f"backbones: {backbone.name} has no weights named {backbone.weights}")

    def read_weights(self, backbone: Backbone) -> Weights:
        """Return named weights, downloaded where they are not at hand.

        Raises:
            StoreUnavailable: they cannot be downloaded now.
        """
        raise SpecError(f"backbones: {backbone.name} has no weights named {backbone.weights}")

    def parameter_name(self, name: str) -> str | None:
        """Return the network's name of a tensor of a state dict; None for a tensor that no network here has."""
        return name

    def published_accuracy(self, backbone: Backbone) -> tuple[float, float] | None:
        """Return the top-1 and top-5 accuracy on ImageNet that the weights were published with, from 0 to 1."""
        del backbone
        return None


FAMILIES: Registry[Family] = Registry("neurograde.learning.networks.families")


def family_of(backbone: str) -> Family:
    """Return the family of a backbone.

    Raises:
        SpecError: no family has it; names the nearest backbones.
    """
    for family in FAMILIES.entries().values():
        if backbone in family.names:
            return family
    names = [name for family in FAMILIES.entries().values() for name in family.names]
    near = difflib.get_close_matches(backbone, names, 3, cutoff=0.4) or ["leaknet", "resnet18", "inception_v3"]
    raise SpecError(f"backbones: {backbone!r} is none of torchvision's classifiers; did you mean {', '.join(near)}?")

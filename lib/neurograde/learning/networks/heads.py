"""Heads, which replace a backbone's last layer (§4.2 straightforward, §4.3 non-linear extension)."""

from __future__ import annotations

import torch
from torch import nn

from neurograde.errors import SpecError
from neurograde.learning.networks.activations import activation_of
from neurograde.learning.networks.backbones import Trunk
from neurograde.learning.networks.dropout import Dropout
from neurograde.maths.seeding import seed_of
from neurograde.specs.strategies import Extension, Strategy


def new_head(trunk: Trunk, strategy: Strategy, outputs: int, seed: int, session: str) -> nn.Sequential:
    """Return the new layers of a session: features (batch, width) in, logits (batch, outputs) out.

    The trunk's dropout comes first, where it has one; then, for an extension, k times Linear to half the width,
    activation and dropout; then Linear. Weights are drawn as torch's layers draw them, from the session's generator;
    torch's is left as it was.

    Raises:
        SpecError: the width cannot be halved k times.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(seed, "session", session, "init"))
        layers: list[nn.Module] = [Dropout(trunk.dropout, trunk.width)] if trunk.dropout else []
        width = trunk.width
        check_width(trunk, strategy)
        if isinstance(strategy, Extension):
            for _ in range(strategy.hidden_layers):
                layers += [
                    nn.Linear(width, width // 2),
                    activation_of(strategy),
                    Dropout(strategy.dropout, width // 2),
                ]
                width //= 2
        return nn.Sequential(*layers, nn.Linear(width, outputs))


def check_width(trunk: Trunk, strategy: Strategy) -> None:
    """Raise SpecError unless the trunk's width can be halved as often as the strategy asks."""
    most = trunk.width.bit_length() - 1
    if strategy.hidden_layers > most:
        raise SpecError(
            f"strategies: extension of {strategy.hidden_layers} non-linearities: the {trunk.width} features of "
            f"{trunk.name} can be halved {most} times"
        )

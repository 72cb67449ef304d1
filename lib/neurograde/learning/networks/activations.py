"""The activation functions of table 1.1, by the names that a spec gives them."""

from __future__ import annotations

from torch import nn

from neurograde.specs.strategies import Extension


def activation_of(strategy: Extension) -> nn.Module:
    """Return the activation after each layer of an extension."""
    slope = strategy.negative_slope
    made: dict[str, nn.Module] = {
        "linear": nn.Identity(),
        "sigmoid": nn.Sigmoid(),
        "softmax": nn.Softmax(dim=-1),
        "tanh": nn.Tanh(),
        "relu": nn.ReLU(),
        "leaky_relu": nn.LeakyReLU(slope),
        "prelu": nn.PReLU(init=slope),
        "elu": nn.ELU(strategy.alpha),
        "swish": nn.SiLU(),
        "mish": nn.Mish(),
    }
    return made[strategy.activation]

"""The contract of an engine, and the context that a shard gives to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from neurograde.learning.data.samples import Samples, Statistics
from neurograde.learning.networks.backbones import Trunk
from neurograde.specs.records import Metrics
from neurograde.specs.train import TrainSpec

Tick = Callable[[int], None]
"""Callback with the number of samples that have passed since the last call: progress, heartbeat, a chance to stop."""


def no_tick(_samples: int) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class TrainingContext:
    """Everything that the sessions of a shard share."""

    spec: TrainSpec
    """The grid's spec."""
    trunk: Trunk
    """The common trunk, with its weights."""
    samples: Mapping[str, Samples]
    """Samples of `train` and `valid`."""
    statistics: Mapping[str, Statistics]
    """Mean and standard deviation with which each subset is standardised."""
    device: torch.device
    """Device to train on."""
    tick: Tick = no_tick
    """Callback of passed samples; 0 while something is prepared."""

    @property
    def dtype(self) -> torch.dtype:
        """Type of what is trained: float32; float64 under `precision: fp64`."""
        return torch.float64 if self.spec.precision == "fp64" else torch.float32

    @property
    def patch_size_px(self) -> int:
        """Side of the patches."""
        return self.samples["train"].patch_size_px


class Engine(Protocol):
    """A trainer of all sessions of a shard, one epoch at a time."""

    @property
    def diverged(self) -> Mapping[str, int]:
        """Diverged sessions, with the epoch in which they diverged."""

    def run_epoch(self, epoch: int) -> dict[str, Metrics]:
        """Train every live session for one epoch and measure it; epoch 0 only measures, before any step."""

    def state(self) -> dict[str, Tensor]:
        """Return everything that the next epoch depends on; random streams are named by epoch, so they are left out."""

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Restore what `state` returned."""

    def best(self) -> dict[str, Tensor]:
        """Return `<session>/<tensor>`: the weights of every session's best epoch by the minimax rule."""

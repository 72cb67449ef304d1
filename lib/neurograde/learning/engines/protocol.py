"""What the driver of a shard asks of an engine; `plain` is the readable one that all others must equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from torch import Tensor

from neurograde.specs.records import Metrics

Tick = Callable[[int], None]
"""Called now and then with the number of samples just passed through: progress, heartbeat, a chance to stop."""


class Engine(Protocol):
    """Trains all sessions of a shard, an epoch at a time."""

    @property
    def diverged(self) -> Mapping[str, int]:
        """Sessions that have diverged, with the epoch at which they did."""

    def run_epoch(self, epoch: int) -> dict[str, Metrics]:
        """Train every live session for one epoch and measure it; epoch 0 only measures, before any step."""

    def state(self) -> dict[str, Tensor]:
        """Everything that the next epoch depends on; randomness is not in it, since generators go by epoch."""

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go back to where `state` was taken."""

    def best(self) -> dict[str, Tensor]:
        """`<session>/<tensor>`: the weights of every session's best epoch by the minimax rule."""

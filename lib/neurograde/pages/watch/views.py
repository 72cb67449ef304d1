"""A grid at one moment, as the terminal and the page show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["waiting", "running", "stale", "stopped", "failed", "diverged", "done"]
"""The states of a shard."""


@dataclass
class ShardView:
    """The progress of one shard."""

    name: str
    state: State
    sessions: int
    epochs: int
    """Epochs of its longest session."""
    epoch: int | None = None
    """The last committed epoch."""
    epochs_done: int = 0
    """Session-epochs up to the last commit."""
    epochs_all: int = 0
    """Session-epochs in all."""
    diverged: int = 0
    """Sessions that have diverged."""
    attempt: int | None = None
    """Number of the newest attempt."""
    machine: str = ""
    """GPU or processor, and node."""
    exit_code: int | None = None
    """Exit code of the newest attempt; None while it runs."""
    heartbeat_seconds: float | None = None
    """Age of its heartbeat."""
    epochs_per_second: float | None = None
    """Session-epochs a second of the newest attempt, while it runs."""
    seconds_left: float | None = None
    """Seconds left at that rate."""
    co2e_kg: float = 0.0
    """Emissions so far, GPUs at their TDP, as the report counts."""
    wasted_kg: float = 0.0
    """The part of it that went into work that was lost."""
    kwh: float = 0.0
    """Energy of GPUs (by TDP), processors and memory."""


@dataclass(frozen=True)
class CellView:
    """One setting of the grid: its sessions differ in their random streams only."""

    backbone: str
    strategy: str
    learning_rate: float
    batch_size: int
    repeats: int
    counted: int
    """Sessions with a best epoch, those that have diverged left out."""
    loss: float | None
    """Mean of their best minimax losses so far."""
    running: int
    """Sessions that are being trained now."""
    finished: int
    """Sessions that have reached their last epoch or have diverged; all of a shard that is done."""
    sessions: tuple[str, ...]


@dataclass(frozen=True)
class GridView:
    """The progress of a grid."""

    name: str
    at: datetime
    shards: list[ShardView]
    cells: list[CellView]

    @property
    def next_shard(self) -> str | None:
        """Return the name of the shard that is begun next: the first that waits, in the order of the grid."""
        return next((shard.name for shard in self.shards if shard.state == "waiting"), None)

    def count(self, *states: State) -> int:
        """Return the number of shards in one of `states`."""
        return sum(shard.state in states for shard in self.shards)

    @property
    def epochs_done(self) -> int:
        """Return the session-epochs up to the last commits."""
        return sum(shard.epochs_done for shard in self.shards)

    @property
    def epochs_all(self) -> int:
        """Return the session-epochs in all."""
        return sum(shard.epochs_all for shard in self.shards)

    @property
    def epochs_per_second(self) -> float:
        """Return the rate of all running shards together."""
        return sum(shard.epochs_per_second or 0.0 for shard in self.shards)

    @property
    def seconds_left(self) -> float | None:
        """Return the seconds left at that rate; None while nothing runs."""
        left = self.epochs_all - self.epochs_done
        return left / self.epochs_per_second if self.epochs_per_second else (0.0 if not left else None)

    def total(self, amount: Literal["co2e_kg", "wasted_kg", "kwh"]) -> float:
        """Return the sum over the shards."""
        return float(sum(getattr(shard, amount) for shard in self.shards))

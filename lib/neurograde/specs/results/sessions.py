"""sessions.json of shards: the weights that the sessions began with, and how each ended."""

from __future__ import annotations

from neurograde.specs.results.base import Part, Result


class WeightsFile(Part):
    """A file of initial weights."""

    source: str
    """URL or name of the weights."""
    sha256: str
    """SHA-256 of its bytes."""
    licence: str | None
    """Licence of the weights; None where the source names none."""


class SessionEnd(Part):
    """The end of one session."""

    id: str
    """Id of the session."""
    best_epoch_by_loss: int | None = None
    """Epoch of least minimax loss; None where it diverged at once."""
    best_epoch_by_accuracy: int | None = None
    """Epoch of greatest minimax accuracy."""
    diverged: int | None
    """Epoch at which it diverged; None where it did not."""


class ShardSessions(Result):
    """The sessions of a shard."""

    weights: WeightsFile | None = None
    """File that the trunk began with; None for random weights."""
    sessions: tuple[SessionEnd, ...]
    """End of each session, in order."""

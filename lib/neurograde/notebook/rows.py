"""The rows of the tables of a store that no other room has a model of; `SessionRow` is in `evaluation`."""

from __future__ import annotations

from typing import NamedTuple


class ArtefactRow(NamedTuple):
    """An artefact of the store; a shard of a grid is one."""

    kind: str
    """Folder of the store that holds it."""
    name: str
    """Name of the artefact."""
    job: str
    """Job that made it."""
    digest: str
    """SHA-256 over spec, inputs and files."""
    spec_digest: str
    """SHA-256 of the spec."""
    revision: int
    """Revision of the job."""
    files: int
    """Number of files."""
    bytes: int
    """Length of all files together."""
    marks: str
    """Marks that every page shows beside it, with commas between them."""
    wall_seconds: float
    """Time that the job took."""
    co2e_g: float | None
    """Emissions of the job in g."""


class RunRow(NamedTuple):
    """A grid."""

    run: str
    """Name of the grid."""
    dataset: str
    """Name of the data set that it was trained on."""
    sessions: int
    """Number of sessions."""
    shards: int
    """Number of shards."""
    shards_done: int
    """Number of shards that are done."""
    diverged: int
    """Number of sessions that diverged, of the shards that are done."""
    marks: str
    """Marks that every page shows beside it, with commas between them."""
    spec_digest: str
    """SHA-256 of the train spec."""


class EpochRow(NamedTuple):
    """A session in one epoch."""

    run: str
    """Name of the grid."""
    session: str
    """Id of the session."""
    epoch: int
    """The epoch, 0 before any step."""
    train_loss: float | None
    """Running mean over the epoch, in training mode."""
    train_accuracy: float | None
    """Running share over the epoch, in training mode."""
    valid_loss: float | None
    """Mean over the valid subset, in eval mode."""
    valid_accuracy: float | None
    """Share of the valid subset, in eval mode."""


class OpeningRow(NamedTuple):
    """A record of a ledger: an opening of a test set, or a look at images of it."""

    ledger: str
    """Name of the ledger."""
    number: int
    """Number of the record in it, from 1."""
    at: str
    """Time in ISO 8601, UTC."""
    evaluation: str
    """Name of the evaluation that opened it, or of the prediction that looked."""
    session: str
    """Session whose weights were tested."""
    run_digest: str
    """Digest of the run."""
    looked_at: int | None
    """Number of images that `predict` graded; None for an evaluation."""

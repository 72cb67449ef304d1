"""The table of sessions: a row per session of a grid, with its setting, its best epochs and its emissions."""

from __future__ import annotations

from typing import Literal, NamedTuple

from neurograde.evaluation.comparison import Compared, sessions_of
from neurograde.runtime.carbon_record import CarbonRecord
from neurograde.specs.results.evaluation import BestEpoch
from neurograde.storage.run import Run

NO_EPOCH = BestEpoch(epoch=0, loss=None, accuracy=None)


class SessionRow(NamedTuple):
    """A session of a grid. Losses and accuracies are those of its best epoch by loss, on train and valid alone."""

    run: str
    """Name of the grid."""
    session: str
    """Id of the session."""
    state: Literal["done", "diverged", "unfinished"]
    """State of the session."""
    backbone: str
    """Name of the network."""
    strategy: str
    """Label of its adaptation."""
    learning_rate: float
    """Step size."""
    batch_size: int
    """Samples per step."""
    repeat: int
    """Number of the repeat, from 0."""
    epochs: int
    """Epochs to train."""
    best_epoch: int | None
    """Epoch of least minimax loss."""
    loss: float | None
    """max(train loss, valid loss) at it."""
    train_loss: float | None
    """Train loss at it."""
    valid_loss: float | None
    """Valid loss at it."""
    train_accuracy: float | None
    """Train accuracy at it."""
    valid_accuracy: float | None
    """Valid accuracy at it."""
    best_epoch_by_accuracy: int | None
    """Epoch of greatest minimax accuracy."""
    accuracy: float | None
    """min(train accuracy, valid accuracy) at that epoch."""
    diverged: int | None
    """Epoch at which it diverged."""
    co2e_g: float | None
    """Emissions of its shard in g, shared among the shard's sessions by their epochs."""


def session_rows(run: Run) -> list[SessionRow]:
    """Return the sessions of `run` in the grid's order; those of shards that are not done have no best epoch."""
    emissions = _emissions_g(run)
    return [_row(run, session, emissions.get(session.session.id)) for session in sessions_of(run)]


def _row(run: Run, compared: Compared, co2e_g: float | None) -> SessionRow:
    session, by_loss, by_accuracy = compared.session, compared.by_loss or NO_EPOCH, compared.by_accuracy or NO_EPOCH
    finished = run.shard_of(session).name in run.shards
    return SessionRow(
        run=run.grid.name,
        session=session.id,
        state="unfinished" if not finished else "done" if compared.diverged is None else "diverged",
        backbone=session.backbone,
        strategy=session.adaptation.label,
        learning_rate=session.learning_rate,
        batch_size=session.batch_size,
        repeat=session.repeat,
        epochs=session.epochs,
        best_epoch=by_loss.epoch or None,
        loss=by_loss.loss,
        train_loss=by_loss.train_loss,
        valid_loss=by_loss.valid_loss,
        train_accuracy=by_loss.train_accuracy,
        valid_accuracy=by_loss.valid_accuracy,
        best_epoch_by_accuracy=by_accuracy.epoch or None,
        accuracy=by_accuracy.accuracy,
        diverged=compared.diverged,
        co2e_g=co2e_g,
    )


def _emissions_g(run: Run) -> dict[str, float]:
    """Return the emissions of each session whose shard is done and recorded its energy."""
    emissions: dict[str, float] = {}
    for shard in run.grid.shards:
        artefact = run.shards.get(shard.name)
        if artefact is not None and artefact.manifest.carbon is not None:
            grams = 1000 * CarbonRecord.parse(artefact.manifest.carbon).co2e_kg_tdp
            epochs = sum(session.epochs for session in shard.sessions)
            emissions |= {session.id: grams * session.epochs / epochs for session in shard.sessions}
    return emissions

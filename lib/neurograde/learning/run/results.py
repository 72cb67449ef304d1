"""Files of a finished shard: history.csv, best.safetensors and sessions.json.

Nothing in the files depends on the number of attempts, so that an identical rerun is the identical artefact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from neurograde.learning.networks.families.family import Weights
from neurograde.learning.run.checkpoint import encode
from neurograde.maths.minimax import BestEpoch, best_by_accuracy, best_by_loss
from neurograde.specs.records import Commit, Metrics, Session
from neurograde.specs.results.sessions import SessionEnd, ShardSessions, WeightsFile
from neurograde.storage.artefact import encode_csv, encode_json

CURVES = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")


def result_files(
    sessions: Sequence[Session], commits: Sequence[Commit], best: Mapping[str, Tensor], weights: Weights | None
) -> dict[str, bytes]:
    """Return the shard's files by name.

    Args:
        sessions: The shard's sessions, in order.
        commits: Every epoch, in order; the last says which sessions have diverged.
        best: `<session>/<tensor>` of every session that has not.
        weights: The file that the trunk began with; None for random weights.
    """
    histories = {session.id: _history(session.id, commits) for session in sessions}
    rows = [
        (session, epoch, *(getattr(metrics, curve) for curve in CURVES))
        for session, history in histories.items()
        for epoch, metrics in enumerate(history)
    ]
    ends = ShardSessions(
        weights=weights and WeightsFile(source=weights.source, sha256=weights.sha256, licence=weights.licence),
        sessions=tuple(_end(name, history, commits[-1].diverged.get(name)) for name, history in histories.items()),
    )
    return {
        "best.safetensors": encode(best),
        "history.csv": encode_csv(("session", "epoch", *CURVES), rows),
        "sessions.json": encode_json(ends.as_json()),
    }


def _history(session: str, commits: Sequence[Commit]) -> list[Metrics]:
    """Return the session's metrics, epoch 0 first, until it ended or diverged."""
    return [metrics[session] for commit in commits for metrics in commit.epochs.values() if session in metrics]


def _end(session: str, history: Sequence[Metrics], diverged: int | None) -> SessionEnd:
    curves = {curve: [getattr(metrics, curve) for metrics in history] for curve in CURVES}
    return SessionEnd(
        id=session,
        best_epoch_by_loss=_epoch(best_by_loss(**curves)),
        best_epoch_by_accuracy=_epoch(best_by_accuracy(**curves)),
        diverged=diverged,
    )


def _epoch(best: BestEpoch | None) -> int | None:
    return best.epoch if best else None

"""The sessions of a run compared on train and valid by the minimax rule (§4.1.2), and one of them chosen."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from neurograde.errors import DataError, SpecError
from neurograde.maths import minimax
from neurograde.maths.minimax import best_by_accuracy, best_by_loss
from neurograde.maths.selection import best_session, rank_cells, spread
from neurograde.specs.records import Metrics, Session
from neurograde.specs.results.evaluation import BestEpoch, CellResult, SessionResult, Spread
from neurograde.storage.run import Run


@dataclass(frozen=True)
class Compared:
    """A session with its best epochs; without them where it has diverged."""

    session: Session
    diverged: int | None
    """The epoch at which it diverged."""
    by_loss: BestEpoch | None
    """The epoch of least minimax loss: its weights are the session's best."""
    by_accuracy: BestEpoch | None
    """The epoch of greatest minimax accuracy."""

    def result(self) -> SessionResult:
        """Return the session's entry in metrics.json."""
        return SessionResult(
            id=self.session.id,
            **axes(self.session),
            repeat=self.session.repeat,
            diverged=self.diverged,
            best_loss=self.by_loss,
            best_accuracy=self.by_accuracy,
        )


def compare(run: Run) -> list[Compared]:
    """Return every session of the run, in the grid's order, with its best epochs.

    Raises:
        DataError: no session is left, because all of them diverged.
    """
    compared = sessions_of(run)
    if not any(session.by_loss for session in compared):
        raise DataError(f"{run.artefact().url}: all {len(compared)} sessions diverged, so there is none to test")
    return compared


def sessions_of(run: Run) -> list[Compared]:
    """Return every session of the run, in the grid's order; one without a finished shard has no best epochs."""
    histories, diverged = run.histories(), run.diverged()
    compared = []
    for session in run.sessions:
        history = [] if session.id in diverged else histories[session.id]
        curves = [[getattr(epoch, name) for epoch in history] for name in _CURVES]
        by_loss, by_accuracy = best_by_loss(*curves), best_by_accuracy(*curves)
        compared.append(
            Compared(session, diverged.get(session.id), _at(by_loss, history), _at(by_accuracy, history)),
        )
    return compared


def cells(compared: Sequence[Compared]) -> tuple[CellResult, ...]:
    """Return the settings of metrics.json, best first by the mean of the best minimax loss over repeats."""
    members: dict[str, list[Compared]] = {}
    for session in compared:
        members.setdefault(session.session.cell, []).append(session)
    by_loss = {cell: [session.by_loss for session in sessions if session.by_loss] for cell, sessions in members.items()}
    by_accuracy = {
        cell: [session.by_accuracy for session in sessions if session.by_accuracy] for cell, sessions in members.items()
    }
    losses = {cell: _values("loss", bests) for cell, bests in by_loss.items()}
    return tuple(
        CellResult(
            **axes(members[cell][0].session),
            n=len(losses[cell]),
            diverged=sum(member.diverged is not None for member in members[cell]),
            loss=_spread(losses[cell]),
            accuracy=_spread(_values("accuracy", by_accuracy[cell]), max),
            # The report's figure 4.3 optimises the loss alone and shows the accuracy of the same epoch.
            accuracy_at_best_loss=_spread(_values("accuracy", by_loss[cell]), max),
        )
        for cell in rank_cells(losses)
    )


def choose(compared: Sequence[Compared], opens: str) -> Compared:
    """Return the session that opens the test set, chosen on train and valid alone.

    Args:
        compared: every session.
        opens: `best_of_best_cell`, `best`, or a session id.

    Raises:
        SpecError: `opens` names no session, or one that diverged.
    """
    able = {session.session.id: session for session in compared if session.by_loss}
    losses = {
        name: value.by_loss.loss for name, value in able.items() if value.by_loss and value.by_loss.loss is not None
    }
    if opens == "best":
        return able[best_session(losses)]
    if opens == "best_of_best_cell":
        best_cell = cells(compared)[0].cell
        return able[best_session({name: loss for name, loss in losses.items() if able[name].session.cell == best_cell})]
    if opens not in able:
        diverged = any(session.session.id == opens for session in compared)
        near = difflib.get_close_matches(opens, ["best", "best_of_best_cell", *able], n=3, cutoff=0)
        raise SpecError(
            f"opens: {opens!r} {'diverged' if diverged else 'is no session of the run'}; "
            f"accepted are best_of_best_cell, best and session ids, such as {', '.join(near)}"
        )
    return able[opens]


_CURVES = ("train_loss", "valid_loss", "train_accuracy", "valid_accuracy")


def _at(best: minimax.BestEpoch | None, history: Sequence[Metrics]) -> BestEpoch | None:
    if best is None or best.loss is None or best.accuracy is None:
        return None
    values = {name: getattr(history[best.epoch], name) for name in _CURVES}
    return BestEpoch(epoch=best.epoch, loss=best.loss, accuracy=best.accuracy, **values)


def _values(measure: str, bests: Sequence[BestEpoch]) -> list[float]:
    return [value for best in bests if (value := getattr(best, measure)) is not None]


def _spread(values: Sequence[float], best: Callable[[Iterable[float]], float] = min) -> Spread:
    return Spread(**vars(spread(values, best)))


def axes(session: Session) -> dict[str, Any]:
    """Return the setting of a session in the grid."""
    return {
        "cell": session.cell,
        "backbone": session.backbone,
        "strategy": session.adaptation.label,
        "learning_rate": session.learning_rate,
        "batch_size": session.batch_size,
    }

"""One attempt at a shard: restore, claim, epoch after epoch. It knows no network and no device.

Whatever ends it, the store is left as it was after the last commit, and the next attempt goes on from there.
A checkpoint is taken at an epoch's end and uploaded while the next ones are trained.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from neurograde.errors import Fenced, NeurogradeError, Stopped
from neurograde.learning.engines.protocol import Engine
from neurograde.learning.run.checkpoint import decode, encode
from neurograde.maths.minimax import is_better, worse_loss
from neurograde.runtime.background import Background
from neurograde.runtime.carbon import CarbonMeter
from neurograde.runtime.carbon_record import CarbonRecord, total
from neurograde.runtime.log import log
from neurograde.runtime.progress import progress
from neurograde.specs.records import Best, Lap, Metrics, Session, Status
from neurograde.storage.journal import Journal

SECONDS_FOR_AN_UPLOAD = 1.0  # that is under way when the job is asked to stop: spot machines leave 15 s for everything
SECONDS_FOR_THE_LAST_RECORD = 5.0


class Attempt:
    """One attempt at the sessions of a shard; the engine ticks it, for progress and heartbeats."""

    def __init__(self, journal: Journal, sessions: Sequence[Session], meter: CarbonMeter) -> None:
        """Prepare an attempt.

        Args:
            journal: The shard's journal.
            sessions: The shard's sessions.
            meter: Measures the energy of the attempt.
        """
        self.journal, self.sessions, self.meter = journal, sessions, meter
        self.epoch = 0
        self._advance: Callable[[int], None] = lambda _samples: None
        self._uploads = Background()
        self._begun = 0  # first epoch since the last checkpoint
        self._laps: dict[int, CarbonRecord] = {}  # by first epoch: what no commit of ours counts, so far
        self._best: dict[str, Best] = {}
        self._so_far: list[CarbonRecord] = []  # of all commits, as one record

    def tick(self, samples: int) -> None:
        """Report progress, and write a heartbeat when one is due; engines call it after every batch."""
        self._advance(samples)
        self._uploads.wait(0.0)  # what went wrong in an upload ends the attempt here
        if self.journal.heartbeat_due:
            self._heartbeat()

    @contextmanager
    def claimed(self, engine: Engine, machine: Mapping[str, Any]) -> Iterator[None]:
        """Restore the engine, claim the shard, and leave a record of how the block ended.

        Raises:
            NoProgress: too many attempts have come to nothing.
        """
        latest = self.journal.latest()
        if latest is not None:
            commit, blob = latest
            engine.load_state(decode(blob, f"{self.journal.folder}/{commit.key}"))
            self.epoch = self._begun = commit.epoch + 1
            self._best = dict(commit.best)
            self._so_far = [self._carbon(commit.carbon_so_far)] if commit.carbon_so_far else []
        number = self.journal.claim(machine)
        log.info(f"{self.journal.folder}: attempt {number} begins with epoch {self.epoch}")
        try:
            yield
        except BaseException as error:
            self._leave(error)
            raise
        self.journal.heartbeat(self.epoch, ended="done", exit_code=0)

    def train(self, engine: Engine, keep_last: int, samples_per_epoch: int, checkpoint_every: int = 1) -> None:
        """Train to the last epoch, or until every session has diverged; commit every few epochs, and the last.

        Args:
            engine: Trains the epochs.
            keep_last: Checkpoints to keep.
            samples_per_epoch: Samples that pass through a session in an epoch, for the progress shown.
            checkpoint_every: Epochs from one commit to the next.

        Raises:
            Fenced: a newer attempt has taken over, or an epoch came out otherwise than before.
            Stopped: asked to stop.
        """
        last = max(session.epochs for session in self.sessions)
        passes = (last + 1 - self.epoch) * len(self.sessions) * samples_per_epoch
        measured: list[dict[str, Metrics]] = []  # since the last commit
        with progress(self.journal.folder, passes, "samples") as self._advance:
            for epoch in range(self.epoch, last + 1):
                self.epoch = epoch
                if len(engine.diverged) == len(self.sessions):
                    break
                metrics = engine.run_epoch(epoch)
                if not metrics:  # every session has ended early
                    self.epoch = epoch - 1
                    if measured:
                        self._checkpoint(engine, measured, keep_last)
                    break
                measured.append(metrics)
                ended = epoch == last or len(engine.diverged) == len(self.sessions)
                if ended or epoch % checkpoint_every == 0:
                    self._checkpoint(engine, measured, keep_last)
                    measured = []
            self._settle()

    def carbon(self) -> tuple[CarbonRecord, CarbonRecord | None]:
        """Return the shard's cost so far, over all attempts, and its wasted part (None: nothing was wasted)."""
        commits = self.journal.commits()
        makers = {epoch: commit.attempt for commit in commits for epoch in commit.epochs}
        laps = {number: _laps(status) for number, status in self.journal.statuses().items()}
        laps[self.journal.attempt] = self._uncounted()
        wasted = [
            self._carbon(lap.carbon | {"work": "wasted"})
            for number, own in laps.items()
            for lap in own
            if makers.get(lap.epoch) != number
        ]
        useful = [self._carbon(commit.carbon) for commit in commits if commit.carbon]
        return total([*useful, *wasted, self.meter.peek()]), total(wasted) if wasted else None

    def _carbon(self, values: Mapping[str, Any]) -> CarbonRecord:
        return CarbonRecord.of(values, f"{self.journal.store.url}/{self.journal.folder}: carbon")

    def _checkpoint(self, engine: Engine, measured: Sequence[dict[str, Metrics]], keep_last: int) -> None:
        """Hand the epoch's end to the upload, once the one before it is through."""
        blob, lap = encode(engine.state()), self.meter.lap()
        for epoch, metrics in enumerate(measured, self._begun):
            self._best |= _better(epoch, metrics, self._best)
        self._so_far = [total([*self._so_far, lap])]
        *earlier, metrics = measured
        facts = {
            "earlier": tuple(earlier),
            "diverged": dict(engine.diverged),
            "carbon": lap.model_dump(mode="json"),
            "best": dict(self._best),
            "carbon_so_far": self._so_far[0].model_dump(mode="json"),
        }
        self._laps[self._begun], self._begun = lap, self.epoch + 1
        self._settle()
        self._uploads.begin(partial(self._upload, self.epoch, blob, metrics, facts, keep_last))

    def _upload(
        self, epoch: int, blob: bytes, metrics: dict[str, Metrics], facts: dict[str, Any], keep_last: int
    ) -> None:
        if self.journal.commit(epoch, blob, metrics, **facts):
            del self._laps[epoch - len(facts["earlier"])]
        self.journal.prune(keep_last)

    def _settle(self) -> None:
        """Wait for the upload under way, alive to all who watch."""
        while not self._uploads.wait(1.0):
            self.tick(0)

    def _uncounted(self, *under_way: CarbonRecord) -> list[Lap]:
        """Return the cost that no commit of this attempt counts: since its last checkpoint, or committed by a twin."""
        laps = [*self._laps.items(), *((self._begun, lap) for lap in under_way)]
        return [Lap(epoch=epoch, carbon=lap.model_dump(mode="json")) for epoch, lap in laps]

    def _heartbeat(self, ended: str | None = None, exit_code: int | None = None) -> None:
        laps = self._uncounted(self.meter.peek())
        carbon = total(CarbonRecord.parse(lap.carbon) for lap in laps).model_dump(mode="json")
        self.journal.heartbeat(self.epoch, carbon, ended, laps=laps, exit_code=exit_code)

    def _leave(self, error: BaseException) -> None:
        """Say how the attempt ended; who was asked to stop waits for no upload that takes long."""
        is_asked = isinstance(error, (Fenced, KeyboardInterrupt))
        with suppress(NeurogradeError):  # `error` came first
            self._uploads.wait(SECONDS_FOR_AN_UPLOAD if is_asked else None)
        record = Background()
        record.begin(partial(self._heartbeat, _ending(error), _exit_code(error)))
        record.wait(SECONDS_FOR_THE_LAST_RECORD)


def _better(epoch: int, metrics: Mapping[str, Metrics], best: Mapping[str, Best]) -> dict[str, Best]:
    """Return the sessions whose best epoch so far is this one; epoch 0, before any step, never counts."""
    losses = {session: worse_loss(metric.train_loss, metric.valid_loss) for session, metric in metrics.items()}
    return {
        session: Best(epoch=epoch, loss=loss)
        for session, loss in losses.items()
        if is_better(epoch, loss, best[session].loss if session in best else math.inf)
    }


def _laps(status: Status) -> Sequence[Lap]:
    """Return the energy of a heartbeat; an older format holds it in one piece."""
    if status.laps or status.carbon is None or status.epoch is None:
        return status.laps
    return (Lap(epoch=status.epoch, carbon=status.carbon),)


def _ending(error: BaseException) -> str:
    if isinstance(error, Fenced):
        return "fenced"
    if isinstance(error, Stopped):
        return "SIGTERM"
    return "SIGINT" if isinstance(error, KeyboardInterrupt) else "error"


def _exit_code(error: BaseException) -> int:
    return Stopped.exit_code if isinstance(error, KeyboardInterrupt) else getattr(error, "exit_code", 1)

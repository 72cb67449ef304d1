"""One attempt at a shard: restore, claim, epoch after epoch. It knows no network and no device.

Whatever ends it, the store is left as it was after the last commit, and the next attempt goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from neurograde.errors import Fenced, Stopped
from neurograde.learning.checkpoint import decode, encode
from neurograde.learning.engine import Engine
from neurograde.runtime.carbon import CarbonMeter
from neurograde.runtime.carbon_record import CarbonRecord, total
from neurograde.runtime.log import log
from neurograde.runtime.progress import progress
from neurograde.specs.records import Session, Status
from neurograde.storage.journal import Journal


class Attempt:
    """One attempt at the sessions of a shard; the engine ticks it, for progress and heartbeats."""

    def __init__(self, journal: Journal, sessions: Sequence[Session], meter: CarbonMeter) -> None:
        """An attempt that has not begun.

        Args:
            journal: Where the shard's state is.
            sessions: The shard's sessions.
            meter: Measures what the attempt draws.
        """
        self.journal, self.sessions, self.meter = journal, sessions, meter
        self.epoch = 0
        self._advance: Callable[[int], None] = lambda _samples: None
        self._repeated: list[CarbonRecord] = []  # laps of epochs that stood already

    def tick(self, samples: int) -> None:
        """Called by the engine after every batch: progress, and a heartbeat when one is due."""
        self._advance(samples)
        if self.journal.heartbeat_due:
            self.journal.heartbeat(self.epoch, self._since_last_commit())

    @contextmanager
    def claimed(self, engine: Engine, machine: Mapping[str, Any]) -> Iterator[None]:
        """Restore the engine, claim the shard, and leave a record of how the block ended.

        Raises:
            NoProgress: too many attempts have come to nothing.
        """
        found = self.journal.latest()
        if found is not None:
            commit, blob = found
            engine.load_state(decode(blob, f"{self.journal.folder}/{commit.key}"))
            self.epoch = commit.epoch + 1
        number = self.journal.claim(machine)
        log.info(f"{self.journal.folder}: attempt {number} begins with epoch {self.epoch}")
        try:
            yield
        except BaseException as error:
            self.journal.heartbeat(self.epoch, self._since_last_commit(), _ending(error))
            raise
        self.journal.heartbeat(self.epoch, ended="done")

    def train(self, engine: Engine, keep_last: int, samples_per_epoch: int) -> None:
        """Train to the last epoch, or until every session has diverged, and commit each epoch.

        Raises:
            Fenced: a newer attempt has taken over, or an epoch came out otherwise than before.
            Stopped: asked to stop.
        """
        epochs = range(self.epoch, max(each.epochs for each in self.sessions) + 1)
        passes = len(epochs) * len(self.sessions) * samples_per_epoch
        with progress(self.journal.folder, passes, "samples") as self._advance:
            for self.epoch in epochs:
                if len(engine.diverged) == len(self.sessions):
                    break
                metrics = engine.run_epoch(self.epoch)
                blob, lap = encode(engine.state()), self.meter.lap()
                carbon = lap.model_dump(mode="json")
                if not self.journal.commit(self.epoch, blob, metrics, engine.diverged, carbon):
                    self._repeated.append(lap)
                self.journal.prune(keep_last)

    def carbon(self) -> tuple[CarbonRecord, CarbonRecord | None]:
        """What the shard has cost so far, over all attempts, and the part that was wasted (None: nothing was)."""
        commits = self.journal.commits()
        makers = {commit.epoch: commit.attempt for commit in commits}
        wasted = list(self._repeated)
        for attempt, status in self.journal.statuses().items():
            if attempt != self.journal.attempt and status.carbon and not _came_to_fruit(status, makers):
                wasted.append(CarbonRecord.parse(status.carbon))
        wasted = [each.model_copy(update={"work": "wasted"}) for each in wasted]
        useful = [CarbonRecord.parse(commit.carbon) for commit in commits if commit.carbon]
        return total([*useful, *wasted, self.meter.lap()]), total(wasted) if wasted else None

    def _since_last_commit(self) -> dict[str, Any]:
        return total([*self._repeated, self.meter.peek()]).model_dump(mode="json")


def _came_to_fruit(status: Status, makers: Mapping[int, int]) -> bool:
    """Whether the attempt committed the epoch of its last heartbeat after all, whose record then counts it."""
    return status.epoch is not None and makers.get(status.epoch) == status.attempt


def _ending(error: BaseException) -> str:
    if isinstance(error, Fenced):
        return "fenced"
    if isinstance(error, Stopped):
        return "SIGTERM"
    return "SIGINT" if isinstance(error, KeyboardInterrupt) else "error"

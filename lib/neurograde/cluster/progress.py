"""A live table of a step's Jobs on a terminal: indexes done and given up, pods that run and wait, time left.

The time left follows from the epochs that are committed to the store; for a step that trains nothing, or where the
store cannot be read from here, from the indexes that ended.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.live import Live
from rich.table import Table

from neurograde.cluster.finished import Epochs, committed_epochs
from neurograde.cluster.folder import PlannedJob
from neurograde.cluster.observed import ObservedJob
from neurograde.runtime.log import console

READ_SECONDS = 60.0
"""Time from one look into the store to the next."""
SHOWN = 20
"""Most Jobs that are shown; those that run come first."""


class StepTable:
    """The table; without a terminal on stderr it shows nothing, and the log has the lines."""

    def __init__(self) -> None:
        """Prepare a table that is not shown yet."""
        self._live: Live | None = None
        self._title, self._jobs = "", list[PlannedJob]()
        self._began: tuple[float, int] | None = None
        self._epochs: Epochs | None = None
        self._read_at = -READ_SECONDS

    @contextmanager
    def shown(self, title: str, jobs: Sequence[PlannedJob]) -> Iterator[None]:
        """Show the table while the block runs."""
        self._title, self._jobs, self._began, self._read_at = title, list(jobs), None, -READ_SECONDS
        if not console.is_terminal:
            yield
            return
        with Live(console=console, refresh_per_second=2, transient=True) as self._live:
            yield
        self._live = None

    def update(self, observed: Mapping[str, ObservedJob], ended: Mapping[str, str]) -> None:
        """Show the counts of now; the store is asked once a minute."""
        if self._live is None:
            return
        now = time.monotonic()
        if now - self._read_at >= READ_SECONDS:
            self._read_at, self._epochs = now, committed_epochs(self._jobs)
        self._live.update(self.table(observed, ended, now, self._epochs))

    def table(
        self, observed: Mapping[str, ObservedJob], ended: Mapping[str, str], now: float, epochs: Epochs | None = None
    ) -> Table:
        """Return the table of the counts at the time `now` of a monotonic clock."""
        unit = "indexes done" if epochs is None else "epochs committed"
        done = sum(job.succeeded for job in observed.values()) if epochs is None else epochs.done
        total = sum(job.completions for job in observed.values()) if epochs is None else epochs.total
        self._began = self._began or (now, done)
        table = Table(title=f"{self._title}: {len(ended)} of {len(self._jobs)} Jobs ended", title_justify="left")
        for column in ("Job", "run", "wait", "done", "given up"):
            table.add_column(column, justify="left" if column == "Job" else "right")
        for job in sorted(observed.values(), key=lambda job: (job.end is not None, job.name))[:SHOWN]:
            counts = (job.ready, max(0, job.active - job.ready), f"{job.succeeded}/{job.completions}")
            table.add_row(job.name, *map(str, counts), str(len(job.failed_indexes)))
        table.caption = f"{done:,} of {total:,} {unit}; {self._left(now, done, total)}"
        return table

    def _left(self, now: float, done: int, total: int) -> str:
        """Return the time left, from the work that was done since the table was first shown."""
        assert self._began is not None
        seconds, more = now - self._began[0], done - self._began[1]
        if more < 1:
            return "time left not known yet"
        return f"about {(total - done) * seconds / more / 60:,.0f} min left at this rate"

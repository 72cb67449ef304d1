"""A live table of a step's Jobs on a terminal: indexes done and given up, pods that run and wait, time left."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.live import Live
from rich.table import Table

from neurograde.cluster.observed import ObservedJob
from neurograde.runtime.log import console

SHOWN = 20
"""Most Jobs that are shown; those that run come first."""


class Board:
    """The table; without a terminal on stderr it shows nothing, and the log has the lines."""

    def __init__(self) -> None:
        """A table that is not shown yet."""
        self._live: Live | None = None
        self._title, self._names = "", list[str]()
        self._began: tuple[float, int] | None = None

    @contextmanager
    def shown(self, title: str, names: Sequence[str]) -> Iterator[None]:
        """Show the table while the block runs."""
        self._title, self._names, self._began = title, list(names), None
        if not console.is_terminal:
            yield
            return
        with Live(console=console, refresh_per_second=2, transient=True) as self._live:
            yield
        self._live = None

    def update(self, observed: Mapping[str, ObservedJob], ended: Mapping[str, str]) -> None:
        """Show the counts of now."""
        if self._live is not None:
            self._live.update(self.table(observed, ended, time.monotonic()))

    def table(self, observed: Mapping[str, ObservedJob], ended: Mapping[str, str], now: float) -> Table:
        """Return the table of the counts at the time `now` of a monotonic clock."""
        done = sum(job.succeeded for job in observed.values())
        total = sum(job.completions for job in observed.values())
        self._began = self._began or (now, done)
        table = Table(title=f"{self._title}: {len(ended)} of {len(self._names)} Jobs ended", title_justify="left")
        for column in ("Job", "run", "wait", "done", "given up"):
            table.add_column(column, justify="left" if column == "Job" else "right")
        for job in sorted(observed.values(), key=lambda job: (job.end is not None, job.name))[:SHOWN]:
            counts = (job.ready, max(0, job.active - job.ready), f"{job.succeeded}/{job.completions}")
            table.add_row(job.name, *map(str, counts), str(len(job.failed_indexes)))
        table.caption = f"{done} of {total} indexes done; {self._left(now, done, total)}"
        return table

    def _left(self, now: float, done: int, total: int) -> str:
        """Return the time left, from the indexes that ended since the table was first shown."""
        assert self._began is not None
        seconds, ended = now - self._began[0], done - self._began[1]
        if not ended:
            return "time left unknown until an index ends"
        return f"about {(total - done) * seconds / ended / 60:,.0f} min left at this rate"

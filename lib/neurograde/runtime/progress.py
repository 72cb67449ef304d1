"""Progress of long work: a rich bar with rate and time left on a terminal, a log line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from neurograde.maths.text import printable
from neurograde.runtime.log import console, log

SECONDS_BETWEEN_LINES = 15.0


@contextmanager
def progress(what: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """Show the progress of `what` out of `total` units; the function yielded takes the number of units just done."""
    with _bar(what, total, unit) if sys.stderr.isatty() else _lines(what, total, unit) as advance:
        yield advance


def progress_line(what: str, done: int, total: int, unit: str, seconds: float) -> str:
    """Return the progress of `what` after that many seconds, as a line.

    >>> progress_line("night/vgg19", 600, 6_000, "samples", 60)
    'night/vgg19: 600 of 6,000 samples, 10.0/s, 9 min left'
    >>> progress_line("night/vgg19", 0, 1_674_540, "samples", 15)
    'night/vgg19: 0 of 1,674,540 samples, rate not known yet'
    """
    rate = done / seconds if seconds > 0 else 0.0
    left = f", {duration((total - done) / rate)} left" if rate else ""
    return f"{what}: {done:,} of {total:,} {unit}, {pace(rate)}{left}"


def pace(rate: float | None) -> str:
    """Return a rate per second, minute or hour, so that it is not 0.0; in words while it is unknown.

    >>> pace(1_234.56), pace(0.05), pace(0.0002), pace(None)
    ('1,234.6/s', '3.0/min', '0.7/h', 'rate not known yet')
    """
    if not rate:
        return "rate not known yet"
    unit, seconds = next((choice for choice in (("s", 1), ("min", 60)) if rate * choice[1] >= 1), ("h", 3_600))
    return f"{rate * seconds:,.1f}/{unit}"


def duration(seconds: float | None) -> str:
    """Return a rounded duration: `45 s`, `12 min`, `3.4 h`, `2.1 d`; `–` for None.

    >>> [duration(seconds) for seconds in (None, 45, 720, 12_240, 181_440)]
    ['–', '45 s', '12 min', '3.4 h', '2.1 d']
    """
    if seconds is None:
        return "–"
    for unit, size, digits in (("d", 86_400, 1), ("h", 3_600, 1), ("min", 60, 0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.{digits}f} {unit}"
    return f"{seconds:.0f} s"


@contextmanager
def _bar(what: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}  {task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(escape(printable(what)), total=total, unit=unit, rate=pace(None))

        def advance(done: int) -> None:
            bar.advance(task, done)
            bar.update(task, rate=pace(bar.tasks[0].speed))

        yield advance


@contextmanager
def _lines(what: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    start = last = time.monotonic()
    done = 0

    def advance(more: int) -> None:
        nonlocal done, last
        done += more
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES:
            last = now
            log.info(progress_line(what, done, total, unit, now - start))

    yield advance

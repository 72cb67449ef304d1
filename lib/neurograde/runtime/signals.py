"""SIGTERM as an exception: a pod that is asked to stop, stops between two instructions."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from neurograde.errors import Stopped

SECONDS_TO_ASK_AGAIN = 0.01


@contextmanager
def sigterm_stops() -> Iterator[None]:
    """Raise `Stopped` in the main thread when SIGTERM comes, wherever that thread is, as long as the block runs.

    In a callback of a weak reference or a `__del__`, the interpreter reports what is raised and continues as if
    nothing had happened. Then the request is repeated a moment later.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Stopped("asked to stop (SIGTERM); run the same command again to go on")

    def unraised(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, Stopped):
            signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_ASK_AGAIN)  # takes no lock, that the thread may hold here
        else:
            report(lost)

    report, sys.unraisablehook = sys.unraisablehook, unraised
    handlers = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGALRM)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        sys.unraisablehook = report

"""One task in a thread beside the main one, so that what waits for a network does not keep a processor waiting.

A request to stop may come between any two instructions of the main thread, in the standard library's as well: at the
start of a thread, which `join` then refuses; on the way into a condition, whose lock is then held for good. So the end
of a task is a flag, and a lock of the interpreter's own that is asked for only while the flag is down.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Background:
    """At most one task at a time; what goes wrong in it comes out at the next look."""

    def __init__(self) -> None:
        """Nothing is under way."""
        self._ended = True
        self._end = threading.Lock()
        self._error: BaseException | None = None

    def begin(self, task: Callable[[], object]) -> None:
        """Start the task once the one before it has ended; what went wrong in that one is raised here.

        A request to stop that comes meanwhile leaves open whether the task was begun: wait for it with a time.
        """
        self.wait()
        end = threading.Lock()
        end.acquire()
        self._ended, self._end = False, end
        try:
            # A daemon: a job that was asked to stop ends without it.
            threading.Thread(target=self._run, args=(task, end), daemon=True).start()
        except Exception:
            self._ended = True  # the system has no thread left
            raise

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the task has ended, within that time when one is given; what went wrong in it is raised, once."""
        if not self._ended:
            self._end.acquire(timeout=-1 if seconds is None else seconds)
        if not self._ended:
            return False
        error, self._error = self._error, None
        if error is not None:
            raise error
        return True

    def _run(self, task: Callable[[], object], end: threading.Lock) -> None:
        try:
            task()
        except BaseException as error:  # it belongs to whoever waits
            self._error = error
        self._ended = True  # first: whoever gets the lock need not give it back
        end.release()

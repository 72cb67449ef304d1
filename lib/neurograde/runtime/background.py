"""One task in a thread beside the main one, so that waiting for a network does not keep a processor idle.

A request to stop may come between any two instructions of the main thread, also inside the standard library: at the
start of a thread, which `join` then refuses; on the way into a condition, whose lock is then held for good. So the end
of a task is a flag, and a lock of the interpreter that is acquired only while the flag is down.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Background:
    """A thread with at most one task at a time; an error of the task is raised at the next call."""

    def __init__(self) -> None:
        """Begin without a task."""
        self._ended = True
        self._end = threading.Lock()
        self._error: BaseException | None = None

    def begin(self, task: Callable[[], object]) -> None:
        """Start the task once the one before it has ended; an error of that one is raised here.

        After a request to stop that comes meanwhile, the task may or may not have begun: wait for it with a timeout.
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
        """Wait for the end of the task, at most so long, and return True if it has ended; its error is raised once."""
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
        except BaseException as error:  # it is raised in the thread that waits
            self._error = error
        self._ended = True  # first: the thread that gets the lock need not release it
        end.release()

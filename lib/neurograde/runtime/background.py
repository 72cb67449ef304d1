"""One task in a thread beside the main one, so that what waits for a network does not keep a processor waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Background:
    """At most one task at a time; what goes wrong in it comes out at the next look."""

    def __init__(self) -> None:
        """Nothing is under way."""
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def begin(self, task: Callable[[], object]) -> None:
        """Start the task once the one before it has ended; what went wrong in that one is raised here."""
        self.wait()
        # A daemon: a job that was asked to stop ends without it.
        self._thread = threading.Thread(target=self._run, args=(task,), daemon=True)
        self._thread.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the task has ended, within that time when one is given; what went wrong in it is raised, once."""
        if self._thread is not None:
            self._thread.join(seconds)
            if self._thread.is_alive():
                return False
            self._thread = None
        error, self._error = self._error, None
        if error is not None:
            raise error
        return True

    def _run(self, task: Callable[[], object]) -> None:
        try:
            task()
        except BaseException as error:  # it belongs to whoever waits
            self._error = error

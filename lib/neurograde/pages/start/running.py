"""A command of neurograde in a separate process, followed by the lines of its log."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from collections import deque
from typing import Any

from neurograde.errors import DataError
from neurograde.runtime.invocation import arguments_of_process

LINES = 200
"""Lines of the log that are kept."""
_STEP = re.compile(r"(\d+) of (\d+): (\w+) ")


class Running:
    """A command of neurograde that runs beside the page."""

    def __init__(self, command: str, *words: str, folder: str) -> None:
        """Start `command` in `folder`; its log is JSON lines, since nobody sees its terminal."""
        self.step = self.steps = 0
        self.job = ""
        self.lines: deque[str] = deque(maxlen=LINES)
        self._lock = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603 - our own command, as a list
            arguments_of_process(command, *words),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._follow, daemon=True)
        self._reader.start()

    @property
    def code(self) -> int | None:
        """Exit code; None while it runs."""
        return self._process.poll()

    def state(self) -> dict[str, Any]:
        """Return what the page shows: the step, the job, the last lines, the exit code."""
        code = self.code
        if code is not None:
            self._reader.join(timeout=5)
        with self._lock:
            return {"step": self.step, "steps": self.steps, "job": self.job, "lines": [*self.lines][-8:], "code": code}

    def address(self, seconds: float) -> str:
        """Return the address that a command which serves a page prints.

        Raises:
            DataError: it has ended, or printed none in `seconds`; repeats its last line.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.code is None:
            with self._lock:
                served = [line for line in self.lines if line.startswith("http://127.0.0.1:")]
            if served:
                return served[0]
            time.sleep(0.1)
        raise DataError(f"the page did not open: {(self.state()['lines'] or ['nothing was printed'])[-1]}")

    def stop(self) -> None:
        """Ask it to stop, as Ctrl-C would; what is committed stays."""
        if self.code is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> int:
        """Wait for its end and return the exit code; subprocess.TimeoutExpired after `seconds`."""
        return self._process.wait(seconds)

    def _follow(self) -> None:
        for line in self._process.stdout or ():
            event = read_event(line)
            with self._lock:
                if match := _STEP.match(event):
                    self.step, self.steps, self.job = int(match[1]), int(match[2]), match[3]
                if event:
                    self.lines.append(event)


def read_event(line: str) -> str:
    """Return the event of a line of a log; the line itself where it holds anything but a JSON object.

    >>> read_event('{"level": "info", "event": "1 of 6: patch study.yaml"}')
    '1 of 6: patch study.yaml'
    """
    try:
        record = json.loads(line)
    except ValueError:
        return line.strip()
    return str(record["event"]) if isinstance(record, dict) and "event" in record else line.strip()

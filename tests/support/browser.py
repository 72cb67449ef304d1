"""A page that a job serves, and the cable between it and a browser."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import IO

from playwright.sync_api import Page, Route

from neurograde.runtime.invocation import arguments_of_process

ROOT = Path(__file__).parents[2]


class Cable:
    """What a page's decisions go through on their way to the server, as long as it is not cut."""

    def __init__(self, page: Page) -> None:
        self.cut = False
        page.route("**/decision", self._carry)

    def _carry(self, route: Route) -> None:
        if self.cut:
            route.abort()
        else:
            route.continue_()


class Served:
    """A job that serves a page, in a process of its own."""

    def __init__(self, job: str, spec: Path, *options: str) -> None:
        command = arguments_of_process(job, str(spec), *options)
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        output: IO[str] = self.process.stdout  # type: ignore[assignment]
        self.address = output.readline().strip()
        assert self.address.startswith("http://127.0.0.1:"), self.process.communicate()[1]

    def stop(self, number: int = signal.SIGINT) -> int:
        """End it; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=20)
        return self.process.returncode

"""Stores that kill their own process: before its n-th step, or at the n-th object of a kind."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from neurograde.storage.store import Store

SOAK = "NEUROGRADE_SOAK" in os.environ
"""True in `make soak`: the same tests at every step and more often."""


@dataclass
class Countdown:
    """Kills its process at the n-th step."""

    left: int
    lock: threading.Lock = field(default_factory=threading.Lock)

    def step(self) -> None:
        with self.lock:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class MortalStore(Store):
    """Kills its process before the n-th thing it does; on a local disk, every sync and link is one as well."""

    def __init__(self, url: str, dies_at: int) -> None:
        super().__init__(url)
        self.countdown = Countdown(dies_at)
        if url.startswith("file://"):
            for name in ("fsync", "link", "open"):
                setattr(os, name, self._counted(getattr(os, name)))

    def _ask(self, key: str | None, action: Any) -> Any:
        self.countdown.step()
        return super()._ask(key, action)

    def _counted(self, function: Any) -> Any:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.countdown.step()
            return function(*arguments, **options)

        return counted


class DyingStore(Store):
    """Kills its own process as it is about to write, or has just written, the n-th object of a kind."""

    def __init__(self, url: str, kind: str, n: int, *, after: bool) -> None:
        super().__init__(url)
        self.kind, self.left, self.after = kind, n, after

    def put(self, key: str, data: bytes) -> None:
        self._or_die(super().put, key, data)

    def create(self, key: str, data: bytes) -> None:
        self._or_die(super().create, key, data)

    def _or_die(self, write: Callable[[str, bytes], None], key: str, data: bytes) -> None:
        self.left -= f"/{self.kind}" in key
        doomed = self.left == 0 and f"/{self.kind}" in key
        if doomed and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        write(key, data)
        if doomed:
            os.kill(os.getpid(), signal.SIGKILL)


def outcome(child: int) -> int:
    """Exit code of the process, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

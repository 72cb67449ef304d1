"""Memory of pictures that are being decoded: estimated from their headers, and shared among the threads."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from neurograde.errors import DataError
from neurograde.runtime.machine import usable_ram_gib

SHARE = 0.6
"""Part of the memory of the machine or container that pictures may take; the rest is for patches and the program."""
_GIB = 2**30


class Memory:
    """A number of bytes that threads share: each waits until the part that it needs is free."""

    def __init__(self, total: float) -> None:
        """Share `total` bytes."""
        self.total = total
        self._used = 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, n_bytes: int, name: str) -> Iterator[None]:
        """Hold memory for as long as the context lasts.

        Raises:
            DataError: The picture `name` alone takes more than there is.
        """
        if n_bytes > self.total:
            raise DataError(
                f"{name}: decoding it takes about {n_bytes / _GIB:.1f} GiB; accepted: at most "
                f"{self.total / _GIB:.1f} GiB, {SHARE:.0%} of the memory that this process may use"
            )
        with self._changed:
            self._changed.wait_for(lambda: self._used + n_bytes <= self.total)
            self._used += n_bytes
        try:
            yield
        finally:
            with self._changed:
                self._used -= n_bytes
                self._changed.notify_all()


@functools.cache
def decoding_memory() -> Memory:
    """Return the memory that all pictures of this process share."""
    ram = usable_ram_gib()
    return Memory(float("inf") if ram is None else SHARE * ram * _GIB)

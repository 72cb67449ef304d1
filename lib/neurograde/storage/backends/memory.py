"""Objects in this process's memory, for tests and trials."""

from __future__ import annotations

from threading import Lock
from typing import Any, ClassVar

from fsspec.implementations.memory import MemoryFileSystem

from neurograde.storage.backends.backend import UNCACHED, Backend, register


class MemoryFiles(MemoryFileSystem):  # type: ignore[misc]
    """The memory of fsspec; of several creators at one moment, only one succeeds."""

    _lock = Lock()

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: object) -> None:
        """Write the whole object; `create` only if there is none (FileExistsError)."""
        with self._lock:  # fsspec checks first and writes later
            super().pipe_file(path, value, mode=mode, **options)

    def promote(self, source: str, target: str) -> None:
        """Copy the object `source` to `target` where there is none (FileExistsError)."""
        with self._lock:
            if self.exists(target):
                raise FileExistsError(target)
            self.cp_file(source, target)


class Memory(Backend):
    """Stores in memory."""

    schemes: ClassVar[tuple[str, ...]] = ("memory",)

    def open(self, url: str) -> Any:
        """Return the memory of this process."""
        del url
        return MemoryFiles(**UNCACHED)


register(Memory())

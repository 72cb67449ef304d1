"""Files on a local disk, written so that a crash at any instant leaves the old file or the new one: never half."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem

TEMPORARY = ".part-"
"""Prefix of files under way; no listing shows them."""


class LocalFiles(LocalFileSystem):  # type: ignore[misc]
    """A local folder that behaves as an object store does."""

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_options: object) -> None:
        """Put the whole file there in one step that survives the loss of power; `create` only where there is none.

        Raises:
            FileExistsError: mode is `create`, and there is one.
        """
        target = Path(self._strip_protocol(path))
        _make_folder(target.parent)
        with _beside(target, value) as temporary:
            if mode == "create":
                os.link(temporary, target)
            else:
                temporary.replace(target)
        _sync(target.parent)

    def find(self, path: str, *arguments: Any, **options: Any) -> Any:
        """As every file system's, without the files under way; always with details."""
        found = super().find(path, *arguments, **options | {"detail": True})
        return {name: info for name, info in found.items() if not name.rsplit("/", 1)[-1].startswith(TEMPORARY)}

    def clear(self, path: str) -> None:
        """Remove the folder with everything in it, files under way too."""
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _beside(target: Path, data: bytes) -> Iterator[Path]:
    """The bytes in a file of another name in the same folder, on the disk for good."""
    temporary = target.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Have the names in the folder on the disk, as fsync has a file's bytes."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

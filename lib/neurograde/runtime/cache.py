"""Arrays that are costly to make, kept on the local disk and mapped into memory: packed patches, trunk features.

    <folder>/<key>-<sha256 of the values>.npy

The key identifies the computation and the digest its result, so that a file truncated by a full disk or changed by a
bad one is noticed when it is opened, and made again. A file is written under another name and renamed: processes that
make it at once each write their own, and the last rename wins with the same bytes. No result depends on the cache:
without room, or on a disk that refuses, the array is made in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neurograde.errors import UsageError
from neurograde.runtime.log import log

TEMPORARY = ".part-"  # prefix of files that are being written
CACHE_LIMIT = "NEUROGRADE_CACHE_GIB"
"""Variable with the GiB of a pod's cache volume: an upper limit of what specs allow."""
SECONDS_UNDER_WAY = 24 * 3600  # after so long without a write, a file belongs to a killed process


class Cache:
    """Arrays by key in one folder of the local disk; the least recently used are removed first."""

    def __init__(self, limit_gib: float, folder: Path | None = None) -> None:
        """Set the limit and the folder, which is NEUROGRADE_CACHE or the user's cache folder if it is not given."""
        self.folder = folder or default_folder()
        self.limit = int(min(limit_gib, _limit_of_pod()) * 2**30)

    def find(self, key: str) -> NDArray[Any] | None:
        """Return the cached array for `key`, memory-mapped, or None. A corrupt file is logged and deleted."""
        for path in self.folder.glob(f"{key}-*.npy"):
            try:
                array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
                if _digest(array) == path.stem.removeprefix(f"{key}-"):
                    os.utime(path)
                    return array
            except FileNotFoundError:
                continue  # another process needed the room
            except (ValueError, OSError, EOFError):
                pass
            log.warning(f"{path} is damaged: it is made again")
            path.unlink(missing_ok=True)
        return None

    @contextlib.contextmanager
    def make(self, key: str, shape: Sequence[int], dtype: DTypeLike) -> Iterator[NDArray[Any]]:
        """Yield an array for the block to fill; when the block ends, it is cached for `key` and becomes read-only.

        Args:
            key: Digest of everything that determines the values: letters and digits.
            shape: Shape of the array.
            dtype: Type of the values.
        """
        temporary = self.folder / f"{TEMPORARY}{secrets.token_hex(8)}"
        array = self._mapped(temporary, tuple(shape), np.dtype(dtype))
        if array is None:
            array = np.empty(tuple(shape), dtype)
            yield array
            array.flags.writeable = False
            return
        try:
            yield array
            array.flags.writeable = False
            temporary.replace(self.folder / f"{key}-{_digest(array)}.npy")
        finally:
            temporary.unlink(missing_ok=True)

    def _mapped(self, path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any] | None:
        """Return the array of a new file, with its space allocated; log the reason and return None if that fails."""
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        if size > self.limit:
            log.info(f"{size / 2**30:.2f} GiB do not fit into cache_gib {self.limit / 2**30:g}: held in memory")
            return None
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # patches of patients are private
            self._make_room(size)
            array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
            # A mapped page without space on the disk ends the process when the disk is full; so allocate it now.
            with path.open("r+b") as file:
                _allocate(file.fileno(), path.stat().st_size)
        except OSError as error:
            with contextlib.suppress(OSError):
                path.unlink()
            log.warning(f"nothing can be kept in {self.folder} ({error}): held in memory")
            return None
        return array

    def _make_room(self, size: int) -> None:
        """Remove the least recently used files until `size` more bytes are within the limit."""
        files = []
        for path in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                facts = path.stat()
                files.append((facts.st_mtime, path, facts.st_size))
        total = sum(size for _, _, size in files)
        for used, path, freed in sorted(files):
            under_way = path.name.startswith(TEMPORARY) and time.time() - used < SECONDS_UNDER_WAY
            if total + size > self.limit and not under_way:
                path.unlink(missing_ok=True)  # a process that has it mapped keeps it until it is closed
                total -= freed


def _limit_of_pod() -> float:
    """Return the GiB of the pod's cache volume, infinity without one; UsageError if it is not a number."""
    text = os.environ.get(CACHE_LIMIT, "inf")
    try:
        limit = float(text)
    except ValueError:
        limit = math.nan
    if not limit >= 0:
        raise UsageError(f"{CACHE_LIMIT}={text!r}: a number of GiB is accepted")
    return limit


def default_folder() -> Path:
    """Return NEUROGRADE_CACHE, or the folder `neurograde` among the user's caches."""
    folder = os.environ.get("NEUROGRADE_CACHE")
    return Path(folder) if folder else Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "neurograde"


def _digest(array: NDArray[Any]) -> str:
    """Return the SHA-256 of the values in their order, without copying them."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def _allocate(file: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)

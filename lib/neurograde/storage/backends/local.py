"""Files on a local disk, written so that a crash at any instant leaves the old file or the new one: never half."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from fsspec.implementations.local import LocalFileSystem

from neurograde.errors import DataError, SpecError
from neurograde.maths.digest import sha256_hex
from neurograde.storage.backends.backend import UNCACHED, Backend, register

UNSUPPORTED = frozenset({errno.EPERM, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""Errors of file systems without hard links, or without renames that never replace."""
AT_WORKING_DIRECTORY, RENAME_NOREPLACE, RENAME_EXCL = -100, 1, 4
"""Arguments of system calls, from <fcntl.h> and <stdio.h>."""
TEMPORARY = ".part-"
"""Prefix of files that are being written; no listing shows them."""
SECONDS_UNDER_WAY = 24 * 3600
"""Age from which such a file of another machine was left by a kill: no write takes that long."""
NO_SUCH_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP})
"""Errors of a path that leads to no file."""
SPECIAL = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}
"""Words for what is neither a file nor a folder, and is never opened: its end may never come."""
MACHINE = sha256_hex(socket.gethostname().encode())[:8]
"""Word for this machine in the names of such files, beside the number of the process."""


class LocalFiles(LocalFileSystem):  # type: ignore[misc]
    """A local folder that behaves as an object store does."""

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if "r" in mode:
            check_regular(path, path)
        return super()._open(path, mode=mode, **options)

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_options: object) -> None:
        """Write the whole file in one step that survives a loss of power; `create` only if there is none.

        Raises:
            FileExistsError: The mode is `create`, and there is one.
        """
        target = Path(self._strip_protocol(path))
        _make_folder(target.parent)
        with _beside(target, value) as temporary:
            if mode == "create":
                name_exclusively(temporary, target)
            else:
                temporary.replace(target)
        _sync(target.parent)

    def promote(self, source: str, target: str) -> None:
        """Rename a file to where there is none (FileExistsError)."""
        begin, end = (Path(self._strip_protocol(path)) for path in (source, target))
        _make_folder(end.parent)
        name_exclusively(begin, end)
        begin.unlink(missing_ok=True)
        _sync(end.parent)

    def ignores_case(self, folder: str) -> bool:
        """Return True if the disk that holds the folder takes names that differ only in case for one."""
        path = Path(self._strip_protocol(folder))
        _make_folder(path)
        with _beside(path / "probe", b"") as temporary:
            return temporary.with_name(temporary.name.upper()).exists()

    def find(self, path: str, *arguments: Any, **options: Any) -> Any:
        """Return the files below `path` with details, without those that are being written."""
        files = super().find(path, *arguments, **options | {"detail": True})
        return {name: info for name, info in files.items() if not name.rsplit("/", 1)[-1].startswith(TEMPORARY)}

    def clear(self, path: str) -> None:
        """Remove the folder with everything in it, also files that are being written."""
        shutil.rmtree(path, ignore_errors=True)


def check_regular(path: str, where: str) -> None:
    """Raise unless the path leads to a regular file.

    Raises:
        FileNotFoundError: It leads to nothing, or to a folder.
        DataError: It leads to a FIFO, a socket or a device.
    """
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        if error.errno in NO_SUCH_FILE:
            raise FileNotFoundError(where) from None
        return  # reading it names the reason
    if stat.S_ISDIR(mode):
        raise FileNotFoundError(f"{where} is a folder")
    if not stat.S_ISREG(mode):
        raise DataError(f"{where} is {SPECIAL.get(stat.S_IFMT(mode), 'special')}, and is not opened; accepted: files")


def name_exclusively(source: Path, target: Path) -> None:
    """Give the file `source` the name `target` in one step, only if that name is free.

    A hard link does it; where the file system has none (exFAT), a rename that never replaces does. The file may keep
    its old name besides.

    Raises:
        FileExistsError: there is a file of that name.
        SpecError: the file system can do neither (gcsfuse), so that two writers could not be told apart.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        _rename_exclusively(source, target)


def _rename_exclusively(source: Path, target: Path) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    paths = os.fsencode(source), os.fsencode(target)
    if hasattr(library, "renameat2"):  # Linux
        failed = library.renameat2(AT_WORKING_DIRECTORY, paths[0], AT_WORKING_DIRECTORY, paths[1], RENAME_NOREPLACE)
    elif hasattr(library, "renamex_np"):  # macOS
        failed = library.renamex_np(*paths, RENAME_EXCL)
    else:
        failed = ctypes.set_errno(errno.ENOSYS) or True
    number = ctypes.get_errno() if failed else 0
    if number in UNSUPPORTED:
        raise SpecError(
            f"{target.parent}: this file system has neither hard links nor renames that never replace a file, and a "
            "store needs one of them to tell two writers apart: take a folder on another disk, or for a bucket its URL "
            "(gs://...)"
        )
    if number:
        raise OSError(number, os.strerror(number), str(target))


@contextlib.contextmanager
def _beside(target: Path, data: bytes) -> Iterator[Path]:
    """Yield a file of another name in the same folder that holds the bytes and is synchronised to the disk."""
    _sweep(target.parent)
    temporary = target.with_name(f"{TEMPORARY}{MACHINE}-{os.getpid()}-{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


@lru_cache(maxsize=4096)
def _sweep(folder: Path) -> None:
    """Delete what killed writers left in the folder; once for each folder of a process."""
    for entry in os.scandir(folder):
        if entry.name.startswith(TEMPORARY):
            with contextlib.suppress(OSError):  # gone meanwhile, or another user's
                if time.time() - entry.stat().st_mtime > SECONDS_UNDER_WAY or _is_orphan(entry.name):
                    Path(entry.path).unlink()


def _is_orphan(name: str) -> bool:
    """Return True if the file was begun by a process of this machine that is gone."""
    machine, _, rest = name.removeprefix(TEMPORARY).partition("-")
    process = rest.partition("-")[0]
    if machine != MACHINE or not process.isascii() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:  # another user's
        return False
    return False


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Synchronise the names in the folder to the disk, as fsync does with the bytes of a file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Local(Backend):
    """Folders of a local disk."""

    schemes: ClassVar[tuple[str, ...]] = ("file", "local")

    def open(self, url: str) -> Any:
        """Return the local disk."""
        del url
        return LocalFiles(**UNCACHED)


register(Local())

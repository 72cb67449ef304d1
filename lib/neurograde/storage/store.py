"""One small seam to every object store: whole objects in, whole objects out.

Object stores have two traps: an open write stream publishes half an object when it fails, and caches of listings hide
other writers. So an object is serialised first and put in one piece, control objects are read whole, and listings are
never cached. A local folder, memory and the two clouds behave alike; their differences are in `local`, `memory` and
`google`, their errors in `edge`.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from functools import cached_property
from threading import Thread
from typing import Any, TypeVar

from neurograde.errors import SpecError
from neurograde.specs.base import check_store_url
from neurograde.specs.names import LONGEST_KEY, mistake_of
from neurograde.storage.backends.local import TEMPORARY, LocalFiles
from neurograde.storage.edge import insist
from neurograde.storage.filesystem import open_filesystem, refuse_credentials

TRANSFERS = 16  # objects in transfer at once: object stores answer in about 50 ms each, so one by one is slow
T = TypeVar("T")
ItemT = TypeVar("ItemT")


def check_key(key: str) -> str:
    """Return `key`, if it stays inside the store and every store can hold it.

    Raises:
        ValueError: It does not; keys are made from names in specs and tables, which may be hostile.
    """
    parts = key.split("/")
    for part in parts:
        if problem := mistake_of(part):
            raise ValueError(f"{key!r} is no key of a store: {part!r}: {problem}")
    if len(key.encode()) > LONGEST_KEY:
        raise ValueError(
            f"{key!r} is no key of a store: it takes {len(key.encode()):,} bytes; accepted are {LONGEST_KEY:,}"
        )
    if parts[-1].startswith(TEMPORARY):
        raise ValueError(f"{key!r} is no key of a store: {TEMPORARY}... are files under way")
    return key


def is_key(key: str) -> bool:
    """Return True if `check_key` accepts the key; a listing may hold objects of others."""
    try:
        check_key(key)
    except ValueError:
        return False
    return True


class Store:
    """Objects under one root URL, by relative key. Threads may share it, processes may not."""

    def __init__(self, url: str) -> None:
        """Open the store at `url`: any fsspec URL, or a local path.

        Raises:
            SpecError: the URL names no store, its scheme is unknown or its package is not installed, or it holds
                credentials.
        """
        self.url = url.rstrip("/")
        try:
            check_store_url(self.url)
        except ValueError as error:
            refuse_credentials(url)  # without repeating the URL
            raise SpecError(str(error)) from None
        self._fs: Any
        self._connect()

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    @property
    def absolute_url(self) -> str:
        """The URL that names this store in any working directory."""
        return f"file://{self._root}" if isinstance(self._fs, LocalFiles) else self.url

    def get(self, key: str) -> bytes:
        """Return the whole object; FileNotFoundError if there is none."""
        path = self._path(key)
        data: bytes = self._ask(key, lambda: self._fs.cat_file(path))
        return data

    def put(self, key: str, data: bytes) -> None:
        """Write the whole object, replacing an older one."""
        self._write(key, data, "overwrite")

    def create(self, key: str, data: bytes) -> None:
        """Write the whole object only if there is none yet.

        After a lost answer, the retry looks like a conflict with ourselves. So the object of a conflict is read: the
        same bytes count as ours.

        Raises:
            FileExistsError: There is an object of another writer.
        """
        try:
            self._write(key, data, "create")
        except FileExistsError:
            if self.get(key) != data:
                raise FileExistsError(f"{self._where(key)} is another writer's") from None

    def promote(self, source: str, target: str) -> None:
        """Make the object `source` the object `target` without moving its bytes through this process.

        Afterwards `source` may or may not exist; a local folder renames it.

        Raises:
            FileExistsError: The `target` exists already.
            FileNotFoundError: The `source` does not exist.
        """
        begin, end = self._path(source), self._path(target)
        self._ask(target, lambda: getattr(self._fs, "promote", self._fs.cp_file)(begin, end))

    def promote_many(self, pairs: Iterable[tuple[str, str]], promote: Callable[[str, str], None]) -> None:
        """Call `promote` with each pair of source and target, a few under way at once."""
        deque(_few_at_once(lambda pair: promote(*pair), pairs), maxlen=0)

    def exists(self, key: str) -> bool:
        """Return True if the object exists."""
        path = self._path(key)
        try:  # not fsspec's own exists, for which an unreachable store holds nothing
            return bool(self._ask(key, lambda: self._fs.info(path))["type"] == "file")
        except FileNotFoundError:
            return False

    def list(self, folder: str | None = None) -> dict[str, int]:
        """Return all objects under `folder` (by default the whole store) at any depth: size in bytes by key, sorted."""
        path = self._path(folder) if folder else self._root
        with self._bucket_needed():
            files = self._ask(folder, lambda: self._fs.find(path, detail=True))
        # Not in the folder: an object with the name of the folder, and the marks of folders that consoles leave.
        below = [name for name in files if name.startswith(f"{path}/") and not name.endswith("/")]
        return {name.removeprefix(f"{self._root}/"): int(files[name]["size"]) for name in sorted(below)}

    def delete(self, key: str) -> None:
        """Delete the object, if it exists."""
        self._remove(check_key(key))

    def _remove(self, key: str) -> None:
        """Delete an object that a listing showed: another program may have given it a key that we would not."""
        with contextlib.suppress(FileNotFoundError):
            self._ask(key, lambda: self._fs.rm_file(f"{self._root}/{key}"))

    def clear(self, folder: str) -> None:
        """Delete everything under `folder`."""
        if isinstance(self._fs, LocalFiles):
            self._fs.clear(self._path(folder))
        else:
            deque(_few_at_once(self._remove, self.list(folder)), maxlen=0)

    @cached_property
    def ignores_case(self) -> bool:
        """True on a local disk that takes names that differ only in case for one."""
        return isinstance(self._fs, LocalFiles) and self._fs.ignores_case(self._root)

    def get_many(self, keys: Iterable[str]) -> Iterator[bytes]:
        """Return the objects in the order of `keys`, several in transfer at once."""
        return _few_at_once(self.get, keys)

    def put_many(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Write the objects, several in transfer at once; no more than those are taken from `objects`."""
        deque(_few_at_once(lambda pair: self.put(*pair), objects), maxlen=0)

    def _connect(self) -> None:
        self._fs, self._root = open_filesystem(self.url)

    def _ask(self, key: str | None, action: Callable[[], T]) -> T:
        return insist(self._where(key) if key else self.url, action, self._connect)

    def _write(self, key: str, data: bytes, mode: str) -> None:
        path = self._path(key)
        with self._bucket_needed():
            self._ask(key, lambda: self._fs.pipe_file(path, data, mode=mode))

    @contextlib.contextmanager
    def _bucket_needed(self) -> Iterator[None]:
        """Raise SpecError for a missing bucket, in requests that do not need an object."""
        try:
            yield
        except FileNotFoundError as error:
            raise SpecError(f"{self.url}: there is no such bucket ({error}): create it, or correct the URL") from error

    def _path(self, key: str) -> str:
        return f"{self._root}/{check_key(key)}"

    def _where(self, key: str) -> str:
        return f"{self.url}/{key}"


def _few_at_once(function: Callable[[ItemT], T], items: Iterable[ItemT]) -> Iterator[T]:
    """Yield the results of the function for the items, in their order, several in progress at once.

    After an error no further call begins, and those in progress end before the error is raised, so that nothing is
    written after the caller has tidied up. Only a job that was asked to stop does not wait.
    """
    running: deque[Future[T]] = deque()
    try:
        for item in items:
            if len(running) == TRANSFERS:
                yield running.popleft().result()
            running.append(_begin(function, item))
        while running:
            yield running.popleft().result()
    except Exception:
        wait(running)
        raise


def _begin(function: Callable[[ItemT], T], item: ItemT) -> Future[T]:
    """Start the call in a daemon thread: the pools of the standard library delay the end of a process."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function(item))
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future
